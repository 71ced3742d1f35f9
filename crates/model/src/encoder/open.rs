//! From a classifier or a file to an encoder.
use super::{Encoder, FeaturePool, Reading};
use crate::card::{CardFile, preprocess, read_labels};
use crate::classifier::{
    ImageInput, Prepared, Readout, class_output, image_input, input_size, pixels, session_of,
};
use crate::{Classifier, EngineKind, Graph, ModelError, Overrides};
use rightly_data::Preprocess;
use rightly_onnx::graph::layers::{Layout, Shapes};
use rightly_onnx::graph::proto::data_type;
use std::path::{Path, PathBuf};

impl Encoder {
    /// The audited classifier as an encoder: its feature layer, with its logits in the same pass.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where no feature layer is known or it can't be read as one vector an image.
    pub fn of(classifier: &Classifier) -> Result<Self, ModelError> {
        let graph = classifier.graph();
        let Some(layer) = classifier.card().feature_layer.clone() else {
            return Err(graph.invalid(
                "no layer for features was found in the graph; name one with --feature-layer ('rightly model FILE' \
                 lists them)",
            ).into());
        };
        let (input, batch) = classifier.image_input();
        let prepared = Prepared {
            graph: graph.clone(),
            input,
            size: classifier.input_size(),
            batch,
            notes: Vec::new(),
        };
        let shapes = prepared.shapes(classifier.engine())?;
        let logits = classifier.readout().clone();
        let top = logits.top.clone();
        Self::build(Parts {
            prepared,
            shapes,
            layer,
            top,
            logits: Some(logits),
            labels: None,
            // The documented default: a class token where there is one.
            pool: classifier.card().feature_pool.unwrap_or_default(),
            preprocess: classifier.card().preprocess.clone(),
            hash: classifier.hash().to_owned(),
            engine: classifier.engine(),
            notes: Vec::new(),
        })
    }

    /// Another network. Its card stands beside it, as a classifier's; without `feature_layer` the layer that its last
    /// linear layer reads is taken, or its output where there is no such layer.
    ///
    /// # Errors
    /// As [`Classifier::open`]; a layer that can't be read as one vector an image.
    pub fn open(
        path: &Path,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let (graph, hash) = Graph::load_within(path, overrides.limits)?;
        let file = CardFile::read(path, overrides)?;
        let input = image_input(&graph, file.input.as_deref(), file.layout.as_deref())?;
        let prepared = preprocess(&file, overrides, &input, path)?;
        Self::of_graph(&graph, hash, file, input, prepared, engine)
    }

    /// As [`Encoder::open`], of a graph in memory with its card and preprocessing, which are known already.
    pub(crate) fn of_graph(
        graph: &Graph,
        hash: String,
        file: CardFile,
        input: ImageInput,
        (preprocess, source): (Preprocess, String),
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let size = input_size(graph, input.size, preprocess.output_size())?;
        let mut notes = vec![source];
        notes.extend(pixels::note(&input, &preprocess, graph.path())?);
        let top = match (&file.feature_layer, class_output(graph, file.logits.as_deref())) {
            (_, Ok((output, note))) => {
                notes.extend(note);
                // Probabilities are no features, whatever lies between them and the output.
                let scores = graph.activation_of(&output).filter(|found| found.is_softmax());
                scores.map_or(output, |found| found.scores)
            }
            (Some(layer), Err(_)) => layer.clone(),
            (None, Err(error)) => {
                return Err(graph.invalid(format!(
                    "{error}; for an encoder 'feature_layer' in its card or --encoder-layer names the layer"
                )).into());
            }
        };
        if let Some(layer) = &file.feature_layer
            && !graph.has_value(layer)
        {
            return Err(graph.no_value(layer).into());
        }
        let mut keep = vec![top.as_str()];
        keep.extend(file.feature_layer.as_deref().filter(|layer| *layer != top));
        let prepared = Prepared::new(graph, input, size, &keep, engine)?;
        notes.extend(prepared.notes.iter().cloned());
        let shapes = prepared.shapes(engine)?;
        let layer = match file.feature_layer {
            Some(layer) => layer,
            None => {
                let guess = prepared.graph.guess_feature_layer(&top, &shapes);
                let name = guess.map_or_else(|| top.clone(), |layer| layer.name);
                notes.push(format!(
                    "feature layer: guessed to be '{name}'; 'feature_layer' in the card names another"
                ));
                name
            }
        };
        // The documented default: a class token where there is one.
        let pool = file.feature_pool.unwrap_or_default();
        Self::build(Parts {
            prepared,
            shapes,
            layer,
            top,
            logits: None,
            labels: file.labels,
            pool,
            preprocess,
            hash,
            engine,
            notes,
        })
    }

    fn build(parts: Parts) -> Result<Self, ModelError> {
        let Parts {
            prepared,
            shapes,
            layer,
            top,
            logits,
            labels,
            pool,
            preprocess,
            hash,
            engine,
            mut notes,
        } = parts;
        let Prepared { graph, input, size, batch, .. } = prepared;
        let (reading, dim) = reading(&graph, &layer, &top, &shapes, batch, pool)?;
        if reading == (Reading::Token(0)) && pool == FeaturePool::Class {
            notes.push(format!("features: the class token of '{layer}'"));
        }
        let map = graph.feature_map(&layer, dim, &top, &shapes);
        // The head reads what it reads: a mean of tokens is not what a head on the class token was made for.
        let scores = logits.as_ref().map_or(&top, |readout| &readout.logits);
        let head = (*scores != layer).then(|| graph.linear_head(&layer, dim, scores, &shapes));
        let head = head.flatten();
        let labels = match (&labels, &head) {
            (Some(path), Some(head)) => Some(read_labels(path, head.weight.nrows())?),
            _ => None,
        };
        let mut outputs: Vec<&str> = vec![&layer];
        outputs.extend(map.as_ref().map(|(name, _)| name.as_str()));
        outputs.extend(logits.iter().flat_map(Readout::values));
        let session = session_of(&graph, &outputs, engine)?;
        Ok(Self {
            path: graph.path().to_owned(),
            hash,
            engine: engine.name(),
            session,
            nhwc: input.nhwc,
            input: input.name,
            size,
            batch,
            layer,
            dim,
            reading,
            pool,
            map,
            logits,
            head,
            labels,
            preprocess,
            notes,
        })
    }
}

struct Parts {
    prepared: Prepared,
    shapes: Shapes,
    layer: String,
    top: String,
    logits: Option<Readout>,
    /// File of the labels of another network's outputs.
    labels: Option<PathBuf>,
    pool: FeaturePool,
    preprocess: Preprocess,
    hash: String,
    engine: EngineKind,
    notes: Vec<String>,
}

/// How a layer's value becomes one vector, and of how many features.
fn reading(
    graph: &Graph,
    layer: &str,
    top: &str,
    shapes: &Shapes,
    batch: usize,
    pool: FeaturePool,
) -> Result<(Reading, usize), ModelError> {
    let shape = shapes.get(layer).map_or(&[][..], Vec::as_slice);
    let flat = || shape.iter().product::<usize>() / batch.max(1);
    let found = match (shape, graph.layer_layout(layer, top, shapes)) {
        ([_, c, h, w], Some(Layout::Nchw)) if h * w > 1 => (Reading::Mean(Layout::Nchw), *c),
        ([_, h, w, c], Some(Layout::Nhwc)) if h * w > 1 => (Reading::Mean(Layout::Nhwc), *c),
        ([_, _, d], Some(layout @ Layout::Tokens { prefix, .. })) => match pool {
            FeaturePool::Class if prefix > 0 => (Reading::Token(0), *d),
            _ => (Reading::Mean(layout), *d),
        },
        ([_, tokens, d], None) if *tokens > 1 => match pool {
            FeaturePool::Class => (Reading::Token(0), *d),
            FeaturePool::Mean => {
                return Err(graph.invalid(format!(
                    "layer '{layer}' of shape {shape:?}: which of its tokens are patches is not known; use \
                     feature_pool = \"class\", or name another layer"
                )).into());
            }
        },
        _ => (Reading::Flat, flat()),
    };
    if found.1 < 2 {
        return Err(graph.invalid(format!(
            "feature layer '{layer}' has shape {shape:?}, expected several features an image; name another with \
             --feature-layer"
        )).into());
    }
    Ok(found)
}

impl Classifier {
    /// The image input as it was prepared, and the batch of one run.
    fn image_input(&self) -> (ImageInput, usize) {
        let input = ImageInput {
            name: self.card().input.clone(),
            nhwc: self.card().layout == "nhwc",
            size: Some(self.input_size()),
            batch: None,
            // The prepared graph takes floats, whatever the file does.
            kind: data_type::FLOAT,
        };
        (input, self.batch())
    }
}

//! From a file to a classifier that runs.
use super::pixels;
use super::prepare::{ImageInput, class_output, image_input, input_size};
use super::{Classifier, OutputKind, Readout, arrange};
use crate::card::{CardFile, preprocess, read_labels};
use crate::{Card, Graph, ModelError, OnnxError, Overrides};
use ndarray::{ArrayD, IxDyn};
use rightly_onnx::engine::{EngineKind, Session, Value};
use rightly_onnx::graph::flow_data_values;
use rightly_onnx::graph::layers::Shapes;
use rightly_onnx::graph::proto::{GraphProto, NodeProto};
use std::path::Path;

/// Inner values that one run hands out at a time, so that a large model's need not be in memory all at once.
const VALUES_AT_ONCE: usize = 128;
/// Bytes of them.
const BYTES_AT_ONCE: usize = 1 << 30;
/// Largest difference between the logits of a batch and those of one image, as a share of the largest logit.
const BATCH_TOLERANCE: f32 = 1e-4;

/// A graph made ready for one image size.
pub(crate) struct Prepared {
    /// Folded, single precision, one image (or the fixed batch).
    pub(crate) graph: Graph,
    pub(crate) input: ImageInput,
    pub(crate) size: [usize; 2],
    pub(crate) batch: usize,
    pub(crate) notes: Vec<String>,
}

/// The first node whose answer is drawn, in bodies of branches and loops too.
fn drawn(graph: &GraphProto) -> Option<&NodeProto> {
    graph.node.iter().find_map(|node| {
        if node.op_type.as_deref().is_some_and(|name| DRAWS.contains(&name)) {
            return Some(node);
        }
        let bodies = node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs));
        bodies.into_iter().find_map(drawn)
    })
}

/// Operators whose answer is drawn.
const DRAWS: [&str; 6] = [
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
];

impl Prepared {
    fn zeros(&self) -> ArrayD<f32> {
        ArrayD::zeros(IxDyn(&self.input.shape(self.batch, self.size)))
    }

    /// Makes `graph` ready; `outputs` are the values that have to survive.
    pub(crate) fn new(
        graph: &Graph,
        input: ImageInput,
        size: [usize; 2],
        outputs: &[&str],
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let mut graph = pixels::with_floats(graph, &input)?.for_evaluation()?;
        // Pixels are.
        graph.set_finite_inputs();
        for name in outputs {
            graph.add_output(name)?;
        }
        graph.proto_mut().output.retain(|output| outputs.contains(&output.name()));
        graph.prune();
        let mut notes = Vec::new();
        let batch = input.batch.unwrap_or(1).max(1);
        let fixed = input.shape(batch, size);
        graph.declare_input(&input.name, fixed.len());
        let mut prepared = if batch == 1 {
            graph.set_input_shape(&input.name, &fixed);
            graph.check_limits()?;
            Self { graph, input, size, batch, notes: Vec::new() }
        } else {
            let mut whole = graph.clone();
            whole.set_input_shape(&input.name, &fixed);
            whole.check_limits()?;
            drop(whole);
            let one = graph.with_batch_of_one(&input.name, &fixed);
            let note;
            let (graph, batch) = if same(&graph, &one, &input, size, batch, outputs[0], engine)? {
                note = format!("batch: the file fixes {batch} images a run; it was changed to 1");
                (one, 1)
            } else {
                note = format!(
                    "batch: the file fixes {batch} images a run, which can't be changed; every image is run {batch} \
                     times over, which costs as much (export the model with a dynamic batch)"
                );
                graph.set_input_shape(&input.name, &fixed);
                (graph, batch)
            };
            notes.push(note);
            Self { graph, input, size, batch, notes: Vec::new() }
        };
        if let Some(node) = drawn(prepared.graph.proto()) {
            return Err(prepared.graph.invalid(format!(
                "{} '{}' draws random numbers: the model answers differently each time (export it for inference)",
                node.op_type(),
                node.name.as_deref().unwrap_or("")
            )).into());
        }
        let zeros = Value::F32(prepared.zeros());
        prepared.graph = prepared.graph.fold(engine, &[(prepared.input.name.as_str(), zeros)])?;
        prepared.notes = notes;
        Ok(prepared)
    }

    /// Names in runs of values that are in memory at once.
    fn parts<'a>(&self, names: &'a [String]) -> Vec<&'a [String]> {
        let known = self.graph.known_values();
        let bytes = |name: &String| {
            known.as_ref().and_then(|known| known.get(name)).map_or(0, |known| known.bytes())
        };
        let mut parts = Vec::new();
        let (mut from, mut sum) = (0, 0_usize);
        for (at, name) in names.iter().enumerate() {
            let more = bytes(name);
            if at > from
                && (at - from == VALUES_AT_ONCE || sum.saturating_add(more) > BYTES_AT_ONCE)
            {
                parts.push(&names[from..at]);
                (from, sum) = (at, 0);
            }
            sum = sum.saturating_add(more);
        }
        parts.push(&names[from..]);
        parts
    }

    /// Shapes of all values that depend on the image.
    pub(crate) fn shapes(&self, engine: EngineKind) -> Result<Shapes, ModelError> {
        let names = flow_data_values(&self.graph);
        let session = engine.load(&self.graph, true)?;
        let mut shapes = Shapes::new();
        for names in self.parts(&names) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let values =
                session.run(&[(self.input.name.as_str(), Value::F32(self.zeros()))], &names)?;
            for (name, value) in names.iter().zip(values) {
                shapes.insert((*name).to_owned(), value.shape().to_vec());
            }
        }
        Ok(shapes)
    }
}

/// Whether the graph for one image gives what the graph for a batch gives.
fn same(
    graph: &Graph,
    one: &Graph,
    input: &ImageInput,
    size: [usize; 2],
    batch: usize,
    output: &str,
    engine: EngineKind,
) -> Result<bool, ModelError> {
    let image: Vec<f32> = (0..3 * size[0] * size[1]).map(|at| (at as f32 * 0.37).sin()).collect();
    let run = |graph: &Graph, batch: usize| -> Result<Vec<f32>, ModelError> {
        let value = arrange(&image, size, input.nhwc, batch)
            .map_err(|message| OnnxError::Engine { engine: engine.name(), message })?;
        let session = engine.load(graph, false)?;
        let values = session.run(&[(input.name.as_str(), Value::F32(value))], &[output])?;
        let values = values.into_iter().next().and_then(Value::into_f32);
        let values: Vec<f32> = values.into_iter().flatten().collect();
        Ok(values[..values.len() / batch].to_vec())
    };
    let whole = run(graph, batch)?;
    // A graph that can't run with one image is no error: the batch is filled instead.
    let Ok(single) = run(one, 1) else { return Ok(false) };
    let largest = whole.iter().fold(0_f32, |largest, value| largest.max(value.abs()));
    Ok(whole.len() == single.len()
        && whole.iter().zip(&single).all(|(a, b)| (a - b).abs() <= BATCH_TOLERANCE * largest))
}

impl Classifier {
    /// Loads model, card and labels.
    ///
    /// # Errors
    /// [`ModelError::Invalid`]: no ONNX model, an unknown key or value in the card, labels that don't fit the outputs,
    /// an image size that doesn't fit, an input, output or layer that is not there. [`OnnxError::Unsupported`] names
    /// an operator that the engine lacks. [`ModelError::Io`] for files.
    pub fn open(
        path: &Path,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let (graph, hash) = Graph::load_within(path, overrides.limits)?;
        let file = CardFile::read(path, overrides)?;
        let input = image_input(&graph, file.input.as_deref(), file.layout.as_deref())?;
        let (preprocess, source) = preprocess(&file, overrides, &input, path)?;
        let mut notes = vec![source];
        notes.extend(pixels::note(&input, &preprocess, path)?);
        let size = input_size(&graph, input.size, preprocess.output_size())?;
        let (output, note) = class_output(&graph, file.logits.as_deref())?;
        notes.extend(note);
        let scores = graph.softmax_input(&output).unwrap_or_else(|| output.clone());
        let mut keep = vec![scores.as_str(), output.as_str()];
        for layer in [&file.cam_layer, &file.feature_layer].into_iter().flatten() {
            if !graph.has_value(layer) {
                return Err(graph.no_value(layer).into());
            }
            keep.push(layer);
        }
        let prepared = Prepared::new(&graph, input, size, &keep, engine)?;
        notes.extend(prepared.notes.iter().cloned());
        let shapes = prepared.shapes(engine)?;
        let outputs =
            shapes.get(&output).map_or(0, |shape| shape.iter().product::<usize>() / prepared.batch);
        if outputs < 2 {
            return Err(prepared.graph.invalid(format!(
                "output '{output}' has {outputs} values for an image, expected one for each of at least two classes; \
                 name another with 'logits' in the card or --logits"
            )).into());
        }
        let readout =
            Readout::decide(&prepared, &output, &shapes, file.softmax, &preprocess, engine)?;
        notes.extend(readout.note.clone());
        let Prepared { mut graph, input, batch, .. } = prepared;
        let (logits, top) = (readout.logits.clone(), readout.top.clone());
        let cam_layer = layer(&file.cam_layer, "CAM", "cam", &mut notes, || {
            graph.guess_cam_layer(&top, &shapes).map(|layer| layer.name)
        });
        let feature_layer = layer(&file.feature_layer, "feature", "feature", &mut notes, || {
            let guess = graph.guess_feature_layer(&top, &shapes).map(|layer| layer.name);
            // Probabilities are no features.
            guess.filter(|layer| readout.kind == OutputKind::Logits || *layer != output)
        });
        let tap = match &cam_layer {
            None => None,
            Some(layer) => Some(graph.cut_point(layer, &[&logits]).ok_or_else(|| {
                graph.invalid(format!(
                    "the CAM layer '{layer}' has no part in the logits '{logits}'; name a layer between the image and \
                     them"
                ))
            })?),
        };
        let cam_layout =
            cam_layer.as_deref().and_then(|layer| graph.layer_layout(layer, &top, &shapes));
        let mut values = readout.values();
        if let Some(tap) = &tap {
            graph.add_output(tap)?;
            values.push(tap);
        }
        let session = session_of(&graph, &values, engine)?;
        let labels = file.labels.as_deref().map(|path| read_labels(path, outputs)).transpose()?;
        let has_labels = labels.is_some();
        let labels =
            labels.unwrap_or_else(|| (0..outputs).map(|output| output.to_string()).collect());
        let card = Card {
            input: input.name.clone(),
            layout: if input.nhwc { "nhwc" } else { "nchw" }.to_owned(),
            logits: output,
            softmax: readout.softmax,
            labels: file.labels,
            cam_layer,
            feature_layer,
            feature_pool: file.feature_pool,
            preprocess,
        };
        Ok(Self {
            graph,
            card,
            labels,
            has_labels,
            outputs,
            size,
            notes,
            hash,
            engine,
            session,
            readout,
            tap,
            cam_layout,
            nhwc: input.nhwc,
            batch,
        })
    }
}

fn layer(
    given: &Option<String>,
    kind: &str,
    flag: &str,
    notes: &mut Vec<String>,
    guess: impl FnOnce() -> Option<String>,
) -> Option<String> {
    if given.is_some() {
        return given.clone();
    }
    let guess = guess();
    notes.push(match &guess {
        Some(layer) => format!(
            "{kind} layer: guessed to be '{layer}'; '{flag}_layer' in the card or --{flag}-layer names another"
        ),
        None => format!("{kind} layer: none was found; name one with --{flag}-layer"),
    });
    guess
}

/// A session of the part of a graph that some values need.
pub(crate) fn session_of(
    graph: &Graph,
    values: &[&str],
    engine: EngineKind,
) -> Result<Box<dyn Session>, ModelError> {
    Ok(engine.load(&part_of(graph, values)?, false)?)
}

/// The same without the engine's optimisations.
pub(super) fn plain_session_of(
    graph: &Graph,
    values: &[&str],
    engine: EngineKind,
) -> Result<Box<dyn Session>, ModelError> {
    Ok(engine.load(&part_of(graph, values)?, true)?)
}

/// The part of a graph that some values need.
fn part_of(graph: &Graph, values: &[&str]) -> Result<Graph, ModelError> {
    let mut run = graph.clone();
    for name in values {
        run.add_output(name)?;
    }
    run.proto_mut().output.retain(|output| values.contains(&output.name()));
    run.prune();
    run.check_limits()?;
    Ok(run)
}

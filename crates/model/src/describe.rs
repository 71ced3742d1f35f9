//! What a model file holds and how it would be used: `rightly model FILE`.
use crate::card::{CardFile, preprocess_of, read_labels};
use crate::classifier::{
    ImageInput, OutputKind, Prepared, Readout, class_output, image_input, input_size, pixels,
};
use crate::{EngineKind, Graph, ModelError, OnnxError, Overrides};
use rightly_data::Preprocess;
use rightly_onnx::graph::layers::{Layer, Shapes};
use rightly_onnx::graph::node::{Dim, ValueSpec};
use rightly_onnx::graph::proto::data_type;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Size that is taken where neither the model nor its card fixes one.
const USUAL_SIZE: [usize; 2] = [224, 224];

/// An input or output as the file declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Name.
    pub name: String,
    /// Element type.
    pub kind: String,
    /// Sizes and names of dimensions; `None` where nothing is declared.
    pub shape: Option<Vec<String>>,
}

impl Port {
    fn new(spec: &ValueSpec) -> Self {
        Self {
            name: spec.name.clone(),
            kind: data_type::name(spec.elem_type.unwrap_or(0)),
            shape: spec.shape.as_ref().map(|dims| dims.iter().map(Dim::to_string).collect()),
        }
    }
}

/// What is known of a model. Models that are no classifiers (encoders, segmenters) are described as far as it goes, and
/// `warnings` says what is missing.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes, without external data.
    pub bytes: u64,
    /// blake3 of the file and its external data.
    pub hash: String,
    /// Tool that wrote it.
    pub producer: String,
    /// Version of the intermediate representation.
    pub ir_version: i64,
    /// Version of the standard operator set.
    pub opset: i64,
    /// Other operator sets, `domain version`.
    pub domains: Vec<String>,
    /// Number of weights.
    pub parameters: usize,
    /// Number of nodes.
    pub nodes: usize,
    /// Inputs.
    pub inputs: Vec<Port>,
    /// Outputs.
    pub outputs: Vec<Port>,
    /// `nchw` or `nhwc`.
    pub layout: Option<String>,
    /// `[H, W]` of the image that enters.
    pub input_size: Option<[usize; 2]>,
    /// Preprocessing that is assumed.
    pub preprocess: Preprocess,
    /// Where it came from.
    pub preprocess_source: String,
    /// What the output holds, where it could be run.
    pub output_kind: Option<OutputKind>,
    /// The value that logits are taken from.
    pub logits: Option<String>,
    /// Number of values that it has for an image.
    pub classes: Option<usize>,
    /// Labels in the labels file, where there is one.
    pub labels: Option<usize>,
    /// Layer for CAMs, given or guessed.
    pub cam_layer: Option<Layer>,
    /// Layer for features, given or guessed.
    pub feature_layer: Option<Layer>,
    /// Layers that can be tapped, from the image up, with their shapes for one image.
    pub layers: Vec<Layer>,
    /// Guesses and decisions.
    pub notes: Vec<String>,
    /// What stands in the way of an audit.
    pub warnings: Vec<String>,
}

impl Description {
    /// Reads, folds and runs a model once.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Invalid`] for a file that is no ONNX model, and for a card, an override or labels
    /// that contradict it: an input, an output or a layer that it does not have, another size, another kind of output.
    /// What has yet to be named, and what the engine can't run, is a warning.
    pub fn read(
        path: &Path,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let (graph, hash) = Graph::load_within(path, overrides.limits)?;
        let bytes = std::fs::metadata(path)
            .map_err(|source| ModelError::Io { path: path.to_owned(), source })?
            .len();
        let file = CardFile::read(path, overrides)?;
        let mut warnings = Vec::new();
        let mut notes = Vec::new();
        let input = match image_input(&graph, file.input.as_deref(), file.layout.as_deref()) {
            Ok(input) => Some(input),
            Err(error) if contradicted(&graph, &file) => return Err(error),
            Err(error) => {
                warnings.push(without_path(&error));
                None
            }
        };
        let fixed = input.as_ref().and_then(|input| input.size);
        let kind = input.as_ref().map_or(data_type::FLOAT, |input| input.kind);
        let (preprocess, preprocess_source) = preprocess_of(&file, overrides, fixed, kind, path)?;
        if let Some(input) = &input {
            notes.extend(pixels::note(input, &preprocess, path)?);
        }
        if fixed.is_some() {
            input_size(&graph, fixed, preprocess.output_size())?;
        }
        for layer in [&file.cam_layer, &file.feature_layer].into_iter().flatten() {
            // Inside a local function it has a name once the function is written in.
            if !graph.has_value(layer) && !graph.without_functions()?.has_value(layer) {
                return Err(graph.no_value(layer).into());
            }
        }
        let size = fixed.or(preprocess.output_size());
        let output = match class_output(&graph, file.logits.as_deref()) {
            Ok((output, note)) => {
                notes.extend(note);
                Some(output)
            }
            Err(error) if file.logits.is_some() => return Err(error),
            Err(error) => {
                warnings.push(without_path(&error));
                None
            }
        };
        let mut top = output
            .clone()
            .or_else(|| file.feature_layer.clone())
            .or_else(|| graph.outputs().first().map(|output| output.name.clone()))
            .ok_or_else(|| graph.invalid("the graph has no outputs"))?;
        let run = input
            .clone()
            .map(|input| shapes(&graph, input, size.unwrap_or(USUAL_SIZE), &top, &file, engine));
        let mut readout = None;
        let (folded, shapes) = match run {
            Some(Ok((prepared, shapes))) => {
                notes.extend(prepared.notes.iter().cloned());
                let read = |output: &String| {
                    Readout::decide(&prepared, output, &shapes, file.softmax, &preprocess, engine)
                };
                match output.as_ref().map(read).transpose() {
                    Ok(found) => readout = found,
                    Err(error @ ModelError::Invalid { .. }) if file.softmax.is_some() => {
                        return Err(error);
                    }
                    Err(error) => warnings.push(without_path(&error)),
                }
                (Some(prepared.graph), shapes)
            }
            Some(Err(error @ ModelError::Onnx(OnnxError::Limit { .. }))) => return Err(error),
            Some(Err(error)) => {
                warnings.push(without_path(&error));
                (None, Shapes::new())
            }
            None => (None, Shapes::new()),
        };
        let logits = match &readout {
            Some(readout) => {
                notes.extend(readout.note.clone());
                top.clone_from(&readout.top);
                Some(readout.logits.clone())
            }
            None => output.clone(),
        };
        let tapped = folded.as_ref().unwrap_or(&graph);
        let layers = tapped.tappable(&top, &shapes);
        let find = |given: &Option<String>, guess: Option<Layer>| match given {
            Some(name) => layers.iter().find(|layer| layer.name == *name).cloned().or_else(|| {
                shapes.get(name).map(|shape| Layer {
                    name: name.clone(),
                    op: String::new(),
                    shape: shape.clone(),
                    layout: tapped.layer_layout(name, &top, &shapes),
                })
            }),
            None => guess,
        };
        let cam_layer = find(&file.cam_layer, tapped.guess_cam_layer(&top, &shapes));
        // Probabilities are no features.
        let probabilities = readout.as_ref().is_some_and(|r| r.kind != OutputKind::Logits);
        let guess = tapped.guess_feature_layer(&top, &shapes);
        let guess = guess.filter(|layer| !probabilities || Some(&layer.name) != output.as_ref());
        let feature_layer = find(&file.feature_layer, guess);
        let classes = logits.as_ref().and_then(|name| shapes.get(name)).map(|shape| {
            shape.iter().product::<usize>() / shape.first().copied().unwrap_or(1).max(1)
        });
        let labels = match (&file.labels, classes) {
            (Some(path), Some(classes)) => Some(read_labels(path, classes)?.len()),
            _ => None,
        };
        Ok(Self {
            path: path.to_owned(),
            bytes,
            hash,
            producer: graph.producer(),
            ir_version: graph.ir_version(),
            opset: graph.opset(),
            domains: graph.other_opsets(),
            parameters: graph.parameters(),
            nodes: graph.nodes().len(),
            inputs: graph.inputs().iter().map(Port::new).collect(),
            outputs: graph.outputs().iter().map(Port::new).collect(),
            layout: input.map(|input| if input.nhwc { "nhwc" } else { "nchw" }.to_owned()),
            input_size: size,
            preprocess,
            preprocess_source,
            output_kind: readout.as_ref().map(|readout| readout.kind),
            logits,
            classes,
            labels,
            cam_layer,
            feature_layer,
            layers,
            notes,
            warnings,
        })
    }
}

fn shapes(
    graph: &Graph,
    input: ImageInput,
    size: [usize; 2],
    top: &str,
    file: &CardFile,
    engine: EngineKind,
) -> Result<(Prepared, Shapes), ModelError> {
    let mut keep = vec![top];
    keep.extend([&file.cam_layer, &file.feature_layer].into_iter().flatten().map(String::as_str));
    let prepared = Prepared::new(graph, input, size, &keep, engine)?;
    let shapes = prepared.shapes(engine)?;
    Ok((prepared, shapes))
}

/// The sentence alone: the description names the file itself.
fn without_path(error: &ModelError) -> String {
    match error {
        ModelError::Invalid { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

/// Whether what is wrong with the image's input is what the card or an override says of it.
fn contradicted(graph: &Graph, file: &CardFile) -> bool {
    let missing = |name: &String| graph.inputs().iter().all(|input| input.name != *name);
    file.layout.is_some() || file.input.as_ref().is_some_and(missing)
}

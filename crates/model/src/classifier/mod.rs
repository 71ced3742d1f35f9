//! A classifier ready to run: graph, card, labels, engine.
mod look;
mod open;
mod outputs;
pub(crate) mod pixels;
mod prepare;
mod spoilt;
mod written;

pub use look::Unoptimised;
pub(crate) use open::{Prepared, session_of};
pub use outputs::OutputKind;
pub(crate) use outputs::Readout;
pub(crate) use prepare::{ImageInput, class_output, image_input, input_size};

use crate::{Card, EngineKind, Graph, ModelError, OnnxError};
use ndarray::{ArrayD, Axis, IxDyn};
use rightly_onnx::engine::{Session, Value};
use rightly_onnx::graph::layers::Layout;
use std::path::Path;

/// What one forward pass gives.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Logits, one an output (the softmax's input where the graph ends in one). Not checked for being finite.
    pub logits: Vec<f32>,
    /// The output itself where it holds probabilities that are not known to be the softmax of the logits; see
    /// [`Classifier::output_kind`].
    pub probabilities: Option<Vec<f32>>,
    /// The value of [`Classifier::tap_tensor`], batch dimension kept, where it was asked for: the CAM layer's own,
    /// or what the part of the graph above is computed from where the CAM layer lies on a branch.
    pub tap: Option<ArrayD<f32>>,
}

/// A loaded classifier; shared by all worker threads.
pub struct Classifier {
    graph: Graph,
    card: Card,
    labels: Vec<String>,
    has_labels: bool,
    outputs: usize,
    size: [usize; 2],
    notes: Vec<String>,
    hash: String,
    engine: EngineKind,
    session: Box<dyn Session>,
    readout: Readout,
    tap: Option<String>,
    cam_layout: Option<Layout>,
    nhwc: bool,
    /// Images of one run; above 1 only where the file fixes a batch that can't be changed.
    batch: usize,
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier")
            .field("path", &self.graph.path())
            .field("engine", &self.engine)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}

impl Classifier {
    /// What is used.
    pub fn card(&self) -> &Card {
        &self.card
    }
    /// Label of each output (its index as text without a labels file).
    pub fn labels(&self) -> &[String] {
        &self.labels
    }
    /// Whether a labels file was given.
    pub fn has_labels(&self) -> bool {
        self.has_labels
    }
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
    /// `[H, W]` of the input.
    pub fn input_size(&self) -> [usize; 2] {
        self.size
    }
    /// Guesses and decisions, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
    /// blake3 of the model file (and its external data), hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }
    /// The model's file.
    pub fn path(&self) -> &Path {
        self.graph.path()
    }
    /// The graph that runs: single precision, evaluation semantics, one image, everything that does not depend on
    /// the pixels folded into constants.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }
    /// The engine that runs it.
    pub fn engine(&self) -> EngineKind {
        self.engine
    }
    /// The value that logits are taken from: the output, or the input of the softmax that makes it.
    pub fn logits_tensor(&self) -> &str {
        &self.readout.logits
    }
    /// What the output holds.
    pub fn output_kind(&self) -> OutputKind {
        self.readout.kind
    }
    /// The CAM layer, given or guessed.
    pub fn cam_layer(&self) -> Option<&str> {
        self.card.cam_layer.as_deref()
    }
    /// How the CAM layer's positions lie.
    pub fn cam_layout(&self) -> Option<Layout> {
        self.cam_layout
    }
    /// How logits and probabilities are read.
    pub(crate) fn readout(&self) -> &Readout {
        &self.readout
    }
    /// Images of one run.
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }
    /// The value that [`Forward::tap`] holds: [`Graph::cut_point`] of the CAM layer. It is the CAM layer itself where
    /// all of the logits' dependence on the image flows through it; else (a branch beside a residual) the nearest
    /// value below with that property, from which the part of the graph above computes the CAM layer.
    pub fn tap_tensor(&self) -> Option<&str> {
        self.tap.as_deref()
    }

    /// One image, `[3, H, W]` as `Preprocess::normalise` gives it (NHWC is handled here). One core, evaluation semantics.
    ///
    /// # Errors
    /// [`OnnxError::Engine`] where `input` has another length, or the engine fails; [`ModelError::Invalid`] where a
    /// tap is asked for and the model has no CAM layer.
    pub fn forward(&self, input: &[f32], tap: bool) -> Result<Forward, ModelError> {
        let value = Value::F32(self.arrange(input)?);
        let mut names = self.readout.values();
        let read = names.len();
        if tap {
            names.push(self.tap.as_deref().ok_or_else(|| {
                self.graph.invalid(
                    "no layer for CAMs was found in the graph; name one with --cam-layer ('rightly model FILE' lists \
                     them)",
                )
            })?);
        }
        let run = self.session.run(&[(self.card.input.as_str(), value)], &names)?;
        let mut values = run.into_iter();
        let (logits, probabilities) = self.read(values.by_ref().take(read))?;
        let tap = values.next().and_then(Value::into_f32).map(|value| first(value, self.batch));
        Ok(Forward { logits, probabilities, tap })
    }

    /// Logits, and probabilities where the model has them of its own, of the values that [`Readout`] asked for.
    fn read(
        &self,
        values: impl Iterator<Item = Value>,
    ) -> Result<(Vec<f32>, Option<Vec<f32>>), ModelError> {
        let floats = values
            .map(|value| {
                let value = value.into_f32().ok_or_else(|| self.no_floats())?;
                Ok(first(value, self.batch).into_iter().collect())
            })
            .collect::<Result<Vec<Vec<f32>>, ModelError>>()?;
        Ok(self.readout.read(floats))
    }

    fn no_floats(&self) -> ModelError {
        self.graph.invalid(format!("the output '{}' holds no floats", self.readout.logits)).into()
    }

    /// `[3, H, W]` to what the graph takes.
    fn arrange(&self, input: &[f32]) -> Result<ArrayD<f32>, ModelError> {
        arrange(input, self.size, self.nhwc, self.batch)
            .map_err(|message| OnnxError::Engine { engine: self.engine.name(), message }.into())
    }
}

/// The first image's part of a value, batch dimension kept.
pub(crate) fn first(value: ArrayD<f32>, batch: usize) -> ArrayD<f32> {
    let rows = value.shape().first().copied().unwrap_or(1);
    if batch == 1 || rows % batch != 0 {
        return value;
    }
    value.slice_axis(Axis(0), (0..rows / batch).into()).to_owned()
}

/// `[3, H, W]` to `[batch, 3, H, W]` or `[batch, H, W, 3]`, the image repeated.
pub(crate) fn arrange(
    input: &[f32],
    [height, width]: [usize; 2],
    nhwc: bool,
    batch: usize,
) -> Result<ArrayD<f32>, String> {
    let area = height * width;
    if input.len() != 3 * area {
        return Err(format!(
            "the input has {} values, expected 3 x {height} x {width} = {}",
            input.len(),
            3 * area
        ));
    }
    let (shape, one) = if nhwc {
        let pixels = (0..area).flat_map(|at| (0..3).map(move |channel| input[channel * area + at]));
        ([batch, height, width, 3], pixels.collect::<Vec<f32>>())
    } else {
        ([batch, 3, height, width], input.to_vec())
    };
    let all = if batch == 1 { one } else { one.repeat(batch) };
    ArrayD::from_shape_vec(IxDyn(&shape), all).map_err(|error| error.to_string())
}

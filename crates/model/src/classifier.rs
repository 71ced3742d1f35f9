//! A classifier ready to run: graph, card, labels, engine.
use crate::{Card, EngineKind, ModelError, Overrides};
use ndarray::ArrayD;
use std::path::Path;
/// What one forward pass gives.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Logits, one an output (the softmax's input where the graph ends in one).
    pub logits: Vec<f32>,
    /// The CAM layer's value, batch dimension kept, where it was asked for.
    pub tap: Option<ArrayD<f32>>,
}
/// A loaded classifier; shared by all worker threads.
pub struct Classifier {
    _private: (),
}
impl Classifier {
    /// Loads model, card and labels.
    pub fn open(
        path: &Path,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let _ = (path, overrides, engine);
        todo!()
    }
    /// What is used.
    pub fn card(&self) -> &Card {
        todo!()
    }
    /// Label of each output (its index as text without a labels file).
    pub fn labels(&self) -> &[String] {
        todo!()
    }
    /// Whether a labels file was given.
    pub fn has_labels(&self) -> bool {
        todo!()
    }
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        todo!()
    }
    /// `[H, W]` of the input.
    pub fn input_size(&self) -> [usize; 2] {
        todo!()
    }
    /// Guesses and decisions, a sentence each.
    pub fn notes(&self) -> &[String] {
        todo!()
    }
    /// blake3 of the model file (and its external data), hex.
    pub fn hash(&self) -> &str {
        todo!()
    }
    /// One image, `[3, H, W]` as `Preprocess::normalise` gives it (NHWC is handled here). One core, evaluation semantics.
    pub fn forward(&self, input: &[f32], tap: bool) -> Result<Forward, ModelError> {
        let _ = (input, tap);
        todo!()
    }
}

//! `model.toml`, the card beside a model, and the flags that override it.
//!
//! Each key is looked for in the flags, then in the card, then it is guessed from the graph; what was guessed is said
//! in [`crate::Classifier::notes`].
mod file;
mod labels;
mod preprocess;

pub(crate) use file::CardFile;
pub(crate) use labels::read_labels;
pub(crate) use preprocess::{preprocess, preprocess_of, preprocess_or};

use crate::ModelError;
use crate::encoder::FeaturePool;
use rightly_data::Preprocess;
use std::path::{Path, PathBuf};

/// Flags that override the card; the flag wins. (Every key of the card in INTERFACE.md.)
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Card file, where it is not `FILE.toml` beside the model.
    pub card: Option<PathBuf>,
    /// Labels file, relative to the working directory.
    pub labels: Option<PathBuf>,
    /// Preset name.
    pub preset: Option<String>,
    /// Input name.
    pub input: Option<String>,
    /// `nchw` or `nhwc`.
    pub layout: Option<String>,
    /// Output name.
    pub logits: Option<String>,
    /// Whether that output holds probabilities.
    pub softmax: Option<bool>,
    /// Layer for CAMs.
    pub cam_layer: Option<String>,
    /// Layer for features.
    pub feature_layer: Option<String>,
    /// How tokens become features.
    pub feature_pool: Option<FeaturePool>,
    /// `short-side=256` or `exact=HxW`.
    pub resize: Option<String>,
    /// `224` or `HxW`.
    pub crop: Option<String>,
    /// Filter name.
    pub interpolation: Option<String>,
    /// `rgb` or `bgr`.
    pub channels: Option<String>,
    /// Scale.
    pub scale: Option<f32>,
    /// Mean.
    pub mean: Option<[f32; 3]>,
    /// Deviation.
    pub std: Option<[f32; 3]>,
    /// What a run of the model may take at most.
    pub limits: rightly_onnx::graph::Limits,
}
/// What is used, after card, flags and guesses: stands in `run.toml`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Card {
    /// Input name.
    pub input: String,
    /// `nchw` or `nhwc`.
    pub layout: String,
    /// Output that holds logits or probabilities.
    pub logits: String,
    /// Whether it holds probabilities.
    pub softmax: bool,
    /// Labels file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Layer for CAMs, given or guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cam_layer: Option<String>,
    /// Layer for features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_layer: Option<String>,
    /// How a feature layer of tokens becomes a vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_pool: Option<FeaturePool>,
    /// Preprocessing.
    pub preprocess: Preprocess,
}

impl Card {
    /// The card as the TOML of a file beside a model. `labels` is written as it stands: relative to the card.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where a path is no UTF-8.
    pub fn to_toml(&self) -> Result<String, ModelError> {
        toml::to_string(self).map_err(|error| ModelError::Invalid {
            path: PathBuf::from("the card"),
            message: format!("the card can't be written as TOML: {error}"),
        })
    }

    /// Writes the card beside a model (`FILE.toml` for `FILE.onnx`) and returns its path. Labels in the same folder
    /// are named relative to it.
    ///
    /// # Errors
    /// [`ModelError::Io`], and as [`Card::to_toml`].
    pub fn write_beside(&self, model: &Path) -> Result<PathBuf, ModelError> {
        let path = model.with_extension("toml");
        let mut card = self.clone();
        if let (Some(labels), Some(folder)) = (&mut card.labels, model.parent())
            && let Ok(inside) = labels.strip_prefix(folder)
        {
            *labels = inside.to_owned();
        }
        std::fs::write(&path, card.to_toml()?)
            .map_err(|source| ModelError::Io { path: path.clone(), source })?;
        Ok(path)
    }
}

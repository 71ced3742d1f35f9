//! The card's file.
use super::Overrides;
use crate::ModelError;
use rightly_data::files;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A card as it is written: every key may be left out, no other key is allowed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CardFile {
    pub(crate) input: Option<String>,
    pub(crate) layout: Option<String>,
    pub(crate) logits: Option<String>,
    pub(crate) softmax: Option<bool>,
    pub(crate) labels: Option<PathBuf>,
    pub(crate) cam_layer: Option<String>,
    pub(crate) feature_layer: Option<String>,
    pub(crate) feature_pool: Option<crate::encoder::FeaturePool>,
    pub(crate) preprocess: Option<toml::Table>,
    /// Of the picture's tower of a model of texts and pictures.
    pub(crate) text: Option<crate::text::TextCard>,
    /// Of a captioner's encoder.
    pub(crate) caption: Option<crate::text::CaptionCard>,
    /// Where it was read from.
    #[serde(skip)]
    pub(crate) path: Option<PathBuf>,
}

impl CardFile {
    /// The card that `overrides` names, else `FILE.toml` beside the model, else an empty one; then the flags over it.
    pub(crate) fn read(model: &Path, overrides: &Overrides) -> Result<Self, ModelError> {
        let beside = model.with_extension("toml");
        let path = match &overrides.card {
            Some(path) => Some(path.clone()),
            // Whatever lies there: what is no regular file is refused by name.
            None if beside.symlink_metadata().is_ok() => Some(beside),
            None => None,
        };
        let mut card = match &path {
            Some(path) => Self::parse(path)?,
            None => Self::default(),
        };
        // Relative to the card; a flag's is relative to the working directory.
        if let (Some(labels), Some(path)) = (&mut card.labels, &path) {
            *labels = path.with_file_name("").join(&*labels);
        }
        card.path = path;
        let or = |flag: &Option<String>, key: Option<String>| flag.clone().or(key);
        card.input = or(&overrides.input, card.input);
        card.layout = or(&overrides.layout, card.layout);
        card.logits = or(&overrides.logits, card.logits);
        card.softmax = overrides.softmax.or(card.softmax);
        card.cam_layer = or(&overrides.cam_layer, card.cam_layer);
        card.feature_layer = or(&overrides.feature_layer, card.feature_layer);
        card.feature_pool = overrides.feature_pool.or(card.feature_pool);
        card.labels = overrides.labels.clone().or(card.labels);
        Ok(card)
    }

    fn parse(path: &Path) -> Result<Self, ModelError> {
        let text = files::read_text(path, files::SMALL)?;
        toml::from_str(&text).map_err(|error| ModelError::Invalid {
            path: path.to_owned(),
            message: format!("this is no model card: {}", error.to_string().trim_end()),
        })
    }
}

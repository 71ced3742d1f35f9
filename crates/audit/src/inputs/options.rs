//! Paths and options that every stage shares.

use std::path::{Path, PathBuf};

use rightly_data::{
    Dataset,
    dataset::{OpenOptions, Protocol, SplitFolders},
    mask::{MaskOptions, ValueRange},
    pixels::{DecodeOptions, Orientation},
    preprocess::MaskSampling,
};
use rightly_model::EngineKind;
use serde::{Deserialize, Serialize};

use crate::{Error, first_look::engine_of};

/// Which outputs take part in the argmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outputs {
    /// All outputs of the model.
    #[default]
    All,
    /// The outputs of the label map only; probabilities are over these.
    Mapped,
}

/// Paths and options that every stage shares; they stand in `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputOptions {
    /// ONNX file.
    pub model: PathBuf,
    /// `rten` or `onnxruntime`; `auto` leaves it to the first look, and is never what a run records.
    pub engine: String,
    /// `DATA`: a folder, a table or `KIND:PATH`.
    pub data: String,
    /// A paper's division into splits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Whether a folder's folders are splits, where they can be read in two ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splits: Option<SplitFolders>,
    /// Mirrored folder of masks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<PathBuf>,
    /// `class,output` table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_map: Option<PathBuf>,
    /// Outputs in the argmax.
    pub outputs: Outputs,
    /// Split asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Column of clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// First N images of each class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Mask values that are object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_object: Option<Vec<ValueRange>>,
    /// Mask values that are void.
    pub mask_void: Vec<ValueRange>,
    /// Resize masks of another size than their image.
    pub mask_resize: bool,
    /// How masks pass through the model's geometry.
    pub mask_sampling: MaskSampling,
    /// Ignore the EXIF orientation.
    pub as_stored: bool,
    /// Most pixels an image may have.
    pub max_pixels: u64,
    /// Most bytes an image file may have.
    pub max_bytes: u64,
    /// Colour under transparent pixels.
    pub background: [u8; 3],
    /// Know pictures and masks by their contents, not by size, times and identity of their files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verify: bool,
}

impl InputOptions {
    /// The defaults for a model and a dataset.
    pub fn new(model: impl Into<PathBuf>, data: impl Into<String>) -> Self {
        let decode = DecodeOptions::default();
        Self {
            model: model.into(),
            engine: "rten".to_owned(),
            data: data.into(),
            protocol: None,
            splits: None,
            masks: None,
            label_map: None,
            outputs: Outputs::All,
            split: None,
            cluster: None,
            limit: None,
            seed: 0,
            mask_object: None,
            mask_void: Vec::new(),
            mask_resize: false,
            mask_sampling: MaskSampling::Nearest,
            as_stored: false,
            max_pixels: decode.max_pixels,
            max_bytes: decode.max_bytes,
            background: decode.background,
            verify: false,
        }
    }

    /// How images are decoded.
    pub fn decode_options(&self) -> DecodeOptions {
        DecodeOptions {
            max_pixels: self.max_pixels,
            max_bytes: self.max_bytes,
            orientation: if self.as_stored {
                Orientation::AsStored
            } else {
                Orientation::Displayed
            },
            background: self.background,
        }
    }

    /// How the dataset is opened.
    pub fn dataset_options(&self) -> OpenOptions {
        OpenOptions {
            masks: self.masks.clone(),
            mask_options: MaskOptions {
                object: self.mask_object.clone(),
                void: self.mask_void.clone(),
                resize_nearest: self.mask_resize,
                ..MaskOptions::default()
            },
            protocol: self.protocol,
            splits: self.splits,
            kinds: super::KINDS,
            ..OpenOptions::default()
        }
    }

    /// Opens the dataset alone, without the model.
    ///
    /// # Errors
    /// Where the data can't be understood.
    pub fn open_dataset(&self) -> Result<Dataset, Error> {
        Ok(Dataset::open(&self.data, &self.dataset_options())?)
    }

    /// The same with absolute paths, so that a run can be read again from another folder.
    pub(super) fn absolute(mut self) -> Self {
        self.model = absolute(&self.model);
        self.masks = self.masks.as_deref().map(absolute);
        self.label_map = self.label_map.as_deref().map(absolute);
        if Path::new(&self.data).exists() {
            self.data = absolute(Path::new(&self.data)).to_string_lossy().into_owned();
        } else if let Some((kind, paths)) = self.data.split_once(':') {
            let part = |path: &str| match Path::new(path).exists() {
                true => absolute(Path::new(path)).to_string_lossy().into_owned(),
                false => path.to_owned(),
            };
            let paths: Vec<String> = paths.split(',').map(part).collect();
            self.data = format!("{kind}:{}", paths.join(","));
        }
        self
    }

    pub(super) fn engine(&self) -> Result<EngineKind, Error> {
        engine_of(&self.engine)
    }
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

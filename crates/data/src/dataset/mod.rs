//! A labelled set of photographs.
use crate::{
    DataError, MaskSource, Problem,
    pixels::{DecodeOptions, Decoded},
};
use std::path::PathBuf;
/// Where an image's pixels are.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageSource {
    /// An image file.
    File(PathBuf),
}
impl ImageSource {
    /// Decodes the image.
    pub fn load(&self, options: &DecodeOptions) -> Result<Decoded, DataError> {
        let _ = options;
        todo!()
    }
}
/// One labelled photograph.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The image's path as the table or folder gives it, `/`-separated; unique.
    pub id: String,
    /// Pixels.
    pub image: ImageSource,
    /// Index into `Dataset::classes`.
    pub class: usize,
    /// Mask, where there is one.
    pub mask: Option<MaskSource>,
    /// `train`, `val`, `test`, `intervention`, …
    pub split: Option<String>,
    /// Captions.
    pub captions: Vec<String>,
    /// Known subgroup.
    pub group: Option<String>,
    /// Values of `Dataset::attributes`, in that order.
    pub attributes: Vec<Option<String>>,
}
/// A dataset in a fixed order.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Class names.
    pub classes: Vec<String>,
    /// Samples in the order of the table or of sorted paths.
    pub samples: Vec<Sample>,
    /// Names of the attribute columns (the cluster column among them).
    pub attributes: Vec<String>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What was understood and decided, a sentence each, for the user.
    pub notes: Vec<String>,
    /// Mask values in force (from the user, or from the values seen).
    pub mask_options: crate::mask::MaskOptions,
    /// Label map that comes with a layout: class index to ImageNet outputs.
    pub outputs: Option<Vec<Vec<usize>>>,
}
/// How to open a dataset.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Mirrored folder of masks.
    pub masks: Option<PathBuf>,
    /// Mask values given by the user.
    pub mask_options: crate::mask::MaskOptions,
    /// First N images of each class.
    pub limit: Option<usize>,
}
impl Dataset {
    /// Opens `DATA` (a folder, a table, or `KIND:PATH`).
    pub fn open(data: &str, options: &OpenOptions) -> Result<Self, DataError> {
        let _ = (data, options);
        todo!()
    }
    /// The samples of one split: `requested`, else `test`, else `val`, else all; the split's name, and how it was chosen in words.
    pub fn choose_split(
        &self,
        requested: Option<&str>,
    ) -> Result<(Vec<usize>, String, String), DataError> {
        let _ = requested;
        todo!()
    }
}

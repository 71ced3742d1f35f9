//! Object masks: `[H, W]` bool, true on the object.
use crate::{DataError, pixels::Decoded};
use std::path::PathBuf;
/// `[H, W]`, row by row, true on the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `[H, W]`.
    pub data: Vec<bool>,
}
/// Where an image's mask is.
#[derive(Debug, Clone, PartialEq)]
pub enum MaskSource {
    /// A file, decoded by content.
    File(PathBuf),
}
/// Which values are object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaskOptions {
    /// Values that are object; all above 0 where `None`.
    pub object: Option<Vec<u32>>,
    /// Values that are void (not object, left out).
    pub void: Vec<u32>,
    /// Resize a mask of another size with nearest sampling instead of refusing it.
    pub resize_nearest: bool,
}
impl MaskSource {
    /// The mask in the geometry of the decoded (displayed) image.
    pub fn load(&self, image: &Decoded, options: &MaskOptions) -> Result<Mask, DataError> {
        let _ = (image, options);
        todo!()
    }
}

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
    /// Union of the segments of a COCO file (all annotations of the image that are object).
    Coco(Vec<CocoSegment>),
}
/// One `segmentation` of a COCO annotation.
#[derive(Debug, Clone, PartialEq)]
pub enum CocoSegment {
    /// Polygons `[x0, y0, x1, y1, ...]` in pixels of the image as stored; their union.
    Polygons(Vec<Vec<f64>>),
    /// Run lengths down the columns, background first; they add up to `height * width`.
    Rle {
        /// Run lengths.
        counts: Vec<u32>,
        /// `[height, width]`.
        size: [usize; 2],
    },
    /// The same as COCO's compressed string.
    CompressedRle {
        /// The string.
        counts: String,
        /// `[height, width]`.
        size: [usize; 2],
    },
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

//! Object masks: `[H, W]` bool, true on the object.

mod coco;
mod indexed;
mod labels;
mod load;
mod npy;
mod outline;
mod png;
mod profile;
mod rule;
mod survey;
mod values;

use crate::{
    DataError,
    rendered::Rendered,
    resize::{self, Filter},
};
pub(crate) use outline::Outline;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
pub use survey::{Doubt, MaskSurvey, survey};
pub use values::{ValueError, ValueRange};

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
    /// A file, decoded by content: a picture (gray or palette index of any depth, alpha where there
    /// is one, colours), or `.npy`.
    File(PathBuf),
    /// Union of the segments of a COCO file (all annotations of the image that are object).
    Coco {
        /// The file, which messages name.
        file: Arc<Path>,
        /// The segments.
        segments: Vec<CocoSegment>,
        /// `[height, width]` of the image as the file states it.
        size: Option<[usize; 2]>,
    },
    /// A picture as base64 text under a name of a pickled dictionary, as RIVAL10 stores the masks of attributes.
    Pickled {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
    },
    /// Rendered when it is asked for.
    Rendered(Rendered),
}

/// One `segmentation` of a COCO annotation.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct MaskOptions {
    /// Values that are object, as the user gave them; all above 0 where `None`.
    pub object: Option<Vec<ValueRange>>,
    /// Values that are void (not object, left out), as the user gave them.
    pub void: Vec<ValueRange>,
    /// The masks are label maps with void: the largest value (255, or 65535 in 16 bits) of a file
    /// of small labels is void. [`survey`] decides it; it has no effect beside values that the user
    /// gave.
    pub label_maps: bool,
    /// Resize a mask of another size with nearest sampling instead of refusing it.
    pub resize_nearest: bool,
}

/// Rows and columns of a rectangle, the last of each included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundingBox {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Last row.
    pub bottom: usize,
    /// Last column.
    pub right: usize,
}

impl Mask {
    /// Number of object pixels.
    pub fn area(&self) -> usize {
        self.data.iter().filter(|&&object| object).count()
    }

    /// No pixel is object.
    pub fn is_empty(&self) -> bool {
        !self.data.contains(&true)
    }

    /// Every pixel is object (never so without pixels).
    pub fn is_full(&self) -> bool {
        !self.data.is_empty() && !self.data.contains(&false)
    }

    /// Smallest rectangle around the object; `None` where the mask is empty.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let mut found: Option<BoundingBox> = None;
        for (y, row) in self.rows().enumerate() {
            let Some(first) = row.iter().position(|&object| object) else { continue };
            let last = row.iter().rposition(|&object| object).expect("the first is one");
            let rect =
                found.get_or_insert(BoundingBox { top: y, left: first, bottom: y, right: last });
            rect.left = rect.left.min(first);
            rect.right = rect.right.max(last);
            rect.bottom = y;
        }
        found
    }

    /// Mean position of the object's pixels as `(y, x)` in pixels, where the middle of the first
    /// pixel is (0.5, 0.5) and that of the picture `(height / 2, width / 2)`; `None` where the mask
    /// is empty.
    pub fn centroid(&self) -> Option<(f64, f64)> {
        let (mut count, mut rows, mut columns) = (0u64, 0u64, 0u64);
        for (y, row) in self.rows().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, object)| **object) {
                count += 1;
                rows += y as u64;
                columns += x as u64;
            }
        }
        let mean = |sum: u64| sum as f64 / count as f64 + 0.5;
        (count > 0).then(|| (mean(rows), mean(columns)))
    }

    /// Object and background exchanged.
    pub fn invert(&self) -> Mask {
        let data = self.data.iter().map(|&object| !object).collect();
        Mask { width: self.width, height: self.height, data }
    }

    /// Resized with Pillow's nearest sampling.
    pub fn resize_nearest(&self, height: usize, width: usize) -> Mask {
        let bytes: Vec<u8> = self.data.iter().map(|&object| u8::from(object)).collect();
        let from = (self.height, self.width);
        let out = resize::resize_channels(&bytes, from, 1, (height, width), Filter::Nearest);
        Mask { width, height, data: out.into_iter().map(|value| value != 0).collect() }
    }

    fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.data.chunks_exact(self.width.max(1))
    }
}

/// A small 2-D `.npy` array (or picture) as `rows`, `columns` and values, row by row.
pub(crate) fn array(path: &Path) -> Result<(usize, usize, Vec<u32>), DataError> {
    labels::read(path).map(|labels| (labels.height, labels.width, labels.values))
}

#[cfg(test)]
mod tests;

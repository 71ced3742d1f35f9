//! torchvision's `Resize` and `CenterCrop` in integers.
use super::{Preprocess, Resize};
use crate::resize::Window;

/// Where the output's pixels lie in the resized picture.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// `(height, width)` after the resize.
    pub(super) resized: (usize, usize),
    /// What the crop keeps of it.
    pub(super) window: Window,
    /// `(height, width)` of the output.
    pub(super) output: (usize, usize),
    /// `(top, left)` of the window in the output: above zero where the crop is the larger.
    offset: (usize, usize),
}

impl Placement {
    pub(super) fn new(preprocess: &Preprocess, height: usize, width: usize) -> Self {
        let resized = match preprocess.resize {
            None => (height, width),
            Some(Resize::Exact([h, w])) => (h, w),
            Some(Resize::ShortSide(size)) => {
                let long = |long: usize, short: usize| {
                    (size as u64 * long as u64 / (short as u64).max(1)) as usize
                };
                if width <= height {
                    (long(height, width), size)
                } else {
                    (size, long(width, height))
                }
            }
        };
        let output = preprocess.crop.map_or(resized, |[h, w]| (h, w));
        let (top, rows, above) = axis(resized.0, output.0);
        let (left, columns, before) = axis(resized.1, output.1);
        let window = Window { top, left, height: rows, width: columns };
        Self { resized, window, output, offset: (above, before) }
    }

    /// The window's pixels inside an output of zeros.
    pub(super) fn pad(&self, part: Vec<u8>, channels: usize) -> Vec<u8> {
        if (self.window.height, self.window.width) == self.output {
            return part;
        }
        let mut out = vec![0; self.output.0 * self.output.1 * channels];
        let length = self.window.width * channels;
        if length == 0 {
            return out;
        }
        for (y, row) in part.chunks_exact(length).enumerate() {
            let at = ((y + self.offset.0) * self.output.1 + self.offset.1) * channels;
            out[at..at + length].copy_from_slice(row);
        }
        out
    }
}

/// Start and length of the crop in the picture, and its place in the output.
fn axis(size: usize, crop: usize) -> (usize, usize, usize) {
    if crop > size {
        // torchvision pads (crop - size) / 2 before and the rest behind.
        return (0, size, (crop - size) / 2);
    }
    (half_to_even(size - crop), crop, 0)
}

/// `round(difference / 2)`, half to even, as Python's `round`.
fn half_to_even(difference: usize) -> usize {
    let half = difference / 2;
    half + usize::from(difference % 2 == 1 && half % 2 == 1)
}

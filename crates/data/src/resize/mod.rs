//! Pillow's resize, to the byte.
//!
//! The algorithm is Pillow's `Resample.c`: separable filters whose support grows with the factor
//! of a reduction, weights rounded to 22 fractional bits, a horizontal and a vertical pass (in this
//! order, but since Pillow 13 the vertical one first where the height loses more than twice as many
//! pixels as the width), rounding to bytes after each. A pass whose size does not change is left
//! out. `Nearest` is Pillow's affine sampling at pixel centres. Golden values are of Pillow 13.0.0.

mod alpha;
mod nearest;
mod passes;
mod weights;

use crate::RgbImage;
use serde::{Deserialize, Serialize};

/// Pillow's filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Nearest pixel.
    Nearest,
    /// Box average.
    Box,
    /// Triangle.
    Bilinear,
    /// Cubic, a = -0.5.
    Bicubic,
    /// Lanczos, 3 lobes.
    Lanczos,
}

/// A rectangle of the resized picture: only its pixels are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Window {
    pub(crate) fn whole(height: usize, width: usize) -> Self {
        Self { top: 0, left: 0, height, width }
    }
}

/// Resizes `[H, W, 3]` to `[height, width, 3]`, equal to Pillow's `Image.resize` in every byte.
///
/// An image without pixels, or a target without pixels, gives an image without pixels or black
/// ones: Pillow refuses both.
pub fn resize(image: &RgbImage, height: usize, width: usize, filter: Filter) -> RgbImage {
    resize_window(image, height, width, filter, Window::whole(height, width))
}

/// The pixels of `window` in the picture resized to `[height, width, 3]`.
pub(crate) fn resize_window(
    image: &RgbImage,
    height: usize,
    width: usize,
    filter: Filter,
    window: Window,
) -> RgbImage {
    let data = sample(&image.data, (image.height, image.width), 3, (height, width), filter, window);
    RgbImage { width: window.width, height: window.height, data }
}

/// The same for `channels` interleaved channels, `from` and `to` as `(height, width)`.
///
/// Four channels are RGBA, two are gray with alpha: as Pillow does, they are multiplied by alpha
/// before filtering and divided by it afterwards (not with `Nearest`, and not where the size stays).
/// One and three channels are filtered as they are.
///
/// # Panics
/// Where `data` does not hold `from.0 * from.1 * channels` bytes.
pub fn resize_channels(
    data: &[u8],
    from: (usize, usize),
    channels: usize,
    to: (usize, usize),
    filter: Filter,
) -> Vec<u8> {
    let window = Window::whole(to.0, to.1);
    if (channels == 4 || channels == 2) && filter != Filter::Nearest && from != to {
        let premultiplied = alpha::premultiply(data, channels);
        let mut out = sample(&premultiplied, from, channels, to, filter, window);
        alpha::unpremultiply(&mut out, channels);
        return out;
    }
    sample(data, from, channels, to, filter, window)
}

/// Resizes without regard to alpha and keeps `window`.
pub(crate) fn sample(
    data: &[u8],
    from: (usize, usize),
    channels: usize,
    to: (usize, usize),
    filter: Filter,
    window: Window,
) -> Vec<u8> {
    assert_eq!(data.len(), from.0 * from.1 * channels, "pixels do not fit the stated size");
    debug_assert!(window.top + window.height <= to.0 && window.left + window.width <= to.1);
    if data.is_empty() || window.height == 0 || window.width == 0 {
        return vec![0; window.height * window.width * channels];
    }
    match filter {
        Filter::Nearest => nearest::sample(data, from, channels, to, window),
        _ => passes::convolve(data, from, channels, to, filter, window),
    }
}

#[cfg(test)]
mod tests;

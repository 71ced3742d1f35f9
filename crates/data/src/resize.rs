//! Pillow's resize, to the byte.
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
/// Resizes `[H, W, 3]` to `[height, width, 3]`, equal to Pillow's `Image.resize` in every byte.
pub fn resize(image: &RgbImage, height: usize, width: usize, filter: Filter) -> RgbImage {
    let _ = (image, height, width, filter);
    todo!()
}
/// The same for `C` interleaved channels (RGBA overlays: Pillow premultiplies alpha).
pub fn resize_channels(
    data: &[u8],
    from: (usize, usize),
    channels: usize,
    to: (usize, usize),
    filter: Filter,
) -> Vec<u8> {
    let _ = (data, from, channels, to, filter);
    todo!()
}

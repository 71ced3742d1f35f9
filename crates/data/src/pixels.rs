//! Decoded photographs and float planes.
use crate::DataError;
use std::path::Path;
/// An 8-bit RGB photograph, `[H, W, 3]`, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `[H, W, 3]`, length `height * width * 3`.
    pub data: Vec<u8>,
}
/// Planes of floats in 0..1, RGB, `[3, H, W]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `[3, H, W]`.
    pub data: Vec<f32>,
}
impl From<&RgbImage> for Planes {
    fn from(_: &RgbImage) -> Self {
        todo!()
    }
}
/// EXIF orientation: as a viewer shows it (default), or as stored (the papers' code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// Apply the EXIF tag.
    #[default]
    Displayed,
    /// Ignore it.
    AsStored,
}
/// Limits and choices of decoding.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodeOptions {
    /// Most pixels an image may have.
    pub max_pixels: u64,
    /// Most bytes a file may have.
    pub max_bytes: u64,
    /// EXIF handling.
    pub orientation: Orientation,
    /// RGB under transparent pixels.
    pub background: [u8; 3],
}
impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_bytes: 256 << 20,
            orientation: Orientation::Displayed,
            background: [255; 3],
        }
    }
}
/// A decoded image with what its file said.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Oriented pixels.
    pub image: RgbImage,
    /// Width and height as stored, before orientation.
    pub stored: (usize, usize),
    /// EXIF orientation 1..=8 that was applied (1 = none).
    pub applied: u8,
}
/// Decodes by content, not by file name. A truncated file is an error, never gray-filled.
pub fn decode(bytes: &[u8], path: &Path, options: &DecodeOptions) -> Result<Decoded, DataError> {
    let _ = (bytes, path, options);
    todo!()
}
/// Reads and decodes a file.
pub fn read(path: &Path, options: &DecodeOptions) -> Result<Decoded, DataError> {
    let _ = (path, options);
    todo!()
}
/// Reads an RGBA picture (an overlay): width, height, `[H, W, 4]`.
pub fn read_rgba(
    path: &Path,
    options: &DecodeOptions,
) -> Result<(usize, usize, Vec<u8>), DataError> {
    let _ = (path, options);
    todo!()
}

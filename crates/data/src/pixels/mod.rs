//! Decoded photographs and float planes.

mod decode;
mod encode;
mod jpeg;
mod orientation;

pub(crate) use decode::{check_pixels, decode_samples, fail, format, load_bytes};
pub use decode::{decode, read, read_rgba};
pub use encode::{encode_jpeg, encode_png};
pub(crate) use orientation::orient;

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
    /// Bytes divided by 255 in f32, as torchvision's `ToTensor`.
    fn from(image: &RgbImage) -> Self {
        let size = image.width * image.height;
        let pixels = image.data.as_chunks::<3>().0;
        let mut data = Vec::with_capacity(3 * size);
        for channel in 0..3 {
            data.extend(pixels.iter().map(|pixel| f32::from(pixel[channel]) / 255.0));
        }
        Self { width: image.width, height: image.height, data }
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

impl Decoded {
    /// Pixels that never had an orientation.
    pub(crate) fn plain(image: RgbImage) -> Self {
        Self { stored: (image.width, image.height), image, applied: 1 }
    }
}

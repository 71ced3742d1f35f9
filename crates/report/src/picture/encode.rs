//! Pictures to bytes.

use image::ImageError;
use rightly_data::{
    RgbImage,
    pixels::{encode_jpeg, encode_png},
    resize::{Filter, resize},
};

use super::colour::colour;
use crate::view::Picture;

/// Enough for a look, small enough for a page with dozens.
const QUALITY: u8 = 80;

/// A photograph as JPEG.
///
/// # Errors
/// As [`encode_jpeg`].
pub fn jpeg(image: &RgbImage) -> Result<Picture, ImageError> {
    let bytes = encode_jpeg(image, QUALITY)?;
    Ok(Picture { mime: "image/jpeg", bytes, width: image.width, height: image.height })
}

/// The photograph with its longer side at most `side` pixels.
pub fn shrink(image: &RgbImage, side: usize) -> RgbImage {
    let longest = image.width.max(image.height);
    if longest <= side {
        return image.clone();
    }
    let scaled = |length: usize| (length * side / longest).max(1);
    resize(image, scaled(image.height), scaled(image.width), Filter::Bilinear)
}

/// A mean mask (`[rows, columns]`, 0..=1) as PNG in the colours of [`colour`].
///
/// # Errors
/// As [`encode_png`], also where the map's length does not fit.
pub fn mean_mask(map: &[f32], rows: usize, columns: usize) -> Result<Picture, ImageError> {
    let data: Vec<u8> = map.iter().flat_map(|&v| colour(v)).collect();
    let bytes = encode_png(&RgbImage { width: columns, height: rows, data })?;
    Ok(Picture { mime: "image/png", bytes, width: columns, height: rows })
}

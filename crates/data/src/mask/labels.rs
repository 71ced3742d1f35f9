//! Mask files as rasters of whole numbers.
use super::{indexed, npy, png};
use crate::{
    DataError,
    pixels::{DecodeOptions, Orientation, decode_samples, fail, format, load_bytes},
};
use image::{DynamicImage, ImageFormat};
use std::path::Path;

/// What a mask file says for each pixel, before it is decided which values are object.
#[derive(Debug, PartialEq)]
pub(super) struct Labels {
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[H, W]`: gray, a palette's index, an array's integer, alpha, or the largest colour.
    pub(super) values: Vec<u32>,
    /// Where the values come from.
    pub(super) kind: Kind,
    /// The file's own format loses detail (JPEG, lossy WebP). A lossless copy of such a picture is
    /// known by its values only.
    pub(super) lossy: bool,
    /// Share of the pixels above 0 by the colours, where alpha or a palette's index decides and the
    /// colours look like a mask as well.
    pub(super) other: Option<f64>,
}

/// Where a file's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Gray, palette index or integers: the values may be labels.
    OneChannel,
    /// Three equal channels: gray that was saved as colour.
    GrayInColour,
    /// Colours that differ: the values are the largest of the channels.
    Colour,
    /// The alpha channel, where it varies.
    Alpha,
    /// An array of fractions, scaled so that its largest value is 255.
    Fractions,
}

impl Labels {
    /// One value a pixel, from a lossless file.
    pub(super) fn one_channel(width: usize, height: usize, values: Vec<u32>) -> Self {
        Self { width, height, values, kind: Kind::OneChannel, lossy: false, other: None }
    }
}

/// Reads a mask file by its content.
pub(super) fn read(path: &Path) -> Result<Labels, DataError> {
    decode(&load_bytes(path, DecodeOptions::default().max_bytes)?, path)
}

/// The samples of a file's bytes; `path` is for messages.
pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Labels, DataError> {
    let options = DecodeOptions { orientation: Orientation::AsStored, ..Default::default() };
    if bytes.starts_with(npy::MAGIC) {
        return npy::parse(bytes, options.max_pixels).map_err(|message| fail(path, message));
    }
    match format(bytes, path)? {
        ImageFormat::Png => png::read(bytes, path, &options),
        ImageFormat::Gif => indexed::gif(bytes, path, &options),
        kind => {
            if kind == ImageFormat::Bmp
                && let Some(labels) = indexed::bmp(bytes, path, &options)?
            {
                return Ok(labels);
            }
            let (_, picture) = decode_samples(bytes, path, &options)?;
            let mut labels = of_picture(&picture).map_err(|message| fail(path, message))?;
            let lossy = kind == ImageFormat::Jpeg || is_lossy_webp(bytes);
            // WebP stores alpha without loss beside lossy colours.
            labels.lossy = lossy && labels.kind != Kind::Alpha;
            Ok(labels)
        }
    }
}

/// Whether a WebP file holds a lossy frame: a chunk `VP8 ` (`VP8L` is lossless).
fn is_lossy_webp(bytes: &[u8]) -> bool {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WEBP") {
        return false;
    }
    let mut at = 12;
    while let Some(&[a, b, c, d, e, f, g, h]) = bytes[at..].first_chunk::<8>() {
        match &[a, b, c, d] {
            b"VP8 " => return true,
            b"VP8L" => return false,
            _ => {}
        }
        // Chunks are padded to even sizes.
        let size = u32::from_le_bytes([e, f, g, h]) as usize;
        at = at.saturating_add(8 + size + size % 2);
        if at > bytes.len() {
            break;
        }
    }
    false
}

/// Gray values, alpha where it varies, else the largest colour channel.
fn of_picture(picture: &DynamicImage) -> Result<Labels, String> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let labels = match picture {
        DynamicImage::ImageLuma8(p) => gray(width, height, p.as_raw()),
        DynamicImage::ImageLuma16(p) => gray(width, height, p.as_raw()),
        DynamicImage::ImageLumaA8(p) => interleaved(width, height, p.as_raw(), 2),
        DynamicImage::ImageLumaA16(p) => interleaved(width, height, p.as_raw(), 2),
        DynamicImage::ImageRgb8(p) => interleaved(width, height, p.as_raw(), 3),
        DynamicImage::ImageRgb16(p) => interleaved(width, height, p.as_raw(), 3),
        DynamicImage::ImageRgba8(p) => interleaved(width, height, p.as_raw(), 4),
        DynamicImage::ImageRgba16(p) => interleaved(width, height, p.as_raw(), 4),
        other => {
            return Err(format!(
                "masks of the type {:?} can't be read; save the mask with 8 or 16 bits a channel",
                other.color()
            ));
        }
    };
    Ok(labels)
}

fn gray<T: Copy + Into<u32>>(width: usize, height: usize, data: &[T]) -> Labels {
    Labels::one_channel(width, height, data.iter().map(|&value| value.into()).collect())
}

/// Values of 2 (gray, alpha), 3 (RGB) or 4 (RGBA) interleaved samples.
pub(super) fn interleaved<T: Copy + Into<u32> + PartialEq>(
    width: usize,
    height: usize,
    data: &[T],
    channels: usize,
) -> Labels {
    let pixels = || data.chunks_exact(channels).map(|pixel| pixel.iter().map(|&v| v.into()));
    let colours = if channels.is_multiple_of(2) { channels - 1 } else { channels };
    let largest = |pixel: &mut dyn Iterator<Item = u32>| pixel.take(colours).fold(0, u32::max);
    let colour: Vec<u32> = pixels().map(|mut pixel| largest(&mut pixel)).collect();
    let one = |kind, values| Labels { kind, ..Labels::one_channel(width, height, values) };
    if channels != colours {
        let alpha: Vec<u32> =
            data.iter().skip(colours).step_by(channels).map(|&v| v.into()).collect();
        if alpha_says_something(&alpha) {
            return Labels { other: flat_alternative(&colour), ..one(Kind::Alpha, alpha) };
        }
    }
    let equal = data.chunks_exact(channels).all(|p| p[..colours].iter().all(|&v| v == p[0]));
    match (colours, equal) {
        (1, _) => one(Kind::OneChannel, colour),
        (_, true) => one(Kind::GrayInColour, colour),
        _ => one(Kind::Colour, colour),
    }
}

/// Alpha that is the same everywhere says nothing, unless everything is transparent.
pub(super) fn alpha_says_something(alpha: &[u32]) -> bool {
    alpha.first().is_some_and(|&first| first == 0 || alpha.iter().any(|&value| value != first))
}

/// What the colours beside alpha say, where they look like a mask themselves: a few flat values.
pub(super) fn flat_alternative(colour: &[u32]) -> Option<f64> {
    const MOST_VALUES: usize = 8;
    let mut seen: Vec<u32> = Vec::with_capacity(MOST_VALUES);
    for value in colour {
        if !seen.contains(value) {
            if seen.len() == MOST_VALUES {
                return None;
            }
            seen.push(*value);
        }
    }
    (seen.len() > 1 && seen.contains(&0)).then(|| share(colour))
}

/// Share of the values above 0.
pub(super) fn share(values: &[u32]) -> f64 {
    let above = values.iter().filter(|&&value| value > 0).count();
    above as f64 / (values.len().max(1)) as f64
}

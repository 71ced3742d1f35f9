//! Decoding by content.
use super::{DecodeOptions, Decoded, Orientation, RgbImage, orient};
use crate::{DataError, files};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::{io::Cursor, path::Path};

pub(crate) fn fail(path: &Path, message: impl Into<String>) -> DataError {
    DataError::Invalid { path: path.to_path_buf(), message: message.into() }
}

/// A file's bytes, refused before it is read where it is too large.
pub(crate) fn load_bytes(path: &Path, max_bytes: u64) -> Result<Vec<u8>, DataError> {
    // The size first: an image that is too large has its own message, which tells of the flag.
    let length = std::fs::metadata(path).map_err(|e| DataError::io(path, e))?.len();
    check_bytes(path, length, max_bytes)?;
    files::read(path, max_bytes)
}

fn check_bytes(path: &Path, length: u64, max_bytes: u64) -> Result<(), DataError> {
    if length > max_bytes {
        return Err(fail(
            path,
            format!(
                "the file has {length} bytes, the limit is {max_bytes}; raise the largest number of bytes (max-bytes) if the file is meant to be that large"
            ),
        ));
    }
    Ok(())
}

pub(crate) fn check_pixels(
    path: &Path,
    width: usize,
    height: usize,
    max_pixels: u64,
) -> Result<(), DataError> {
    let pixels = width as u64 * height as u64;
    if pixels == 0 {
        return Err(fail(path, format!("the image has no pixels ({width} x {height})")));
    }
    if pixels > max_pixels {
        return Err(fail(
            path,
            format!(
                "the image has {width} x {height} = {pixels} pixels, the limit is {max_pixels}; raise the largest number of pixels (max-pixels) if the image is meant to be that large"
            ),
        ));
    }
    Ok(())
}

/// Decoded pixels as stored, with 3 (RGB) or 4 (RGBA) channels.
struct Stored {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
    orientation: u8,
}

/// Decodes by content, not by file name: JPEG (gray, YCbCr, RGB, CMYK, YCCK; sequential and
/// progressive), PNG, WebP, BMP, TIFF, the first frame of a GIF. Gives `[H, W, 3]` RGB bytes.
///
/// A truncated or corrupt file is an error, never filled with gray: every block of a JPEG must be
/// decoded from bits of the file, the scans must bring all bits of a progressive one, and checksums
/// of a PNG must be right. A missing end marker behind complete data is accepted (Pillow refuses it).
///
/// Pixels against Pillow's `convert("RGB")`:
/// - JPEG and 8-bit lossless files: the same bytes. Measured with Pillow 13.0.0 (libjpeg-turbo 3.2.0)
///   on all 277 photographs of the DAVIS set and on small files of every kind (tests/golden).
/// - transparent pixels are blended over `options.background` (Pillow drops alpha);
/// - samples of 16 bits keep their upper 8, gray too (Pillow clips 16-bit gray at 255);
/// - lossy WebP may differ by some levels: it is another decoder's arithmetic.
///
/// # Errors
/// Where the file is larger than `max_bytes` or the image than `max_pixels` (found before pixels are
/// allocated), is of no such format, or can't be decoded whole.
pub fn decode(bytes: &[u8], path: &Path, options: &DecodeOptions) -> Result<Decoded, DataError> {
    let stored = decode_stored(bytes, path, options)?;
    let (width, height) = (stored.width, stored.height);
    let applied = match options.orientation {
        Orientation::Displayed => stored.orientation,
        Orientation::AsStored => 1,
    };
    let data = match stored.channels {
        3 => stored.data,
        _ => flatten(&stored.data, options.background),
    };
    let pixels = if applied == 1 {
        RgbImage { width, height, data }
    } else {
        let items = data.as_chunks::<3>().0.to_vec();
        let (width, height, items) = orient(width, height, items, applied);
        RgbImage { width, height, data: items.into_flattened() }
    };
    Ok(Decoded { image: pixels, stored: (width, height), applied })
}

/// Reads and decodes a file.
pub fn read(path: &Path, options: &DecodeOptions) -> Result<Decoded, DataError> {
    decode(&load_bytes(path, options.max_bytes)?, path, options)
}

/// Reads an RGBA picture (an overlay): width, height, `[H, W, 4]`.
pub fn read_rgba(
    path: &Path,
    options: &DecodeOptions,
) -> Result<(usize, usize, Vec<u8>), DataError> {
    let stored = decode_stored(&load_bytes(path, options.max_bytes)?, path, options)?;
    let items: Vec<[u8; 4]> = match stored.channels {
        4 => stored.data.as_chunks::<4>().0.to_vec(),
        _ => stored.data.as_chunks::<3>().0.iter().map(|&[r, g, b]| [r, g, b, 255]).collect(),
    };
    let applied = match options.orientation {
        Orientation::Displayed => stored.orientation,
        Orientation::AsStored => 1,
    };
    let (width, height, items) = orient(stored.width, stored.height, items, applied);
    Ok((width, height, items.into_flattened()))
}

/// Alpha blending over one colour, rounded to the nearest level.
fn flatten(rgba: &[u8], background: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rgba.len() / 4 * 3);
    for &[r, g, b, alpha] in rgba.as_chunks::<4>().0 {
        let alpha = u32::from(alpha);
        for (value, under) in [r, g, b].into_iter().zip(background) {
            let sum = u32::from(value) * alpha + u32::from(under) * (255 - alpha);
            out.push(((sum + 127) / 255) as u8);
        }
    }
    out
}

fn decode_stored(bytes: &[u8], path: &Path, options: &DecodeOptions) -> Result<Stored, DataError> {
    let (_, picture, orientation) = decode_any(bytes, path, options)?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (channels, data) = eight_bits(picture);
    Ok(Stored { width, height, channels, data, orientation })
}

/// The samples as the format's decoder gives them, not oriented.
pub(crate) fn decode_samples(
    bytes: &[u8],
    path: &Path,
    options: &DecodeOptions,
) -> Result<(ImageFormat, DynamicImage), DataError> {
    decode_any(bytes, path, options).map(|(format, picture, _)| (format, picture))
}

fn decode_any(
    bytes: &[u8],
    path: &Path,
    options: &DecodeOptions,
) -> Result<(ImageFormat, DynamicImage, u8), DataError> {
    check_bytes(path, bytes.len() as u64, options.max_bytes)?;
    let format = format(bytes, path)?;
    if format == ImageFormat::Jpeg {
        return jpeg(bytes, path, options);
    }
    let broken = |error: image::ImageError| undecodable(path, format, &error.to_string());
    let mut limits = Limits::default();
    // Eight bytes a pixel (16-bit RGBA), and as much again for a decoder's own buffers.
    limits.max_alloc = Some(options.max_pixels.saturating_mul(16).max(1 << 20));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    check_pixels(path, width as usize, height as usize, options.max_pixels)?;
    let orientation = decoder.orientation().map_or(1, |orientation| orientation.to_exif());
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok((format, picture, orientation))
}

fn jpeg(
    bytes: &[u8],
    path: &Path,
    options: &DecodeOptions,
) -> Result<(ImageFormat, DynamicImage, u8), DataError> {
    enum Failure {
        Size(DataError),
        Data(String),
    }
    impl From<String> for Failure {
        fn from(message: String) -> Self {
            Failure::Data(message)
        }
    }
    let check = |width: usize, height: usize| {
        check_pixels(path, width, height, options.max_pixels).map_err(Failure::Size)
    };
    let picture = super::jpeg::decode(bytes, check).map_err(|failure| match failure {
        Failure::Size(error) => error,
        Failure::Data(message) => undecodable(path, ImageFormat::Jpeg, &message),
    })?;
    let (width, height) = (picture.width as u32, picture.height as u32);
    let pixels = if picture.channels == 1 {
        image::GrayImage::from_raw(width, height, picture.data).map(DynamicImage::ImageLuma8)
    } else {
        image::RgbImage::from_raw(width, height, picture.data).map(DynamicImage::ImageRgb8)
    };
    let pixels = pixels.ok_or_else(|| undecodable(path, ImageFormat::Jpeg, "it lacks pixels"))?;
    Ok((ImageFormat::Jpeg, pixels, picture.orientation))
}

fn undecodable(path: &Path, format: ImageFormat, message: &str) -> DataError {
    fail(
        path,
        format!(
            "the {} data can't be decoded ({message}); fetch the file or export it again",
            name(format)
        ),
    )
}

/// RGB or RGBA bytes. Of 16 bits the upper eight are kept.
fn eight_bits(picture: DynamicImage) -> (usize, Vec<u8>) {
    let high = |value: &u16| (value >> 8) as u8;
    match picture {
        DynamicImage::ImageRgb8(p) => (3, p.into_raw()),
        DynamicImage::ImageRgba8(p) => (4, p.into_raw()),
        DynamicImage::ImageLuma16(p) => {
            (3, p.as_raw().iter().flat_map(|value| [high(value); 3]).collect())
        }
        DynamicImage::ImageLumaA16(p) => (
            4,
            p.as_raw()
                .as_chunks::<2>()
                .0
                .iter()
                .flat_map(|[gray, alpha]| [high(gray), high(gray), high(gray), high(alpha)])
                .collect(),
        ),
        DynamicImage::ImageRgb16(p) => (3, p.as_raw().iter().map(high).collect()),
        DynamicImage::ImageRgba16(p) => (4, p.as_raw().iter().map(high).collect()),
        other if other.color().has_alpha() => (4, other.into_rgba8().into_raw()),
        other => (3, other.into_rgb8().into_raw()),
    }
}

pub(crate) fn format(bytes: &[u8], path: &Path) -> Result<ImageFormat, DataError> {
    if bytes.is_empty() {
        return Err(fail(path, "the file is empty; fetch or export it again"));
    }
    match image::guess_format(bytes) {
        Ok(
            format @ (ImageFormat::Jpeg
            | ImageFormat::Png
            | ImageFormat::WebP
            | ImageFormat::Bmp
            | ImageFormat::Tiff
            | ImageFormat::Gif),
        ) => Ok(format),
        _ => Err(fail(
            path,
            "the content is no JPEG, PNG, WebP, BMP, TIFF or GIF; convert the image to one of them",
        )),
    }
}

pub(crate) fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Gif => "GIF",
        _ => "image",
    }
}

//! Mask files as rasters of label values.
use super::npy;
use crate::{
    DataError,
    pixels::{DecodeOptions, Orientation, check_pixels, decode_samples, fail, load_bytes},
};
use image::{DynamicImage, ImageFormat};
use std::{io::Cursor, path::Path};

/// What a mask file says for each pixel, before it is decided which values are object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[H, W]`.
    pub(super) values: Vec<u32>,
}

/// Reads a mask file by its content.
pub(super) fn read(path: &Path) -> Result<Labels, DataError> {
    let options = DecodeOptions { orientation: Orientation::AsStored, ..Default::default() };
    let bytes = load_bytes(path, options.max_bytes)?;
    if bytes.starts_with(npy::MAGIC) {
        return npy::parse(&bytes, options.max_pixels).map_err(|message| fail(path, message));
    }
    if bytes.starts_with(b"\x89PNG") {
        return png(&bytes, path, &options);
    }
    let (format, picture) = decode_samples(&bytes, path, &options)?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut values = picture_values(&picture);
    if format == ImageFormat::Jpeg {
        // Values just above 0 are ringing around the object.
        for value in &mut values {
            *value = if *value >= 128 { 255 } else { 0 };
        }
    }
    Ok(Labels { width, height, values })
}

/// Alpha where it varies, else the largest colour channel (of gray: the gray value).
fn picture_values(picture: &DynamicImage) -> Vec<u32> {
    match picture {
        DynamicImage::ImageLuma8(p) => p.as_raw().iter().map(|&v| u32::from(v)).collect(),
        DynamicImage::ImageLuma16(p) => p.as_raw().iter().map(|&v| u32::from(v)).collect(),
        other => {
            let rgba = other.to_rgba8();
            interleaved(rgba.as_raw(), 4)
        }
    }
}

/// Values of 2 (gray, alpha), 3 (RGB) or 4 (RGBA) interleaved samples.
fn interleaved<T: Copy + Into<u32> + PartialEq>(data: &[T], channels: usize) -> Vec<u32> {
    let colours = channels - usize::from(channels.is_multiple_of(2));
    let pixels = || data.chunks_exact(channels);
    let alpha_varies = channels != colours
        && pixels().next().is_some_and(|first| {
            pixels().any(|pixel| pixel[colours] != first[colours]) || first[colours].into() == 0
        });
    pixels()
        .map(|pixel| {
            if alpha_varies {
                pixel[colours].into()
            } else {
                pixel[..colours].iter().map(|&value| value.into()).max().unwrap_or(0)
            }
        })
        .collect()
}

/// Samples as they stand in the file: a palette's indices, never its colours; 1-bit as 0 and 1.
fn png(bytes: &[u8], path: &Path, options: &DecodeOptions) -> Result<Labels, DataError> {
    let broken = |error: png::DecodingError| {
        fail(
            path,
            format!(
                "the PNG data can't be decoded ({error}); the file is truncated or corrupt: fetch or export it again"
            ),
        )
    };
    let limits =
        png::Limits { bytes: usize::try_from(options.max_pixels * 16).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    check_pixels(path, width, height, options.max_pixels)?;
    let size = reader.output_buffer_size().ok_or_else(|| fail(path, "the image is too large"))?;
    let mut data = vec![0; size];
    let frame = reader.next_frame(&mut data).map_err(broken)?;
    data.truncate(frame.buffer_size());
    let channels = frame.color_type.samples();
    let values = match frame.bit_depth {
        png::BitDepth::Sixteen => {
            let samples: Vec<u16> =
                data.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
            if channels == 1 {
                samples.into_iter().map(u32::from).collect()
            } else {
                interleaved(&samples, channels)
            }
        }
        png::BitDepth::Eight if channels > 1 => interleaved(&data, channels),
        png::BitDepth::Eight => data.into_iter().map(u32::from).collect(),
        depth => unpack(&data, frame.line_size, width, depth as u32),
    };
    Ok(Labels { width, height, values })
}

/// Values of 1, 2 or 4 bits, most significant first, rows padded to bytes.
fn unpack(data: &[u8], line: usize, width: usize, bits: u32) -> Vec<u32> {
    let per_byte = (8 / bits) as usize;
    let mask = (1u32 << bits) - 1;
    let mut values = Vec::with_capacity(data.len() * per_byte);
    for row in data.chunks_exact(line.max(1)) {
        values.extend((0..width).map(|x| {
            let shift = 8 - bits * (1 + (x % per_byte) as u32);
            (u32::from(row[x / per_byte]) >> shift) & mask
        }));
    }
    values
}

//! PNG masks: samples as they stand in the file.
use super::{
    indexed::{Palette, by_index, unpack},
    labels::{Kind, Labels, alpha_says_something, flat_alternative, interleaved},
};
use crate::{
    DataError,
    pixels::{DecodeOptions, check_pixels, fail},
};
use png::{BitDepth, ColorType, Transformations};
use std::{io::Cursor, path::Path};

/// A palette's indices, never its colours; 1-bit as 0 and 1; alpha where it varies.
pub(super) fn read(
    bytes: &[u8],
    path: &Path,
    options: &DecodeOptions,
) -> Result<Labels, DataError> {
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
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    check_pixels(path, width, height, options.max_pixels)?;
    let size = reader.output_buffer_size().ok_or_else(|| fail(path, "the image is too large"))?;
    let mut data = vec![0; size];
    let frame = reader.next_frame(&mut data).map_err(broken)?;
    data.truncate(frame.buffer_size());
    let channels = frame.color_type.samples();
    let info = reader.info();
    let transparent = info.trns.as_deref().unwrap_or(&[]);
    let samples: Vec<u16> = match frame.bit_depth {
        BitDepth::Sixteen => {
            data.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect()
        }
        BitDepth::Eight => data.into_iter().map(u16::from).collect(),
        depth => unpack(&data, frame.line_size, width, depth as u32),
    };
    if frame.color_type == ColorType::Indexed {
        let colours = info.palette.as_deref().unwrap_or(&[]);
        let palette = Palette { colours, alpha: transparent };
        return Ok(by_index(width, height, samples.into_iter().map(u32::from).collect(), &palette));
    }
    let labels = match channels {
        1 => Labels::one_channel(width, height, samples.iter().copied().map(u32::from).collect()),
        _ => interleaved(width, height, &samples, channels),
    };
    Ok(match key(transparent, channels) {
        Some(key) => with_key(labels, &samples, &key),
        None => labels,
    })
}

/// The one gray value or colour that a `tRNS` chunk makes transparent.
fn key(transparent: &[u8], channels: usize) -> Option<Vec<u16>> {
    let values: Vec<u16> =
        transparent.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
    (channels % 2 == 1 && values.len() == channels).then_some(values)
}

/// One colour is transparent: this is alpha, of two levels.
fn with_key(labels: Labels, samples: &[u16], key: &[u16]) -> Labels {
    let alpha: Vec<u32> =
        samples.chunks_exact(key.len()).map(|pixel| 255 * u32::from(pixel != key)).collect();
    if !alpha_says_something(&alpha) {
        return labels;
    }
    let other = flat_alternative(&labels.values);
    Labels { values: alpha, kind: Kind::Alpha, other, ..labels }
}

//! Masks with a palette (PNG, GIF, BMP): the index is the label, the colour is for people.
use super::labels::{Labels, share};
use crate::{
    DataError,
    pixels::{DecodeOptions, check_pixels, fail},
};
use std::{io::Cursor, path::Path};

/// The colours of a palette, `[n, 3]`, and the alpha of its first entries.
pub(super) struct Palette<'a> {
    pub(super) colours: &'a [u8],
    pub(super) alpha: &'a [u8],
}

impl Palette<'_> {
    /// Whether a pixel of this index would count by what a viewer shows: not black, not transparent.
    fn shows(&self, index: u32) -> bool {
        let at = index as usize;
        let colour = self.colours.get(3 * at..3 * at + 3).unwrap_or(&[]);
        self.alpha.get(at) != Some(&0) && colour.iter().any(|&value| value > 0)
    }
}

/// Labels by index, beside what the colours would say where that is another object.
pub(super) fn by_index(
    width: usize,
    height: usize,
    indices: Vec<u32>,
    palette: &Palette<'_>,
) -> Labels {
    let shown = indices.iter().filter(|&&index| palette.shows(index)).count();
    let by_colour = shown as f64 / indices.len().max(1) as f64;
    // A palette without a dark entry says nothing about what is background.
    let differs = shown > 0 && shown < indices.len() && (by_colour - share(&indices)).abs() > 0.005;
    let other = differs.then_some(by_colour);
    Labels { other, ..Labels::one_channel(width, height, indices) }
}

fn broken(path: &Path, format: &str, error: &dyn std::fmt::Display) -> DataError {
    let message =
        format!("the {format} data can't be decoded ({error}); fetch the file or export it again");
    fail(path, message)
}

/// The first frame of a GIF.
pub(super) fn gif(bytes: &[u8], path: &Path, options: &DecodeOptions) -> Result<Labels, DataError> {
    let bad = |error: gif::DecodingError| broken(path, "GIF", &error);
    let mut settings = gif::DecodeOptions::new();
    settings.set_color_output(gif::ColorOutput::Indexed);
    let limit =
        std::num::NonZeroU64::new(options.max_pixels.max(1)).expect("at least one by construction");
    settings.set_memory_limit(gif::MemoryLimit::Bytes(limit));
    let mut decoder = settings.read_info(Cursor::new(bytes)).map_err(bad)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    check_pixels(path, width, height, options.max_pixels)?;
    let colours = decoder.global_palette().map(<[u8]>::to_vec);
    let background = decoder.bg_color().map_or(0, |index| index as u32);
    let frame = decoder
        .read_next_frame()
        .map_err(bad)?
        .ok_or_else(|| broken(path, "GIF", &"it holds no picture"))?;
    let [left, top, wide, high] =
        [frame.left, frame.top, frame.width, frame.height].map(usize::from);
    if left + wide > width || top + high > height || frame.buffer.len() != wide * high {
        return Err(broken(path, "GIF", &"its first picture leaves the canvas"));
    }
    let mut indices = vec![background; width * height];
    for (y, row) in frame.buffer.chunks_exact(wide.max(1)).enumerate() {
        for (x, &index) in row.iter().enumerate() {
            indices[(top + y) * width + left + x] = u32::from(index);
        }
    }
    let mut alpha = vec![255; 256];
    if let Some(index) = frame.transparent {
        alpha[usize::from(index)] = 0;
    }
    let colours = frame.palette.as_deref().or(colours.as_deref()).unwrap_or(&[]);
    Ok(by_index(width, height, indices, &Palette { colours, alpha: &alpha }))
}

/// A BMP with a palette; `None` where it has colours of its own.
pub(super) fn bmp(
    bytes: &[u8],
    path: &Path,
    options: &DecodeOptions,
) -> Result<Option<Labels>, DataError> {
    let bad = |what: &str| broken(path, "BMP", &what);
    let cut = || bad("it is cut off");
    let word = |at: usize| -> Result<u32, DataError> {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or_else(cut)?;
        Ok(u32::from_le_bytes(*bytes))
    };
    let (start, header, bits) = (word(10)? as usize, word(14)? as usize, word(26)? >> 16);
    // Headers of 12 bytes (OS/2) have another layout; more than 8 bits need no palette.
    if header < 40 || ![1, 2, 4, 8].contains(&bits) {
        return Ok(None);
    }
    if word(30)? != 0 {
        return Err(bad("its palette's indices are compressed: save the mask as PNG"));
    }
    let (width, height) = (word(18)?.cast_signed(), word(22)?.cast_signed());
    let from_top = height < 0;
    let width = usize::try_from(width).map_err(|_| bad("its width is negative"))?;
    let height = height.unsigned_abs() as usize;
    check_pixels(path, width, height, options.max_pixels)?;
    let line = (width * bits as usize).div_ceil(32) * 4;
    let end = start.checked_add(line * height).ok_or_else(cut)?;
    let data = bytes.get(start..end).ok_or_else(cut)?;
    let rows: Vec<u32> = match bits {
        8 => data.chunks_exact(line).flat_map(|row| &row[..width]).map(|&v| u32::from(v)).collect(),
        bits => unpack(data, line, width, bits).into_iter().map(u32::from).collect(),
    };
    let indices = match from_top {
        true => rows,
        false => rows.chunks_exact(width).rev().flatten().copied().collect(),
    };
    // Colours stand between header and pixels, four bytes each.
    let entries = match word(46)? {
        0 => 1 << bits,
        entries => entries.min(256) as usize,
    };
    let table = bytes.get(14 + header..).ok_or_else(cut)?;
    let colours: Vec<u8> = table
        .chunks_exact(4)
        .take(entries)
        .flat_map(|entry| [entry[2], entry[1], entry[0]])
        .collect();
    Ok(Some(by_index(width, height, indices, &Palette { colours: &colours, alpha: &[] })))
}

/// Values of 1, 2 or 4 bits, most significant first, rows padded to `line` bytes.
pub(super) fn unpack(data: &[u8], line: usize, width: usize, bits: u32) -> Vec<u16> {
    let per_byte = (8 / bits) as usize;
    let mask = (1u16 << bits) - 1;
    let mut values = Vec::with_capacity(data.len() * per_byte);
    for row in data.chunks_exact(line.max(1)) {
        values.extend((0..width).map(|x| {
            let shift = 8 - bits * (1 + (x % per_byte) as u32);
            (u16::from(row[x / per_byte]) >> shift) & mask
        }));
    }
    values
}

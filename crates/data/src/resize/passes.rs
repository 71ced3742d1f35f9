//! The two filter passes.
use std::borrow::Cow;

use super::{
    Filter, Window,
    weights::{PRECISION, Weights},
};

const HALF: i32 = 1 << (PRECISION - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// Whether the vertical pass comes first: since Pillow 13 where the height loses more than twice as
/// many pixels as the width. (Older versions always start horizontally; bytes between the passes are
/// rounded, so that some pixels differ by a level.)
fn vertical_first(from: (usize, usize), to: (usize, usize)) -> bool {
    let lost = |from: usize, to: usize| from as i64 - to as i64;
    from.0 > to.0 && lost(from.0, to.0) > 2 * lost(from.1, to.1)
}

/// Both passes, each where its size changes. Integer sums do not depend on their order, so a
/// window's pixels equal those of the whole picture.
pub(super) fn convolve(
    data: &[u8],
    from: (usize, usize),
    channels: usize,
    to: (usize, usize),
    filter: Filter,
    window: Window,
) -> Vec<u8> {
    let columns =
        (from.1 != to.1).then(|| Weights::new(filter, from.1, to.1, window.left, window.width));
    let rows =
        (from.0 != to.0).then(|| Weights::new(filter, from.0, to.0, window.top, window.height));
    let range = |weights: &Option<Weights>, first: usize, count: usize| match weights {
        Some(weights) => weights.source_range(),
        None => (first, first + count),
    };
    let (top, bottom) = range(&rows, window.top, window.height);
    let (left, right) = range(&columns, window.left, window.width);
    let stride = (right - left) * channels;
    // Only these source pixels count.
    let source = if stride == from.1 * channels {
        Cow::Borrowed(&data[top * stride..bottom * stride])
    } else {
        let mut part = Vec::with_capacity((bottom - top) * stride);
        for row in data.chunks_exact(from.1 * channels).take(bottom).skip(top) {
            part.extend_from_slice(&row[left * channels..right * channels]);
        }
        Cow::Owned(part)
    };
    let across = |data: Cow<'_, [u8]>| match &columns {
        Some(weights) => horizontally(&data, stride, left, channels, weights),
        None => data.into_owned(),
    };
    let down = |data: Cow<'_, [u8]>, stride: usize| match &rows {
        Some(weights) => vertically(&data, top, stride, weights),
        None => data.into_owned(),
    };
    if vertical_first(from, to) {
        across(down(source, stride).into())
    } else {
        down(across(source).into(), window.width * channels)
    }
}

/// Rows of `stride` bytes that start at source column `left`.
fn horizontally(
    data: &[u8],
    stride: usize,
    left: usize,
    channels: usize,
    weights: &Weights,
) -> Vec<u8> {
    match channels {
        1 => horizontal::<1>(data, stride, left, weights),
        2 => horizontal::<2>(data, stride, left, weights),
        3 => horizontal::<3>(data, stride, left, weights),
        4 => horizontal::<4>(data, stride, left, weights),
        _ => horizontal_any(data, stride, left, channels, weights),
    }
}

/// Rows that share the walk over the weights.
const ROWS: usize = 4;

fn horizontal<const C: usize>(
    data: &[u8],
    stride: usize,
    left: usize,
    weights: &Weights,
) -> Vec<u8> {
    let width = weights.bounds.len();
    let mut out = vec![0; data.len() / stride * width * C];
    let groups = data.chunks_exact(stride * ROWS);
    let rest = groups.remainder();
    let done = groups.len() * ROWS * width * C;
    for (rows, lines) in groups.zip(out.chunks_exact_mut(width * C * ROWS)) {
        let rows: [&[[u8; C]]; ROWS] =
            std::array::from_fn(|i| rows[i * stride..][..stride].as_chunks().0);
        let lines = lines.as_chunks_mut::<C>().0;
        for (x, (start, kernel)) in weights.iter().enumerate() {
            let pixels = rows.map(|row| &row[start - left..][..kernel.len()]);
            let mut sums = [[HALF; C]; ROWS];
            for (tap, &weight) in kernel.iter().enumerate() {
                for (sums, pixels) in sums.iter_mut().zip(pixels) {
                    for (sum, &value) in sums.iter_mut().zip(&pixels[tap]) {
                        *sum += i32::from(value) * weight;
                    }
                }
            }
            for (row, sums) in sums.into_iter().enumerate() {
                lines[row * width + x] = sums.map(to_byte);
            }
        }
    }
    if !rest.is_empty() {
        out.truncate(done);
        out.extend(horizontal_any(rest, stride, left, C, weights));
    }
    out
}

fn horizontal_any(
    data: &[u8],
    stride: usize,
    left: usize,
    channels: usize,
    weights: &Weights,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / stride * weights.bounds.len() * channels);
    for row in data.chunks_exact(stride) {
        for (start, kernel) in weights.iter() {
            let pixels = &row[(start - left) * channels..];
            for channel in 0..channels {
                let values = pixels[channel..].iter().step_by(channels);
                let sum: i32 = values.zip(kernel).map(|(&v, &weight)| i32::from(v) * weight).sum();
                out.push(to_byte(HALF + sum));
            }
        }
    }
    out
}

/// Columns whose sums stay in registers.
const COLUMNS: usize = 16;
/// Weights are split at this bit, so that both parts multiply as 16-bit integers.
const SPLIT: u32 = PRECISION / 2;

/// Rows of `stride` bytes that start at source row `first`.
fn vertically(data: &[u8], first: usize, stride: usize, weights: &Weights) -> Vec<u8> {
    let mut out = vec![0; weights.bounds.len() * stride];
    for (line, (start, kernel)) in out.chunks_exact_mut(stride).zip(weights.iter()) {
        let rows = &data[(start - first) * stride..][..kernel.len() * stride];
        let (blocks, rest) = line.as_chunks_mut::<COLUMNS>();
        for (index, block) in blocks.iter_mut().enumerate() {
            let (mut high, mut low) = ([0i32; COLUMNS], [HALF; COLUMNS]);
            for (row, &weight) in rows.chunks_exact(stride).zip(kernel) {
                let values = &row[index * COLUMNS..][..COLUMNS];
                let (upper, lower) =
                    ((weight >> SPLIT) as i16, (weight & ((1 << SPLIT) - 1)) as i16);
                for i in 0..COLUMNS {
                    let value = i16::from(values[i]);
                    high[i] += i32::from(value) * i32::from(upper);
                    low[i] += i32::from(value) * i32::from(lower);
                }
            }
            for i in 0..COLUMNS {
                block[i] = to_byte((high[i] << SPLIT) + low[i]);
            }
        }
        let offset = blocks.len() * COLUMNS;
        for (i, byte) in rest.iter_mut().enumerate() {
            let values = rows[offset + i..].iter().step_by(stride);
            let sum: i32 = values.zip(kernel).map(|(&v, &weight)| i32::from(v) * weight).sum();
            *byte = to_byte(HALF + sum);
        }
    }
    out
}

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
    let width = weights.bounds.len() * channels;
    let mut out = vec![0; data.len() / stride * width];
    for (row, line) in data.chunks_exact(stride).zip(out.chunks_exact_mut(width)) {
        match channels {
            1 => horizontal::<1>(row, left, line, weights),
            2 => horizontal::<2>(row, left, line, weights),
            3 => horizontal::<3>(row, left, line, weights),
            4 => horizontal::<4>(row, left, line, weights),
            _ => horizontal_any(row, left, line, channels, weights),
        }
    }
    out
}

fn horizontal<const C: usize>(row: &[u8], left: usize, line: &mut [u8], weights: &Weights) {
    let row = row.as_chunks::<C>().0;
    let line = line.as_chunks_mut::<C>().0;
    for (pixel, (start, kernel)) in line.iter_mut().zip(weights.iter()) {
        let mut sums = [HALF; C];
        for (source, &weight) in row[start - left..][..kernel.len()].iter().zip(kernel) {
            for (sum, &value) in sums.iter_mut().zip(source) {
                *sum += i32::from(value) * weight;
            }
        }
        *pixel = sums.map(to_byte);
    }
}

fn horizontal_any(row: &[u8], left: usize, line: &mut [u8], channels: usize, weights: &Weights) {
    for (pixel, (start, kernel)) in line.chunks_exact_mut(channels).zip(weights.iter()) {
        for (channel, out) in pixel.iter_mut().enumerate() {
            let values = row[(start - left) * channels + channel..].iter().step_by(channels);
            let sum: i32 = values.zip(kernel).map(|(&v, &weight)| i32::from(v) * weight).sum();
            *out = to_byte(HALF + sum);
        }
    }
}

/// Rows of `stride` bytes that start at source row `first`.
fn vertically(data: &[u8], first: usize, stride: usize, weights: &Weights) -> Vec<u8> {
    let mut out = vec![0; weights.bounds.len() * stride];
    let mut sums = vec![0i32; stride];
    for (line, (start, kernel)) in out.chunks_exact_mut(stride).zip(weights.iter()) {
        sums.fill(HALF);
        for (i, &weight) in kernel.iter().enumerate() {
            let row = &data[(start - first + i) * stride..][..stride];
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += i32::from(value) * weight;
            }
        }
        for (byte, &sum) in line.iter_mut().zip(&sums) {
            *byte = to_byte(sum);
        }
    }
    out
}

//! The two filter passes.
use super::{
    Filter, Window,
    weights::{PRECISION, Weights},
};

const HALF: i32 = 1 << (PRECISION - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// Horizontal, then vertical filtering. Integer sums do not depend on their order, so a window's
/// pixels equal those of the whole picture.
pub(super) fn convolve(
    data: &[u8],
    from: (usize, usize),
    channels: usize,
    to: (usize, usize),
    filter: Filter,
    window: Window,
) -> Vec<u8> {
    let vertical = (from.0 != to.0)
        .then(|| Weights::new(filter, from.0, to.0, window.top, window.height));
    let (first, last) = match &vertical {
        Some(weights) => weights.source_range(),
        None => (window.top, window.top + window.height),
    };
    let stride = from.1 * channels;
    let rows = &data[first * stride..last * stride];
    let narrow = if from.1 == to.1 {
        let offset = window.left * channels;
        rows.chunks_exact(stride)
            .flat_map(|row| &row[offset..offset + window.width * channels])
            .copied()
            .collect()
    } else {
        let weights = Weights::new(filter, from.1, to.1, window.left, window.width);
        let mut out = vec![0; (last - first) * window.width * channels];
        let lines = rows
            .chunks_exact(stride)
            .zip(out.chunks_exact_mut(window.width * channels));
        for (row, line) in lines {
            match channels {
                1 => horizontal::<1>(row, line, &weights),
                2 => horizontal::<2>(row, line, &weights),
                3 => horizontal::<3>(row, line, &weights),
                4 => horizontal::<4>(row, line, &weights),
                _ => horizontal_any(row, line, channels, &weights),
            }
        }
        out
    };
    match vertical {
        Some(weights) => down(&narrow, first, window.width * channels, &weights),
        None => narrow,
    }
}

fn horizontal<const C: usize>(row: &[u8], line: &mut [u8], weights: &Weights) {
    let row = row.as_chunks::<C>().0;
    let line = line.as_chunks_mut::<C>().0;
    for (pixel, (start, kernel)) in line.iter_mut().zip(weights.iter()) {
        let mut sums = [HALF; C];
        for (source, &weight) in row[start..start + kernel.len()].iter().zip(kernel) {
            for (sum, &value) in sums.iter_mut().zip(source) {
                *sum += i32::from(value) * weight;
            }
        }
        *pixel = sums.map(to_byte);
    }
}

fn horizontal_any(row: &[u8], line: &mut [u8], channels: usize, weights: &Weights) {
    for (pixel, (start, kernel)) in line.chunks_exact_mut(channels).zip(weights.iter()) {
        for (channel, out) in pixel.iter_mut().enumerate() {
            let values = row[start * channels + channel..].iter().step_by(channels);
            let sum: i32 = values.zip(kernel).map(|(&v, &weight)| i32::from(v) * weight).sum();
            *out = to_byte(HALF + sum);
        }
    }
}

/// `narrow` starts at source row `first`.
fn down(narrow: &[u8], first: usize, stride: usize, weights: &Weights) -> Vec<u8> {
    let mut out = vec![0; weights.bounds.len() * stride];
    let mut sums = vec![0i32; stride];
    for (line, (start, kernel)) in out.chunks_exact_mut(stride).zip(weights.iter()) {
        sums.fill(HALF);
        for (i, &weight) in kernel.iter().enumerate() {
            let row = &narrow[(start - first + i) * stride..][..stride];
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

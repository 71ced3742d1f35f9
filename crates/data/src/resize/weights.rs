//! Filter kernels and their fixed-point weights.
use super::Filter;
use std::f64::consts::PI;

/// Fractional bits of a weight: 32 bits less 8 for the value and 2 for overshoot.
pub(super) const PRECISION: u32 = 32 - 8 - 2;

/// The weights of one axis.
pub(super) struct Weights {
    /// First source index and number of taps of each output position.
    pub(super) bounds: Vec<(usize, usize)>,
    /// `taps` weights for each output position, zero behind its own number.
    pub(super) values: Vec<i32>,
    /// Stride of `values`.
    pub(super) taps: usize,
}

impl Weights {
    /// Weights for the output positions `first..first + count` of an axis resized from `from` to
    /// `to` pixels.
    pub(super) fn new(filter: Filter, from: usize, to: usize, first: usize, count: usize) -> Self {
        let scale = from as f64 / to as f64;
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let taps = support.ceil() as usize * 2 + 1;
        let inverse = 1.0 / filter_scale;
        let mut bounds = Vec::with_capacity(count);
        let mut values = vec![0i32; count * taps];
        let mut kernel = vec![0f64; taps];
        for (i, weights) in values.chunks_exact_mut(taps).enumerate() {
            let centre = ((first + i) as f64 + 0.5) * scale;
            // The cast truncates toward zero and takes negatives to 0, as Pillow's clamp does.
            let start = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            let length = end - start;
            let mut sum = 0.0;
            for (j, weight) in kernel[..length].iter_mut().enumerate() {
                *weight = filter.kernel(((j + start) as f64 - centre + 0.5) * inverse);
                sum += *weight;
            }
            for (fixed, weight) in weights.iter_mut().zip(&kernel[..length]) {
                let normalised = if sum != 0.0 { weight / sum } else { *weight };
                let scaled = normalised * f64::from(1u32 << PRECISION);
                *fixed = (scaled + if normalised < 0.0 { -0.5 } else { 0.5 }) as i32;
            }
            bounds.push((start, length));
        }
        Self { bounds, values, taps }
    }

    /// The output positions with their source start and weights.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.bounds
            .iter()
            .zip(self.values.chunks_exact(self.taps))
            .map(|(&(start, length), weights)| (start, &weights[..length]))
    }

    /// The range of source positions that are read.
    pub(super) fn source_range(&self) -> (usize, usize) {
        let first = self.bounds.first().map_or(0, |b| b.0);
        let last = self.bounds.last().map_or(0, |b| b.0 + b.1);
        (first, last)
    }
}

impl Filter {
    /// Half width of the kernel at scale 1.
    fn support(self) -> f64 {
        match self {
            Filter::Nearest => 0.0,
            Filter::Box => 0.5,
            Filter::Bilinear => 1.0,
            Filter::Bicubic => 2.0,
            Filter::Lanczos => 3.0,
        }
    }

    fn kernel(self, x: f64) -> f64 {
        match self {
            Filter::Nearest => 0.0,
            Filter::Box => f64::from(u8::from(x > -0.5 && x <= 0.5)),
            Filter::Bilinear => (1.0 - x.abs()).max(0.0),
            Filter::Bicubic => {
                const A: f64 = -0.5;
                let x = x.abs();
                if x < 1.0 {
                    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    (((x - 5.0) * x + 8.0) * x - 4.0) * A
                } else {
                    0.0
                }
            }
            Filter::Lanczos => {
                if (-3.0..3.0).contains(&x) {
                    sinc(x) * sinc(x / 3.0)
                } else {
                    0.0
                }
            }
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    x.sin() / x
}

//! The two products that all convolutions are made of, in registers.
//!
//! Both keep twelve vectors of sums (four rows times three) in registers; the widest instructions
//! of the processor are chosen at run time. Every sum has a fixed order, so results do not depend on threads.
use super::geometry::ROWS;
use pulp::{Simd, WithSimd};

/// Vectors of one register tile.
const VECTORS: usize = 3;

/// `out[r][q] = sum over k of weights[r][k] * input[bases[k] + q]` for `q < len`.
pub(super) struct Gather<'a> {
    pub(super) input: &'a [f32],
    /// Where the span of each factor starts.
    pub(super) bases: &'a [usize],
    /// `[blocks][k][ROWS]`.
    pub(super) weights: &'a [f32],
    /// `[blocks * ROWS][stride]`.
    pub(super) out: &'a mut [f32],
    /// Whole tiles.
    pub(super) stride: usize,
    pub(super) len: usize,
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { input, bases, weights, out, stride, len } = self;
        let lanes = S::F32_LANES;
        let tile = VECTORS * lanes;
        for start in (0..len).step_by(tile) {
            let blocks =
                weights.chunks_exact(bases.len() * ROWS).zip(out.chunks_exact_mut(ROWS * stride));
            for (weights, out) in blocks {
                let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
                let (factors, _) = weights.as_chunks::<ROWS>();
                for (factors, base) in factors.iter().zip(bases) {
                    let (span, _) = S::as_simd_f32s(&input[base + start..][..tile]);
                    let span: &[S::f32s; VECTORS] = match span.try_into() {
                        Ok(span) => span,
                        Err(_) => return,
                    };
                    for row in 0..ROWS {
                        let factor = simd.splat_f32s(factors[row]);
                        for vector in 0..VECTORS {
                            sums[row][vector] =
                                simd.mul_add_e_f32s(factor, span[vector], sums[row][vector]);
                        }
                    }
                }
                for (row, sums) in sums.iter().enumerate() {
                    let (into, _) = S::as_mut_simd_f32s(&mut out[row * stride + start..][..tile]);
                    into.copy_from_slice(sums);
                }
            }
        }
    }
}

/// `out[r][k] += sum over q < len of rows[r * row_stride + q] * input[bases[k] + q]`.
pub(super) struct Correlate<'a> {
    pub(super) rows: &'a [f32],
    pub(super) row_stride: usize,
    pub(super) input: &'a [f32],
    /// Where the span of each factor starts.
    pub(super) bases: &'a [usize],
    pub(super) len: usize,
    /// `[rows][k]`.
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, row_stride, input, bases, len, out } = self;
        // Parts short enough that four rows stay in the first cache.
        const PART: usize = 1536;
        let count = bases.len();
        for (block, out) in out.chunks_mut(ROWS * count).enumerate() {
            // Rows beyond the last are computed from the last and dropped.
            let held = out.len() / count;
            let row_at = |row: usize| (block * ROWS + row.min(held - 1)) * row_stride;
            for start in (0..len).step_by(PART) {
                let part = PART.min(len - start);
                for first in (0..count).step_by(VECTORS) {
                    let base = |vector: usize| bases[(first + vector).min(count - 1)];
                    let sums = tile(
                        simd,
                        [0, 1, 2, 3].map(|row| &rows[row_at(row) + start..][..part]),
                        [0, 1, 2].map(|vector| &input[base(vector) + start..][..part]),
                    );
                    for (row, sums) in sums.iter().enumerate().take(held) {
                        let into = &mut out[row * count..][..count];
                        for (value, sum) in into[first..].iter_mut().zip(sums) {
                            *value += sum;
                        }
                    }
                }
            }
        }
    }
}

/// All products of four rows with three, summed over their elements.
#[inline(always)]
fn tile<S: Simd>(
    simd: S,
    rows: [&[f32]; ROWS],
    others: [&[f32]; VECTORS],
) -> [[f32; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let rows = rows.map(|row| S::as_simd_f32s(row));
    let others = others.map(|other| S::as_simd_f32s(other));
    let steps = rows[0].0.len();
    // Equal lengths, said once, so that the loop needs no checks.
    let (r, o) = (rows.map(|row| &row.0[..steps]), others.map(|other| &other.0[..steps]));
    for step in 0..steps {
        let o = [o[0][step], o[1][step], o[2][step]];
        for row in 0..ROWS {
            let factor = r[row][step];
            for vector in 0..VECTORS {
                sums[row][vector] = simd.mul_add_e_f32s(factor, o[vector], sums[row][vector]);
            }
        }
    }
    let mut out = sums.map(|sums| sums.map(|sum| simd.reduce_sum_f32s(sum)));
    for (row, out) in out.iter_mut().enumerate() {
        for (vector, out) in out.iter_mut().enumerate() {
            let tail = rows[row].1.iter().zip(others[vector].1);
            *out += tail.map(|(a, b)| a * b).sum::<f32>();
        }
    }
    out
}

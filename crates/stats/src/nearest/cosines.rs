//! Cosines of a block of rows with a few queries.

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};

/// Rows that are read and multiplied together: with 512 columns they stay in a core's second cache.
pub(super) const BLOCK: usize = 64;

/// Rows are padded with zeros to a multiple of this, the widest vector there is.
const PAD: usize = 16;

/// Rows and queries whose products are summed at the same time: as many sums as there are registers for.
const ROWS: usize = 4;
const QUERIES: usize = 3;

/// Squared lengths between which single precision neither overflows nor loses digits.
const SAFE: std::ops::RangeInclusive<f32> = 1e-24..=1e24;

/// Length of a row; `None` where it has no direction.
pub(super) fn length(row: impl Iterator<Item = f32>) -> Option<f64> {
    let length = row.map(|x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    (length.is_finite() && length > 0.0).then_some(length)
}

/// Queries of length 1, padded.
pub(super) struct Queries {
    values: Vec<f32>,
    count: usize,
    columns: usize,
    /// From one row or query to the next, in values.
    stride: usize,
}

impl Queries {
    /// Those of `queries` (`[q, d]`) that `which` names.
    pub(super) fn new(queries: ArrayView2<'_, f32>, which: &[usize]) -> Self {
        let columns = queries.ncols();
        let stride = columns.next_multiple_of(PAD).max(PAD);
        let mut values = vec![0.0; which.len() * stride];
        for (out, &at) in values.chunks_exact_mut(stride).zip(which) {
            let query = queries.row(at);
            let length = length(query.iter().copied()).unwrap_or(1.0);
            out.iter_mut().zip(query).for_each(|(o, &x)| *o = (f64::from(x) / length) as f32);
        }
        Self { values, count: which.len(), columns, stride }
    }
}

/// A block of rows and its cosines. Made once and filled again and again.
pub(super) struct Block {
    rows: Vec<f32>,
    /// `[q, BLOCK]`.
    cosines: Vec<f32>,
    squares: [f32; BLOCK],
}

impl Block {
    pub(super) fn new(queries: &Queries) -> Self {
        Self {
            rows: vec![0.0; BLOCK * queries.stride],
            cosines: vec![0.0; BLOCK * queries.count],
            squares: [0.0; BLOCK],
        }
    }

    /// Cosines of the rows with one query, `[BLOCK]`; NaN for a row without a direction.
    pub(super) fn cosines(&self, query: usize) -> &[f32] {
        &self.cosines[query * BLOCK..][..BLOCK]
    }

    /// Reads `count` rows (at most [`BLOCK`]) and computes their cosines; the number of rows without a direction.
    pub(super) fn fill(
        &mut self,
        queries: &Queries,
        count: usize,
        mut read: impl FnMut(usize, &mut [f32]),
    ) -> usize {
        let stride = queries.stride;
        for (i, row) in self.rows.chunks_exact_mut(stride).take(count).enumerate() {
            read(i, &mut row[..queries.columns]);
        }
        Arch::new().dispatch(Products { block: self, queries });
        let mut left_out = 0;
        let mut scales = [0.0; BLOCK];
        for (i, scale) in scales.iter_mut().enumerate().take(count) {
            if SAFE.contains(&self.squares[i]) {
                *scale = 1.0 / self.squares[i].sqrt();
            } else {
                left_out += usize::from(!self.fill_slowly(queries, i));
                *scale = 1.0;
            }
        }
        for cosines in self.cosines.chunks_exact_mut(BLOCK) {
            for (cosine, scale) in cosines.iter_mut().zip(&scales) {
                // One zero only: the order of hits tells -0 from 0.
                *cosine = (*cosine * scale).clamp(-1.0, 1.0) + 0.0;
            }
        }
        left_out
    }

    /// The cosines of one row in double precision; whether it has a direction.
    fn fill_slowly(&mut self, queries: &Queries, i: usize) -> bool {
        let row = &self.rows[i * queries.stride..][..queries.stride];
        let length = length(row.iter().copied());
        for (query, values) in queries.values.chunks_exact(queries.stride).enumerate() {
            let dot: f64 = row.iter().zip(values).map(|(x, q)| f64::from(*x) * f64::from(*q)).sum();
            self.cosines[query * BLOCK + i] = length.map_or(f32::NAN, |l| (dot / l) as f32);
        }
        length.is_some()
    }
}

/// Products of all rows with all queries, and the rows' squares.
struct Products<'a> {
    block: &'a mut Block,
    queries: &'a Queries,
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { block, queries } = self;
        // Both are whole vectors: rows are padded.
        let (rows, _) = S::as_simd_f32s(&block.rows);
        let (values, _) = S::as_simd_f32s(&queries.values);
        let lanes = queries.stride / S::F32_LANES;
        for (group, rows) in rows.chunks_exact(lanes * ROWS).enumerate() {
            let at = group * ROWS;
            let rows: [&[S::f32s]; ROWS] = std::array::from_fn(|i| &rows[i * lanes..][..lanes]);
            block.squares[at..at + ROWS].copy_from_slice(&squares(simd, rows));
            let mut put = |query: usize, sums: [f32; ROWS]| {
                block.cosines[query * BLOCK + at..][..ROWS].copy_from_slice(&sums);
            };
            for (group, values) in values.chunks(lanes * QUERIES).enumerate() {
                let query = |i: usize| &values[i * lanes..][..lanes];
                let first = group * QUERIES;
                match values.len() / lanes {
                    1 => products(simd, rows, [query(0)], first, &mut put),
                    2 => products(simd, rows, [query(0), query(1)], first, &mut put),
                    _ => products(simd, rows, [query(0), query(1), query(2)], first, &mut put),
                }
            }
        }
    }
}

/// Each product has one sum, along the columns: its value does not depend on what is computed beside it.
#[inline(always)]
fn products<S: Simd, const Q: usize>(
    simd: S,
    rows: [&[S::f32s]; ROWS],
    queries: [&[S::f32s]; Q],
    first: usize,
    put: &mut impl FnMut(usize, [f32; ROWS]),
) {
    let lanes = rows[0].len();
    let (rows, queries) = (rows.map(|r| &r[..lanes]), queries.map(|q| &q[..lanes]));
    let mut sums = [[simd.splat_f32s(0.0); ROWS]; Q];
    for at in 0..lanes {
        for (sums, query) in sums.iter_mut().zip(&queries) {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                *sum = simd.mul_add_f32s(row[at], query[at], *sum);
            }
        }
    }
    for (i, sums) in sums.into_iter().enumerate() {
        put(first + i, sums.map(|sum| simd.reduce_sum_f32s(sum)));
    }
}

#[inline(always)]
fn squares<S: Simd>(simd: S, rows: [&[S::f32s]; ROWS]) -> [f32; ROWS] {
    let lanes = rows[0].len();
    let rows = rows.map(|r| &r[..lanes]);
    let mut sums = [simd.splat_f32s(0.0); ROWS];
    for at in 0..lanes {
        for (sum, row) in sums.iter_mut().zip(&rows) {
            *sum = simd.mul_add_f32s(row[at], row[at], *sum);
        }
    }
    sums.map(|sum| simd.reduce_sum_f32s(sum))
}

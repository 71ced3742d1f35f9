//! Where a class's objects lie in the model's input: the mean of its masks on a small grid.

use rightly_data::Mask;
use serde::{Deserialize, Serialize};

/// Rows and columns of the grid. 56 divides 224, so that there a cell is 4 x 4 pixels.
pub const GRID: usize = 56;

/// Fixed point of the sums: whole numbers add up to the same in any order.
const ONE: u64 = 1 << 24;

/// Running mean of masks, each averaged to [`GRID`] x [`GRID`] cells.
///
/// Masks of any size and aspect are stretched to the grid. Adding and merging are exact, so the
/// result does not depend on their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanMask {
    count: u64,
    /// `[GRID, GRID]`, coverage times [`ONE`].
    sums: Vec<u64>,
}

impl Default for MeanMask {
    fn default() -> Self {
        Self { count: 0, sums: vec![0; GRID * GRID] }
    }
}

impl MeanMask {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a mask; one without pixels is passed over.
    pub fn add(&mut self, mask: &Mask) {
        super::check(mask);
        if mask.data.is_empty() {
            return;
        }
        let (rows, columns) = (overlaps(mask.height), overlaps(mask.width));
        // A pixel row is GRID units high and a cell row `height` units, so that all overlaps are
        // whole numbers and a full cell adds up to height * width.
        let mut cells = vec![0u64; GRID * GRID];
        let mut line = [0u64; GRID];
        for (row, &(first, split)) in mask.data.chunks_exact(mask.width).zip(&rows) {
            if !row.contains(&true) {
                continue;
            }
            line.fill(0);
            for (_, &(cell, parts)) in row.iter().zip(&columns).filter(|&(&on, _)| on) {
                spread(cell, parts, mask.width, |at, weight| line[at] += weight);
            }
            spread(first, split, mask.height, |at, weight| {
                for (cell, &value) in cells[at * GRID..(at + 1) * GRID].iter_mut().zip(&line) {
                    *cell += weight * value;
                }
            });
        }
        let full = mask.data.len() as u64;
        for (sum, cell) in self.sums.iter_mut().zip(cells) {
            *sum += (u128::from(cell) * u128::from(ONE) / u128::from(full)) as u64;
        }
        self.count += 1;
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (sum, &more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
    }

    /// Masks counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// `[GRID, GRID]`: share of each cell that is object, mean over the masks, 0..1. `None` where
    /// none was counted.
    pub fn mean(&self) -> Option<Vec<f32>> {
        let full = self.count as f64 * ONE as f64;
        (self.count > 0).then(|| self.sums.iter().map(|&sum| (sum as f64 / full) as f32).collect())
    }
}

/// For each of `side` pixels: the first cell that it touches, and how much of it lies there, where a
/// pixel is [`GRID`] units long and a cell `side` units.
fn overlaps(side: usize) -> Vec<(usize, usize)> {
    (0..side)
        .map(|pixel| {
            let cell = pixel * GRID / side;
            let here = ((cell + 1) * side - pixel * GRID).min(GRID);
            (cell, here)
        })
        .collect()
}

/// Calls `each(cell, weight)` for every cell that a pixel touches; the weights add up to [`GRID`].
fn spread(first: usize, here: usize, side: usize, mut each: impl FnMut(usize, u64)) {
    each(first, here as u64);
    let (mut left, mut cell) = (GRID - here, first + 1);
    while left > 0 {
        let part = left.min(side);
        each(cell, part as u64);
        left -= part;
        cell += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{mask, masks};
    use proptest::prelude::*;

    fn mean_of(masks: &[Mask]) -> MeanMask {
        let mut mean = MeanMask::new();
        masks.iter().for_each(|mask| mean.add(mask));
        mean
    }

    #[test]
    fn a_cell_of_224_is_four_by_four() {
        let mut data = vec![false; 224 * 224];
        // Rows 4 and 5, columns 8 to 11: half of cell (1, 2).
        for y in 4..6 {
            data[y * 224 + 8..y * 224 + 12].fill(true);
        }
        let mean = mean_of(&[Mask { width: 224, height: 224, data }]).mean().unwrap();
        for (at, &value) in mean.iter().enumerate() {
            assert_eq!(value, if at == GRID + 2 { 0.5 } else { 0.0 });
        }
    }

    #[test]
    fn a_small_mask_is_stretched() {
        let mean = mean_of(&[mask("#.\n.#")]).mean().unwrap();
        for (at, &value) in mean.iter().enumerate() {
            let same = (at / GRID < GRID / 2) == (at % GRID < GRID / 2);
            assert_eq!(value, f32::from(u8::from(same)));
        }
    }

    #[test]
    fn the_mean_over_masks() {
        let mean = mean_of(&[mask("#"), mask("."), mask("."), mask(".")]);
        assert_eq!((mean.count(), mean.mean().unwrap()), (4, vec![0.25; GRID * GRID]));
        assert_eq!(MeanMask::new().mean(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_area_is_kept(mask in masks(130)) {
            let on = mask.data.iter().filter(|&&on| on).count() as f64 / mask.data.len() as f64;
            let mean = mean_of(&[mask]).mean().unwrap();
            prop_assert!(mean.iter().all(|v| (0.0..=1.0).contains(v)));
            let kept = mean.iter().map(|&v| f64::from(v)).sum::<f64>() / mean.len() as f64;
            prop_assert!((kept - on).abs() < 1e-6, "{} for {}", kept, on);
        }

        #[test]
        fn full_cells_are_one(height in 1..200usize, width in 1..200usize) {
            let full = Mask { width, height, data: vec![true; height * width] };
            prop_assert_eq!(mean_of(&[full]).mean().unwrap(), vec![1.0; GRID * GRID]);
        }

        #[test]
        fn any_order_gives_the_same(a in masks(70), b in masks(70), c in masks(70)) {
            let all = mean_of(&[a.clone(), b.clone(), c.clone()]);
            let mut merged = mean_of(&[c]);
            merged.merge(&mean_of(&[b, a]));
            prop_assert_eq!(all, merged);
        }
    }
}

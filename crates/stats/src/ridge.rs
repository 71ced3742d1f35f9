//! Ridge regression of several targets, in the smaller of its two forms.

use faer::Mat;
use ndarray::{Array2, ArrayView2, Axis};

use crate::linear::{product, solve};

/// A linear map from `d` columns to `q` targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// Means of the columns, `[d]`.
    pub mean: Vec<f64>,
    /// Means of the targets, `[q]`.
    pub offset: Vec<f64>,
    /// `[d, q]`.
    pub weights: Array2<f64>,
}

impl Ridge {
    /// Minimises `|Y - X W|^2 + penalty m |W|^2` on centred `rows` (`[n, d]`) and `targets` (`[n, q]`), with `m` the mean
    /// squared length of a row.
    ///
    /// `None` where there are no rows or columns, a value is not finite, or the penalty is not above 0. Rows that are all
    /// the same give weights of 0.
    ///
    /// # Panics
    /// Where rows and targets differ in number.
    pub fn fit(
        rows: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        penalty: f64,
    ) -> Option<Self> {
        assert_eq!(rows.nrows(), targets.nrows(), "targets of each row");
        let (n, d) = rows.dim();
        let q = targets.ncols();
        let finite = |values: ArrayView2<'_, f64>| values.iter().all(|v| v.is_finite());
        if n == 0
            || d == 0
            || q == 0
            || !finite(rows)
            || !finite(targets)
            || penalty.is_nan()
            || penalty <= 0.0
        {
            return None;
        }
        let mean = rows.mean_axis(Axis(0))?.to_vec();
        let offset = targets.mean_axis(Axis(0))?.to_vec();
        let x = Mat::from_fn(n, d, |i, j| rows[[i, j]] - mean[j]);
        let y = Mat::from_fn(n, q, |i, j| targets[[i, j]] - offset[j]);
        let dual = n <= d;
        let size = n.min(d);
        let mut gram = Mat::zeros(size, size);
        if dual {
            product(gram.as_mut(), x.as_ref(), x.transpose());
        } else {
            product(gram.as_mut(), x.transpose(), x.as_ref());
        }
        let trace: f64 = (0..size).map(|i| gram[(i, i)]).sum();
        if trace <= 0.0 {
            return Some(Self { mean, offset, weights: Array2::zeros((d, q)) });
        }
        let added = penalty * trace / n as f64;
        (0..size).for_each(|i| gram[(i, i)] += added);
        let mut across = Mat::zeros(d, q);
        let weights = if dual {
            product(across.as_mut(), x.transpose(), solve(&gram, y.as_ref())?.as_ref());
            across
        } else {
            product(across.as_mut(), x.transpose(), y.as_ref());
            solve(&gram, across.as_ref())?
        };
        Some(Self {
            mean,
            offset,
            weights: Array2::from_shape_fn((d, q), |(i, j)| weights[(i, j)]),
        })
    }

    /// Targets of rows, `[n, d]` to `[n, q]`.
    ///
    /// # Panics
    /// Where the rows have another number of columns.
    pub fn predict(&self, rows: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut out = rows.dot(&self.weights);
        let at_mean: Vec<f64> = (0..self.offset.len())
            .map(|j| self.mean.iter().zip(self.weights.column(j)).map(|(m, w)| m * w).sum())
            .collect();
        for mut row in out.rows_mut() {
            for ((value, offset), mean) in row.iter_mut().zip(&self.offset).zip(&at_mean) {
                *value += offset - mean;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::keyed;
    use ndarray::array;
    use rand::RngExt;

    fn noise(n: usize, d: usize, key: &str) -> Array2<f64> {
        let mut rng = keyed(0, "test", key, 0);
        Array2::from_shape_fn((n, d), |_| rng.random_range(-1.0..1.0))
    }

    #[test]
    fn a_line_is_shrunk_by_the_penalty() {
        let rows = array![[1.0], [2.0], [3.0], [4.0]];
        let targets = rows.mapv(|x| 3.0 * x + 1.0);
        let fit = |penalty| Ridge::fit(rows.view(), targets.view(), penalty).unwrap();
        assert!((fit(1e-12).weights[[0, 0]] - 3.0).abs() < 1e-9);
        // The sum of squares is 5, the mean square 1.25: a penalty of 4 shrinks by half.
        assert!((fit(4.0).weights[[0, 0]] - 1.5).abs() < 1e-12);
        assert!((fit(1.0).predict(array![[2.5]].view())[[0, 0]] - 8.5).abs() < 1e-12);
    }

    /// Both forms minimise the same sum: gradients are zero at their weights.
    #[test]
    fn both_forms_are_stationary() {
        for (n, d) in [(12, 30), (30, 12), (9, 9)] {
            let (rows, targets) = (noise(n, d, "x"), noise(n, 3, "y"));
            let found = Ridge::fit(rows.view(), targets.view(), 0.7).unwrap();
            let x = &rows - &rows.mean_axis(Axis(0)).unwrap();
            let y = &targets - &targets.mean_axis(Axis(0)).unwrap();
            let trace: f64 = x.iter().map(|v| v * v).sum();
            let penalty = 0.7 * trace / n as f64;
            let gradient = x.t().dot(&(x.dot(&found.weights) - &y)) + penalty * &found.weights;
            assert!(gradient.iter().all(|g| g.abs() < 1e-9), "{n} x {d}");
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_none() {
        let rows = array![[1.0], [f64::NAN]];
        let targets = array![[0.0], [1.0]];
        assert!(Ridge::fit(rows.view(), targets.view(), 1.0).is_none());
        assert!(Ridge::fit(targets.view(), targets.view(), 0.0).is_none());
        let same = array![[2.0], [2.0]];
        let found = Ridge::fit(same.view(), targets.view(), 1.0).unwrap();
        assert_eq!(found.predict(same.view()), array![[0.5], [0.5]]);
    }
}

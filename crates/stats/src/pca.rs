//! Principal components from a [`Gram`] alone.

use std::ops::Range;

use faer::Mat;
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::{
    gram::Gram,
    linear::{eigen, product, times},
};

/// A variance below this share of the largest is rounding.
const NEGLIGIBLE: f64 = 1e-12;

/// The `K` directions of largest variance of `d` columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// Means, `[d]`.
    pub mean: Vec<f64>,
    /// Variances along the components, falling, `[K]`, each above 0.
    pub values: Vec<f64>,
    /// Components, `[K, d]`, orthogonal and of unit length; the largest entry of each is positive.
    pub vectors: Array2<f64>,
    /// Variance of all columns together: `values` over it are shares.
    pub total: f64,
}

impl Pca {
    /// At most `components` components of a range of columns: the eigenvectors of their covariance with ddof 1 (as
    /// scikit-learn's `PCA`). Fewer where the columns have fewer directions of variance, none with fewer than two rows.
    /// `None` where the columns are not finite.
    ///
    /// # Panics
    /// Where the range reaches beyond the columns.
    pub fn fit(gram: &Gram, columns: Range<usize>, components: usize) -> Option<Self> {
        let d = columns.len();
        let from = columns.start;
        let mean = gram.mean()[columns].to_vec();
        let freedom = gram.weight() - 1.0;
        if gram.len() < 2 || freedom <= 0.0 || d == 0 {
            return Some(Self { mean, values: vec![], vectors: Array2::zeros((0, d)), total: 0.0 });
        }
        let covariance = Mat::from_fn(d, d, |i, j| gram.product(from + i, from + j) / freedom);
        let total: f64 = (0..d).map(|i| covariance[(i, i)]).sum();
        if !total.is_finite() {
            return None;
        }
        let (values, vectors) = eigen(&covariance)?;
        let least = NEGLIGIBLE * values[d - 1];
        let kept: Vec<usize> =
            (0..d).rev().take(components).take_while(|&k| values[k] > least.max(0.0)).collect();
        let mut out = Array2::zeros((kept.len(), d));
        for (mut row, &k) in out.outer_iter_mut().zip(&kept) {
            let vector = vectors.col(k);
            let largest =
                vector.iter().fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
            let sign = if largest < 0.0 { -1.0 } else { 1.0 };
            row.iter_mut().zip(vector.iter()).for_each(|(out, v)| *out = sign * v);
        }
        let values = kept.iter().map(|&k| values[k]).collect();
        Some(Self { mean, values, vectors: out, total })
    }

    /// At most `components` components of rows `[n, d]`, from the smaller of the two products: where there are fewer rows
    /// than columns, from that of the rows with each other, which costs a fraction of [`Pca::fit`]. `None` where a value is
    /// not finite.
    pub fn of_rows(rows: ArrayView2<'_, f32>, components: usize) -> Option<Self> {
        let (n, d) = rows.dim();
        if n < 2 || n >= d {
            let mut gram = Gram::new(d);
            gram.add_f32(rows, None);
            return Self::fit(&gram, 0..d, components);
        }
        let mean: Vec<f64> = rows
            .columns()
            .into_iter()
            .map(|c| c.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64)
            .collect();
        if mean.iter().any(|m| !m.is_finite()) {
            return None;
        }
        let centred = Mat::from_fn(n, d, |i, j| f64::from(rows[[i, j]]) - mean[j]);
        let mut products = Mat::zeros(n, n);
        product(products.as_mut(), centred.as_ref(), centred.transpose());
        let freedom = n as f64 - 1.0;
        let total = (0..n).map(|i| products[(i, i)]).sum::<f64>() / freedom;
        let (values, vectors) = eigen(&products)?;
        let least = NEGLIGIBLE * values[n - 1];
        // One direction is lost to the mean.
        let kept: Vec<usize> = (0..n)
            .rev()
            .take(components.min(n - 1))
            .take_while(|&k| values[k] > least.max(0.0))
            .collect();
        let mut out = Array2::zeros((kept.len(), d));
        for (mut row, &k) in out.outer_iter_mut().zip(&kept) {
            let vector = times(centred.transpose(), vectors.col(k));
            let length = vector.norm_l2();
            let largest =
                vector.iter().fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
            let scale = if largest < 0.0 { -1.0 / length } else { 1.0 / length };
            row.iter_mut().zip(vector.iter()).for_each(|(out, v)| *out = scale * v);
        }
        let values = kept.iter().map(|&k| values[k] / freedom).collect();
        Some(Self { mean, values, vectors: out, total })
    }

    /// Number of components.
    pub fn components(&self) -> usize {
        self.values.len()
    }

    /// Components that make scores of unit variance, `[K, d]`: each over the root of its variance.
    pub fn whitening(&self) -> Array2<f64> {
        let mut vectors = self.vectors.clone();
        for (mut vector, value) in vectors.outer_iter_mut().zip(&self.values) {
            vector /= value.sqrt();
        }
        vectors
    }

    /// Scores of rows, `[n, d]` to `[n, K]`, of unit variance where `whiten`.
    ///
    /// # Panics
    /// Where the rows have another number of columns.
    pub fn scores_of(&self, rows: ArrayView2<'_, f32>, whiten: bool) -> Array2<f64> {
        assert_eq!(rows.ncols(), self.mean.len(), "columns of the rows");
        let vectors = if whiten { self.whitening() } else { self.vectors.clone() };
        let mean = ArrayView1::from(&self.mean);
        let centred = |block: ArrayView2<'_, f32>| block.mapv(f64::from) - mean;
        let mut scores = Array2::zeros((rows.nrows(), self.components()));
        // In blocks, so that no copy of all rows in double precision is held.
        for (block, mut out) in rows
            .axis_chunks_iter(ndarray::Axis(0), 1024)
            .zip(scores.axis_chunks_iter_mut(ndarray::Axis(0), 1024))
        {
            out.assign(&centred(block).dot(&vectors.t()));
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_line_has_one_component() {
        let rows = array![[1.0_f32, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]];
        let pca = Pca::fit(&Gram::of(rows.view(), None, 1), 0..2, 2).unwrap();
        assert_eq!(pca.components(), 1);
        let root = 5.0_f64.sqrt();
        assert!((pca.vectors[[0, 0]] - 1.0 / root).abs() < 1e-12);
        assert!((pca.vectors[[0, 1]] - 2.0 / root).abs() < 1e-12);
        assert!((pca.values[0] - pca.total).abs() < 1e-12);
        let scores = pca.scores_of(rows.view(), true);
        let square = scores.iter().map(|s| s * s).sum::<f64>();
        assert!((square / 3.0 - 1.0).abs() < 1e-12, "{scores:?}");
    }

    #[test]
    fn few_rows_have_the_components_of_their_columns() {
        let rows = ndarray::Array2::from_shape_fn((6, 40), |(i, j)| {
            ((i * 37 + j * 11 + i * j * 5) as f32 * 0.37).sin() + (i * j) as f32 * 0.01
        });
        let whole = Pca::fit(&Gram::of(rows.view(), None, 1), 0..40, 9).unwrap();
        let dual = Pca::of_rows(rows.view(), 9).unwrap();
        assert_eq!((dual.components(), whole.components()), (5, 5));
        assert!((dual.total - whole.total).abs() < 1e-9);
        for (a, b) in dual.values.iter().zip(&whole.values) {
            assert!((a - b).abs() < 1e-9);
        }
        assert!(dual.vectors.iter().zip(&whole.vectors).all(|(a, b)| (a - b).abs() < 1e-7));
        let same = array![[1.0_f32, 2.0, 3.0], [1.0, 2.0, 3.0]];
        assert_eq!(Pca::of_rows(same.view(), 2).unwrap().components(), 0);
        assert!(
            Pca::of_rows(array![[1.0_f32, f32::NAN, 0.0], [1.0, 2.0, 3.0]].view(), 2).is_none()
        );
    }

    #[test]
    fn degenerate_columns_have_no_component() {
        let constant = array![[1.0_f32, 2.0], [1.0, 2.0]];
        assert_eq!(Pca::fit(&Gram::of(constant.view(), None, 1), 0..2, 2).unwrap().components(), 0);
        let single = array![[1.0_f32, 2.0]];
        assert_eq!(Pca::fit(&Gram::of(single.view(), None, 1), 0..2, 2).unwrap().components(), 0);
        let unknown = array![[1.0_f32, f32::NAN], [1.0, 2.0]];
        assert_eq!(Pca::fit(&Gram::of(unknown.view(), None, 1), 0..2, 2), None);
    }
}

//! Features brought to mean 0 and deviation 1, as linear probes take them.

use ndarray::{Array2, ArrayView2, ArrayViewMut1, ArrayViewMut2};

/// Mean and 1 / deviation (ddof 0) of each feature; a constant feature gets scale 0 and speaks for nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

/// Mean and sum of squares of rows that are seen one after another, and of parts of them together.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    n: f64,
    mean: Vec<f64>,
    /// About the mean.
    squares: Vec<f64>,
}

impl Moments {
    /// Of no rows of `d` values.
    #[must_use]
    pub fn new(d: usize) -> Self {
        Self { n: 0.0, mean: vec![0.0; d], squares: vec![0.0; d] }
    }

    /// Adds a row (Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", 1962).
    ///
    /// # Panics
    /// Where the row has another length.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.mean.len(), "values of the row");
        self.n += 1.0;
        for ((mean, squares), &value) in self.mean.iter_mut().zip(&mut self.squares).zip(row) {
            let off = f64::from(value) - *mean;
            *mean += off / self.n;
            *squares += off * (f64::from(value) - *mean);
        }
    }

    /// Adds the rows of another (Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983).
    ///
    /// # Panics
    /// Where the other is of rows of another length.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(other.mean.len(), self.mean.len(), "values of a row");
        let n = self.n + other.n;
        if other.n == 0.0 {
            return;
        }
        for at in 0..self.mean.len() {
            let off = other.mean[at] - self.mean[at];
            self.mean[at] += off * other.n / n;
            self.squares[at] += other.squares[at] + off * off * self.n * other.n / n;
        }
        self.n = n;
    }
}

impl Standard {
    /// Of rows that were seen before.
    #[must_use]
    pub fn of_moments(moments: &Moments) -> Self {
        let deviation = |squares: &f64| (squares / moments.n.max(1.0)).sqrt();
        let scale = |squares| match deviation(squares) {
            deviation if deviation > 0.0 => 1.0 / deviation,
            _ => 0.0,
        };
        Self { mean: moments.mean.clone(), scale: moments.squares.iter().map(scale).collect() }
    }

    /// Of rows `[n, d]`.
    #[must_use]
    pub fn of(values: ArrayView2<'_, f32>) -> Self {
        let n = values.nrows().max(1) as f64;
        let (mut mean, mut scale) = (Vec::new(), Vec::new());
        for column in values.columns() {
            let centre = column.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let square = column.iter().map(|&v| (f64::from(v) - centre).powi(2)).sum::<f64>() / n;
            let deviation = square.sqrt();
            mean.push(centre);
            scale.push(if deviation > 0.0 { 1.0 / deviation } else { 0.0 });
        }
        Self { mean, scale }
    }

    /// 1 / deviation of each feature.
    #[must_use]
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Standardises rows in place.
    pub fn apply(&self, mut values: ArrayViewMut2<'_, f32>) {
        values.rows_mut().into_iter().for_each(|row| self.apply_row(row));
    }

    /// A linear layer on standardised features as one on the features themselves: weight `[outputs, d]` and bias.
    #[must_use]
    pub fn unfold(&self, weight: ArrayView2<'_, f32>, bias: &[f32]) -> (Array2<f32>, Vec<f32>) {
        let mut out = weight.to_owned();
        let mut offsets = bias.to_vec();
        for (mut row, offset) in out.rows_mut().into_iter().zip(&mut offsets) {
            let mut sum = f64::from(*offset);
            for ((value, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                let scaled = f64::from(*value) * scale;
                sum -= scaled * mean;
                *value = scaled as f32;
            }
            *offset = sum as f32;
        }
        (out, offsets)
    }

    /// Scales rows in place without centring them: what the parts of a mean over positions take, whose sum is
    /// centred already.
    pub fn rescale(&self, mut values: ArrayViewMut2<'_, f32>) {
        for mut row in values.rows_mut() {
            for (value, scale) in row.iter_mut().zip(&self.scale) {
                *value = (f64::from(*value) * scale) as f32;
            }
        }
    }

    /// The inverse of [`Standard::unfold`]: a linear layer on features as one on standardised features. What it made
    /// of constant features goes into the bias.
    #[must_use]
    pub fn fold(&self, weight: ArrayView2<'_, f32>, bias: &[f32]) -> (Array2<f32>, Vec<f32>) {
        let mut out = weight.to_owned();
        let mut offsets = bias.to_vec();
        for (mut row, offset) in out.rows_mut().into_iter().zip(&mut offsets) {
            let mut sum = f64::from(*offset);
            for ((value, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                sum += f64::from(*value) * mean;
                *value = if *scale > 0.0 { (f64::from(*value) / scale) as f32 } else { 0.0 };
            }
            *offset = sum as f32;
        }
        (out, offsets)
    }

    fn apply_row(&self, mut row: ArrayViewMut1<'_, f32>) {
        for ((value, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
            *value = ((f64::from(*value) - mean) * scale) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_constant_feature_becomes_nothing() {
        let mut values = array![[1.0_f32, 5.0], [3.0, 5.0]];
        let standard = Standard::of(values.view());
        standard.apply(values.view_mut());
        assert_eq!(values, array![[-1.0, 0.0], [1.0, 0.0]]);
        assert_eq!(standard.scale(), [1.0, 0.0]);
        // 2 x + 7 y + 1 on (x - 2, 0) is 2 x - 3 on x.
        let (weight, bias) = standard.unfold(array![[2.0_f32, 7.0]].view(), &[1.0]);
        assert_eq!((weight, bias), (array![[2.0, 0.0]], vec![-3.0]));
        // And back, with what 7 y + 1 is where y is always 5.
        let (weight, bias) = standard.fold(array![[2.0_f32, 7.0]].view(), &[-3.0]);
        assert_eq!((weight, bias), (array![[2.0, 0.0]], vec![36.0]));
    }

    #[test]
    fn parts_of_rows_have_the_moments_of_all() {
        let values = ndarray::Array2::from_shape_fn((23, 3), |(row, column)| match column {
            0 => 7.5,
            1 => (row * row % 11) as f32,
            _ => 1e4 + 0.25 * row as f32,
        });
        let whole = Standard::of(values.view());
        let mut parts = Moments::new(3);
        for rows in [0..5, 5..6, 6..6, 6..23] {
            let mut part = Moments::new(3);
            rows.for_each(|row| part.push(&values.row(row).to_vec()));
            parts.merge(&part);
        }
        let merged = Standard::of_moments(&parts);
        for at in 0..3 {
            assert!((merged.mean[at] - whole.mean[at]).abs() < 1e-9 * whole.mean[at].abs());
            assert!((merged.scale[at] - whole.scale[at]).abs() < 1e-9);
        }
        assert_eq!(merged.scale[0], 0.0);
    }
}

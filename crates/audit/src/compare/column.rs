//! One figure's values, image by image, and how they become the figure.

use crate::measures::rfs::rfs;

/// What one image gives to a figure: its value; for [`Shape::Rfs`] the accuracies with noise on the
/// object and off it, for [`Shape::Kept`] those as photographed and under the condition.
pub(super) type Value = [f64; 2];

/// How images' values become a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// The mean of values in `low..=high`.
    Mean {
        /// Smallest value that can be.
        low: f64,
        /// Largest value that can be.
        high: f64,
    },
    /// The median of values in -1..=1.
    Median,
    /// Relative foreground sensitivity of the mean accuracies.
    Rfs,
    /// The second mean over the first: what a condition leaves of the accuracy.
    Kept,
}

impl Shape {
    /// Smallest and largest value of the figure.
    pub(super) fn range(self) -> (f64, f64) {
        match self {
            Self::Mean { low, high } => (low, high),
            Self::Median | Self::Rfs => (-1.0, 1.0),
            Self::Kept => (0.0, f64::INFINITY),
        }
    }

    /// Largest size of a difference of two such figures.
    pub(super) fn span(self) -> f64 {
        let (low, high) = self.range();
        high - low
    }

    /// The figure from `values` and the share of each in it (their sum is 1; a median takes all
    /// alike); NaN where it is undefined.
    pub(super) fn figure(self, values: &[Value], shares: &[f64]) -> f64 {
        let sum = |at: usize| values.iter().zip(shares).map(|(v, s)| v[at] * s).sum::<f64>();
        match self {
            Self::Mean { .. } => sum(0),
            Self::Rfs | Self::Kept => self.of_means(sum(0), sum(1)),
            Self::Median => median(values.iter().map(|v| v[0]).collect()),
        }
    }
}

impl Shape {
    /// The figure from the two means of its values; NaN where it is undefined, or is none of means.
    pub(super) fn of_means(self, first: f64, second: f64) -> f64 {
        match self {
            Self::Mean { .. } => first,
            Self::Rfs => rfs(first, second).unwrap_or(f64::NAN),
            Self::Kept if first > 0.0 => second / first,
            Self::Kept | Self::Median => f64::NAN,
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if !even {
        return upper;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).unwrap_or(upper);
    0.5 * (lower + upper)
}

/// The values of all images of a run for one figure; `None` where an image can't serve.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) shape: Shape,
    pub(super) values: Vec<Option<Value>>,
}

impl Column {
    /// A mean of values in `low..=high`.
    pub(super) fn mean(range: (f64, f64), values: impl Iterator<Item = Option<f64>>) -> Self {
        Self::new(Shape::Mean { low: range.0, high: range.1 }, values)
    }

    pub(super) fn new(shape: Shape, values: impl Iterator<Item = Option<f64>>) -> Self {
        Self { shape, values: values.map(|v| v.map(|v| [v, 0.0])).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_values() {
        let values = [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]];
        let shares = [0.25; 4];
        assert_eq!(Shape::Mean { low: 0.0, high: 1.0 }.figure(&values, &shares), 0.5);
        assert_eq!(Shape::Median.figure(&values, &shares), 0.5);
        assert_eq!(Shape::Median.figure(&values[..3], &shares), 0.0);
        // a_fg .5, a_bg .75: .25 over twice .375
        assert!((Shape::Rfs.figure(&values, &shares) - 1.0 / 3.0).abs() < 1e-12);
        assert!(Shape::Rfs.figure(&[[1.0, 1.0]], &[1.0]).is_nan());
        assert!(Shape::Median.figure(&[], &[]).is_nan());
    }
}

//! One figure with its interval.

/// A figure, its 95 % interval and the number of images (and clusters) behind it.
///
/// `value` is `None` where no unit was usable (`n == 0`) or the figure is undefined;
/// `low`/`high` are `None` where the interval cannot be estimated (one cluster, say).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    /// Point estimate.
    pub value: Option<f64>,
    /// Lower bound of the 95 % interval.
    pub low: Option<f64>,
    /// Upper bound of the 95 % interval.
    pub high: Option<f64>,
    /// Images behind the figure.
    pub n: usize,
    /// Clusters behind the figure, where the design is clustered.
    pub clusters: Option<usize>,
}

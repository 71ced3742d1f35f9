//! One figure with its interval.

use crate::{
    proportion::wilson_of_rate,
    quantile::{TAIL, normal_cdf, normal_quantile},
};

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

/// Bounds closer than this count as an interval of no width (rounding of sums of doubles).
const NO_WIDTH: f64 = 1e-12;

impl Estimate {
    /// The estimate of a figure that can only lie in `minimum..=maximum`.
    ///
    /// The bounds are clipped to that range, and an interval of no width is opened. Every
    /// resample of units that all show the same value repeats that value, so resampling (and a
    /// variance estimate) claims certainty from any number of units. What `units` equal values do
    /// say is that the share of units that could differ is at most the Wilson bound for 0 of
    /// `units`, `z^2 / (units + z^2)`, about 3.8 / units; the interval is the range of means that
    /// such a share, at the far ends of the range, could produce.
    ///
    /// `units` is the number of independent units, usually [`crate::Design::effective_units`].
    #[must_use]
    pub fn within(mut self, minimum: f64, maximum: f64, units: f64) -> Self {
        let (Some(value), Some(low), Some(high)) = (self.value, self.low, self.high) else {
            return self;
        };
        let (mut low, mut high) = (low, high);
        if high - low <= NO_WIDTH {
            let share = wilson_of_rate(0.0, units).1;
            low = value - share * (value - minimum);
            high = value + share * (maximum - value);
        }
        self.low = Some(low.clamp(minimum, maximum));
        self.high = Some(high.clamp(minimum, maximum));
        self
    }

    /// Two-sided p-value of a value of 0: where the interval would just reach it, its width on that side taken as that of
    /// a normal law. `None` without an interval.
    pub fn p_of_zero(&self) -> Option<f64> {
        let (value, low, high) = (self.value?, self.low?, self.high?);
        let toward = if value > 0.0 { value - low } else { high - value };
        if value == 0.0 || toward <= 0.0 {
            return Some(1.0);
        }
        Some(2.0 * normal_cdf(-value.abs() / toward * normal_quantile(1.0 - TAIL)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value: Some(value), low: Some(low), high: Some(high), n: 50, clusters: None }
    }

    #[test]
    fn bounds_are_clipped_to_the_range() {
        let e = estimate(0.9, 0.7, 1.1).within(-1.0, 1.0, 50.0);
        assert_eq!((e.low, e.high), (Some(0.7), Some(1.0)));
    }

    #[test]
    fn no_width_is_opened_by_the_share_that_could_differ() {
        let e = estimate(0.0, 0.0, 0.0).within(-1.0, 1.0, 50.0);
        let z2 = 1.959_963_984_540_054_f64.powi(2);
        let share = z2 / (50.0 + z2);
        assert!((e.low.unwrap() + share).abs() < 1e-12);
        assert!((e.high.unwrap() - share).abs() < 1e-12);
        let e = estimate(1.0, 1.0, 1.0).within(0.0, 1.0, 50.0);
        assert!((e.low.unwrap() - (1.0 - share)).abs() < 1e-12);
        assert_eq!(e.high, Some(1.0));
    }

    #[test]
    fn what_is_not_estimable_stays_so() {
        let e = Estimate { value: Some(0.0), n: 4, clusters: Some(1), ..Estimate::default() };
        assert_eq!(e.within(-1.0, 1.0, 1.0), e);
    }

    #[test]
    fn an_interval_that_just_reaches_zero_has_p_of_a_twentieth() {
        let p = |value, low, high| estimate(value, low, high).p_of_zero().unwrap();
        assert!((p(0.2, 0.0, 0.5) - 0.05).abs() < 1e-8);
        assert!((p(-0.2, -0.9, 0.0) - 0.05).abs() < 1e-8);
        assert!(p(0.2, 0.1, 0.3) < 1e-3 && p(0.2, -0.2, 0.6) > 0.3 && p(0.0, -0.1, 0.1) == 1.0);
        assert_eq!(Estimate::default().p_of_zero(), None);
    }
}

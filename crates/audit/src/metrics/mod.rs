//! `metrics.json`: every figure of a run, one row each.

mod catalogue;

use arrow_array::RecordBatch;
use rightly_data::{DataError, table::Columns};
use rightly_stats::Estimate;
use serde::{Deserialize, Serialize};

pub use catalogue::{Better, MetricName, Range, as_markdown};

/// The class of a figure over all images together.
pub const POOLED: &str = "*";
/// The class of a figure that is the unweighted mean of the classes with n > 0.
pub const MEAN: &str = "mean";

/// One figure with its 95 % interval. All values are fractions; absent fields are `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Stage that computed it.
    pub stage: String,
    /// Name of the measure (`accuracy`, `drop`, `rfs`, …).
    pub metric: String,
    /// Condition (`none`, `gray`, `linf/0.25`, `overlay/NAME`, …).
    pub condition: Option<String>,
    /// Class name, [`POOLED`] or [`MEAN`]; an output's label for `logit-rise`.
    pub class: Option<String>,
    /// Subgroup (`METHOD/K`), for the stages that have them.
    pub group: Option<String>,
    /// Point estimate; `null` where no image could be used or the figure is undefined.
    pub value: Option<f64>,
    /// Lower bound of the interval; `null` where it cannot be estimated.
    pub low: Option<f64>,
    /// Upper bound of the interval.
    pub high: Option<f64>,
    /// Images behind the figure.
    pub n: usize,
    /// Clusters behind the figure, where the run is clustered.
    pub clusters: Option<usize>,
    /// p-value of a two-sided test of no difference: exact McNemar for paired drops of accuracy
    /// without clusters; for differences between runs see [`crate::compare`].
    pub p: Option<f64>,
    /// p-value corrected for all that was tested with it, where many tests were made. Runs of
    /// earlier versions lack the field.
    #[serde(default)]
    pub q: Option<f64>,
}

impl Metric {
    /// A figure of a stage.
    pub fn new(
        stage: &str,
        metric: &str,
        condition: Option<&str>,
        class: &str,
        e: Estimate,
    ) -> Self {
        Self {
            stage: stage.to_owned(),
            metric: metric.to_owned(),
            condition: condition.map(str::to_owned),
            class: Some(class.to_owned()),
            group: None,
            value: e.value,
            low: e.low,
            high: e.high,
            n: e.n,
            clusters: e.clusters,
            p: None,
            q: None,
        }
    }

    /// Adds a p-value.
    pub fn with_p(mut self, p: Option<f64>) -> Self {
        self.p = p;
        self
    }

    /// Whether this is the figure of `metric` under `condition` for `class`.
    pub fn is(&self, metric: &str, condition: Option<&str>, class: &str) -> bool {
        self.metric == metric
            && self.condition.as_deref() == condition
            && self.class.as_deref() == Some(class)
    }
}

/// Rounding of sums of doubles.
const ROUNDING: f64 = 1e-9;

impl Metric {
    /// What the figure can be: a share, a difference of shares, or (in comparisons and changes) a difference of those.
    fn range(&self) -> Result<(f64, f64), String> {
        let name = self.metric.as_str();
        let of = name.strip_suffix("-change").unwrap_or(name);
        let range = of.parse::<MetricName>()?.range();
        if self.stage == crate::compare::STAGE || of != name {
            // Correlations are figures of a comparison by themselves, within the bounds of any difference.
            let bounded = range.bounds().1 == 1.0;
            return Ok(if bounded { (-2.0, 2.0) } else { (f64::NEG_INFINITY, f64::INFINITY) });
        }
        Ok(range.bounds())
    }

    /// Whether the figure can be one of its metric.
    ///
    /// # Errors
    /// Names the figure that lies outside of what it can be, or whose interval is none.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (least, most) = self.range()?;
        let named = || {
            let part = |text: &Option<String>| text.as_deref().map(|t| format!(" {t}"));
            let parts = [&self.condition, &self.class, &self.group].map(part);
            let parts: String = parts.into_iter().flatten().collect();
            format!("{} {}{parts}", self.stage, self.metric)
        };
        if let Some(value) = self.value
            && !(least - ROUNDING..=most + ROUNDING).contains(&value)
        {
            return Err(format!("{} is {value}; expected {least} to {most}", named()));
        }
        if let (Some(low), Some(high)) = (self.low, self.high)
            && (low > high + ROUNDING
                || self.value.is_some_and(|v| v < low - ROUNDING || v > high + ROUNDING))
        {
            let value = self.value.map_or("none".to_owned(), |v| v.to_string());
            return Err(format!("{} is {value} in the interval {low} to {high}", named()));
        }
        for (name, p) in [("p", self.p), ("q", self.q)] {
            if let Some(p) = p
                && !(0.0..=1.0 + ROUNDING).contains(&p)
            {
                return Err(format!("{}: {name} is {p}; expected 0 to 1", named()));
            }
        }
        Ok(())
    }
}

/// The figures as a table, one row each, its columns named as in `metrics.json`.
///
/// # Errors
/// Where there are more rows than a table holds.
pub(crate) fn table(metrics: &[Metric]) -> Result<RecordBatch, DataError> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Columns::new()
        .utf8("stage", metrics.iter().map(|m| &m.stage))
        .utf8("metric", metrics.iter().map(|m| &m.metric))
        .utf8_opt("condition", metrics.iter().map(|m| m.condition.as_deref()))
        .utf8_opt("class", metrics.iter().map(|m| m.class.as_deref()))
        .utf8_opt("group", metrics.iter().map(|m| m.group.as_deref()))
        .f64_opt("value", metrics.iter().map(|m| m.value))
        .f64_opt("low", metrics.iter().map(|m| m.low))
        .f64_opt("high", metrics.iter().map(|m| m.high))
        .i64("n", metrics.iter().map(|m| count(m.n)))
        .i64_opt("clusters", metrics.iter().map(|m| m.clusters.map(count)))
        .f64_opt("p", metrics.iter().map(|m| m.p))
        .f64_opt("q", metrics.iter().map(|m| m.q))
        .batch()
}

/// The figure of `metric` under `condition` for `class`.
pub fn find<'a>(
    metrics: &'a [Metric],
    metric: &str,
    condition: Option<&str>,
    class: &str,
) -> Option<&'a Metric> {
    metrics.iter().find(|m| m.is(metric, condition, class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_cannot_be_is_named() {
        let figure = |stage: &str, metric: &str, value: f64, low: f64, high: f64| {
            let e = Estimate {
                value: Some(value),
                low: Some(low),
                high: Some(high),
                n: 5,
                clusters: None,
            };
            Metric::new(stage, metric, Some("gray"), "cat", e).check()
        };
        assert!(figure("evaluate", "accuracy", 0.5, 0.2, 0.8).is_ok());
        assert!(figure("evaluate", "rfs", -0.5, -0.8, 0.1).is_ok());
        assert!(figure("compare", "rfs", 1.5, 1.0, 2.0).is_ok());
        assert!(figure("evaluate", "logit-rise", 12.0, 7.0, 15.0).is_ok());
        assert!(figure("dynamics", "loss", 7.5, 7.0, 8.0).is_ok());
        let wrong = figure("evaluate", "accuracy", 7.5, 0.2, 8.0).unwrap_err();
        assert_eq!(wrong, "evaluate accuracy gray cat is 7.5; expected 0 to 1");
        for (stage, metric, value, low, high) in [
            ("evaluate", "accuracy", -0.1, -0.2, 0.8),
            ("evaluate", "drop", -1.5, -2.0, 0.8),
            ("evaluate", "accuracy", 0.5, 0.6, 0.8),
            ("evaluate", "accuracy", 0.5, 0.2, 0.4),
            ("evaluate", "accuracy", 0.5, 0.8, 0.2),
            ("dynamics", "loss", -0.1, -0.2, 0.8),
            ("compare", "drop", 2.5, 2.0, 3.0),
        ] {
            assert!(figure(stage, metric, value, low, high).is_err(), "{stage} {metric} {value}");
        }
        let tested = |p| {
            let e = Estimate { value: Some(0.1), n: 5, ..Estimate::default() };
            Metric::new("evaluate", "drop", None, "*", e).with_p(Some(p)).check().is_ok()
        };
        assert!(tested(0.0) && tested(1.0) && !tested(1.1) && !tested(-0.1));
    }
}

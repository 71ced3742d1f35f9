//! `metrics.json`: every figure of a run, one row each.

use rightly_stats::Estimate;
use serde::{Deserialize, Serialize};

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

/// The figure of `metric` under `condition` for `class`.
pub fn find<'a>(
    metrics: &'a [Metric],
    metric: &str,
    condition: Option<&str>,
    class: &str,
) -> Option<&'a Metric> {
    metrics.iter().find(|m| m.is(metric, condition, class))
}

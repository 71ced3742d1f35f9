//! Figures with their intervals, and how to find one.

/// A figure with its 95 % interval. Shares are fractions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figure {
    /// `accuracy`, `drop`, `rfs`, …
    pub metric: String,
    /// `none`, `gray`, `linf/0.25`, `overlay/NAME`, …
    pub condition: Option<String>,
    /// Class name, `*` (all images) or `mean` (of the classes).
    pub class: Option<String>,
    /// The figure; `None` where there is no image or it is undefined.
    pub value: Option<f64>,
    /// Lower bound; `None` where it can't be estimated.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Images behind it.
    pub n: usize,
    /// Clusters behind it, where images are not independent.
    pub clusters: Option<usize>,
    /// p-value of a test of the figure alone.
    pub p: Option<f64>,
    /// The same, corrected for all that was tried with it.
    pub q: Option<f64>,
}

impl Figure {
    /// A figure that the run does not have: shown as 'no data'.
    pub fn absent() -> Self {
        Self::default()
    }

    /// Both bounds, where the interval could be estimated.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }

    /// Fewer than 20 images: a figure to take with care.
    pub fn is_small(&self) -> bool {
        self.n < 20
    }
}

/// The class of a figure over all images.
pub(super) const ALL: &str = "*";
/// The class of a figure that is the mean of the classes.
pub(super) const MEAN: &str = "mean";

/// All figures of a run, in the order of `metrics.json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    rows: Vec<Figure>,
}

impl From<Vec<Figure>> for Figures {
    fn from(rows: Vec<Figure>) -> Self {
        Self { rows }
    }
}

impl Figures {
    /// Every figure.
    pub fn rows(&self) -> &[Figure] {
        &self.rows
    }

    /// The figure of `metric` under `condition` for `class`, where it has a value.
    pub fn find(&self, metric: &str, condition: Option<&str>, class: &str) -> Option<&Figure> {
        self.rows.iter().find(|f| {
            f.metric == metric
                && f.condition.as_deref() == condition
                && f.class.as_deref() == Some(class)
                && f.value.is_some()
        })
    }

    /// The same over all images.
    pub fn all(&self, metric: &str, condition: Option<&str>) -> Option<&Figure> {
        self.find(metric, condition, ALL)
    }

    /// The same, mean of the classes.
    pub fn mean(&self, metric: &str, condition: Option<&str>) -> Option<&Figure> {
        self.find(metric, condition, MEAN)
    }

    /// Conditions of a metric in the order of the file, each once.
    pub fn conditions(&self, metric: &str) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for figure in self.rows.iter().filter(|f| f.metric == metric && f.value.is_some()) {
            if let Some(condition) = figure.condition.as_deref()
                && !out.contains(&condition)
            {
                out.push(condition);
            }
        }
        out
    }

    /// Every figure of a metric under a condition.
    pub fn of<'a>(
        &'a self,
        metric: &'a str,
        condition: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Figure> + 'a {
        self.rows.iter().filter(move |f| f.metric == metric && f.condition.as_deref() == condition)
    }
}

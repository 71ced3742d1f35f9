//! What the report of a comparison shows.

use super::{Figure, FindingView, ProblemRow};

/// Everything that the report of a comparison shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComparisonView {
    /// The first run.
    pub a: ComparedSide,
    /// The second run; differences are B minus A.
    pub b: ComparedSide,
    /// Whether differences are taken within the image.
    pub paired: bool,
    /// How that was decided, a sentence.
    pub choice: String,
    /// Every figure that both runs have.
    pub rows: Vec<Difference>,
    /// Correlations over the classes; conditions without `A|B/`.
    pub correlations: Vec<Figure>,
    /// What makes the differences doubtful.
    pub findings: Vec<FindingView>,
    /// What could not be compared.
    pub problems: Vec<ProblemRow>,
    /// What else differs between the runs. A sentence each.
    pub notes: Vec<String>,
    /// Further rows for the table of facts: what, and its value.
    pub facts: Vec<(String, String)>,
}

/// One of the two runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComparedSide {
    /// A name that tells it from the other: the model's, the data's or the folder's.
    pub name: String,
    /// The model's name.
    pub model: String,
    /// The dataset's name.
    pub data: String,
    /// Images of its split.
    pub images: usize,
}

/// One figure in both runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The figure in A, over the images that were compared.
    pub a: Figure,
    /// The figure in B.
    pub b: Figure,
    /// B minus A.
    pub difference: Figure,
    /// p-value of no difference, corrected for all that were tested.
    pub q: Option<f64>,
}

impl Difference {
    /// Whether this is `metric` under `condition` for `class`.
    pub fn is(&self, metric: &str, condition: Option<&str>, class: &str) -> bool {
        self.a.metric == metric
            && self.a.condition.as_deref() == condition
            && self.a.class.as_deref() == Some(class)
    }

    /// Beyond chance: the corrected p-value is at most .05 and the interval, where there is one,
    /// leaves zero out. Test and interval can part over few clusters.
    pub fn holds(&self) -> bool {
        let apart = self.difference.interval().is_none_or(|(low, high)| low > 0.0 || high < 0.0);
        self.q.is_some_and(|q| q <= 0.05) && apart
    }
}

impl ComparisonView {
    /// The difference of `metric` under `condition` for `class`, where it has a value.
    pub fn find(&self, metric: &str, condition: Option<&str>, class: &str) -> Option<&Difference> {
        let mut rows = self.rows.iter().filter(|row| row.difference.value.is_some());
        rows.find(|row| row.is(metric, condition, class))
    }

    /// Conditions of a metric with a difference, in the order of the file.
    pub fn conditions(&self, metric: &str) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for row in self.rows.iter().filter(|row| row.a.metric == metric) {
            if let Some(condition) = row.a.condition.as_deref()
                && !out.contains(&condition)
            {
                out.push(condition);
            }
        }
        out
    }

    /// How many differences were tested, and how many hold after correction.
    pub fn tested(&self) -> (usize, usize) {
        let tested = self.rows.iter().filter(|row| row.q.is_some());
        (tested.clone().count(), tested.filter(|row| row.holds()).count())
    }
}

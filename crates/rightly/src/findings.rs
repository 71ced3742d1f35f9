//! `findings.json`: what is wrong, worst first.

use serde::{Deserialize, Serialize};

use crate::{Error, Metric};

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Data or preprocessing that makes other figures doubtful; always listed first.
    DataProblem,
    /// A cue without which accuracy falls.
    SpuriousCue,
    /// A subgroup of a class on which the model fails.
    FailingSubgroup,
    /// A class that keeps at least half of its clean accuracy with its object boxed in gray.
    ObjectIgnored,
}

impl Kind {
    const ALL: [Self; 4] =
        [Self::DataProblem, Self::SpuriousCue, Self::FailingSubgroup, Self::ObjectIgnored];

    /// The name in `findings.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataProblem => "data-problem",
            Self::SpuriousCue => "spurious-cue",
            Self::FailingSubgroup => "failing-subgroup",
            Self::ObjectIgnored => "object-ignored",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Error::Usage(format!("'{name}' is no kind of finding")))
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing is wrong.
    pub kind: Kind,
    /// Class name, where the finding belongs to one.
    pub class: Option<String>,
    /// `METHOD/K`, for subgroups.
    pub group: Option<String>,
    /// A few words.
    pub title: String,
    /// A sentence or two: what was seen, and what to do.
    pub description: String,
    /// Size of the effect, a fraction.
    pub effect: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Images behind it.
    pub n: usize,
    /// p-value of the finding alone.
    pub p: Option<f64>,
    /// p-value corrected for all that was tried.
    pub q: Option<f64>,
    /// 0 (mild) to 1 (severe): orders findings of one kind.
    pub severity: f64,
    /// Ids of the images, strongest first.
    pub images: Vec<String>,
    /// The rows of `metrics.json` behind it.
    pub evidence: Vec<Metric>,
}

/// Data problems first, then the most severe; ties by kind, class and title.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.kind == Kind::DataProblem)
            .cmp(&(a.kind == Kind::DataProblem))
            .then(b.severity.total_cmp(&a.severity))
            .then(a.kind.cmp(&b.kind))
            .then_with(|| a.class.cmp(&b.class))
            .then_with(|| a.title.cmp(&b.title))
    });
}

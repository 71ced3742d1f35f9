//! Whether a repair helped.

use serde::{Deserialize, Serialize};

use super::{Repair, judged::FEWEST};
use crate::Metric;

/// Corrected p-value up to which a gain is one.
const Q: f64 = 0.05;

/// What is said of a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The worst group gains, more than with random groups, and the overall accuracy stays.
    Helps,
    /// The same at a cost in overall accuracy that is larger than allowed.
    HelpsAtACost,
    /// It gains, but no more than with random groups of the same sizes: what helped was a new head.
    NoMoreThanRandom,
    /// No gain is shown.
    NotShown,
    /// The worst group loses.
    Harms,
}

/// Whether a repair helped, in figures and in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Name of the repair.
    pub repair: String,
    /// What is said of it.
    pub answer: Answer,
    /// The same as a sentence.
    pub words: String,
}

impl Verdict {
    pub(super) fn new(
        repair: Repair,
        gain: &Metric,
        beyond: &Metric,
        cost: &Metric,
        max_cost: f64,
    ) -> Self {
        let rises = |m: &Metric| m.low.is_some_and(|low| low > 0.0) && m.q.is_some_and(|q| q <= Q);
        let falls = gain.high.is_some_and(|high| high < 0.0) && gain.q.is_some_and(|q| q <= Q);
        let dear = cost.value.is_some_and(|cost| cost > max_cost);
        let answer = match (rises(gain), rises(beyond)) {
            _ if falls => Answer::Harms,
            (true, true) if dear => Answer::HelpsAtACost,
            (true, true) => Answer::Helps,
            (true, false) if beyond.value.is_some() => Answer::NoMoreThanRandom,
            _ => Answer::NotShown,
        };
        let points = |m: &Metric| match (m.value, m.low, m.high) {
            (Some(value), Some(low), Some(high)) => {
                let p = |v: f64| format!("{:.0}", 100.0 * v).replace("-0", "0");
                format!("{} points [{}, {}]", p(value), p(low), p(high))
            }
            (Some(value), ..) => format!("{:.0} points", 100.0 * value),
            _ => "an unknown number of points".to_owned(),
        };
        let overall = match cost.value {
            Some(cost) if cost > 0.0 => format!("overall accuracy falls by {:.1}", 100.0 * cost),
            Some(cost) if cost < 0.0 => format!("overall accuracy rises by {:.1}", -100.0 * cost),
            Some(_) => "overall accuracy stays".to_owned(),
            None => "overall accuracy is not known".to_owned(),
        };
        let random = match repair.adds_images() {
            true => "as many random images",
            false => "random groups of the same sizes",
        };
        let words = match answer {
            Answer::Helps => format!(
                "'{repair}' helps: the worst group gains {}, {} more than with {random}; {overall}.",
                points(gain),
                points(beyond)
            ),
            Answer::HelpsAtACost => format!(
                "'{repair}' helps at a cost: the worst group gains {}, but {overall}, more than the {:.1} allowed.",
                points(gain),
                100.0 * max_cost
            ),
            Answer::NoMoreThanRandom => format!(
                "'{repair}' is not shown to help: the worst group gains {}, but no more than with {random} \
                 ({} more).",
                points(gain),
                points(beyond)
            ),
            Answer::NotShown if gain.value.is_none() => format!(
                "'{repair}' is not shown to help: no group has the {FEWEST} images that a worst group needs; {overall}."
            ),
            Answer::NotShown if rises(gain) => format!(
                "'{repair}' is not shown to help: the worst group gains {}, but what a new head gains by itself is not known, \
                 since it was not held against {random}.",
                points(gain)
            ),
            Answer::NotShown => format!(
                "'{repair}' is not shown to help: the worst group gains {}; {overall}.",
                points(gain)
            ),
            Answer::Harms => {
                format!("'{repair}' harms: the worst group changes by {}.", points(gain))
            }
        };
        Self { repair: repair.name().to_owned(), answer, words }
    }

    /// Whether it helped, at whatever cost.
    #[must_use]
    pub fn helps(&self) -> bool {
        matches!(self.answer, Answer::Helps | Answer::HelpsAtACost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: f64, low: f64, high: f64) -> Metric {
        let estimate = rightly_stats::Estimate {
            value: Some(value),
            low: Some(low),
            high: Some(high),
            n: 100,
            clusters: None,
        };
        let metric = Metric::new("mitigate", "gain", None, "*", estimate);
        Metric { q: estimate.p_of_zero(), ..metric }
    }

    #[test]
    fn a_repair_helps_beyond_its_control_or_not_at_all() {
        let none = Metric::new("mitigate", "gain", None, "*", rightly_stats::Estimate::default());
        let (clear, unclear) = (of(0.4, 0.2, 0.5), of(0.1, -0.1, 0.3));
        let (free, dear, same) = (of(-0.12, -0.15, -0.1), of(0.03, 0.01, 0.05), of(0.0, -0.1, 0.1));
        let say = |gain: &Metric, beyond: &Metric, cost: &Metric| {
            let verdict = Verdict::new(Repair::Dim, gain, beyond, cost, 0.01);
            (verdict.answer, verdict.words)
        };
        let (answer, words) = say(&clear, &clear, &free);
        assert_eq!(answer, Answer::Helps);
        assert!(words.contains("gains 40 points [20, 50]") && words.contains("rises by 12.0"));
        assert_eq!(say(&clear, &clear, &dear).0, Answer::HelpsAtACost);
        assert_eq!(say(&clear, &unclear, &free).0, Answer::NoMoreThanRandom);
        let (answer, words) = say(&unclear, &clear, &same);
        assert_eq!(answer, Answer::NotShown);
        assert!(words.contains("overall accuracy stays"), "{words}");
        let (answer, words) = say(&clear, &none, &free);
        assert_eq!(answer, Answer::NotShown);
        assert!(words.contains("not held against random groups"), "{words}");
        assert_eq!(say(&of(-0.2, -0.3, -0.1), &clear, &free).0, Answer::Harms);
        let (answer, words) = say(&none, &none, &free);
        assert_eq!(answer, Answer::NotShown);
        assert!(words.contains("no group has the 20 images"), "{words}");
    }
}

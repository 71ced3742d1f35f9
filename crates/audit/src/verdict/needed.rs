//! How far the object is needed: what is left of the accuracy when it is hidden.

use crate::{
    Metric,
    metrics::{MEAN, POOLED, find},
};

/// How far the object is needed. The condition that hides most of it is taken. Of the accuracy that is left only what lies beyond
/// the *default answer* counts: what the model answers to a picture without an object, whatever class it is of. With `c` the
/// clean accuracy of the same images and the interval of what is left beyond the default answer:
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// There is no interval.
    Unknown,
    /// The model is never right.
    NeverRight,
    /// The lower bound is at least half of `c`.
    NotNeeded,
    /// The upper bound is at most a quarter of `c`.
    Needed,
    /// The lower bound is above a quarter of `c`: both are used.
    Both,
    /// The upper bound is below half of `c`.
    Mostly,
    /// The interval says none of these.
    Open,
}

impl Need {
    fn of(left: Option<(f64, f64)>, clean: f64) -> Self {
        let Some((low, high)) = left else { return Self::Unknown };
        match () {
            () if clean <= 0.0 => Self::NeverRight,
            () if low >= 0.5 * clean => Self::NotNeeded,
            () if high <= 0.25 * clean => Self::Needed,
            () if low > 0.25 * clean => Self::Both,
            () if high < 0.5 * clean => Self::Mostly,
            () => Self::Open,
        }
    }
}

/// The condition that hides most of the object, and what it says.
#[derive(Debug, Clone)]
pub struct Hidden<'a> {
    /// The condition in words: "the object's box gray".
    pub how: &'static str,
    /// Its name in `metrics.json`.
    pub condition: &'static str,
    /// Accuracy that is left.
    pub left: &'a Metric,
    /// Clean accuracy of the same images.
    pub clean: f64,
    /// What the default answer reaches, and what lies beyond it; none where it was not measured.
    pub default: Option<(&'a Metric, &'a Metric)>,
    /// What one answer to all images could reach, where nothing was measured.
    pub one_answer: f64,
    /// What follows.
    pub need: Need,
    /// Whether it would be something else with the default answer counted.
    pub default_matters: bool,
    /// Whether hiding the object is shown to cost more than hiding as much beside it.
    pub used: bool,
}

/// What hiding the object says; `None` where it was not hidden.
pub fn needed(metrics: &[Metric]) -> Option<Hidden<'_>> {
    let of = |metric: &str, condition: &str| find(metrics, metric, Some(condition), POOLED);
    let (condition, how, left, drop) = [
        ("gray-box", "the object's box gray"),
        ("gray", "the object gray"),
        ("tile", "the object tiled over"),
    ]
    .into_iter()
    .find_map(|(condition, how)| {
        let known = |m: &&Metric| m.value.is_some();
        let left = of("accuracy", condition).filter(known)?;
        Some((condition, how, left, of("drop", condition).filter(known)?))
    })?;
    let clean = left.value? + drop.value?;
    let default = of("default-answer", condition).zip(of("beyond-default", condition));
    let one_answer = largest_class(metrics, condition);
    let plain = left.low.zip(left.high);
    let beyond = match default {
        Some((_, beyond)) => beyond.low.zip(beyond.high),
        // It may be anything up to the best single answer.
        None => plain.map(|(low, high)| (low - one_answer, high)),
    };
    let need = Need::of(beyond, clean);
    let excess = of("gray-excess", "gray").and_then(|excess| excess.low);
    Some(Hidden {
        how,
        condition,
        left,
        clean,
        default,
        one_answer,
        need,
        default_matters: need != Need::of(plain, clean),
        used: excess.is_some_and(|low| low > 0.0),
    })
}

/// Share of the images that are of the largest class: what one answer to all of them can reach.
fn largest_class(metrics: &[Metric], condition: &str) -> f64 {
    let rows = metrics.iter().filter(|m| {
        m.metric == "accuracy"
            && m.condition.as_deref() == Some(condition)
            && !matches!(m.class.as_deref(), Some(POOLED | MEAN) | None)
    });
    let sizes: Vec<usize> = rows.map(|m| m.n).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    match sizes.iter().sum::<usize>() {
        // Nothing is known of the classes.
        0 => 1.0,
        all => largest as f64 / all as f64,
    }
}

#[cfg(test)]
mod tests {
    use rightly_stats::Estimate;

    use super::*;

    fn row(metric: &str, condition: &str, class: &str, value: f64, half: f64, n: usize) -> Metric {
        let e = Estimate {
            value: Some(value),
            low: Some(value - half),
            high: Some(value + half),
            n,
            clusters: None,
        };
        Metric::new("evaluate", metric, Some(condition), class, e)
    }

    fn boxed(left: f64, half: f64) -> Vec<Metric> {
        vec![
            row("accuracy", "gray-box", POOLED, left, half, 200),
            row("drop", "gray-box", POOLED, 0.8 - left, half, 200),
            row("accuracy", "gray-box", "cat", left, half, 150),
            row("accuracy", "gray-box", "dog", left, half, 50),
        ]
    }

    fn with_default(left: f64, default: f64, half: f64) -> Vec<Metric> {
        let mut rows = boxed(left, half);
        rows.push(row("default-answer", "gray-box", POOLED, default, 0.0, 200));
        rows.push(row("beyond-default", "gray-box", POOLED, left - default, half, 200));
        rows
    }

    #[test]
    fn the_interval_of_what_is_left_decides() {
        for (left, half, expected) in [
            (0.5, 0.05, Need::NotNeeded),
            (0.1, 0.05, Need::Needed),
            (0.3, 0.05, Need::Both),
            (0.22, 0.1, Need::Mostly),
            (0.3, 0.2, Need::Open),
        ] {
            let rows = with_default(left, 0.0, half);
            let hidden = needed(&rows).unwrap();
            assert_eq!(hidden.need, expected, "{left} +- {half}");
            assert!(!hidden.default_matters);
            assert!((hidden.clean - 0.8).abs() < 1e-12);
        }
    }

    #[test]
    fn the_default_answer_does_not_count() {
        let rows = with_default(0.5, 0.45, 0.05);
        let hidden = needed(&rows).unwrap();
        assert_eq!((hidden.need, hidden.default_matters), (Need::Needed, true));
    }

    #[test]
    fn a_default_answer_that_was_not_measured_may_be_the_largest_class() {
        let rows = boxed(0.5, 0.05);
        let hidden = needed(&rows).unwrap();
        assert!((hidden.one_answer - 0.75).abs() < 1e-12);
        assert_eq!((hidden.need, hidden.default_matters), (Need::Open, true));
    }

    #[test]
    fn without_masks_or_intervals_nothing_is_told() {
        assert!(needed(&[row("accuracy", "none", POOLED, 0.8, 0.1, 9)]).is_none());
        let mut rows = with_default(0.1, 0.0, 0.05);
        rows.iter_mut().for_each(|row| (row.low, row.high) = (None, None));
        assert_eq!(needed(&rows).unwrap().need, Need::Unknown);
    }
}

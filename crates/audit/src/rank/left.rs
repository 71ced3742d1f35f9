//! Which features stand for what is left of a class's evidence without its object, and whether any do.

use rightly_stats::Estimate;

use super::{bare::ClassBare, choose::Important, judge::Judgement};
use crate::prose::{counted, number};

/// Share of a class's evidence that has to be left without its object (by the interval's lower bound) for the class to lean on
/// something else.
const LEANS: f64 = 0.2;
/// Share of that which features have to carry for the class to be ranked by them.
pub(super) const CARRIED: f64 = 0.5;
/// Features that are looked at beyond the most important ones, those that add most without the object.
const MORE: usize = 15;

/// What is left of a class's evidence without its object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Left {
    /// Share of the evidence.
    pub(super) share: Estimate,
    /// Share of it that the spurious features carry.
    pub(super) carried: f64,
    /// Where these carry less than half: what images are ranked by instead, a direction in the features' space.
    pub(super) direction: Option<Vec<f64>>,
}

impl Left {
    /// Whether the class leans on something that is not its object; `None` where the interval says neither, or there is none.
    pub(super) fn leans(share: &Estimate) -> Option<bool> {
        match (share.low, share.high) {
            (Some(low), _) if low >= LEANS => Some(true),
            (_, Some(high)) if high < LEANS => Some(false),
            _ => None,
        }
    }

    /// `without its object 12 % [5, 20] of its evidence is left`; where there is no interval, that there is none.
    pub(super) fn words(&self) -> Option<String> {
        let Estimate { value, low, high, clusters, .. } = self.share;
        let percent = |share: f64| number(100.0 * share, 0);
        let share = percent(value?);
        Some(match (low.zip(high), clusters) {
            (Some((low, high)), _) => format!(
                "without its object {share} % [{}, {}] of its evidence is left",
                percent(low),
                percent(high)
            ),
            (None, None) => format!(
                "without its object {share} % of its evidence is left, interval not estimable"
            ),
            (None, Some(clusters)) => format!(
                "without its object {share} % of its evidence is left, interval not estimable from {}",
                counted(clusters, "cluster")
            ),
        })
    }
}

/// Adds features to look at, where a class leans on something that is not its object: those that add most without it.
pub(super) fn look_further(
    important: &mut Vec<Important>,
    bare: &ClassBare,
    importance: impl Fn(usize) -> f64,
) {
    if Left::leans(&bare.left) != Some(true) {
        return;
    }
    let known: Vec<usize> = important.iter().map(|i| i.feature).collect();
    let more = bare.order().into_iter().filter(|feature| !known.contains(feature)).take(MORE);
    important
        .extend(more.map(|feature| Important { feature, importance: Some(importance(feature)) }));
}

pub(super) fn spurious_of(features: &[(Important, Judgement)]) -> impl Iterator<Item = usize> + '_ {
    features.iter().filter(|(_, j)| j.counts()).map(|(important, _)| important.feature)
}

/// Positions of the features that are kept: the `few` most important ones, and of the others spurious ones, in turn, until all
/// that are spurious carry half of what is left without the object.
pub(super) fn taken(
    features: &[(Important, Judgement)],
    few: usize,
    bare: &ClassBare,
) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..few.min(features.len())).collect();
    let spurious = |at: &usize| features[*at].1.counts();
    for at in few..features.len() {
        let of = kept.iter().filter(|at| spurious(at)).map(|&at| features[at].0.feature);
        if bare.carried(of) >= CARRIED {
            break;
        }
        kept.extend(Some(at).filter(spurious));
    }
    kept
}

/// Keeps the values at some positions; a list without values stays so.
pub(super) fn pick(values: &mut Vec<f32>, positions: &[usize]) {
    if !values.is_empty() {
        *values = positions.iter().map(|&at| values[at]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(spurious: &[bool]) -> Vec<(Important, Judgement)> {
        let one = |(feature, &spurious): (usize, &bool)| {
            let important = Important { feature, importance: None };
            (important, Judgement::plain(Some(spurious)))
        };
        spurious.iter().enumerate().map(one).collect()
    }

    #[test]
    fn spurious_features_are_taken_until_they_carry_half() {
        // Of 10 in all the first two, which are the most important, carry 1.
        let bare = ClassBare::of(Estimate::default(), &[1.0, 0.0, 3.0, 2.0, 1.0, 3.0]);
        let features = judged(&[true, false, true, false, true, true]);
        // 1 + 3 is less than half, 1 + 3 + 1 is half.
        assert_eq!(taken(&features, 2, &bare), [0, 1, 2, 4]);
        assert_eq!(taken(&judged(&[false; 6]), 2, &bare), [0, 1]);
        assert_eq!(taken(&features[..1], 2, &bare), [0]);
        assert!((bare.carried(spurious_of(&features)) - 0.8).abs() < 1e-12);
        assert_eq!(bare.order(), [2, 5, 3, 0, 4]);
    }

    #[test]
    fn what_is_left_is_said_with_its_interval_or_that_there_is_none() {
        let left = |low: Option<f64>, high: Option<f64>, clusters: Option<usize>| Left {
            share: Estimate { value: Some(-0.123), low, high, n: 40, clusters },
            carried: 0.0,
            direction: None,
        };
        let words = |left: Left| left.words().unwrap();
        assert_eq!(
            words(left(Some(-0.5), Some(0.251), Some(6))),
            "without its object \u{2212}12 % [\u{2212}50, 25] of its evidence is left"
        );
        assert_eq!(
            words(left(None, None, Some(2))),
            "without its object \u{2212}12 % of its evidence is left, interval not estimable from 2 clusters"
        );
        assert!(words(left(None, None, Some(1))).ends_with("from 1 cluster"));
        assert_eq!(Left::leans(&left(Some(-0.5), Some(0.1), None).share), Some(false));
        assert_eq!(Left::leans(&left(Some(-0.5), Some(LEANS), None).share), None);
        assert_eq!(
            Left::leans(&left(None, None, Some(2)).share),
            None,
            "no interval, no judgement"
        );
    }

    #[test]
    fn more_features_are_looked_at_only_where_the_class_leans_on_something_else() {
        let left = |low: f64| Estimate {
            value: Some(0.4),
            low: Some(low),
            high: Some(0.6),
            n: 50,
            clusters: None,
        };
        let look = |low: f64| {
            let bare = ClassBare::of(left(low), &[1.0, 0.0, 3.0, -2.0]);
            let mut own = vec![Important { feature: 2, importance: Some(1.0) }];
            look_further(&mut own, &bare, |_| 0.5);
            own.iter().map(|i| i.feature).collect::<Vec<_>>()
        };
        assert_eq!(look(LEANS), [2, 0]);
        assert_eq!(look(LEANS - 0.01), [2]);
    }
}

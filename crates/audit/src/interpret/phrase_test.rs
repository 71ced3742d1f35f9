//! Whether a phrase says something of images that had no part in choosing it.

use std::collections::BTreeSet;

use rightly_stats::{
    Design, Estimate,
    association::TwoByTwo,
    auc::{auc, mann_whitney},
    effect::hedges_g,
};

use super::{
    held::{Cells, Contrast},
    phrase::{Candidate, Had, Joint},
    unnamed::Side,
};

/// A candidate after its test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tested {
    pub(super) candidate: Candidate,
    /// How well it separates the confirming images, in the direction that was fixed.
    pub(super) auc: Estimate,
    /// Inside against outside, with its interval: the log odds ratio of the phrase, `None` where a cell decides it; of graded
    /// scores Hedges' g.
    pub(super) score: Option<[f64; 3]>,
    pub(super) p: f64,
    pub(super) q: f64,
    /// Share of the images inside and outside that have it; `None` of graded scores.
    pub(super) shares: Option<[f64; 2]>,
    /// Share of the images inside that have it, of those of which it is known, and the same outside.
    pub(super) share: Estimate,
    pub(super) share_outside: Option<f64>,
    /// Accuracy with it and without it, on all confirming images of the class; `None` where too few of them have it (or have it
    /// not), or no outcomes are known.
    pub(super) contrast: Option<Contrast>,
    /// Of one of two phrases that share a group, each, against the images that have neither.
    pub(super) of_parts: Vec<Option<Contrast>>,
}

/// What is known of the outcomes: whether the model is right on a sample.
pub(super) type Right = std::collections::BTreeMap<usize, bool>;

/// Least area for a phrase to be a name; and where an image has it more or less.
const LEAST: f64 = 0.6;
const LEAST_GRADED: f64 = 0.7;

impl Tested {
    /// Tests a candidate whose scores are 0 or 1. Where images come in clusters, the images of a cluster on one side are one
    /// observation, which has the phrase where more than half of them have.
    pub(super) fn yes_or_no(candidate: Candidate, confirm: &Side) -> Self {
        let (scores, inside) = of_units(&candidate, confirm);
        let with: Vec<bool> = scores.iter().map(|&share| share > 0.5).collect();
        let table = TwoByTwo::count(&inside, &with);
        let score = table.odds_ratio().map(|odds| [odds.value, odds.low, odds.high].map(f64::ln));
        let scores: Vec<f64> = with.iter().map(|&with| f64::from(u8::from(with))).collect();
        let auc = area(&candidate, &scores, &inside, confirm);
        let share = |side: bool| {
            let own = candidate.scores.iter().zip(&confirm.inside).filter(|(_, i)| **i == side);
            let (sum, n) = own.fold((0.0, 0_usize), |(sum, n), (s, _)| (sum + s, n + 1));
            sum / n.max(1) as f64
        };
        let shares = Some([share(true), share(false)]);
        Self::plain(candidate, auc, score, table.fisher(), shares)
    }

    /// Tests a candidate of which images have more or less (Mann and Whitney's test). Where images come in clusters, those of a
    /// cluster on one side are one observation, by their mean.
    pub(super) fn graded(candidate: Candidate, confirm: &Side) -> Self {
        let (scores, inside) = of_units(&candidate, confirm);
        let auc = area(&candidate, &scores, &inside, confirm);
        let (score, p) = (hedges_g(&scores, &inside), mann_whitney(&scores, &inside));
        Self::plain(candidate, auc, score, p, None)
    }

    fn plain(
        candidate: Candidate,
        auc: Estimate,
        score: Option<[f64; 3]>,
        p: f64,
        shares: Option<[f64; 2]>,
    ) -> Self {
        Self {
            candidate,
            auc,
            score,
            p,
            q: 1.0,
            shares,
            share: Estimate::default(),
            share_outside: None,
            contrast: None,
            of_parts: Vec::new(),
        }
    }

    /// With what its words are true of, and the accuracy of the images that have it: a cue is where accuracy is higher.
    pub(super) fn measured(mut self, confirm: &Side, right: &Right, is_cue: bool) -> Self {
        let side = |inside: bool| -> Vec<usize> {
            let own = confirm.inside.iter().zip(&self.candidate.has.ends).enumerate();
            own.filter(|(_, (i, had))| **i == inside && had.is_some()).map(|(at, _)| at).collect()
        };
        let share = |of: &[usize]| {
            let hits =
                of.iter().map(|&at| self.candidate.has.ends[at] == Some(true)).collect::<Vec<_>>();
            let clusters = confirm.clusters.as_ref();
            let clusters = clusters.map(|own| of.iter().map(|&at| own[at]).collect());
            Design::new(vec![0; of.len()], clusters, 0, 0).proportion(&hits)
        };
        let (inside, outside) = (share(&side(true)), share(&side(false)));
        (self.share, self.share_outside) = (inside, outside.value);
        let images: Vec<usize> = confirm.images.iter().chain(&confirm.middle).copied().collect();
        let place: Vec<Option<bool>> = confirm
            .inside
            .iter()
            .map(|inside| Some(*inside))
            .chain(confirm.middle.iter().map(|_| None))
            .collect();
        let clusters = confirm.clusters.as_ref().map(|own| {
            own.iter()
                .chain(confirm.middle_clusters.iter().flatten())
                .copied()
                .collect::<Vec<u32>>()
        });
        // `keep` leaves out images that have another of two things.
        let contrast = |has: &[bool], keep: &[bool]| {
            let known: Vec<usize> = (0..images.len())
                .filter(|&at| keep[at] && right.contains_key(&images[at]))
                .collect();
            let pick = |of: &[bool]| known.iter().map(|&at| of[at]).collect::<Vec<bool>>();
            let clusters = clusters.as_ref();
            let clusters =
                clusters.map(|own| known.iter().map(|&at| own[at]).collect::<Vec<u32>>());
            Contrast::of(&Cells {
                right: &known.iter().map(|&at| right[&images[at]]).collect::<Vec<_>>(),
                has: &pick(has),
                inside: &known.iter().map(|&at| place[at]).collect::<Vec<_>>(),
                clusters: clusters.as_deref(),
                rises: is_cue,
            })
        };
        if self.candidate.has.ends.is_empty() {
            return self;
        }
        let all = self.candidate.has.all();
        self.contrast = contrast(&all, &vec![true; images.len()]);
        if self.candidate.joint == Joint::Either {
            let parts: Vec<Vec<bool>> = self.candidate.of_parts.iter().map(Had::all).collect();
            self.of_parts = parts
                .iter()
                .map(|own| {
                    let alone: Vec<bool> =
                        own.iter().zip(&all).map(|(o, all)| *o || !all).collect();
                    contrast(own, &alone)
                })
                .collect();
        }
        self
    }

    /// Whether the phrase says something of images that were not used to choose it.
    pub(super) fn holds(&self) -> bool {
        let above = |value: Option<f64>, least: f64| value.is_some_and(|v| v > least);
        let least = if self.shares.is_some() { LEAST } else { LEAST_GRADED };
        self.q <= 0.05 && above(self.auc.low, 0.5) && above(self.auc.value, least)
    }
}

/// Mean score of each observation, and whether it is inside.
fn of_units(candidate: &Candidate, confirm: &Side) -> (Vec<f64>, Vec<bool>) {
    let units = confirm.units();
    let mean = |unit: &Vec<usize>| {
        unit.iter().map(|&at| candidate.scores[at]).sum::<f64>() / unit.len() as f64
    };
    units.iter().map(|unit| (mean(unit), confirm.inside[unit[0]])).unzip()
}

/// The area of these scores in the direction that was fixed.
fn area(candidate: &Candidate, scores: &[f64], inside: &[bool], confirm: &Side) -> Estimate {
    let mut area = auc(scores, inside);
    area.n = confirm.images.len();
    area.clusters = confirm.clusters.as_ref().map(|own| own.iter().collect::<BTreeSet<_>>().len());
    if !candidate.rises {
        let turned = |v: Option<f64>| v.map(|v| 1.0 - v);
        (area.value, area.low, area.high) =
            (turned(area.value), turned(area.high), turned(area.low));
    }
    area
}

/// The phrases that hold, in their order; two together only where they say more than either, here too.
pub(super) fn that_hold(tested: &[Tested]) -> Vec<&Tested> {
    let more = |pair: &Tested| {
        // Of the same source: scores of pictures and words of captions are no measure of each other.
        let parts = tested.iter().filter(|t| {
            t.candidate.parts.len() == 1
                && t.candidate.source == pair.candidate.source
                && pair.candidate.parts.contains(&t.candidate.parts[0])
        });
        parts.map(|t| t.auc.value).all(|area| pair.auc.value > area)
    };
    let holds = |t: &&Tested| t.holds() && (t.candidate.parts.len() == 1 || more(t));
    tested.iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::phrase::{Form, Joint, Part, Shown, Source};

    #[test]
    fn the_direction_is_fixed_before_the_test() {
        let side = Side {
            images: (0..60).collect(),
            inside: (0..60).map(|i| i < 20).collect(),
            ..Side::default()
        };
        let candidate = |present| Candidate {
            parts: vec![Part { text: "snow".into(), form: Form::Beside, present }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: present,
            fitted: 0.8,
            fit: Vec::new(),
            scores: (0..60).map(|i| f64::from(u8::from(!(15..=55).contains(&i)))).collect(),
            has: Had::default(),
            of_parts: Vec::new(),
            shown: Shown::Said,
        };
        let mut tested = Tested::yes_or_no(candidate(true), &side);
        assert!((tested.auc.value.unwrap() - (0.75 + 0.9) / 2.0).abs() < 1e-12, "{tested:?}");
        assert_eq!(tested.shares, Some([0.75, 0.1]));
        assert!(tested.p < 1e-5 && tested.score.unwrap()[1] > 0.0);
        assert!(!tested.holds(), "not corrected yet");
        tested.q = 0.01;
        assert!(tested.holds());
        let mut turned = Tested::yes_or_no(candidate(false), &side);
        turned.q = 0.01;
        assert!(turned.auc.value.unwrap() < 0.2 && !turned.holds());
    }

    #[test]
    fn frames_of_one_video_are_one_observation() {
        // Two videos of fifty frames inside, two outside: the phrase is said of all frames of the first two.
        let side = |clusters: Option<Vec<u32>>| Side {
            images: (0..200).collect(),
            inside: (0..200).map(|i| i < 100).collect(),
            clusters,
            ..Side::default()
        };
        let candidate = Candidate {
            parts: vec![Part { text: "snow".into(), form: Form::Beside, present: true }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: true,
            fitted: 1.0,
            fit: Vec::new(),
            scores: (0..200).map(|i| f64::from(u8::from(i < 100))).collect(),
            has: Had::default(),
            of_parts: Vec::new(),
            shown: Shown::Said,
        };
        let alone = Tested::yes_or_no(candidate.clone(), &side(None));
        assert!(alone.p < 1e-20, "{alone:?}");
        let videos = Tested::yes_or_no(candidate, &side(Some((0..200).map(|i| i / 50).collect())));
        assert!((videos.p - 1.0 / 3.0).abs() < 1e-12, "1 of 6 tables either way: {videos:?}");
        assert_eq!((videos.auc.n, videos.auc.clusters), (200, Some(4)));
        assert!(videos.auc.low.unwrap() < alone.auc.low.unwrap());
        // A cluster with images on both sides is an observation on each.
        let mixed = Side { inside: vec![true, false, true], ..side(Some(vec![7, 7, 7])) };
        assert_eq!(mixed.units(), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn what_images_have_more_of_is_tested_by_its_order() {
        let side = |clusters: Option<Vec<u32>>| Side {
            images: (0..80).collect(),
            inside: (0..80).map(|i| i < 20).collect(),
            clusters,
            ..Side::default()
        };
        let candidate = |present| Candidate {
            parts: vec![Part { text: "in the snow".into(), form: Form::Beside, present }],
            joint: Joint::Both,
            source: Source::Phrases,
            rises: present,
            fitted: 0.8,
            fit: Vec::new(),
            // Inside 60 to 79, outside 0 to 59 and 10 of them higher.
            has: Had::default(),
            of_parts: Vec::new(),
            shown: Shown::Near,
            scores: (0..80)
                .map(|i| if i < 20 { 60 + i } else { i - 20 + 80 * (i / 70) })
                .map(f64::from)
                .collect(),
        };
        let tested = Tested::graded(candidate(true), &side(None));
        assert!((tested.auc.value.unwrap() - 5.0 / 6.0).abs() < 1e-12, "{tested:?}");
        assert!(tested.p < 1e-4 && tested.score.unwrap()[0] > 0.0 && tested.shares.is_none());
        let turned = Tested::graded(candidate(false), &side(None));
        assert!((turned.auc.value.unwrap() - 1.0 / 6.0).abs() < 1e-12 && !turned.holds());
        let videos =
            Tested::graded(candidate(true), &side(Some((0..80).map(|i| i / 10).collect())));
        assert!(videos.p > tested.p && videos.auc.clusters == Some(8), "{videos:?}");
    }
}

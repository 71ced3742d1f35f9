//! A phrase that may name something, and whether it does: on images that had no part in choosing it.

use std::collections::BTreeSet;

use rightly_stats::{Estimate, association::TwoByTwo, auc::auc};

use super::subjects::Side;

/// Where a phrase comes from, the best evidence first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A value of an attribute of the table.
    Attributes,
    /// Captions of the table.
    Captions,
}

impl Source {
    /// As `names.parquet` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::Captions => "captions",
        }
    }
}

/// How a phrase goes with the class's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// "red otters".
    Before,
    /// "otters on the snow": with what stands before the phrase.
    After(String),
    /// Of an attribute, whose name it is.
    Value(String),
    /// Nothing is known.
    Beside,
}

/// A phrase, and whether it is there or missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) form: Form,
    pub(super) present: bool,
}

/// How two phrases are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Joint {
    /// Both hold.
    #[default]
    Both,
    /// One is enough.
    Either,
}

impl Joint {
    fn of(self, a: bool, b: bool) -> bool {
        match self {
            Self::Both => a && b,
            Self::Either => a || b,
        }
    }

    /// Between the two, in words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Both => " and ",
            Self::Either => " or ",
        }
    }
}

/// What was chosen on the fitting side: a phrase, or two together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) parts: Vec<Part>,
    /// Of two phrases; a single one has no use for it.
    pub(super) joint: Joint,
    pub(super) source: Source,
    /// Whether the scores are higher inside; lower where a single phrase is missing there.
    pub(super) rises: bool,
    /// How well it separates the fitting images, .5 to 1.
    pub(super) fitted: f64,
    /// On each fitting image, and on each confirming one.
    pub(super) fit: Vec<f64>,
    pub(super) scores: Vec<f64>,
}

/// Gain in area for which two phrases are taken together.
const GAIN: f64 = 0.03;

impl Candidate {
    /// The two of these phrases (the best comes first) that separate the fitting images best, if clearly better than the best
    /// alone: both together, each there or missing as it is by itself, or either of two that are there. What is only said of
    /// what is missing is no pair: nothing would say what the images are.
    pub(super) fn pair(single: &[Self], fit: &Side) -> Option<Self> {
        let mut least = single.first()?.fitted + GAIN;
        let mut best = None;
        for (at, a) in single.iter().enumerate() {
            for b in &single[at + 1..] {
                for joint in [Joint::Both, Joint::Either] {
                    if let Some(pair) = Self::joined(a, b, joint, fit)
                        && pair.fitted > least
                    {
                        least = pair.fitted;
                        best = Some(pair);
                    }
                }
            }
        }
        best
    }

    /// Two phrases as one; `None` where that says nothing of what is there.
    fn joined(a: &Self, b: &Self, joint: Joint, fit: &Side) -> Option<Self> {
        let said = match joint {
            Joint::Both => a.rises || b.rises,
            Joint::Either => a.rises && b.rises,
        };
        let scores = |of_a: &[f64], of_b: &[f64]| -> Vec<f64> {
            let has = |rises: bool, score: f64| (score > 0.5) == rises;
            let pairs = of_a.iter().zip(of_b).map(|(x, y)| (has(a.rises, *x), has(b.rises, *y)));
            pairs.map(|(x, y)| f64::from(u8::from(joint.of(x, y)))).collect()
        };
        if !said {
            return None;
        }
        let own = scores(&a.fit, &b.fit);
        Some(Self {
            parts: [a.parts.clone(), b.parts.clone()].concat(),
            joint,
            source: a.source,
            rises: true,
            fitted: auc(&own, &fit.inside).value?,
            scores: scores(&a.scores, &b.scores),
            fit: own,
        })
    }

    /// As `names.parquet` has it: "white", "white and no street", or "red or orange".
    pub(super) fn text(&self) -> String {
        if let [part] = &self.parts[..] {
            return part.text.clone();
        }
        let words: Vec<String> = self
            .parts
            .iter()
            .map(|p| if p.present { p.text.clone() } else { format!("no {}", p.text) })
            .collect();
        words.join(self.joint.word())
    }
}

/// A candidate after its test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tested {
    pub(super) candidate: Candidate,
    /// How well it separates the confirming images, in the direction that was fixed.
    pub(super) auc: Estimate,
    /// Log odds ratio of the phrase inside against outside; `None` where a cell decides it.
    pub(super) score: Option<[f64; 3]>,
    pub(super) p: f64,
    pub(super) q: f64,
    /// Share of the images inside and outside that have it.
    pub(super) shares: [f64; 2],
}

/// Least area for a phrase to be a name.
const LEAST: f64 = 0.6;

impl Tested {
    /// Tests a candidate whose scores are 0 or 1. Where images come in clusters, the images of a cluster on one side are one
    /// observation, which has the phrase where more than half of them have.
    pub(super) fn yes_or_no(candidate: Candidate, confirm: &Side) -> Self {
        let units = confirm.units();
        let inside: Vec<bool> = units.iter().map(|unit| confirm.inside[unit[0]]).collect();
        let share = |unit: &Vec<usize>| {
            unit.iter().map(|&at| candidate.scores[at]).sum::<f64>() / unit.len() as f64
        };
        let with: Vec<bool> = units.iter().map(|unit| share(unit) > 0.5).collect();
        let table = TwoByTwo::count(&inside, &with);
        let score = table.odds_ratio().map(|odds| [odds.value, odds.low, odds.high].map(f64::ln));
        let scores: Vec<f64> = with.iter().map(|&with| f64::from(u8::from(with))).collect();
        let mut area = auc(&scores, &inside);
        area.n = confirm.images.len();
        area.clusters =
            confirm.clusters.as_ref().map(|own| own.iter().collect::<BTreeSet<_>>().len());
        if !candidate.rises {
            let turned = |v: Option<f64>| v.map(|v| 1.0 - v);
            (area.value, area.low, area.high) =
                (turned(area.value), turned(area.high), turned(area.low));
        }
        let share = |side: bool| {
            let own = candidate.scores.iter().zip(&confirm.inside).filter(|(_, i)| **i == side);
            let (sum, n) = own.fold((0.0, 0_usize), |(sum, n), (s, _)| (sum + s, n + 1));
            sum / n.max(1) as f64
        };
        let shares = [share(true), share(false)];
        Self { candidate, auc: area, score, p: table.fisher(), q: 1.0, shares }
    }

    /// Whether the phrase says something of images that were not used to choose it.
    pub(super) fn holds(&self) -> bool {
        let above = |value: Option<f64>, least: f64| value.is_some_and(|v| v > least);
        self.q <= 0.05 && above(self.auc.low, 0.5) && above(self.auc.value, LEAST)
    }
}

/// The phrases that hold, in their order; two together only where they say more than either, here too.
pub(super) fn that_hold(tested: &[Tested]) -> Vec<&Tested> {
    let more = |pair: &Tested| {
        let parts = tested.iter().filter(|t| {
            t.candidate.parts.len() == 1 && pair.candidate.parts.contains(&t.candidate.parts[0])
        });
        parts.map(|t| t.auc.value).all(|area| pair.auc.value > area)
    };
    let holds = |t: &&Tested| t.holds() && (t.candidate.parts.len() == 1 || more(t));
    tested.iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_is_fixed_before_the_test() {
        let side = Side {
            images: (0..60).collect(),
            inside: (0..60).map(|i| i < 20).collect(),
            clusters: None,
        };
        let candidate = |present| Candidate {
            parts: vec![Part { text: "snow".into(), form: Form::Beside, present }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: present,
            fitted: 0.8,
            fit: Vec::new(),
            scores: (0..60).map(|i| f64::from(u8::from(!(15..=55).contains(&i)))).collect(),
        };
        let mut tested = Tested::yes_or_no(candidate(true), &side);
        assert!((tested.auc.value.unwrap() - (0.75 + 0.9) / 2.0).abs() < 1e-12, "{tested:?}");
        assert_eq!(tested.shares, [0.75, 0.1]);
        assert!(tested.p < 1e-5 && tested.score.unwrap()[1] > 0.0);
        assert!(!tested.holds(), "not corrected yet");
        tested.q = 0.01;
        assert!(tested.holds());
        let mut turned = Tested::yes_or_no(candidate(false), &side);
        turned.q = 0.01;
        assert!(turned.auc.value.unwrap() < 0.2 && !turned.holds());
    }

    #[test]
    fn two_phrases_are_taken_together_where_that_says_clearly_more() {
        // Inside: red and not on the street. Outside: red on the street, or blue anywhere.
        let inside = |i: usize| i.is_multiple_of(4);
        let side = Side {
            images: (0..80).collect(),
            inside: (0..80).map(inside).collect(),
            clusters: None,
        };
        let scores = |on: &dyn Fn(usize) -> bool| -> Vec<f64> {
            (0..80).map(|i| f64::from(u8::from(on(i)))).collect()
        };
        let single = |text: &str, present: bool, on: &dyn Fn(usize) -> bool| Candidate {
            parts: vec![Part { text: text.into(), form: Form::Beside, present }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: present,
            fitted: 5.0 / 6.0,
            fit: scores(on),
            scores: scores(on),
        };
        let red = single("red", true, &|i| i % 4 < 2);
        let street = single("street", false, &|i| i % 4 == 1 || i % 4 == 3);
        let pair = Candidate::pair(&[red.clone(), street], &side).unwrap();
        assert_eq!((pair.text().as_str(), pair.fitted), ("red and no street", 1.0));
        assert!(pair.rises && pair.scores == scores(&inside));
        assert_eq!(Candidate::pair(&[red.clone(), red], &side), None);

        // Half of the images inside are red, the other half blue.
        let red = single("red", true, &|i| i.is_multiple_of(8));
        let blue = single("blue", true, &|i| i % 8 == 4);
        let fitted = |mut one: Candidate| {
            one.fitted = 0.75;
            one
        };
        let either = Candidate::pair(&[fitted(red.clone()), fitted(blue)], &side).unwrap();
        assert_eq!((either.text().as_str(), either.joint), ("red or blue", Joint::Either));
        assert!(either.fitted > 0.99 && either.scores == scores(&inside));
        // Of two that are missing nothing is said.
        let no = |text: &str, one: usize| fitted(single(text, false, &|i| i % 4 == one));
        assert_eq!(Candidate::pair(&[no("a", 1), no("b", 2)], &side), None);
    }

    #[test]
    fn frames_of_one_video_are_one_observation() {
        // Two videos of fifty frames inside, two outside: the phrase is said of all frames of the first two.
        let side = |clusters: Option<Vec<u32>>| Side {
            images: (0..200).collect(),
            inside: (0..200).map(|i| i < 100).collect(),
            clusters,
        };
        let candidate = Candidate {
            parts: vec![Part { text: "snow".into(), form: Form::Beside, present: true }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: true,
            fitted: 1.0,
            fit: Vec::new(),
            scores: (0..200).map(|i| f64::from(u8::from(i < 100))).collect(),
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
}

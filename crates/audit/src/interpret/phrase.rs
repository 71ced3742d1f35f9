//! A phrase that may name something, chosen on the fitting side.

use rightly_stats::auc::auc;

pub(super) use super::had::Had;
use super::unnamed::Side;
use crate::prose::is_preposition;

/// Where a phrase comes from, the best evidence first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A value of an attribute of the table.
    Attributes,
    /// Captions of the table, or of a captioner.
    Captions,
    /// Captions of pictures that were retrieved from a pool, scored by an image-text model.
    Pool,
    /// A list of phrases, scored by an image-text model.
    Phrases,
}

impl Source {
    /// As `names.parquet` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::Captions => "captions",
            Self::Pool => "pool",
            Self::Phrases => "phrases",
        }
    }
}

/// How a phrase goes with the class's name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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

impl Part {
    /// In words: "snow", "no snow", "not on the snow".
    pub(super) fn said(&self) -> String {
        let place = self.text.split(' ').next().is_some_and(is_preposition);
        match (self.present, place) {
            (true, _) => self.text.clone(),
            (false, true) => format!("not {}", self.text),
            (false, false) => format!("no {}", self.text),
        }
    }
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

    /// Where one of the two may not be known.
    pub(super) fn of_known(self, a: Option<bool>, b: Option<bool>) -> Option<bool> {
        let decides = self == Self::Either;
        match (a, b) {
            (Some(a), Some(b)) => Some(self.of(a, b)),
            (Some(one), None) | (None, Some(one)) if one == decides => Some(one),
            _ => None,
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

/// What an image-text model's own answer for a picture says of a phrase, beside the contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Captions or attributes say it of images: nothing has to be shown.
    Said,
    /// The phrase is among the nearest of its kind to the group's mean picture, beyond what random groups' means reach, and the
    /// model knows this kind of words.
    Near,
    /// Only the contrast with the rest of the class is there.
    ContrastOnly,
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
    /// Whether confirming images have it as it is worded.
    pub(super) has: Had,
    /// The same of each of two phrases; empty of one.
    pub(super) of_parts: Vec<Had>,
    pub(super) shown: Shown,
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

    /// The two of these phrases of graded scores whose sum, each in its own deviation, separates the
    /// fitting images best, if clearly better than the best alone; one of them has to be of what is there.
    pub(super) fn graded_pair(single: &[Self], fit: &Side) -> Option<Self> {
        let mut least = single.iter().map(|one| one.fitted).reduce(f64::max)? + GAIN;
        let mut best = None;
        for (at, a) in single.iter().enumerate() {
            for b in single[at + 1..].iter().filter(|b| a.rises || b.rises) {
                let own = sum(&a.standard(&a.fit), &b.standard(&b.fit));
                let Some(area) = auc(&own, &fit.inside).value.filter(|area| *area > least) else {
                    continue;
                };
                least = area;
                best = Some(Self {
                    parts: parts(a, b),
                    joint: Joint::Both,
                    source: a.source,
                    rises: true,
                    fitted: area,
                    scores: sum(&a.standard(&a.scores), &b.standard(&b.scores)),
                    fit: own,
                    has: a.has.joined(&b.has, Joint::Both),
                    of_parts: vec![a.has.clone(), b.has.clone()],
                    shown: shown(a, b),
                });
            }
        }
        best
    }

    /// Scores in the deviation of the fitting images, so that more is more likely inside.
    fn standard(&self, scores: &[f64]) -> Vec<f64> {
        let n = self.fit.len().max(1) as f64;
        let mean = self.fit.iter().sum::<f64>() / n;
        let variance = self.fit.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n;
        let sign = if self.rises { 1.0 } else { -1.0 };
        let scale = if variance > 0.0 { sign / variance.sqrt() } else { 0.0 };
        scores.iter().map(|s| (s - mean) * scale).collect()
    }

    /// Two phrases as one; `None` where that says nothing of what is there.
    fn joined(a: &Self, b: &Self, joint: Joint, fit: &Side) -> Option<Self> {
        // Either of two is the same in any order: one name for one thing.
        let turned = joint == Joint::Either && a.text() > b.text();
        let (a, b) = if turned { (b, a) } else { (a, b) };
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
            parts: parts(a, b),
            joint,
            source: a.source,
            rises: true,
            fitted: auc(&own, &fit.inside).value?,
            scores: scores(&a.scores, &b.scores),
            fit: own,
            has: a.has.joined(&b.has, joint),
            of_parts: vec![a.has.clone(), b.has.clone()],
            shown: shown(a, b),
        })
    }

    /// As `names.parquet` has it: "white", "white and no street", or "red or orange".
    pub(super) fn text(&self) -> String {
        if let [part] = &self.parts[..] {
            return part.text.clone();
        }
        self.parts.iter().map(Part::said).collect::<Vec<_>>().join(self.joint.word())
    }
}

/// Of both, what is there before what is missing.
fn parts(a: &Candidate, b: &Candidate) -> Vec<Part> {
    let mut out = [a.parts.clone(), b.parts.clone()].concat();
    out.sort_by_key(|part| !part.present);
    out
}

/// Of two phrases, by the one of which less is known; what is missing need not be near.
fn shown(a: &Candidate, b: &Candidate) -> Shown {
    let worst = [a, b].into_iter().filter(|one| one.rises).map(|one| one.shown);
    worst.max_by_key(|shown| *shown as u8).unwrap_or(Shown::ContrastOnly)
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_phrases_are_taken_together_where_that_says_clearly_more() {
        // Inside: red and not on the street. Outside: red on the street, or blue anywhere.
        let inside = |i: usize| i.is_multiple_of(4);
        let side = Side {
            images: (0..80).collect(),
            inside: (0..80).map(inside).collect(),
            ..Side::default()
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
            has: Had::of(&side, |at| Some(on(at) == present)),
            of_parts: Vec::new(),
            shown: Shown::Said,
        };
        let red = single("red", true, &|i| i % 4 < 2);
        let street = single("street", false, &|i| i % 4 == 1 || i % 4 == 3);
        let pair = Candidate::pair(&[red.clone(), street], &side).unwrap();
        assert_eq!((pair.text().as_str(), pair.fitted), ("red and no street", 1.0));
        assert!(pair.rises && pair.scores == scores(&inside));
        assert_eq!((pair.has.all(), pair.of_parts.len()), ((0..80).map(inside).collect(), 2));
        assert_eq!(Candidate::pair(&[red.clone(), red], &side), None);

        // Half of the images inside are red, the other half blue.
        let red = single("red", true, &|i| i.is_multiple_of(8));
        let blue = single("blue", true, &|i| i % 8 == 4);
        let fitted = |mut one: Candidate| {
            one.fitted = 0.75;
            one
        };
        let either = Candidate::pair(&[fitted(red.clone()), fitted(blue)], &side).unwrap();
        assert_eq!((either.text().as_str(), either.joint), ("blue or red", Joint::Either));
        assert!(either.fitted > 0.99 && either.scores == scores(&inside));
        // Of two that are missing nothing is said.
        let no = |text: &str, one: usize| fitted(single(text, false, &|i| i % 4 == one));
        assert_eq!(Candidate::pair(&[no("a", 1), no("b", 2)], &side), None);
    }

    #[test]
    fn graded_phrases_are_added_in_their_own_deviation() {
        // Inside: cream and off the street; half of the others are cream, the other half off the street.
        let side = Side {
            images: (0..90).collect(),
            inside: (0..90).map(|i| i % 3 == 0).collect(),
            ..Side::default()
        };
        let graded = |text: &str, rises: bool, scale: f64, on: &dyn Fn(usize) -> bool| {
            let score =
                |i: usize| scale * (f64::from(u8::from(on(i))) + (i * 7 % 11) as f64 / 20.0);
            let fit: Vec<f64> = (0..90).map(score).collect();
            Candidate {
                parts: vec![Part { text: text.into(), form: Form::Beside, present: rises }],
                joint: Joint::Both,
                source: Source::Phrases,
                rises,
                fitted: 0.8,
                scores: fit.clone(),
                fit,
                has: Had::of(&side, |at| Some(on(at) == rises)),
                of_parts: Vec::new(),
                shown: Shown::Near,
            }
        };
        let cream = graded("cream", true, 1.0, &|i| i % 3 < 2);
        let street = graded("street", false, 0.01, &|i| i % 3 == 1);
        let pair = Candidate::graded_pair(&[cream.clone(), street.clone()], &side).unwrap();
        // What is missing may separate better than what is said first.
        let clear = Candidate { fitted: 0.98, ..street.clone() };
        assert_eq!(Candidate::graded_pair(&[cream.clone(), clear], &side), None);
        assert_eq!(pair.text(), "cream and no street");
        assert!(pair.fitted > 0.99 && pair.rises && pair.fit == pair.scores, "{}", pair.fitted);
        assert_eq!(Candidate::graded_pair(&[cream.clone(), cream], &side), None);
        assert_eq!(Candidate::graded_pair(&[street.clone(), street], &side), None);
    }
}

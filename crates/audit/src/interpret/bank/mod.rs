//! Words from a list, through an image-text model: which phrases are nearer to the pictures inside than to those outside, and
//! which of them the model would say of the pictures inside by themselves.
//!
//! DIM asks for the pictures nearest to `normalise(class ± direction)` and describes them; Domino (Eyuboglu et al., ICLR 2022)
//! asks for the texts nearest to the contrast of mean embeddings. Here every phrase of the list gives each picture a score, its
//! product with the direction from the class's name to the name with the phrase, and what counts is how well that score
//! separates the pictures.
//!
//! A fixed direction that separates does so again on other images, whatever its word: pine trees are nearer to "a pickup truck"
//! than other trees are. So the word has to hold in itself too ([`near`]), for a kind of words that the model knows
//! ([`knowledge`]).

mod knowledge;
mod list;
mod near;
mod space;
mod texts;

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};
use rightly_stats::{bank::Bank, correlation::spearman};

use super::{
    phrase::{Candidate, Had, Joint, Part, Shown, Source},
    unnamed::{Side, Subject},
};
pub(super) use knowledge::Knowledge;
pub(super) use list::{Phrase, read};
use near::Nearest;
pub(super) use space::Space;

/// Phrases that are tested.
const TESTED: usize = 6;
/// Phrases whose areas are computed, the likeliest of either kind.
const EXACT: usize = 256;
/// Least area on the fitting side, either way.
const CLEAR: f64 = 0.6;
/// How much better a phrase has to separate that is less true inside, to be said before one that is more so.
const HANDICAP: f64 = 0.05;
/// How much better a phrase has to separate that is not near in itself, to be said before one that is.
const FAR: f64 = 0.2;
/// Rank correlation from which two phrases say the same.
const SAME: f64 = 0.8;

/// The phrases of the list that a model knows, with their directions for one class.
pub(super) struct OfClass<'a> {
    phrases: Vec<&'a Phrase>,
    /// Unit vectors of the phrases, `[phrases, d]`.
    texts: Array2<f32>,
    /// Less that of the class, `[phrases, d]`.
    directions: Array2<f32>,
    /// Places of the phrases of each kind.
    kinds: BTreeMap<&'a str, Vec<usize>>,
    source: Source,
}

impl<'a> OfClass<'a> {
    /// Those of `phrases` that the model knows.
    ///
    /// # Errors
    /// As [`Space::texts_of`].
    pub(super) fn new(
        space: &Space,
        class: &str,
        phrases: &'a [Phrase],
        source: Source,
        pass: &super::pictures::Pass<'_>,
    ) -> Result<Self, crate::Error> {
        let phrases: Vec<&Phrase> = phrases.iter().filter(|p| space.knows(p)).collect();
        let (texts, base) = space.texts_of(class, &phrases, pass)?;
        let directions = &texts - &base;
        let mut kinds = BTreeMap::<&str, Vec<usize>>::new();
        for (at, phrase) in phrases.iter().enumerate() {
            kinds.entry(&phrase.kind).or_default().push(at);
        }
        Ok(Self { phrases, texts, directions, kinds, source })
    }

    /// The phrases that separate the fitting images best, best first, without those that say the same again; with the sides
    /// that they were scored on, as far as images have vectors.
    pub(super) fn candidates(
        &self,
        space: &Space,
        known: &Knowledge,
        subject: &Subject,
    ) -> (Subject, Vec<Candidate>) {
        let subject = subject.only(|sample| space.has(sample));
        let mut kept: Vec<Candidate> = Vec::new();
        if !subject.usable() || self.phrases.is_empty() {
            return (subject, kept);
        }
        let fit = space.pictures(&subject.fit.images);
        let inside = &subject.fit.inside;
        let outside: Vec<bool> = inside.iter().map(|inside| !inside).collect();
        let Some(bank) = Bank::new(fit.view(), self.directions.view(), 1) else {
            return (subject, kept);
        };
        let near = Nearest::new(self, &fit, &subject);
        let mut found = Vec::new();
        for (members, present) in [(inside, true), (&outside, false)] {
            let best = bank
                .separations(members, EXACT)
                .into_iter()
                .filter_map(|s| Some((s.phrase, s.auc?)));
            for (at, area) in best.filter(|(_, area)| *area >= CLEAR) {
                let kind = &self.phrases[at].kind;
                let elsewhere =
                    || known.speaks_of_another(subject.class, self.texts.row(at), near.mean());
                let shown = present && known.of(kind) && near.holds(at) && !elsewhere();
                let shown = if shown { Shown::Near } else { Shown::ContrastOnly };
                let far = if present && shown == Shown::ContrastOnly { FAR } else { 0.0 };
                let handicap = if present { far } else { HANDICAP };
                found.push((at, area, present, shown, area - handicap));
            }
        }
        found.sort_by(|a, b| b.4.total_cmp(&a.4).then(a.0.cmp(&b.0)));
        let mut places = Vec::new();
        for (at, area, present, shown, _) in found {
            if kept.len() == TESTED {
                break;
            }
            let own = self.column(&fit, at);
            if kept
                .iter()
                .any(|other| spearman(&other.fit, &own).value.is_some_and(|r| r.abs() > SAME))
            {
                continue;
            }
            let Phrase { text, form, .. } = self.phrases[at];
            places.push(at);
            kept.push(Candidate {
                parts: vec![Part { text: text.clone(), form: form.clone(), present }],
                joint: Joint::Both,
                source: self.source,
                rises: present,
                fitted: area,
                fit: own,
                scores: Vec::new(),
                has: Had::default(),
                of_parts: Vec::new(),
                shown,
            });
        }
        for (at, candidate) in places.into_iter().zip(&mut kept) {
            let present = candidate.rises;
            let confirm = space.pictures(&subject.confirm.images);
            candidate.scores = self.column(&confirm, at);
            let middle = space.pictures(&subject.confirm.middle);
            let said = |pictures: &Array2<f32>| -> Vec<Option<bool>> {
                let own = self.said(&fit, at, pictures);
                own.into_iter().map(|said| said.map(|said| said == present)).collect()
            };
            candidate.has = Had { ends: said(&confirm), middle: said(&middle) };
        }
        (subject, kept)
    }

    /// Scores of pictures for a phrase.
    fn column(&self, pictures: &Array2<f32>, at: usize) -> Vec<f64> {
        let direction = self.directions.row(at);
        pictures.rows().into_iter().map(|row| f64::from(row.dot(&direction))).collect()
    }

    /// The phrases of a phrase's kind, its own place among them.
    fn kind_of(&self, at: usize) -> &[usize] {
        self.kinds.get(self.phrases[at].kind.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Those of some phrases that do not say the same of the fitting pictures as this one.
    fn without_same(&self, fit: &Array2<f32>, at: usize, some: &[usize]) -> Vec<usize> {
        let own = self.column(fit, at);
        let same =
            |other: usize| spearman(&own, &self.column(fit, other)).value.is_some_and(|r| r > SAME);
        some.iter().copied().filter(|&other| other != at && !same(other)).collect()
    }

    /// Whether the model's own answer for each picture, among the phrases of the kind, is this one; not known of a phrase that
    /// has no rival.
    fn said(&self, fit: &Array2<f32>, at: usize, pictures: &Array2<f32>) -> Vec<Option<bool>> {
        let rivals = self.without_same(fit, at, self.kind_of(at));
        if rivals.is_empty() {
            return vec![None; pictures.nrows()];
        }
        let others = pictures.dot(&self.texts.select(Axis(0), &rivals).t());
        let own = pictures.dot(&self.texts.row(at));
        let best =
            others.rows().into_iter().map(|row| row.iter().copied().fold(f32::MIN, f32::max));
        best.zip(own).map(|(best, own)| Some(own >= best)).collect()
    }
}

/// Positions of the images inside.
fn inside(side: &Side) -> Vec<usize> {
    (0..side.images.len()).filter(|&at| side.inside[at]).collect()
}

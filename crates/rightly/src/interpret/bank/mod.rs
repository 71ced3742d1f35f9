//! Words from a list, through an image-text model: which phrases are nearer to the pictures inside than to those outside.
//!
//! DIM asks for the pictures nearest to `normalise(class ± direction)` and describes them; Domino (Eyuboglu et al., ICLR 2022)
//! asks for the texts nearest to the contrast of mean embeddings. Here every phrase of the list gives each picture a score, its
//! product with the direction from the class's name to the name with the phrase, and what counts is how well that score
//! separates the pictures.

mod list;
mod space;

use ndarray::Array2;
use rightly_stats::{bank::Bank, correlation::spearman};

use super::{
    phrase::{Candidate, Joint, Part, Source},
    subjects::Subject,
};
pub(super) use list::{Phrase, read};
pub(super) use space::Space;

/// Phrases that are tested.
const TESTED: usize = 6;
/// Phrases whose areas are computed, the likeliest of either kind.
const EXACT: usize = 256;
/// Least area on the fitting side, either way.
const CLEAR: f64 = 0.6;
/// How much better a phrase has to separate that is less true inside, to be said before one that is more so.
const HANDICAP: f64 = 0.05;
/// Rank correlation from which two phrases say the same.
const SAME: f64 = 0.8;

/// The phrases of the list that a model knows, with their directions for one class.
pub(super) struct OfClass<'a> {
    phrases: Vec<&'a Phrase>,
    /// `[phrases, d]`.
    directions: Array2<f32>,
    source: Source,
}

impl<'a> OfClass<'a> {
    /// Those of `phrases` that the model knows.
    ///
    /// # Errors
    /// As [`Space::directions`].
    pub(super) fn new(
        space: &Space,
        class: &str,
        phrases: &'a [Phrase],
        source: Source,
        pass: &super::pictures::Pass<'_>,
    ) -> Result<Self, crate::Error> {
        let phrases: Vec<&Phrase> = phrases.iter().filter(|p| space.knows(p)).collect();
        let directions = space.directions(class, &phrases, pass)?;
        Ok(Self { phrases, directions, source })
    }

    /// The phrases that separate the fitting images best, best first, without those that say the same again; with the sides
    /// that they were scored on, as far as images have vectors.
    pub(super) fn candidates(&self, space: &Space, subject: &Subject) -> (Subject, Vec<Candidate>) {
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
        let mut found = Vec::new();
        for (members, present) in [(inside, true), (&outside, false)] {
            let handicap = if present { 0.0 } else { HANDICAP };
            let best = bank
                .separations(members, EXACT)
                .into_iter()
                .filter_map(|s| Some((s.phrase, s.auc?)));
            let clear = best.filter(|(_, area)| *area >= CLEAR);
            found.extend(clear.map(|(at, area)| (at, area, present, area - handicap)));
        }
        found.sort_by(|a, b| b.3.total_cmp(&a.3).then(a.0.cmp(&b.0)));
        let column = |pictures: &Array2<f32>, at: usize| -> Vec<f64> {
            let direction = self.directions.row(at);
            pictures.rows().into_iter().map(|row| f64::from(row.dot(&direction))).collect()
        };
        let mut places = Vec::new();
        for (at, area, present, _) in found {
            if kept.len() == TESTED {
                break;
            }
            let own = column(&fit, at);
            if kept
                .iter()
                .any(|other| spearman(&other.fit, &own).value.is_some_and(|r| r.abs() > SAME))
            {
                continue;
            }
            let Phrase { text, form } = self.phrases[at];
            places.push(at);
            kept.push(Candidate {
                parts: vec![Part { text: text.clone(), form: form.clone(), present }],
                joint: Joint::Both,
                source: self.source,
                rises: present,
                fitted: area,
                fit: own,
                scores: Vec::new(),
            });
        }
        let confirm = space.pictures(&subject.confirm.images);
        for (at, candidate) in places.into_iter().zip(&mut kept) {
            candidate.scores = column(&confirm, at);
        }
        (subject, kept)
    }
}

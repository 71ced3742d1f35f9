//! Words from a list, through an image-text model: which phrases are nearer to the pictures inside than to those outside.
//!
//! DIM asks for the pictures nearest to `normalise(class ± direction)` and describes them; Domino (Eyuboglu et al., ICLR 2022)
//! asks for the texts nearest to the contrast of mean embeddings. Here every phrase of the list gives each picture a score, its
//! product with the direction from the class's name to the name with the phrase, and what counts is how well that score
//! separates the pictures.

mod list;
mod space;

use ndarray::Array2;
use rightly_stats::{auc::auc, correlation::spearman};

use super::{
    phrase::{Candidate, Joint, Part, Source},
    subjects::{Side, Subject},
};
pub(super) use list::{Phrase, read};
pub(super) use space::Space;

/// Phrases that are tested.
const TESTED: usize = 6;
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
        let scores = |side: &Side| space.pictures(&side.images).dot(&self.directions.t());
        let fit = scores(&subject.fit);
        let column = |scores: &Array2<f32>, at: usize| -> Vec<f64> {
            scores.column(at).iter().map(|&v| f64::from(v)).collect()
        };
        let mut found: Vec<(usize, f64, f64)> = (0..self.phrases.len())
            .filter_map(|at| {
                let area = auc(&column(&fit, at), &subject.fit.inside).value?;
                let clear = area.max(1.0 - area);
                let weight = if area > 0.5 { clear } else { clear - HANDICAP };
                (clear >= CLEAR).then_some((at, area, weight))
            })
            .collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        let mut places = Vec::new();
        for (at, area, _) in found {
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
            let present = area > 0.5;
            places.push(at);
            kept.push(Candidate {
                parts: vec![Part { text: text.clone(), form: form.clone(), present }],
                joint: Joint::Both,
                source: self.source,
                rises: present,
                fitted: area.max(1.0 - area),
                fit: own,
                scores: Vec::new(),
            });
        }
        let chosen = self.directions.select(ndarray::Axis(0), &places);
        let confirm = space.pictures(&subject.confirm.images).dot(&chosen.t());
        for (at, candidate) in kept.iter_mut().enumerate() {
            candidate.scores = column(&confirm, at);
        }
        (subject, kept)
    }
}

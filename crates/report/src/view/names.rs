//! Words for subgroups and cues.

use super::Figure;

/// A name with what is behind it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NameView {
    /// A few words.
    pub title: String,
    /// Phrases that hold, best first.
    pub phrases: Vec<PhraseView>,
}

impl NameView {
    /// No words: none hold, or none were looked for.
    pub fn none() -> Self {
        Self::default()
    }
}

/// One phrase on images that had no part in choosing it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhraseView {
    /// The phrase.
    pub phrase: String,
    /// Share of the images that are named which have it, and of the other images; none where a model only says how well it fits.
    pub shares: Option<[f64; 2]>,
    /// Whether it goes with these images; else it is missing there.
    pub present: bool,
    /// How well it separates the two.
    pub auc: Figure,
}

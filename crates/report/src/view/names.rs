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

/// One phrase on images that had no part in choosing it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhraseView {
    /// The phrase.
    pub phrase: String,
    /// Share of the images that are named which have it.
    pub inside: f64,
    /// Share of the other images.
    pub outside: f64,
    /// How well it separates the two.
    pub auc: Figure,
}

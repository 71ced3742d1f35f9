//! The ranking of images by how strongly they carry spurious features.

use super::{Figure, NameView, Photo, Picture};

/// What the stage `rank` found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RankView {
    /// What judged the features: `votes`, `masks`, `attributes` or `none`.
    pub basis: String,
    /// Whose right answers chose the features: `model`, `encoder`, `all` (right or wrong); none where people named them.
    pub chosen_by: Option<String>,
    /// The classes with features to look at.
    pub classes: Vec<RankedClass>,
    /// Features of all classes that are spurious, and all of them.
    pub spurious: (usize, usize),
}

/// One class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RankedClass {
    /// Class name.
    pub class: String,
    /// What its cue is, where words hold.
    pub words: NameView,
    /// Its features, the most important first.
    pub features: Vec<RankedFeature>,
}

/// One feature of a class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RankedFeature {
    /// Index of the feature.
    pub feature: i64,
    /// Whether it counts as spurious; `None` where the evidence says neither.
    pub spurious: Option<bool>,
    /// Share of its map on the object beyond chance, or its correlation with `word`.
    pub evidence: Figure,
    /// Activation kept without the object, over what chance would keep.
    pub kept: Figure,
    /// The attribute or word that it goes with.
    pub word: Option<String>,
    /// Images that show it most, the strongest first.
    pub high: Vec<MappedPhoto>,
    /// Images that show it least, the weakest first.
    pub low: Vec<MappedPhoto>,
}

/// A photograph and where a feature is active in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MappedPhoto {
    /// The photograph.
    pub photo: Photo,
    /// Whether the model is right on it.
    pub right: bool,
    /// The feature's map over it.
    pub map: Option<Picture>,
}

//! Subgroups of the classes, as the stage `discover` found them.

use super::{Figure, NameView, Photo};

/// What the stage `discover` found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupsView {
    /// The classes to look at: those with a finding, then those with the largest gaps.
    pub classes: Vec<GroupedClass>,
    /// Classes that were divided, and groups that were held against the rest of their class.
    pub tried: (usize, usize),
    /// Gap of a fifth of a class that four of five such confirmations would show: the mean of the classes.
    pub detectable: Option<f64>,
}

/// One class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupedClass {
    /// Class name.
    pub class: String,
    /// Its groups, the worst where they were found first.
    pub groups: Vec<GroupView>,
    /// Confirming images on a plane.
    pub map: Vec<MapPoint>,
}

/// One group on the confirming images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupView {
    /// `METHOD/K`.
    pub name: String,
    /// Its accuracy.
    pub accuracy: Figure,
    /// Accuracy of the rest of its class minus its own; p and q where it was tested.
    pub gap: Figure,
    /// Whether it is a finding.
    pub found: bool,
    /// What it is, where words hold.
    pub words: NameView,
    /// The strongest members, with whether the model is right where that is known.
    pub photos: Vec<(Photo, Option<bool>)>,
    /// Images of its class that are least like it.
    pub far: Vec<(Photo, Option<bool>)>,
}

/// An image on the map of its class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MapPoint {
    /// Place.
    pub x: f64,
    /// Place.
    pub y: f64,
    /// Index into the class's groups.
    pub group: Option<usize>,
    /// Whether the model is right; `None` where the run does not say.
    pub right: Option<bool>,
}

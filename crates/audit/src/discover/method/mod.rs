//! Methods: each divides a class into slices, and says of any image where it belongs.

mod attributes;
mod axes;
mod chance;
mod direction;
mod domino;
mod joint_space;
mod kmeans;
mod slices;
pub(super) mod space;

use ndarray::ArrayView2;
use rightly_data::dataset::Attribute;
use rightly_model::heads::Standard;

use super::material::Part;
use crate::discover::{DiscoverOptions, Method};

/// What a method may look at: the images of one class in the fitting part.
#[derive(Clone, Copy)]
pub(super) struct Fit<'a> {
    pub(super) options: &'a DiscoverOptions,
    /// Key of every random choice.
    pub(super) seed: u64,
    /// Name of the class.
    pub(super) class: &'a str,
    /// Attribute columns of the data; only `attributes` looks at them.
    pub(super) attributes: &'a [Attribute],
    pub(super) part: &'a Part,
    /// Images of the class that groups will be held against.
    pub(super) confirms: usize,
    /// Cluster of each image, where images are not independent.
    pub(super) clusters: Option<&'a [u32]>,
    /// Mean and deviation of the fitted features of all classes, where they are known; only `failure-direction` uses them.
    pub(super) standard: Option<&'a Standard>,
    /// Supervision `[n, columns]`, a loss each: the larger, the worse.
    pub(super) losses: ArrayView2<'a, f64>,
}

/// One image whose slice is asked for.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    /// Index into the dataset; only `attributes` looks at it.
    pub(super) sample: usize,
    pub(super) vector: &'a [f32],
    /// Mean of the vectors of its class in its part, `[d]`; only `dim` as published looks at it.
    pub(super) centre: &'a [f64],
}

/// How strongly an image belongs to each slice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Membership {
    /// Shares, 0 or more, with sum 1; all 0 where the image belongs to no slice.
    pub(super) soft: Vec<f64>,
    /// Orders the members of a slice: the larger, the more typical. Comparable within a slice only.
    pub(super) strength: Vec<f64>,
    /// The slice that it is counted in; `None` where it belongs to no slice.
    pub(super) group: Option<usize>,
}

/// Which end of a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pole {
    Plus,
    Minus,
    /// Both together, as published in DIM.
    Both,
}

impl Pole {
    /// As `directions.parquet` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Both => "+-",
        }
    }
}

/// What is known of a slice besides its members.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slice {
    /// 1-based number of the component (or cluster) it comes from.
    pub(super) component: usize,
    pub(super) pole: Pole,
    /// From the class's mean towards the slice, in the features' own space, unit length; empty where there is none.
    pub(super) direction: Vec<f32>,
    /// Whether it is held against the rest of its class on the confirming part.
    pub(super) tested: bool,
    /// In words, where the method knows.
    pub(super) words: Option<String>,
}

/// A class divided into slices.
pub(super) trait Slicer: Send + Sync {
    /// In the method's own order.
    fn slices(&self) -> &[Slice];

    /// Where an image belongs, one entry a slice.
    fn membership(&self, image: Image<'_>) -> Membership;

    /// The slice in whose accuracy an image counts when slices are put in order.
    fn ordering(&self, _image: Image<'_>, membership: &Membership) -> Option<usize> {
        membership.group
    }

    /// Where an image lies on a plane that shows the slices, if the method has one.
    fn plane(&self, _vector: &[f32]) -> Option<[f64; 2]> {
        None
    }

    /// What was decided or degenerate, a sentence each.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Divides a class.
///
/// # Errors
/// Why it can't be divided, in words.
pub(super) fn fit(method: Method, fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    match method {
        Method::Slices => slices::fit(fit),
        Method::Dim => axes::dim(fit),
        Method::Domino => domino::fit(fit),
        Method::Kmeans => kmeans::fit(fit),
        Method::FailureDirection => direction::fit(fit),
        Method::Pca => axes::pca(fit),
        Method::Attributes => attributes::fit(fit),
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

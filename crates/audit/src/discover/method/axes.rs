//! Slices along axes: partial least squares between features and losses (DIM), and principal components.
//!
//! DIM (Zhang et al., CVPR 2024) divides a class by the components that explain its losses. As published the two ends of a
//! component are one group, although they lie as far apart as images can; here each end is a slice of its own.
//!
//! An image's shares are what of it lies along each direction (rotation over deviation, at unit length), and its group is the
//! largest of them. The released code has two rules side by side, which [`DiscoverOptions::paper_compat`] reproduces: groups
//! by the largest absolute cosine with these directions, which only put the components in order; and soft labels of the
//! features *as they are*, less their mean in whatever split they are of, times rotations that are made for standardised
//! features. The largest of these is the group that is repaired.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::{Fit, Image, Membership, Pole, Slice, Slicer, chance, space};
use crate::discover::Components;
#[cfg(doc)]
use crate::discover::DiscoverOptions;

/// Components as published.
const PUBLISHED: usize = 5;

/// Components of partial least squares between features and losses.
///
/// # Errors
/// In words: nothing varies, or nothing in the features goes with the losses.
pub(super) fn dim(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let compat = fit.options.paper_compat;
    let vectors = fit.part.vectors.view();
    let features = if compat { space::unit_rows(vectors) } else { vectors.to_owned() };
    // As published the features are among what is explained: they swamp the losses.
    let own = if compat { 1.0 } else { 0.0 };
    let pls = match fit.options.components {
        Components::Fixed(count) => space::pls(features.view(), fit.losses, own, count)?,
        Components::Auto if compat => space::pls(features.view(), fit.losses, own, PUBLISHED)?,
        Components::Auto => {
            let most = space::pls(features.view(), fit.losses, own, 2 * PUBLISHED)?;
            let clear = chance::components(&most, features.view(), fit.losses, fit.seed, fit.class);
            space::pls(features.view(), fit.losses, own, clear)?
        }
    };
    let rotations = pls.rotations.t().to_owned();
    let scale = ArrayView1::from(pls.scale_x.as_slice());
    let axes = Axes {
        mean: pls.mean_x.clone(),
        directions: pls.directions(),
        scores: &rotations / &scale,
        published: compat.then_some(rotations),
        unit: compat,
        poles: if compat { Poles::Merged } else { Poles::Apart },
        slices: Vec::new(),
        notes: pls.notes.clone(),
    };
    Ok(Box::new(axes.with_slices()))
}

/// Both ends of each principal component.
///
/// # Errors
/// In words: nothing varies.
pub(super) fn pca(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let count = match fit.options.components {
        Components::Fixed(count) => count,
        Components::Auto => PUBLISHED,
    };
    let vectors = fit.part.vectors.view();
    let pca = space::pca(vectors, count)?;
    let axes = Axes {
        mean: pca.mean.clone(),
        directions: pca.vectors.clone(),
        // So that the map has the same spread along both.
        scores: pca.whitening(),
        published: None,
        unit: false,
        poles: Poles::Apart,
        slices: Vec::new(),
        notes: Vec::new(),
    };
    Ok(Box::new(axes.with_slices()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Poles {
    Apart,
    Merged,
}

/// Directions of a class's features and their ends.
struct Axes {
    /// `[d]`.
    mean: Vec<f64>,
    /// `[K, d]`, unit length.
    directions: Array2<f64>,
    /// `[K, d]`: an image less the mean times these is its place on the map: scores of the components.
    scores: Array2<f64>,
    /// `[K, d]`: rotations of standardised features, where soft labels are made as the released code does.
    published: Option<Array2<f64>>,
    /// Features are brought to unit length first.
    unit: bool,
    poles: Poles,
    slices: Vec<Slice>,
    notes: Vec<String>,
}

impl Axes {
    fn with_slices(mut self) -> Self {
        let poles: &[Pole] = match self.poles {
            Poles::Apart => &[Pole::Plus, Pole::Minus],
            Poles::Merged => &[Pole::Both],
        };
        for (at, direction) in self.directions.outer_iter().enumerate() {
            for &pole in poles {
                let sign = if pole == Pole::Minus { -1.0 } else { 1.0 };
                let direction = direction.iter().map(|v| (sign * v) as f32).collect();
                self.slices.push(Slice {
                    component: at + 1,
                    pole,
                    direction,
                    tested: true,
                    words: None,
                });
            }
        }
        self
    }

    fn centred(&self, vector: &[f32]) -> Vec<f64> {
        let length = if self.unit { space::length(vector) } else { 1.0 };
        vector.iter().zip(&self.mean).map(|(&v, m)| f64::from(v) / length - m).collect()
    }

    /// With each slice's direction, 0 where it is the other end's.
    fn cosines(&self, vector: &[f32]) -> Vec<f64> {
        let centred = self.centred(vector);
        let length = centred.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        let along = project(self.directions.view(), &centred);
        self.by_pole(&along.into_iter().map(|v| v * scale).collect::<Vec<_>>())
    }

    /// One value a slice from one a component.
    fn by_pole(&self, values: &[f64]) -> Vec<f64> {
        match self.poles {
            Poles::Merged => values.iter().map(|v| v.abs()).collect(),
            Poles::Apart => values.iter().flat_map(|&v| [v.max(0.0), (-v).max(0.0)]).collect(),
        }
    }
}

fn project(axes: ArrayView2<'_, f64>, centred: &[f64]) -> Vec<f64> {
    axes.outer_iter().map(|axis| axis.iter().zip(centred).map(|(a, b)| a * b).sum()).collect()
}

impl Slicer for Axes {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    fn membership(&self, image: Image<'_>) -> Membership {
        if let Some(rotations) = &self.published {
            let raw: Vec<f64> =
                image.vector.iter().zip(image.centre).map(|(&v, m)| f64::from(v) - m).collect();
            let soft = space::shares(self.by_pole(&project(rotations.view(), &raw)));
            return Membership { group: space::largest(&soft), strength: soft.clone(), soft };
        }
        let strength = self.cosines(image.vector);
        let group = space::largest(&strength);
        Membership { soft: space::shares(strength.clone()), strength, group }
    }

    fn ordering(&self, image: Image<'_>, membership: &Membership) -> Option<usize> {
        match self.published {
            Some(_) => space::largest(&self.cosines(image.vector)),
            None => membership.group,
        }
    }

    fn plane(&self, vector: &[f32]) -> Option<[f64; 2]> {
        let scores = project(self.scores.view(), &self.centred(vector));
        Some([*scores.first()?, scores.get(1).copied().unwrap_or(0.0)])
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

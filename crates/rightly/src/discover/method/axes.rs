//! Slices along axes: partial least squares between features and losses (DIM), and principal components.
//!
//! DIM (Zhang et al., CVPR 2024) divides a class by the components that explain its losses. As published the two ends of a
//! component are one group, by the absolute cosine, although they lie as far apart as images can; here each end is a slice
//! of its own, and `--paper-compat` merges them.

use ndarray::{Array2, ArrayView2};

use super::{Fit, Image, Membership, Pole, Slice, Slicer, chance, space};
use crate::discover::Components;

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
    let axes = Axes {
        mean: pls.mean_x.clone(),
        directions: pls.directions(),
        rotations: pls.rotations.t().to_owned(),
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
        // So that no component is preferred for its spread.
        rotations: pca.whitening(),
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
    /// `[K, d]`: an image less the mean times these are its soft shares.
    rotations: Array2<f64>,
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

    /// The hard group is the end with the largest cosine, the soft shares are the projections: the published pair of rules.
    fn membership(&self, image: Image<'_>) -> Membership {
        let centred = self.centred(image.vector);
        let length = centred.iter().map(|v| v * v).sum::<f64>().sqrt();
        let cosines: Vec<f64> = project(self.directions.view(), &centred)
            .into_iter()
            .map(|v| if length > 0.0 { v / length } else { 0.0 })
            .collect();
        let strength = self.by_pole(&cosines);
        let soft = space::shares(self.by_pole(&project(self.rotations.view(), &centred)));
        let group = space::largest(&strength);
        Membership { soft, strength, group }
    }

    fn plane(&self, vector: &[f32]) -> Option<[f64; 2]> {
        let scores = project(self.rotations.view(), &self.centred(vector));
        Some([*scores.first()?, scores.get(1).copied().unwrap_or(0.0)])
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

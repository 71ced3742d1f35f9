//! A class divided outside of a run, for protocols that judge methods by known subgroups.

use ndarray::{Array2, ArrayView2};

use super::{
    DiscoverOptions, Method,
    assignment::Grouped,
    material::{Material, Part},
    method::{self, Fit, Slicer},
};
use crate::features::Outcome;

/// Images of one class with what the classifier makes of them.
pub struct Images<'a> {
    /// `[n, d]`.
    pub vectors: ArrayView2<'a, f32>,
    /// One an image.
    pub outcomes: Vec<Outcome>,
}

/// A slice on the images that it is judged on.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Positions of its members.
    pub members: Vec<usize>,
    /// The same among the images that it was fitted on.
    pub fitted: Vec<usize>,
    /// Positions of all images: members first, the strongest first.
    pub ranked: Vec<usize>,
}

/// Soft labels of images that had no part in a division.
pub struct Shares {
    /// Of each list of images `[n, slices]`, 0 or more.
    pub of: Vec<Array2<f64>>,
    /// Slices of which something is claimed and that hold enough fitted images, the one of the lowest accuracy first.
    pub worst: Vec<usize>,
}

/// Soft labels of the images of each of `others` (`[n, d]`) in the slices that a method finds on `fit`.
///
/// # Errors
/// Why the class can't be divided, in words.
pub fn shares_of(
    method: Method,
    options: &DiscoverOptions,
    seed: u64,
    class: &str,
    fit: &Images<'_>,
    losses: &Array2<f64>,
    others: &[ArrayView2<'_, f32>],
) -> Result<Shares, String> {
    let fit = part(fit.vectors, &fit.outcomes);
    let slicer = slicer(method, options, seed, class, &fit, losses)?;
    let mut out = Shares { of: Vec::new(), worst: Vec::new() };
    for vectors in others {
        let material = Material { class: 0, fit: fit.clone(), confirm: part(*vectors, &[]) };
        let grouped = Grouped::new(method, &material, &*slicer);
        let of = &grouped.confirm;
        let share = |(row, k): (usize, usize)| of[row].membership.soft[k];
        out.of.push(Array2::from_shape_fn((of.len(), grouped.slices.len()), share));
        let fewest = fewest(fit.len());
        let members = |group| grouped.fit.iter().filter(|p| p.group() == Some(group)).count();
        out.worst = (0..grouped.slices.len())
            .filter(|&group| grouped.slices[group].tested && members(group) >= fewest)
            .collect();
    }
    Ok(out)
}

fn part(vectors: ArrayView2<'_, f32>, outcomes: &[Outcome]) -> Part {
    Part {
        samples: (0..vectors.nrows()).collect(),
        vectors: vectors.to_owned(),
        outcomes: outcomes.to_vec(),
    }
}

fn slicer(
    method: Method,
    options: &DiscoverOptions,
    seed: u64,
    class: &str,
    part: &Part,
    losses: &Array2<f64>,
) -> Result<Box<dyn Slicer>, String> {
    let losses = losses.view();
    let (attributes, clusters, standard) = (&[][..], None, None);
    let confirms = part.len();
    let fit = Fit { options, seed, class, attributes, part, confirms, clusters, standard, losses };
    method::fit(method, fit)
}

/// Fewest fitted images of a slice that is looked at.
fn fewest(fitted: usize) -> usize {
    (fitted * 4 / 100).max(8)
}

/// Slices that a method finds on `fit` (`losses` `[n, columns]`), on the images `judge`: from the lowest accuracy on `fit` to
/// the highest, without those that hold fewer than 4 % (or 8) of the fitted images, or of which nothing is claimed.
///
/// # Errors
/// Why the class can't be divided, in words.
pub fn slices_of(
    method: Method,
    options: &DiscoverOptions,
    seed: u64,
    class: &str,
    fit: &Images<'_>,
    losses: &Array2<f64>,
    judge: &Images<'_>,
) -> Result<Vec<Found>, String> {
    let material = Material {
        class: 0,
        fit: part(fit.vectors, &fit.outcomes),
        confirm: part(judge.vectors, &judge.outcomes),
    };
    let slicer = slicer(method, options, seed, class, &material.fit, losses)?;
    let grouped = Grouped::new(method, &material, &*slicer);
    let fewest = fewest(material.fit.len());
    let fitted = |group: usize| -> Vec<usize> {
        (0..grouped.fit.len()).filter(|&at| grouped.fit[at].group() == Some(group)).collect()
    };
    Ok((0..grouped.slices.len())
        .filter(|&group| grouped.slices[group].tested && fitted(group).len() >= fewest)
        .map(|group| {
            let members = grouped.members(group);
            let inside = |at: usize| grouped.confirm[at].group() == Some(group);
            let strength = |at: usize| grouped.confirm[at].membership.strength[group];
            let mut ranked: Vec<usize> = (0..grouped.confirm.len()).collect();
            ranked.sort_by(|&a, &b| {
                inside(b).cmp(&inside(a)).then(strength(b).total_cmp(&strength(a))).then(a.cmp(&b))
            });
            Found { members, fitted: fitted(group), ranked }
        })
        .collect())
}

//! A class divided by a method: its groups, worst first, and who belongs to them.

use super::{
    Method,
    material::{Material, Part},
    method::{Image, Membership, Slice, Slicer},
};

/// Where one image stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// One entry a group.
    pub(super) membership: Membership,
    /// On the map of the class.
    pub(super) plane: Option<[f64; 2]>,
}

impl Placed {
    /// Index of its group; `None` where it belongs to none.
    pub(super) fn group(&self) -> Option<usize> {
        self.membership.group
    }
}

/// One class under one method.
pub(super) struct Grouped {
    pub(super) method: Method,
    pub(super) class: usize,
    /// From the lowest accuracy in the fitting part to the highest; group `k` of files is entry `k - 1`.
    pub(super) slices: Vec<Slice>,
    pub(super) fit: Vec<Placed>,
    pub(super) confirm: Vec<Placed>,
    pub(super) notes: Vec<String>,
}

impl Grouped {
    /// Assigns every image of the class, and orders the slices by their accuracy in the fitting part.
    pub(super) fn new(method: Method, material: &Material, slicer: &dyn Slicer) -> Self {
        let placed = with_images(&material.fit, |image| {
            let placed = place(image, slicer);
            (slicer.ordering(image, &placed.membership), placed)
        });
        let (counted, mut fit): (Vec<Option<usize>>, Vec<Placed>) = placed.into_iter().unzip();
        let mut confirm = with_images(&material.confirm, |image| place(image, slicer));
        let count = slicer.slices().len();
        let mut hits = vec![(0_usize, 0_usize); count];
        for (group, outcome) in counted.into_iter().zip(&material.fit.outcomes) {
            if let Some(group) = group {
                hits[group].0 += usize::from(outcome.correct);
                hits[group].1 += 1;
            }
        }
        // Empty slices come last.
        let accuracy =
            |at: usize| if hits[at].1 == 0 { 2.0 } else { hits[at].0 as f64 / hits[at].1 as f64 };
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| accuracy(a).total_cmp(&accuracy(b)).then(a.cmp(&b)));
        for placed in fit.iter_mut().chain(&mut confirm) {
            let pick = |of: &[f64]| order.iter().map(|&at| of[at]).collect();
            placed.membership = Membership {
                soft: pick(&placed.membership.soft),
                strength: pick(&placed.membership.strength),
                group: placed.group().and_then(|g| order.iter().position(|&at| at == g)),
            };
        }
        let slices = order.iter().map(|&at| slicer.slices()[at].clone()).collect();
        Self { method, class: material.class, slices, fit, confirm, notes: slicer.notes() }
    }

    /// `METHOD/K` of a group.
    pub(super) fn name(&self, group: usize) -> String {
        format!("{}/{}", self.method, group + 1)
    }

    /// Positions in the confirming part of a group's members, the strongest first.
    pub(super) fn members(&self, group: usize) -> Vec<usize> {
        let placed = &self.confirm;
        let mut out: Vec<usize> =
            (0..placed.len()).filter(|&at| placed[at].group() == Some(group)).collect();
        let strength = |at: usize| placed[at].membership.strength[group];
        out.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)).then(a.cmp(&b)));
        out
    }
}

fn place(image: Image<'_>, slicer: &dyn Slicer) -> Placed {
    Placed { membership: slicer.membership(image), plane: slicer.plane(image.vector) }
}

/// What is made of every image of a part, in its order.
fn with_images<T>(part: &Part, of: impl Fn(Image<'_>) -> T) -> Vec<T> {
    let n = part.len().max(1) as f64;
    let mut centre = vec![0.0; part.vectors.ncols()];
    for row in part.vectors.outer_iter() {
        centre.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    centre.iter_mut().for_each(|sum| *sum /= n);
    let rows = part.vectors.outer_iter().zip(&part.samples);
    rows.map(|(vector, &sample)| {
        let vector =
            vector.to_slice().expect("rows of a matrix in standard order: by construction");
        of(Image { sample, vector, centre: &centre })
    })
    .collect()
}

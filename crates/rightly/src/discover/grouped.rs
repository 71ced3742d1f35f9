//! A class divided by a method: its groups, worst first, and who belongs to them.

use super::{
    material::{Material, Part},
    method::{Image, Membership, Slice, Slicer},
    options::Method,
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
        let mut fit = place(&material.fit, slicer);
        let mut confirm = place(&material.confirm, slicer);
        let count = slicer.slices().len();
        let mut hits = vec![(0_usize, 0_usize); count];
        for (placed, outcome) in fit.iter().zip(&material.fit.outcomes) {
            if let Some(group) = placed.group() {
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

fn place(part: &Part, slicer: &dyn Slicer) -> Vec<Placed> {
    let rows = part.vectors.outer_iter().zip(&part.samples);
    rows.map(|(vector, &sample)| {
        let vector =
            vector.to_slice().expect("rows of a matrix in standard order: by construction");
        let membership = slicer.membership(Image { sample, vector });
        Placed { membership, plane: slicer.plane(vector) }
    })
    .collect()
}

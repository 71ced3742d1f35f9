//! Pictures of a pool that are nearest to a group, and what their captions say (DIM, Zhang et al., CVPR 2024).
//!
//! ```text
//! normalise(class ± direction) ─► nearest pictures of the pool ─► their captions ─► phrases of one pole against the other
//! ```
//! The direction is the one that discovery found, where it looked in the model's own space, else the contrast of the group's mean
//! embedding with that of the rest of its class. What the captions say is only proposed: the phrases are scored on the group's own pictures and tested on others, as those of a list are.

mod directions;
mod retrieved;
mod source;

use std::collections::BTreeMap;

use ndarray::Array2;
use rightly_model::{Captioner, text::image_text::unit};

use super::{
    bank::{Phrase, Space},
    captions::{self, Index},
    pictures::Pass,
    unnamed::{Side, Subject},
};
use crate::{Error, Inputs};
use directions::Directions;
pub(super) use retrieved::{RETRIEVED, Retrieved, write};
pub(super) use source::Pool;

/// Pictures that are retrieved for each pole of a group.
const NEAREST: usize = 50;
/// Queries of one pass over the pool.
const QUERIES: usize = 64;

/// The two poles of a group: the class plus its direction, and minus it.
const POLES: [f32; 2] = [1.0, -1.0];

/// The pictures nearest to both poles of every subject that has a direction; with how many pictures of the pool have none.
///
/// # Errors
/// A text can't be embedded; the pool is of another encoder; it can't be read; it was stopped.
pub(super) fn retrieve(
    pool: &Pool,
    space: &Space,
    subjects: &[Subject],
    captioner: Option<&Captioner>,
    pass: &Pass<'_>,
) -> Result<(Vec<Retrieved>, usize), Error> {
    let mut queries = Vec::new();
    let mut classes = BTreeMap::<usize, Vec<f32>>::new();
    let directions = Directions::of_run(space, pass)?;
    for (at, subject) in subjects.iter().enumerate() {
        let class = &pass.inputs.dataset.classes[subject.class];
        let Some(direction) = directions.of(class, subject, space) else { continue };
        if let std::collections::btree_map::Entry::Vacant(entry) = classes.entry(subject.class) {
            entry.insert(space.class(class, pass)?);
        }
        for pole in POLES {
            let sum: Vec<f32> = classes[&subject.class]
                .iter()
                .zip(&direction)
                .map(|(class, along)| class + pole * along)
                .collect();
            queries.extend(unit(&sum).map(|query| (at, pole, query)));
        }
    }
    let mut out = Vec::new();
    let mut left_out = 0;
    for some in queries.chunks(QUERIES) {
        let values: Vec<f32> = some.iter().flat_map(|(_, _, query)| query).copied().collect();
        let matrix = Array2::from_shape_vec((some.len(), space.dim()), values)
            .map_err(|error| Error::Usage(error.to_string()))?;
        let found = pool.nearest(matrix.view(), NEAREST, pass)?;
        left_out = found.left_out;
        for ((subject, pole, _), hits) in some.iter().zip(found.hits) {
            out.push(Retrieved { subject: *subject, pole: *pole, hits, entries: Vec::new() });
        }
    }
    let mut rows: Vec<usize> = out.iter().flat_map(|r| r.hits.iter().map(|hit| hit.row)).collect();
    rows.sort_unstable();
    rows.dedup();
    let entries = pool.entries(&rows, captioner, pass)?;
    for found in &mut out {
        let at = |row| rows.binary_search(&row).ok().map(|at| entries[at].clone());
        found.entries = found.hits.iter().filter_map(|hit| at(hit.row)).collect();
    }
    Ok((out, left_out))
}

/// What is said of the pictures at the group's pole and not of those at the other, by subject.
pub(super) fn phrases(
    inputs: &Inputs,
    subjects: &[Subject],
    retrieved: &[Retrieved],
) -> BTreeMap<usize, Vec<Phrase>> {
    let mut out = BTreeMap::new();
    for (at, subject) in subjects.iter().enumerate() {
        let own: Vec<(bool, &Vec<String>)> = retrieved
            .iter()
            .filter(|found| found.subject == at)
            .flat_map(|found| found.entries.iter().map(|entry| (found.pole > 0.0, &entry.captions)))
            .filter(|(_, captions)| !captions.is_empty())
            .collect();
        let class = &inputs.dataset.classes[subject.class];
        let index = Index::new(class, own.iter().enumerate().map(|(i, c)| (i, c.1.as_slice())));
        let side = Side {
            images: (0..own.len()).collect(),
            inside: own.iter().map(|c| c.0).collect(),
            ..Side::default()
        };
        let poles = Subject { fit: side, confirm: Side::default(), ..subject.clone() };
        let said = captions::candidates(&index, &poles);
        let parts = said.into_iter().filter(|c| c.rises).flat_map(|c| c.parts);
        out.insert(at, parts.map(|part| Phrase::new(&part.text, part.form)).collect());
    }
    out
}

//! Tables of the stage.

use arrow_array::RecordBatch;
use rightly_data::{DataError, table::Columns};

use super::{
    Method,
    assignment::{Grouped, Placed},
    material::Material,
    method::Slice,
};
use crate::{Error, Inputs, RunDir, run::GrowingTable};

/// `discover/groups.parquet`: id, class, method, group (1 is the worst; null where the image belongs to none), soft
/// (shares of all groups), part (`fit` or `confirm`), strength (orders the members of a group), and x, y: its place on the
/// map of its class (null where the method has none).
///
/// `discover/directions.parquet`: class, method, component, pole, vector (unit length, in the features' own space), group
/// (null where they were fitted on more images than the groups).
///
/// Both are there after every run, without rows where there is nothing to say.
pub(super) struct Tables {
    groups: GrowingTable,
    directions: GrowingTable,
}

/// One image under one method.
type Row<'a> = (&'static str, usize, &'a Placed);

impl Tables {
    pub(super) fn new(inputs: &Inputs, run: &RunDir) -> Result<Self, Error> {
        let mut out = Self { groups: run.table(GROUPS), directions: run.table(DIRECTIONS) };
        out.groups.add(&group_rows(inputs, "", "", &[])?)?;
        out.directions.add(&direction_rows("", "", &[], false)?)?;
        Ok(out)
    }

    /// Adds the images of a class under one method.
    pub(super) fn groups(
        &mut self,
        inputs: &Inputs,
        material: &Material,
        grouped: &Grouped,
    ) -> Result<(), Error> {
        let part = |name: &'static str, samples: &[usize], placed| -> Vec<Row<'_>> {
            samples.iter().zip::<&[Placed]>(placed).map(|(&s, p)| (name, s, p)).collect()
        };
        let mut rows = part("fit", &material.fit.samples, &grouped.fit);
        rows.extend(part("confirm", &material.confirm.samples, &grouped.confirm));
        rows.sort_by_key(|row| row.1);
        let class = &inputs.dataset.classes[material.class];
        self.groups.add(&group_rows(inputs, class, grouped.method.name(), &rows)?)
    }

    /// Adds the directions of a class under one method; `of_groups` says whether they are those of the groups.
    pub(super) fn directions(
        &mut self,
        class: &str,
        method: Method,
        slices: &[Slice],
        of_groups: bool,
    ) -> Result<(), Error> {
        self.directions.add(&direction_rows(class, method.name(), slices, of_groups)?)
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        self.groups.finish()?;
        self.directions.finish()
    }
}

fn group_rows(
    inputs: &Inputs,
    class: &str,
    method: &str,
    rows: &[Row<'_>],
) -> Result<RecordBatch, DataError> {
    let soft: Vec<Vec<f32>> =
        rows.iter().map(|r| r.2.membership.soft.iter().map(|&v| v as f32).collect()).collect();
    let strength = |placed: &Placed| placed.group().map(|group| placed.membership.strength[group]);
    Columns::new()
        .utf8("id", rows.iter().map(|r| inputs.dataset.samples[r.1].id.as_str()))
        .utf8("class", rows.iter().map(|_| class))
        .utf8("method", rows.iter().map(|_| method))
        .i64_opt("group", rows.iter().map(|r| r.2.group().map(|g| g as i64 + 1)))
        .list_f32("soft", soft.iter())
        .utf8("part", rows.iter().map(|r| r.0))
        .f64_opt("strength", rows.iter().map(|r| strength(r.2)))
        .f64_opt("x", rows.iter().map(|r| r.2.plane.map(|p| p[0])))
        .f64_opt("y", rows.iter().map(|r| r.2.plane.map(|p| p[1])))
        .batch()
}

fn direction_rows(
    class: &str,
    method: &str,
    slices: &[Slice],
    of_groups: bool,
) -> Result<RecordBatch, DataError> {
    let rows: Vec<(usize, &Slice)> =
        slices.iter().enumerate().filter(|(_, s)| !s.direction.is_empty()).collect();
    Columns::new()
        .utf8("class", rows.iter().map(|_| class))
        .utf8("method", rows.iter().map(|_| method))
        .i64("component", rows.iter().map(|r| r.1.component as i64))
        .utf8("pole", rows.iter().map(|r| r.1.pole.name()))
        .list_f32("vector", rows.iter().map(|r| &r.1.direction))
        .i64_opt("group", rows.iter().map(|r| of_groups.then_some(r.0 as i64 + 1)))
        .batch()
}

/// Where every image stands.
pub(crate) const GROUPS: &str = "discover/groups.parquet";
/// The directions.
pub(crate) const DIRECTIONS: &str = "discover/directions.parquet";

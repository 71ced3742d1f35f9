//! Tables of the stage.

use rightly_data::table::Columns;

use super::{
    grouped::{Grouped, Placed},
    material::Material,
};
use crate::{Error, Inputs, RunDir, run::GrowingTable};

/// `discover/groups.parquet`: id, class, method, group (1 is the worst; null where the image belongs to none), soft
/// (shares of all groups), part (`fit` or `confirm`), strength (orders the members of a group), and x, y: its place on the
/// map of its class (null where the method has none).
///
/// `discover/directions.parquet`: class, method, component, pole, vector (unit length, in the features' own space), group.
pub(super) struct Tables {
    groups: GrowingTable,
    directions: GrowingTable,
}

impl Tables {
    pub(super) fn new(run: &RunDir) -> Self {
        Self {
            groups: GrowingTable::new(run.path(GROUPS)),
            directions: GrowingTable::new(run.path(DIRECTIONS)),
        }
    }

    /// Adds the images of a class under one method.
    pub(super) fn groups(
        &mut self,
        inputs: &Inputs,
        material: &Material,
        grouped: &Grouped,
    ) -> Result<(), Error> {
        let part = |part: &'static str, samples: &[usize], placed: &[Placed]| {
            let rows = samples.iter().zip(placed).map(|(&s, p)| (part, s, p.clone()));
            rows.collect::<Vec<_>>()
        };
        let mut rows = part("fit", &material.fit.samples, &grouped.fit);
        rows.extend(part("confirm", &material.confirm.samples, &grouped.confirm));
        rows.sort_by_key(|row| row.1);
        let soft: Vec<Vec<f32>> =
            rows.iter().map(|r| r.2.membership.soft.iter().map(|&v| v as f32).collect()).collect();
        let strength =
            |placed: &Placed| placed.group().map(|group| placed.membership.strength[group]);
        self.groups.add(
            &Columns::new()
                .utf8("id", rows.iter().map(|r| inputs.dataset.samples[r.1].id.as_str()))
                .utf8("class", rows.iter().map(|_| &inputs.dataset.classes[material.class]))
                .utf8("method", rows.iter().map(|_| grouped.method.name()))
                .i64_opt("group", rows.iter().map(|r| r.2.group().map(|g| g as i64 + 1)))
                .list_f32("soft", soft.iter())
                .utf8("part", rows.iter().map(|r| r.0))
                .f64_opt("strength", rows.iter().map(|r| strength(&r.2)))
                .f64_opt("x", rows.iter().map(|r| r.2.plane.map(|p| p[0])))
                .f64_opt("y", rows.iter().map(|r| r.2.plane.map(|p| p[1])))
                .batch()?,
        )
    }

    /// Adds the directions of a class under one method.
    pub(super) fn directions(&mut self, inputs: &Inputs, grouped: &Grouped) -> Result<(), Error> {
        let rows: Vec<_> =
            grouped.slices.iter().enumerate().filter(|(_, s)| !s.direction.is_empty()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.directions.add(
            &Columns::new()
                .utf8("class", rows.iter().map(|_| &inputs.dataset.classes[grouped.class]))
                .utf8("method", rows.iter().map(|_| grouped.method.name()))
                .i64("component", rows.iter().map(|r| r.1.component as i64))
                .utf8("pole", rows.iter().map(|r| r.1.pole.name()))
                .list_f32("vector", rows.iter().map(|r| &r.1.direction))
                .i64("group", rows.iter().map(|r| r.0 as i64 + 1))
                .batch()?,
        )
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        self.groups.finish()?;
        self.directions.finish()
    }
}

/// Where every image stands.
pub(super) const GROUPS: &str = "discover/groups.parquet";
/// The directions.
pub(super) const DIRECTIONS: &str = "discover/directions.parquet";

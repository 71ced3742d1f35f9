//! `mitigate/groups.parquet`: the groups of every image that a repair used, for whoever trains elsewhere.

use rightly_data::table::Columns;

use super::{
    grouping::{Grouping, domains},
    material::Material,
};
use crate::{Error, Inputs, RunDir};

/// id, class, part (`train`, `held-out`, `report`), group (its name; null where the image is in none), index (of the
/// group, over all classes), groups and shares (lists: the soft label, indices and shares of sum 1), domains (as groups;
/// groups of one name have the same in every class).
pub(super) const GROUPS: &str = "mitigate/groups.parquet";

pub(super) fn write_groups(
    inputs: &Inputs,
    run: &RunDir,
    grouping: &Grouping,
    material: &Material,
) -> Result<(), Error> {
    let parts = ["train", "held-out", "report"];
    let mut rows = Vec::new();
    for (part, own) in parts.iter().zip(material.parts()) {
        for sample in &own.samples {
            if let Some(member) = grouping.members.get(sample) {
                rows.push((*part, &inputs.dataset.samples[*sample], member));
            }
        }
    }
    let (domains, _) = domains(&grouping.groups);
    let batch = Columns::new()
        .utf8("id", rows.iter().map(|r| r.1.id.as_str()))
        .utf8("class", rows.iter().map(|r| inputs.dataset.classes[r.1.class].as_str()))
        .utf8("part", rows.iter().map(|r| r.0))
        .utf8_opt("group", rows.iter().map(|r| grouping.groups[r.2.group].name.as_deref()))
        .i64("index", rows.iter().map(|r| r.2.group as i64))
        .list_i64("groups", rows.iter().map(|r| r.2.soft.iter().map(|s| s.0 as i64)))
        .list_f32("shares", rows.iter().map(|r| r.2.soft.iter().map(|s| s.1).collect::<Vec<_>>()))
        .list_i64("domains", rows.iter().map(|r| r.2.soft.iter().map(|s| domains[s.0] as i64)))
        .batch()?;
    run.write_table(GROUPS, &batch)
}

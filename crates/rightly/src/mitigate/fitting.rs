//! One head, trained as a repair asks.

use std::{cmp::Reverse, collections::BTreeMap};

use rightly_model::{
    ModelError,
    heads::{
        Features, Head, Standard,
        robust::{self, Cues, Groups, Recipe},
    },
};

use super::{
    Repair,
    choose::{FEWEST, Trainer},
    grouping::{Member, hard, shares},
    material::{Rows, by_class},
    prepared::Prepared,
};
use crate::Error;

/// Images of either end of a class's ranking by which `lowest-spuriosity` sees its gap.
const CHECKED: usize = 25;
impl Trainer<'_> {
    /// Trains a head on standardised rows and gives it for features as they are.
    pub(super) fn fit(
        &self,
        repair: Repair,
        recipe: &Recipe,
        rows: &Rows,
        members: &[&Member],
        observe: &mut dyn FnMut(usize, &Head, &Standard) -> Result<(), ModelError>,
    ) -> Result<Head, Error> {
        let prepared = Prepared::new(repair, rows, self.known)?;
        let count = self.grouping.groups.len();
        let groups = match repair {
            Repair::Dim | Repair::RwgSoft | Repair::DiSoft => Some(shares(members, count)?),
            Repair::GroupDro => Some(hard(members, count)?),
            // It draws as many rows of each group as the smallest has.
            Repair::Dfr => Some(Groups::hard(&merged(members, &rows.labels), count)?),
            _ => None,
        };
        let start = self.target.start(self.own)?.standardised(&prepared.standard);
        let check = match repair {
            Repair::LowestSpuriosity => Some(prepared.standardised(self.held.values.view())),
            _ => None,
        };
        let strength = |sample| self.known.spuriosity.get(sample).copied().unwrap_or(0.0);
        let check_spuriosity: Vec<f64> = self.held.samples.iter().map(strength).collect();
        let features =
            |values, labels| Features { values, labels, weights: None, classes: self.classes };
        let cues = check.as_ref().map(|check| Cues {
            spuriosity: &prepared.spuriosity,
            check: features(check.view(), &self.held.labels),
            check_spuriosity: &check_spuriosity,
            check_images: CHECKED,
        });
        let material = robust::Material {
            groups: groups.as_ref(),
            start: Some(&start),
            cues,
            objects: prepared.objects(),
            features: Features {
                weights: prepared.weights.as_deref(),
                ..features(prepared.values.view(), &prepared.labels)
            },
        };
        let standard = &prepared.standard;
        let trained =
            recipe.train_observed(&material, |epoch, head| observe(epoch, head, standard))?;
        Ok(trained.head.raw(standard))
    }
}

/// The group of each row; those of fewer than [`FEWEST`] rows are taken into the largest of their class.
fn merged(members: &[&Member], labels: &[usize]) -> Vec<usize> {
    let mut out: Vec<usize> = members.iter().map(|member| member.group).collect();
    for rows in by_class(labels).into_values() {
        let mut sizes = BTreeMap::<usize, usize>::new();
        rows.iter().for_each(|&row| *sizes.entry(out[row]).or_default() += 1);
        let largest = sizes.iter().max_by_key(|(group, size)| (**size, Reverse(**group)));
        let Some((&largest, _)) = largest else { continue };
        for row in rows {
            if (sizes[&out[row]] as f64) < FEWEST {
                out[row] = largest;
            }
        }
    }
    out
}

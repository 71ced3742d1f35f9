//! One head, trained as a repair asks.

use std::{cmp::Reverse, collections::BTreeMap};

use ndarray::Array2;
use rightly_model::{
    ModelError,
    heads::{
        Features, Head, Standard,
        robust::{self, Cues, Groups, HeadTraining},
    },
};

use super::{
    Repair,
    grouping::{Member, domains, hard, shares},
    material::{Rows, by_class},
    model_selection::{FEWEST, Trainer},
    training_rows::Prepared,
};
use crate::Error;

/// Images of either end of a class's ranking by which `lowest-spuriosity` sees its gap.
const CHECKED: usize = 25;

/// Everything that heads of a repair are trained with on some rows, whatever the setting.
pub(super) struct Fitting<'a> {
    prepared: Prepared,
    groups: Option<Groups>,
    /// The model's own head on these features.
    start: Head,
    /// Held-out features and their spuriosity, by which `lowest-spuriosity` sees its gap.
    check: Option<(Array2<f32>, Vec<f64>)>,
    labels: &'a [usize],
    classes: usize,
}

impl Trainer<'_> {
    /// Brings rows into the form that a repair trains on.
    ///
    /// # Errors
    /// No row is left.
    pub(super) fn fitting(
        &self,
        repair: Repair,
        rows: &Rows,
        members: &[&Member],
    ) -> Result<Fitting<'_>, Error> {
        let prepared = Prepared::new(repair, rows, self.known)?;
        let count = self.grouping.groups.len();
        let groups = match repair {
            Repair::Dim | Repair::RwgSoft => Some(shares(members, count)?),
            Repair::DiSoft => {
                let (domains, count_of) = domains(&self.grouping.groups);
                Some(shares(members, count)?.joined(&domains, count_of)?)
            }
            Repair::GroupDro => Some(hard(members, count)?),
            // It draws as many rows of each group as the smallest has.
            Repair::Dfr => Some(Groups::hard(&merged(members, &rows.labels), count)?),
            _ => None,
        };
        let strength = |sample| self.known.spuriosity.get(sample).copied().unwrap_or(0.0);
        let check = (repair == Repair::LowestSpuriosity).then(|| {
            let mut values = self.held.values.clone();
            prepared.standard.apply(values.view_mut());
            (values, self.held.samples.iter().map(strength).collect())
        });
        let start = self.target.start(self.own)?.standardised(&prepared.standard);
        Ok(Fitting {
            prepared,
            groups,
            start,
            check,
            labels: &self.held.labels,
            classes: self.classes,
        })
    }
}

impl Fitting<'_> {
    /// What brought the features to mean 0 and deviation 1.
    pub(super) fn standard(&self) -> &Standard {
        &self.prepared.standard
    }

    /// Trains a head; `observe` sees it on standardised features, what comes back takes features as they are.
    ///
    /// # Errors
    /// As [`HeadTraining::train_observed`].
    pub(super) fn fit(
        &self,
        recipe: &HeadTraining,
        observe: &mut dyn FnMut(usize, &Head) -> Result<(), ModelError>,
    ) -> Result<Head, Error> {
        let prepared = &self.prepared;
        let features =
            |values, labels| Features { values, labels, weights: None, classes: self.classes };
        let cues = self.check.as_ref().map(|(values, spuriosity)| Cues {
            spuriosity: &prepared.spuriosity,
            check: features(values.view(), self.labels),
            check_spuriosity: spuriosity,
            check_images: CHECKED,
        });
        let material = robust::TrainingData {
            groups: self.groups.as_ref(),
            start: Some(&self.start),
            cues,
            objects: prepared.objects(),
            features: Features {
                weights: prepared.weights.as_deref(),
                ..features(prepared.values.view(), &prepared.labels)
            },
        };
        let trained = recipe.train_observed(&material, observe)?;
        Ok(trained.head.raw(&prepared.standard))
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

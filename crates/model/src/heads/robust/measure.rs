//! How right a head is, group by group.
use super::groups::Groups;
use crate::ModelError;
use ndarray::{ArrayView1, ArrayView2};

/// Accuracy of the rows of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupAccuracy {
    /// Rows: the sum of their shares.
    pub size: f64,
    /// Share of right rows, 0 to 1, weighted by membership; none where the group has no rows.
    pub accuracy: Option<f64>,
}

/// Accuracy over all rows and over each group.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Share of right rows, 0 to 1.
    pub accuracy: f64,
    /// Each group's.
    pub groups: Vec<GroupAccuracy>,
    /// The group of the lowest accuracy among those large enough (the first of equals); none where no group is.
    pub worst: Option<usize>,
}

impl Measure {
    /// Of logits `[n, classes]`; groups of fewer than `least` rows are never the worst. A row is right where its label's
    /// logit is the largest (the first of equals); one with a logit that is not a number is wrong.
    ///
    /// # Errors
    /// [`ModelError::Head`] where there are no rows, sizes do not fit or a label has no logit.
    pub fn of(
        logits: ArrayView2<'_, f32>,
        labels: &[usize],
        groups: &Groups,
        least: f64,
    ) -> Result<Self, ModelError> {
        let (n, classes) = logits.dim();
        if n == 0 || labels.len() != n || groups.rows() != n {
            return Err(ModelError::Head(format!(
                "logits of {n} rows with {} labels and groups of {} rows",
                labels.len(),
                groups.rows()
            )));
        }
        if let Some(label) = labels.iter().find(|label| **label >= classes) {
            return Err(ModelError::Head(format!("label {label} with {classes} logits")));
        }
        let mut right = 0_usize;
        let mut hits = vec![0.0; groups.count()];
        for (row, (logits, &label)) in logits.rows().into_iter().zip(labels).enumerate() {
            if predicted(logits) == Some(label) {
                right += 1;
                for &(group, share) in groups.of(row) {
                    hits[group] += f64::from(share);
                }
            }
        }
        let groups: Vec<GroupAccuracy> = groups
            .sizes()
            .iter()
            .zip(hits)
            .map(|(&size, hits)| GroupAccuracy {
                size,
                accuracy: (size > 0.0).then(|| hits / size),
            })
            .collect();
        let mut worst: Option<(usize, f64)> = None;
        for (at, group) in groups.iter().enumerate() {
            if let Some(accuracy) = group.accuracy
                && group.size >= least
                && worst.is_none_or(|(_, lowest)| accuracy < lowest)
            {
                worst = Some((at, accuracy));
            }
        }
        let worst = worst.map(|(at, _)| at);
        Ok(Self { accuracy: right as f64 / n as f64, groups, worst })
    }

    /// Accuracy of the worst group; none where no group is large enough.
    #[must_use]
    pub fn worst_group(&self) -> Option<f64> {
        self.groups.get(self.worst?)?.accuracy
    }
}

/// The class of the largest logit, the first of equals; none where one is not a number.
pub(super) fn predicted(logits: ArrayView1<'_, f32>) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (class, &logit) in logits.iter().enumerate() {
        if logit.is_nan() {
            return None;
        }
        if best.is_none_or(|(_, largest)| logit > largest) {
            best = Some((class, logit));
        }
    }
    best.map(|(class, _)| class)
}

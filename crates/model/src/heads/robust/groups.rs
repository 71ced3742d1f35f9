//! Which rows belong to which group, wholly or in part.
use crate::ModelError;
use ndarray::ArrayView2;

/// Membership of rows in groups: each row has shares that add up to 1.
///
/// Hard groups are the case of one share of 1. Stored by row without the zeros, so that the groups of many classes take
/// no more room than those of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    count: usize,
    /// Where each row's shares begin; one more than rows.
    starts: Vec<usize>,
    shares: Vec<(usize, f32)>,
    sizes: Vec<f64>,
}

impl Groups {
    /// Each row in one group, `of[row]` below `count`. A group may have no rows.
    ///
    /// # Errors
    /// [`ModelError::Head`] where a group is not below `count`.
    pub fn hard(of: &[usize], count: usize) -> Result<Self, ModelError> {
        if let Some(row) = of.iter().position(|&group| group >= count) {
            return Err(bad(format!("row {row} is in group {}, expected below {count}", of[row])));
        }
        Ok(Self::new(count, of.len(), of.iter().map(|&group| vec![(group, 1.0)])))
    }

    /// Soft labels `[n, groups]`, 0 or more; each row is brought to a sum of 1.
    ///
    /// # Errors
    /// [`ModelError::Head`] where a value is negative or not finite, or a row has nothing but zeros.
    pub fn soft(labels: ArrayView2<'_, f32>) -> Result<Self, ModelError> {
        let rows = soft_rows(labels, |_| 0)?;
        Ok(Self::new(labels.ncols(), labels.nrows(), rows))
    }

    /// Soft labels `[n, k]` among the `k` subgroups of each row's own class: group `class * k + subgroup` of
    /// `classes * k`, as where components are found class by class (DIM, Zhang et al. 2024).
    ///
    /// # Errors
    /// As [`Groups::soft`]; where `classes` (of rows) has another length or a class is not below `count`.
    pub fn soft_within_classes(
        labels: ArrayView2<'_, f32>,
        classes: &[usize],
        count: usize,
    ) -> Result<Self, ModelError> {
        let (n, k) = labels.dim();
        if classes.len() != n {
            return Err(bad(format!("soft labels of {n} rows with {} classes", classes.len())));
        }
        if let Some(row) = classes.iter().position(|&class| class >= count) {
            return Err(bad(format!(
                "row {row} has class {}, expected below {count}",
                classes[row]
            )));
        }
        let rows = soft_rows(labels, |row| classes[row] * k)?;
        Ok(Self::new(count * k, n, rows))
    }

    /// Shares of each row in some of `count` groups, 0 or more; each row is brought to a sum of 1.
    ///
    /// # Errors
    /// [`ModelError::Head`] where a group is not below `count`, a share is negative or not finite, or those of a row are
    /// all 0.
    pub fn sparse<'a>(
        rows: impl IntoIterator<Item = &'a [(usize, f32)]>,
        count: usize,
    ) -> Result<Self, ModelError> {
        let mut out = Vec::new();
        for (row, shares) in rows.into_iter().enumerate() {
            if let Some((group, _)) = shares.iter().find(|(group, _)| *group >= count) {
                return Err(bad(format!("row {row} is in group {group}, expected below {count}")));
            }
            if let Some((_, value)) = shares.iter().find(|(_, v)| !(v.is_finite() && *v >= 0.0)) {
                return Err(bad(format!("row {row} has a share of {value}, expected 0 or more")));
            }
            let sum: f64 = shares.iter().map(|&(_, share)| f64::from(share)).sum();
            if sum <= 0.0 {
                return Err(bad(format!("row {row} belongs to no group: its shares are all 0")));
            }
            let kept = shares.iter().filter(|(_, share)| *share > 0.0);
            out.push(kept.map(|&(g, s)| (g, (f64::from(s) / sum) as f32)).collect());
        }
        Ok(Self::new(count, out.len(), out))
    }

    fn new(count: usize, n: usize, rows: impl IntoIterator<Item = Vec<(usize, f32)>>) -> Self {
        let (mut starts, mut shares) = (Vec::with_capacity(n + 1), Vec::with_capacity(n));
        let mut sizes = vec![0.0; count];
        starts.push(0);
        for row in rows {
            for &(group, share) in &row {
                sizes[group] += f64::from(share);
            }
            shares.extend(row);
            starts.push(shares.len());
        }
        Self { count, starts, shares, sizes }
    }

    /// The membership of some rows, in their order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let rows_of = rows.iter().map(|&row| self.of(row).to_vec());
        Self::new(self.count, rows.len(), rows_of)
    }

    /// The same rows in fewer groups: group `k` becomes a part of `into[k]`, of `count`.
    ///
    /// # Errors
    /// [`ModelError::Head`] where `into` has another length than there are groups, or a number not below `count`.
    pub fn joined(&self, into: &[usize], count: usize) -> Result<Self, ModelError> {
        if into.len() != self.count {
            return Err(bad(format!("{} groups joined by {} numbers", self.count, into.len())));
        }
        if let Some(group) = into.iter().position(|&domain| domain >= count) {
            return Err(bad(format!(
                "group {group} is joined into {}, expected below {count}",
                into[group]
            )));
        }
        let row = |row: usize| {
            let mut own: Vec<(usize, f32)> = Vec::new();
            for &(group, share) in self.of(row) {
                match own.iter_mut().find(|(domain, _)| *domain == into[group]) {
                    Some((_, sum)) => *sum += share,
                    None => own.push((into[group], share)),
                }
            }
            own
        };
        Ok(Self::new(count, self.rows(), (0..self.rows()).map(row)))
    }

    /// The same rows without the groups that no row is in; the others keep their order.
    #[must_use]
    pub fn present(&self) -> Self {
        let mut place = vec![0; self.count];
        let mut count = 0;
        for (place, size) in place.iter_mut().zip(&self.sizes) {
            *place = count;
            count += usize::from(*size > 0.0);
        }
        let row = |row: usize| self.of(row).iter().map(|&(group, s)| (place[group], s)).collect();
        Self::new(count, self.rows(), (0..self.rows()).map(row))
    }

    /// Number of groups.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Rows of each group: the sums of their shares.
    #[must_use]
    pub fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// Groups of a row with their shares; none where there is no such row.
    #[must_use]
    pub fn of(&self, row: usize) -> &[(usize, f32)] {
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(&from), Some(&to)) => &self.shares[from..to],
            _ => &[],
        }
    }

    /// Whether every row is in one group.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.starts.windows(2).all(|pair| pair[1] - pair[0] == 1)
    }

    /// Each row's group of the largest share (the first of equals).
    #[must_use]
    pub fn largest(&self) -> Vec<usize> {
        let first_largest = |row: &[(usize, f32)]| {
            let mut best = (0, f32::NEG_INFINITY);
            for &(group, share) in row {
                if share > best.1 {
                    best = (group, share);
                }
            }
            best.0
        };
        (0..self.rows()).map(|row| first_largest(self.of(row))).collect()
    }

    /// What drawing rows in proportion to gives each group the same weight: soft label x (n / size of the group), summed
    /// over groups, of `n` rows. With hard groups it is n / size of the row's group (Sagawa et al. 2020's
    /// `reweight_groups`), with soft ones DIM's `rwg_soft`.
    #[must_use]
    pub fn balancing(&self) -> Vec<f64> {
        let n = self.rows() as f64;
        let weight = |row: usize| {
            let shares = self.of(row).iter();
            shares.map(|&(group, share)| f64::from(share) * n / self.sizes[group]).sum()
        };
        (0..self.rows()).map(weight).collect()
    }
}

/// The shares of each row that are not 0, brought to a sum of 1; `offset` is the first group of a row.
fn soft_rows(
    labels: ArrayView2<'_, f32>,
    offset: impl Fn(usize) -> usize,
) -> Result<Vec<Vec<(usize, f32)>>, ModelError> {
    let mut out = Vec::with_capacity(labels.nrows());
    for (row, values) in labels.rows().into_iter().enumerate() {
        if let Some(value) = values.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
            return Err(bad(format!("row {row} has a soft label of {value}, expected 0 or more")));
        }
        let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
        if sum <= 0.0 {
            return Err(bad(format!("row {row} belongs to no group: its soft labels are all 0")));
        }
        let shares = values.iter().enumerate().filter(|(_, value)| **value > 0.0);
        let first = offset(row);
        out.push(
            shares
                .map(|(group, &value)| (first + group, (f64::from(value) / sum) as f32))
                .collect(),
        );
    }
    Ok(out)
}

fn bad(message: String) -> ModelError {
    ModelError::Head(message)
}

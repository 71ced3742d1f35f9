//! GroupDRO's objective, of hard or soft groups.
use super::groups::Groups;
#[cfg(doc)]
use super::method::Method;
use crate::ModelError;
use crate::heads::step::{Mean, Objective, weighted};

/// The mean of the groups' losses, weighted towards the groups of high loss by exponentiated gradient ascent (Sagawa et
/// al. 2020, algorithm 1).
///
/// The loss of a group is the mean of its rows' losses weighted by their shares in it; a group that has no part in a step
/// counts as a loss of 0 there, as in the reference implementation and in DIM's. A group without any row in the data
/// takes no part at all.
pub(super) struct Dro<'a> {
    groups: &'a Groups,
    weights: Mean<'a>,
    eta: f64,
    /// Added to each group's loss when `q` is updated.
    adjustment: Vec<f64>,
    /// Weight of each group, of sum 1.
    q: Vec<f64>,
    /// `q` after each epoch.
    pub(super) record: Vec<Vec<f64>>,
}

impl<'a> Dro<'a> {
    pub(super) fn new(
        groups: &'a Groups,
        weights: Option<&'a [f32]>,
        eta: f64,
        adjustment: f64,
    ) -> Self {
        let present = groups.sizes().iter().filter(|size| **size > 0.0).count().max(1) as f64;
        let of_size = |value: f64| move |size: &f64| if *size > 0.0 { value } else { 0.0 };
        Self {
            groups,
            weights: Mean(weights),
            eta,
            adjustment: groups
                .sizes()
                .iter()
                .map(|size| if *size > 0.0 { adjustment / size.sqrt() } else { 0.0 })
                .collect(),
            q: groups.sizes().iter().map(of_size(1.0 / present)).collect(),
            record: Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn q(&self) -> &[f64] {
        &self.q
    }
}

impl Objective for Dro<'_> {
    fn shares(&mut self, rows: &[usize], losses: &[f64]) -> Vec<f64> {
        let rule = Rule { groups: self.groups, eta: self.eta, adjustment: &self.adjustment };
        rule.step(&self.weights, &mut self.q, rows, losses)
    }

    fn epoch_ends(&mut self) {
        self.record.push(self.q.clone());
    }
}

/// What decides a step of the groups' weights.
struct Rule<'a> {
    groups: &'a Groups,
    eta: f64,
    adjustment: &'a [f64],
}

impl Rule<'_> {
    /// Moves the groups' weights by the losses of some rows, and gives the weight of each row in the loss.
    fn step(
        &self,
        weights: &Mean<'_>,
        q: &mut Vec<f64>,
        rows: &[usize],
        losses: &[f64],
    ) -> Vec<f64> {
        let count = self.groups.count();
        let (mut mass, mut loss) = (vec![0.0; count], vec![0.0; count]);
        for (&row, &own) in rows.iter().zip(losses) {
            for &(group, share) in self.groups.of(row) {
                let part = f64::from(share) * weights.weight(row);
                mass[group] += part;
                loss[group] += weighted(part, own);
            }
        }
        let risen: Vec<f64> = (0..count)
            .map(|group| {
                let loss = if mass[group] > 0.0 { loss[group] / mass[group] } else { 0.0 };
                self.eta * (loss + self.adjustment[group])
            })
            .collect();
        // The largest exponent is taken off all of them, which the normalisation undoes.
        let largest = risen.iter().copied().fold(0.0, f64::max);
        if largest.is_finite() {
            let grown: Vec<f64> =
                q.iter().zip(&risen).map(|(q, rise)| q * (rise - largest).exp()).collect();
            let sum: f64 = grown.iter().sum();
            if sum > 0.0 {
                *q = grown.into_iter().map(|q| q / sum).collect();
            }
        }
        let share_of = |row: usize| {
            let shares = self.groups.of(row).iter().filter(|(group, _)| mass[*group] > 0.0);
            let sum: f64 = shares.map(|&(group, s)| q[group] * f64::from(s) / mass[group]).sum();
            sum * weights.weight(row)
        };
        rows.iter().map(|&row| share_of(row)).collect()
    }
}

/// GroupDRO's weights for whoever trains something else than a head: the rule of [`Method::GroupDro`] and [`Method::Dim`].
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRisk {
    groups: Groups,
    eta: f64,
    q: Vec<f64>,
}

impl GroupRisk {
    /// Even weights of the groups that have rows.
    ///
    /// # Errors
    /// [`ModelError::Head`] where `eta` is negative or no number.
    pub fn new(groups: Groups, eta: f64) -> Result<Self, ModelError> {
        if !(eta.is_finite() && eta >= 0.0) {
            return Err(ModelError::Head(format!("eta is {eta}, expected a number of 0 or more")));
        }
        let q = Dro::new(&groups, None, eta, 0.0).q;
        Ok(Self { groups, eta, q })
    }

    /// Moves the groups' weights by the losses of the rows of a step, and gives the weight of each row in its loss.
    pub fn shares(&mut self, rows: &[usize], losses: &[f64]) -> Vec<f64> {
        let none = vec![0.0; self.groups.count()];
        let rule = Rule { groups: &self.groups, eta: self.eta, adjustment: &none };
        rule.step(&Mean(None), &mut self.q, rows, losses)
    }

    /// Weight of each group, of sum 1.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.q
    }

    /// Goes on from weights that [`Self::weights`] gave.
    ///
    /// # Errors
    /// [`ModelError::Head`] where there is another number of them.
    pub fn resume(&mut self, weights: Vec<f64>) -> Result<(), ModelError> {
        if weights.len() != self.q.len() {
            return Err(ModelError::Head(format!(
                "weights of {} groups, expected {}",
                weights.len(),
                self.q.len()
            )));
        }
        self.q = weights;
        Ok(())
    }
}

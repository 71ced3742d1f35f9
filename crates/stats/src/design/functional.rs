//! Functions of means.

use super::{Design, FEW, Scope, bootstrap, linear, plan::Plan};
use crate::Estimate;

impl Design {
    /// `k` figures at once as functions of unit weights (all 1 for the point estimate; the
    /// multiplicities of a resample otherwise). `f(weights, out)` writes `out[..k]`; NaN = undefined.
    ///
    /// Weights are not negative, may be fractions, and their sum may differ from `n`: divide by the
    /// sum of weights wherever a mean is meant. The figures must be smooth functions of means
    /// (shares, differences, ratios); for medians use [`Design::median`]. They are pooled figures;
    /// for functions of class means use [`Design::functional_of_strata`].
    pub fn functional(&self, k: usize, f: impl Fn(&[f64], &mut [f64]) + Sync) -> Vec<Estimate> {
        let plan = self.plan(Scope::Pooled);
        self.functional_by(&plan, self.few(&plan, Scope::Pooled), k, f)
    }

    /// As [`Design::functional`], for functions of unweighted means over the strata: not estimable
    /// where a stratum has one sampling unit. With clusters the jackknife holds while a stratum has
    /// fewer than [`FEW`] of them.
    pub fn functional_of_strata(
        &self,
        k: usize,
        f: impl Fn(&[f64], &mut [f64]) + Sync,
    ) -> Vec<Estimate> {
        let plan = self.plan(Scope::MeanOfStrata);
        self.functional_by(&plan, self.few(&plan, Scope::MeanOfStrata), k, f)
    }

    /// Whether the small-sample rules hold for figures over `scope`.
    pub fn is_small(&self, scope: Scope) -> bool {
        self.few(&self.plan(scope), scope)
    }

    fn few(&self, plan: &Plan, scope: Scope) -> bool {
        match (scope, &self.clusters) {
            (Scope::MeanOfStrata, Some(_)) => plan.fewest_in_a_stratum() < FEW,
            _ => plan.units() < FEW,
        }
    }

    fn functional_by(
        &self,
        plan: &Plan,
        few: bool,
        k: usize,
        f: impl Fn(&[f64], &mut [f64]),
    ) -> Vec<Estimate> {
        let mut point = vec![f64::NAN; k];
        if !self.is_empty() {
            f(&vec![1.0; self.len()], &mut point);
        }
        let intervals = if !plan.estimable() {
            vec![None; k]
        } else if few {
            linear::jackknife(plan, &point, f)
        } else {
            bootstrap::intervals(plan, self.seed, self.resamples, k, f)
        };
        point.iter().zip(intervals).map(|(&p, i)| self.estimate(p, i)).collect()
    }
}

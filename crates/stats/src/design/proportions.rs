//! Proportions, and drops of paired proportions.

use super::{Design, FEW, Scope, linear};
use crate::{Estimate, paired, proportion};

/// With fewer units than this beside the commonest paired difference, [`Design::paired_drop`]
/// takes the score interval: too few discordant pairs for resampling to show their spread.
const FEW_DISCORDANT: usize = 10;

/// With the rarer outcome in fewer clusters than this, [`Design::proportion`] does not trust the
/// spread between clusters alone.
const FEW_OF_THE_RARER: usize = 5;

impl Design {
    /// Pooled proportion of hits: Wilson; with clusters, ratio estimator with t(G - 1).
    ///
    /// The clustered interval is Wilson's with the effective number of units that the linearised
    /// variance implies, and with the t quantile (Dean and Pagano 2015): to first order
    /// `value +- t * standard error`, but inside 0..=1 and not too narrow near its ends. Where the
    /// clusters show no spread at all (all hits, say) the effective number is that of the clusters,
    /// and while fewer than five clusters hold the rarer outcome the interval holds that one too.
    /// A kind of cluster that the sample lacks cannot be allowed for: where whole clusters are
    /// right or wrong together, and fewer than about five wrong ones are expected, coverage falls.
    ///
    /// # Panics
    /// Where `hits` is not one value a unit.
    pub fn proportion(&self, hits: &[bool]) -> Estimate {
        self.check(hits.len());
        if self.is_empty() {
            return self.estimate(f64::NAN, None);
        }
        let n = hits.len();
        let count = hits.iter().filter(|&&h| h).count();
        let rate = count as f64 / n as f64;
        if self.clusters.is_none() {
            return self.estimate(rate, proportion::wilson(count, n));
        }
        let plan = self.plan(Scope::Pooled);
        if !plan.estimable() {
            return self.estimate(rate, None);
        }
        let values: Vec<f64> = hits.iter().map(|&h| f64::from(u8::from(h))).collect();
        let spread = linear::pooled(&plan, &values);
        let clusters = plan.units() as f64;
        let by_clusters = proportion::wilson_of_rate(rate, clusters);
        let mut interval = by_clusters;
        if spread.variance > 0.0 {
            // Clusters of one and the same share are no more than their images.
            let effective = (rate * (1.0 - rate) / spread.variance).min(n as f64);
            interval = proportion::wilson_with(rate, effective, spread.t());
            if plan.fewest_clusters_of(hits) < FEW_OF_THE_RARER {
                interval = (interval.0.min(by_clusters.0), interval.1.max(by_clusters.1));
            }
        }
        self.estimate(rate, Some(interval))
    }

    /// Pooled drop of a paired accuracy, `mean(before) - mean(after)`, in -1..=1.
    ///
    /// The percentile bootstrap; with clusters the ratio estimator with t(G - 1); with fewer than
    /// [`FEW`] images, or fewer than ten that differ from the commonest outcome, Tango's score
    /// interval ([`proportion::tango`]). The p-value beside it is [`paired::mcnemar_exact`]'s.
    ///
    /// # Panics
    /// Where `before` or `after` is not one value a unit.
    pub fn paired_drop(&self, before: &[bool], after: &[bool]) -> Estimate {
        self.check(before.len());
        let (lost, gained) = paired::discordant(before, after);
        let same = self.len() as u64 - lost - gained;
        let beside = self.len() as u64 - lost.max(gained).max(same);
        if self.clusters.is_none() && (self.len() < FEW || beside < FEW_DISCORDANT as u64) {
            let n = self.len() as u64;
            let point = (lost as f64 - gained as f64) / n as f64;
            return self.estimate(point, proportion::tango(lost, gained, n));
        }
        let drop = |(&b, &a): (&bool, &bool)| f64::from(i8::from(b) - i8::from(a));
        let drops: Vec<f64> = before.iter().zip(after).map(drop).collect();
        self.mean_within(&drops, -1.0, 1.0)
    }
}

//! How the units behind a figure were sampled: strata (classes), clusters (videos), seed.

use crate::Estimate;

/// The sampling design of `n` units (images), shared by every figure computed over them.
#[derive(Debug, Clone)]
pub struct Design {
    strata: Vec<u32>,
    clusters: Option<Vec<u32>>,
    seed: u64,
    resamples: usize,
}

impl Design {
    /// `strata[i]` is the class of unit `i`; `clusters[i]`, where given, its cluster.
    pub fn new(strata: Vec<u32>, clusters: Option<Vec<u32>>, seed: u64, resamples: usize) -> Self {
        Self { strata, clusters, seed, resamples }
    }
    /// The design of the units `keep`, in that order.
    pub fn subset(&self, keep: &[usize]) -> Self {
        let _ = keep;
        todo!()
    }
    /// Number of units.
    pub fn len(&self) -> usize {
        self.strata.len()
    }
    /// Pooled proportion of hits: Wilson; with clusters, ratio estimator with t(G - 1).
    pub fn proportion(&self, hits: &[bool]) -> Estimate {
        let _ = hits;
        todo!()
    }
    /// Pooled mean.
    pub fn mean(&self, values: &[f64]) -> Estimate {
        let _ = values;
        todo!()
    }
    /// Unweighted mean over strata of the stratum means.
    pub fn mean_of_strata(&self, values: &[f64]) -> Estimate {
        let _ = values;
        todo!()
    }
    /// Pooled median.
    pub fn median(&self, values: &[f64]) -> Estimate {
        let _ = values;
        todo!()
    }
    /// `k` figures at once as functions of unit weights (all 1 for the point estimate; the
    /// multiplicities of a resample otherwise). `f(weights, out)` writes `out[..k]`; NaN = undefined.
    pub fn functional(&self, k: usize, f: impl Fn(&[f64], &mut [f64]) + Sync) -> Vec<Estimate> {
        let _ = (k, f, self.seed, self.resamples, &self.clusters);
        todo!()
    }
}

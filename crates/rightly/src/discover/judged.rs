//! Groups held against the rest of their class, on images that had no part in finding them.

use rightly_stats::{Design, Estimate, multiple::families, slices};

use super::{DiscoverOptions, grouped::Grouped, material::Part};
use crate::{Error, Inputs};

/// Fewest images of a group that can be a finding, and fewest of the rest.
const FEWEST: usize = 20;
/// Corrected p-value up to which a gap is a finding.
const Q: f64 = 0.05;

/// One group on the confirming part.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    /// Its accuracy.
    pub(super) accuracy: Estimate,
    /// Accuracy of the rest of the class minus its own.
    pub(super) gap: Estimate,
    /// One-sided, corrected for every group of the class that was tested, of all methods.
    pub(super) p: Option<f64>,
    /// Corrected for the classes as well.
    pub(super) q: Option<f64>,
}

impl Judged {
    /// Whether the group is a finding.
    pub(super) fn holds(&self, min_effect: f64) -> bool {
        self.q.is_some_and(|q| q <= Q)
            && self.gap.n >= FEWEST
            && self.gap.low.is_some_and(|low| low >= min_effect)
    }
}

/// One class on the confirming part, under every method.
#[derive(Debug, Clone)]
pub(super) struct JudgedClass {
    /// One entry a method, one a group.
    pub(super) methods: Vec<Vec<Judged>>,
    /// Images of the confirming part.
    pub(super) n: usize,
    /// Their accuracy, NaN without images.
    pub(super) accuracy: f64,
    /// Groups that were tested.
    pub(super) tests: usize,
}

/// Tests the groups of a class; `q` is left open until all classes are there.
///
/// # Errors
/// The cluster column can't be read.
pub(super) fn judge(
    inputs: &Inputs,
    options: &DiscoverOptions,
    confirm: &Part,
    methods: &[Grouped],
    class: &str,
) -> Result<JudgedClass, Error> {
    let clusters = inputs.clusters_of(&confirm.samples)?;
    Ok(judge_part(options, inputs.options.seed, confirm, clusters.as_deref(), methods, class))
}

/// [`judge`] with the cluster of each image.
pub(super) fn judge_part(
    options: &DiscoverOptions,
    seed: u64,
    confirm: &Part,
    clusters: Option<&[u32]>,
    methods: &[Grouped],
    class: &str,
) -> JudgedClass {
    let right = confirm.right();
    let (mut lists, mut place) = (Vec::new(), Vec::new());
    for (at, method) in methods.iter().enumerate() {
        for (group, slice) in method.slices.iter().enumerate() {
            // Who belongs to a group is known from features alone, so its size may decide whether it is tested.
            let members = method.members(group);
            let rest = right.len() - members.len();
            if slice.tested && members.len() >= FEWEST && rest >= FEWEST {
                place.push((at, group));
                lists.push(members);
            }
        }
    }
    let tests = lists.len();
    let p = slices::max_t(&right, &lists, clusters, seed, class, options.draws);
    let mut judged: Vec<Vec<Judged>> = methods
        .iter()
        .map(|method| {
            (0..method.slices.len())
                .map(|group| {
                    let members = method.members(group);
                    let hits: Vec<bool> = members.iter().map(|&at| right[at]).collect();
                    let own = clusters.map(|c| members.iter().map(|&at| c[at]).collect());
                    let design = Design::new(vec![0; hits.len()], own, seed, options.resamples);
                    Judged {
                        accuracy: design.proportion(&hits),
                        gap: slices::gap(&right, &members, clusters, seed, options.resamples),
                        p: None,
                        q: None,
                    }
                })
                .collect()
        })
        .collect();
    for ((at, group), p) in place.into_iter().zip(p) {
        judged[at][group].p = p;
    }
    JudgedClass { methods: judged, n: right.len(), accuracy: confirm.accuracy(), tests }
}

/// Corrects over classes.
pub(super) fn correct(classes: &mut [JudgedClass]) {
    let p: Vec<Vec<f64>> = classes
        .iter()
        .map(|class| class.methods.iter().flatten().map(|j| j.p.unwrap_or(f64::NAN)).collect())
        .collect();
    for (class, q) in classes.iter_mut().zip(families(&p)) {
        for (judged, q) in class.methods.iter_mut().flatten().zip(q) {
            judged.q = (!q.is_nan()).then_some(q);
        }
    }
}

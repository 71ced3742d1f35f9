//! Groups held against the rest of their class, on images that had no part in finding them.

use rightly_stats::{Design, Estimate, multiple::families, slices};

use super::{DiscoverOptions, assignment::Grouped, material::Part, second_view};
use crate::{Error, Inputs};

/// Fewest images of a group that can be a finding, and fewest of the rest.
pub(super) const FEWEST: usize = 20;
/// Corrected p-value up to which a gap is a finding.
const Q: f64 = 0.05;

/// Share of a class's images that may be wrongly labelled, all of them in one group, without making it a finding: what is
/// usual in test sets (Northcutt, Athalye, Mueller: "Pervasive Label Errors in Test Sets", NeurIPS Datasets and Benchmarks
/// 2021, 3.3 % on average). Such images are of another class, lie together, and are errors.
pub(super) const MISLABELLED: f64 = 0.03;

/// One group on the confirming part.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    /// Its accuracy.
    pub(super) accuracy: Estimate,
    /// Accuracy of the rest of the class minus its own.
    pub(super) gap: Estimate,
    /// The same without as many of its wrong images as labels may be wrong in the class.
    pub(super) cautious: Estimate,
    /// The gap of the group drawn anew by the features of another network, where there is one.
    pub(super) anew: Option<Estimate>,
    /// One-sided, corrected for every group of the class that was tested, of all methods.
    pub(super) p: Option<f64>,
    /// Corrected for the classes as well.
    pub(super) q: Option<f64>,
}

impl Judged {
    /// Whether the group is a finding.
    pub(super) fn holds(&self, min_effect: f64) -> bool {
        self.holds_alone(min_effect) && !self.is_an_edge()
    }

    /// Whether another network's features do not show it.
    pub(super) fn is_an_edge(&self) -> bool {
        self.anew.as_ref().is_some_and(|anew| !second_view::agrees(&self.gap, anew))
    }

    /// Whether it would be a finding without a second view.
    pub(super) fn holds_alone(&self, min_effect: f64) -> bool {
        self.q.is_some_and(|q| q <= Q)
            && self.gap.n >= FEWEST
            && self.gap.low.is_some_and(|low| low >= min_effect)
            && self.cautious.low.is_some_and(|low| low >= min_effect)
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
                    let gap = |right: &[bool], members: &[usize], clusters: Option<&[u32]>| {
                        slices::gap(right, members, clusters, seed, options.resamples)
                    };
                    let left = without_mislabelled(&right, &members);
                    let pick =
                        |of: &[u32]| left.images.iter().map(|&at| of[at]).collect::<Vec<_>>();
                    Judged {
                        accuracy: design.proportion(&hits),
                        gap: gap(&right, &members, clusters),
                        cautious: gap(&left.right, &left.members, clusters.map(pick).as_deref()),
                        anew: None,
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

/// A class without some wrong members of a group.
struct Left {
    images: Vec<usize>,
    right: Vec<bool>,
    /// Positions in `right`.
    members: Vec<usize>,
}

/// Leaves out as many wrong members of a group (the strongest first) as labels may be wrong in the class.
fn without_mislabelled(right: &[bool], members: &[usize]) -> Left {
    let most = (MISLABELLED * right.len() as f64).ceil() as usize;
    let mut kept = vec![true; right.len()];
    members.iter().filter(|&&at| !right[at]).take(most).for_each(|&at| kept[at] = false);
    let images: Vec<usize> = (0..right.len()).filter(|&at| kept[at]).collect();
    let mut inside = vec![false; right.len()];
    members.iter().for_each(|&at| inside[at] = true);
    Left {
        right: images.iter().map(|&at| right[at]).collect(),
        members: (0..images.len()).filter(|&at| inside[images[at]]).collect(),
        images,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_labels_alone_make_no_subgroup() {
        // Of 200 images 4 are wrong, all of them in a group of 30.
        let right: Vec<bool> = (0..200).map(|at| at >= 4).collect();
        let members: Vec<usize> = (0..30).rev().collect();
        let left = without_mislabelled(&right, &members);
        assert_eq!((left.images.len(), left.members.len()), (196, 26));
        assert!(left.right.iter().all(|&r| r));
        // 20 wrong ones are more than labels explain: six of them are left out.
        let right: Vec<bool> = (0..200).map(|at| at >= 20).collect();
        let left = without_mislabelled(&right, &members);
        assert_eq!((left.images.len(), left.members.len()), (194, 24));
        assert_eq!(left.right.iter().filter(|&&r| !r).count(), 14);
        assert_eq!(left.members, (0..24).collect::<Vec<_>>());
    }
}

//! What a repair did to images that had no part in it, held against the model as it was and against random groups.

use rightly_stats::{Design, Estimate, Scope, paired};

/// Fewest images of a group that can be the worst one.
pub(super) const FEWEST: usize = 20;

/// Images that are reported on.
pub(super) struct Judges {
    pub(super) design: Design,
    /// Cluster of each, where images are not independent.
    pub(super) clusters: Option<Vec<u32>>,
    /// Rows of each class that has any.
    pub(super) classes: Vec<(usize, Vec<usize>)>,
    /// Rows of each named group, by index into the groups; those without images are left out.
    pub(super) groups: Vec<(usize, Vec<usize>)>,
    /// Rows of each group that is known to be there, by its name.
    pub(super) known: Vec<(String, Vec<usize>)>,
}

/// Share of right answers of each image: 0 or 1, of several heads their mean.
pub(super) type Right = Vec<f64>;

/// A difference with its test.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Difference {
    pub(super) estimate: Estimate,
    pub(super) p: Option<f64>,
}

impl Judges {
    /// Accuracy over all images.
    pub(super) fn accuracy(&self, right: &Right) -> Estimate {
        share(&self.design, right)
    }

    /// Accuracy over some images.
    pub(super) fn accuracy_of(&self, right: &Right, rows: &[usize]) -> Estimate {
        let own: Right = rows.iter().map(|&row| right[row]).collect();
        share(&self.design.subset(rows), &own)
    }

    /// Every image.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.design.len()).collect()
    }

    /// Named groups that are large enough to be the worst.
    pub(super) fn large(&self) -> Vec<&[usize]> {
        large(self.groups.iter().map(|(_, rows)| rows))
    }

    /// The same of known groups.
    pub(super) fn large_known(&self) -> Vec<&[usize]> {
        large(self.known.iter().map(|(_, rows)| rows))
    }

    /// Accuracy of the worst of some groups, each as large as [`FEWEST`].
    pub(super) fn worst(&self, right: &Right, groups: &[&[usize]]) -> Estimate {
        if groups.is_empty() {
            return Estimate::default();
        }
        let figure = |weights: &[f64], out: &mut [f64]| out[0] = lowest(right, groups, weights);
        let estimate =
            holding(self.design.functional(1, figure)[0].within(0.0, 1.0, units(groups)));
        Estimate { n: worst_size(right, groups), ..estimate }
    }

    /// Accuracy of the best class minus that of the worst.
    pub(super) fn class_gap(&self, right: &Right) -> Estimate {
        let classes: Vec<&[usize]> = large(self.classes.iter().map(|(_, rows)| rows));
        if classes.len() < 2 {
            return Estimate::default();
        }
        let figure = |weights: &[f64], out: &mut [f64]| {
            let accuracies = classes.iter().map(|rows| mean(right, rows, weights));
            let known: Vec<f64> = accuracies.filter(|a| a.is_finite()).collect();
            let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            out[0] = high - known.iter().copied().fold(f64::INFINITY, f64::min);
        };
        holding(self.design.functional(1, figure)[0].within(0.0, 1.0, units(&classes)))
    }

    /// How much higher the accuracy of the worst group is after than before: the same groups and images, resampled together;
    /// p from the interval. (Exchanging before and after within images is no test of this: mixtures of two heads that fail on
    /// other groups have better worst groups than either.)
    pub(super) fn gain(&self, before: &Right, after: &Right) -> Difference {
        let groups = self.large();
        if groups.is_empty() {
            return Difference::default();
        }
        let figure = |weights: &[f64], out: &mut [f64]| {
            out[0] = lowest(after, &groups, weights) - lowest(before, &groups, weights);
        };
        let estimate =
            holding(self.design.functional(1, figure)[0].within(-1.0, 1.0, units(&groups)));
        Difference { p: estimate.p_of_zero(), estimate }
    }

    /// Accuracy of some images before minus after, paired; p of McNemar's exact test for independent images.
    pub(super) fn cost(&self, before: &Right, after: &Right, rows: &[usize]) -> Difference {
        let hits = |right: &Right| rows.iter().map(|&row| right[row] > 0.5).collect::<Vec<bool>>();
        let (before, after) = (hits(before), hits(after));
        let estimate = self.design.subset(rows).paired_drop(&before, &after);
        let (lost, gained) = paired::discordant(&before, &after);
        // Clusters deny the exact test.
        let p = match self.clusters {
            None => Some(paired::mcnemar_exact(lost, gained)),
            Some(_) => estimate.p_of_zero(),
        };
        Difference { estimate, p }
    }

    /// The same over all images of shares of right answers (of several heads), p from the interval.
    pub(super) fn mean_cost(&self, before: &Right, after: &Right) -> Difference {
        let lost: Vec<f64> =
            before.iter().zip(after).map(|(before, after)| before - after).collect();
        let estimate = self.design.mean_within(&lost, -1.0, 1.0);
        Difference { p: estimate.p_of_zero(), estimate }
    }
}

/// The interval with its value in it. The lowest of several accuracies is lower in resamples than in the images, and their range is
/// wider: where classes are nearly alike, all resamples can lie on one side of the figure.
fn holding(estimate: Estimate) -> Estimate {
    let Some(value) = estimate.value else { return estimate };
    let low = estimate.low.map(|low| low.min(value));
    Estimate { low, high: estimate.high.map(|high| high.max(value)), ..estimate }
}

fn large<'a>(groups: impl Iterator<Item = &'a Vec<usize>>) -> Vec<&'a [usize]> {
    groups.filter(|rows| rows.len() >= FEWEST).map(Vec::as_slice).collect()
}

/// Units that bound what was never seen: the images of the smallest group.
fn units(groups: &[&[usize]]) -> f64 {
    groups.iter().map(|rows| rows.len()).min().unwrap_or(0) as f64
}

fn share(design: &Design, right: &Right) -> Estimate {
    if right.iter().all(|r| *r == 0.0 || *r == 1.0) {
        let hits: Vec<bool> = right.iter().map(|r| *r > 0.5).collect();
        return design.proportion(&hits);
    }
    let estimate = design.mean(right);
    estimate.within(0.0, 1.0, design.effective_units(Scope::Pooled))
}

fn mean(right: &Right, rows: &[usize], weights: &[f64]) -> f64 {
    let (mut sum, mut of) = (0.0, 0.0);
    for &row in rows {
        sum += weights[row] * right[row];
        of += weights[row];
    }
    sum / of
}

/// A group that a resample does not hold says nothing.
fn lowest(right: &Right, groups: &[&[usize]], weights: &[f64]) -> f64 {
    let means = groups.iter().map(|rows| mean(right, rows, weights));
    means.filter(|m| m.is_finite()).fold(f64::INFINITY, f64::min)
}

/// Images of the worst group; of several that are as bad, the largest.
fn worst_size(right: &Right, groups: &[&[usize]]) -> usize {
    let ones = vec![1.0; right.len()];
    let mut worst = (f64::INFINITY, 0);
    for rows in groups {
        let own = mean(right, rows, &ones);
        if own < worst.0 || own == worst.0 && rows.len() > worst.1 {
            worst = (own, rows.len());
        }
    }
    worst.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use rightly_stats::rng::keyed;

    /// Two classes of two groups each, 40 images a group.
    fn judges(clusters: Option<Vec<u32>>) -> Judges {
        let groups: Vec<(usize, Vec<usize>)> =
            (0..4).map(|g| (g, (g * 40..(g + 1) * 40).collect())).collect();
        let strata = (0..160).map(|row| row / 80).collect();
        Judges {
            design: Design::new(strata, clusters.clone(), 0, 500),
            clusters,
            classes: vec![(0, (0..80).collect()), (1, (80..160).collect())],
            groups,
            known: Vec::new(),
        }
    }

    /// So many of each group right.
    fn right(of: [usize; 4]) -> Right {
        (0..160).map(|row| f64::from(u8::from(row % 40 < of[row / 40]))).collect()
    }

    /// Classes that are alike differ in every resample: the interval would begin above the figure.
    #[test]
    fn the_interval_of_extremes_holds_its_value() {
        let judges = judges(None);
        let gap = judges.class_gap(&right([30, 30, 30, 30]));
        assert_eq!((gap.value, gap.low), (Some(0.0), Some(0.0)), "{gap:?}");
        assert!(gap.high.unwrap() > 0.05);
        let worst = judges.worst(&right([30, 30, 30, 30]), &judges.large());
        assert!(worst.low < worst.value && worst.high >= worst.value, "{worst:?}");
    }

    #[test]
    fn a_gain_is_that_of_the_worst_group() {
        let judges = judges(None);
        let (before, after) = (right([40, 4, 36, 38]), right([38, 24, 30, 38]));
        let groups = judges.large();
        assert_eq!(judges.worst(&before, &groups).value, Some(0.1));
        assert_eq!(judges.worst(&before, &groups).n, 40);
        let gain = judges.gain(&before, &after);
        assert!((gain.estimate.value.unwrap() - 0.5).abs() < 1e-12);
        assert!(gain.estimate.low.unwrap() > 0.3 && gain.p.unwrap() < 0.01, "{gain:?}");
        // 118 right before, 130 after.
        let all: Vec<usize> = (0..160).collect();
        let cost = judges.cost(&before, &after, &all);
        assert!((cost.estimate.value.unwrap() - (118.0 - 130.0) / 160.0).abs() < 1e-12);
        // Classes: .55 and .925 before.
        assert!((judges.class_gap(&before).value.unwrap() - 0.375).abs() < 1e-12);
    }

    #[test]
    fn another_group_may_become_the_worst() {
        let judges = judges(None);
        let gain = judges.gain(&right([40, 20, 40, 40]), &right([20, 40, 40, 40]));
        assert_eq!(gain.estimate.value, Some(0.0));
        assert!(gain.p.unwrap() > 0.5);
    }

    /// Heads that differ by chance alone: the test rejects no more than one in twenty.
    #[test]
    fn chance_is_no_gain() {
        let judges = judges(None);
        let mut rng = keyed(0, "test", "chance", 0);
        let mut draw =
            || -> Right { (0..160).map(|_| f64::from(u8::from(rng.random_bool(0.7)))).collect() };
        let trials = 200;
        let rejected = (0..trials)
            .filter(|_| {
                let (a, b) = (draw(), draw());
                judges.gain(&a, &b).p.unwrap() <= 0.05
            })
            .count();
        // Binomial(200, .05): up to 20 in 99.9 %.
        assert!(rejected <= 20, "{rejected}");
    }

    #[test]
    fn small_groups_and_few_clusters_are_not_judged() {
        let mut few = judges(Some((0..160).map(|row| row / 40).collect()));
        few.groups.iter_mut().for_each(|(_, rows)| rows.truncate(FEWEST - 1));
        let gain = few.gain(&right([1; 4]), &right([40; 4]));
        assert_eq!((gain.estimate.value, gain.p), (None, None));
        assert_eq!(few.worst(&right([1; 4]), &few.large()).value, None);
    }
}

//! Whether what is named is what fails: accuracy of the images that have it against those that have it not.
//!
//! A group that was discovered has a gap to the rest of its class. A phrase goes with the group, but the two are not the same
//! images, and a sentence "violet cars fail" is about violet cars. So the phrase's own gap is measured, on all confirming
//! images of the class, and has to be at least half of the group's: the lower bound of `gap of the phrase - gap of the group / 2`
//! lies above 0. Both gaps are sums over the same disjoint cells (inside or outside the group, with or without the phrase),
//! whose accuracies are independent proportions; the interval of the weighted sum is that of Zou, Huang and Zhang (2009) from
//! the cells' own, which stays honest in cells where all or none are right.

use rightly_stats::{
    Design, Estimate,
    proportion::{linear_of_independent, square_and_add},
};

/// Fewest images with and without what is named.
const FEWEST: usize = 8;
/// Part of the group's gap that what is named has to have.
const PART: f64 = 0.5;

/// Images of one class.
pub(super) struct Cells<'a> {
    pub(super) right: &'a [bool],
    /// Whether what is named is there, as it is worded.
    pub(super) has: &'a [bool],
    /// Inside the group, outside, or neither (between the ends of a ranking).
    pub(super) inside: &'a [Option<bool>],
    pub(super) clusters: Option<&'a [u32]>,
    /// Whether accuracy is said to be higher where it is (a cue), not lower.
    pub(super) rises: bool,
}

/// Accuracy with what is named and without it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Contrast {
    pub(super) with: Estimate,
    pub(super) without: Estimate,
    /// How much lower accuracy is with it (of a cue: higher).
    pub(super) gap: Estimate,
    /// The same of the group.
    pub(super) of_group: f64,
    /// Lower bound of the gap beyond half of the group's.
    pub(super) beyond_half: f64,
}

impl Contrast {
    /// Of the images; `None` where too few of them have it or have it not, or a side of the group is empty.
    pub(super) fn of(cells: &Cells<'_>) -> Option<Self> {
        let n = cells.right.len();
        let over = |of: &dyn Fn(usize) -> bool| (0..n).filter(|&at| of(at)).collect::<Vec<_>>();
        let (with, without) = (over(&|at| cells.has[at]), over(&|at| !cells.has[at]));
        let side = |side: bool| over(&|at| cells.inside[at] == Some(side)).len() as f64;
        let (inside, outside) = (side(true), side(false));
        if with.len() < FEWEST || without.len() < FEWEST || inside == 0.0 || outside == 0.0 {
            return None;
        }
        let sign = if cells.rises { -1.0 } else { 1.0 };
        let (mut excess, mut of_group) = (Vec::new(), 0.0);
        for has in [true, false] {
            for place in [Some(true), Some(false), None] {
                let own = over(&|at| cells.has[at] == has && cells.inside[at] == place);
                if own.is_empty() {
                    continue;
                }
                let size = own.len() as f64;
                let phrase =
                    if has { -size / with.len() as f64 } else { size / without.len() as f64 };
                let group = match place {
                    Some(true) => -size / inside,
                    Some(false) => size / outside,
                    None => 0.0,
                };
                let (value, bounds) = bounds(&accuracy(cells, &own))?;
                of_group += sign * group * value;
                excess.push((sign * (phrase - PART * group), value, bounds));
            }
        }
        let (with, without) = (accuracy(cells, &with), accuracy(cells, &without));
        let (low_side, high_side) = if cells.rises { (without, with) } else { (with, without) };
        let (a, b) = (bounds(&high_side)?, bounds(&low_side)?);
        let (low, high) = square_and_add(a, b);
        let gap = Estimate {
            value: Some(a.0 - b.0),
            low: Some(low),
            high: Some(high),
            n: with.n,
            clusters: with.clusters,
        };
        let beyond_half = linear_of_independent(&excess).0;
        Some(Self { with, without, gap, of_group, beyond_half })
    }

    /// Whether the figures of the group are those of what is named, as far as these images say.
    pub(super) fn holds(&self) -> bool {
        self.of_group > 0.0 && self.beyond_half > 0.0 && self.gap.low.is_some_and(|low| low > 0.0)
    }

    /// The same for one of two things that share a group: the images of one are few.
    pub(super) fn has_part(&self) -> bool {
        self.of_group > 0.0
            && self.gap.value.is_some_and(|gap| gap >= PART * self.of_group)
            && self.gap.low.is_some_and(|low| low > 0.0)
    }
}

fn accuracy(cells: &Cells<'_>, of: &[usize]) -> Estimate {
    let hits: Vec<bool> = of.iter().map(|&at| cells.right[at]).collect();
    let clusters = cells.clusters.map(|own| of.iter().map(|&at| own[at]).collect());
    Design::new(vec![0; hits.len()], clusters, 0, 0).proportion(&hits)
}

/// The value with its bounds; one that has none (a single cluster) may be anything.
fn bounds(e: &Estimate) -> Option<(f64, (f64, f64))> {
    Some((e.value?, (e.low.unwrap_or(0.0), e.high.unwrap_or(1.0))))
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rightly_stats::rng::keyed;

    use super::*;

    /// How often a name holds, over 1000 classes of 200 images with 40 in the group: `has` is the share of images inside and
    /// outside that have it, `right` the accuracy by (inside, has it).
    fn named(has: [f64; 2], right: impl Fn(bool, bool) -> f64) -> f64 {
        let inside: Vec<Option<bool>> = (0..200).map(|at| Some(at < 40)).collect();
        let holds = |seed: u64| {
            let mut rng = keyed(seed, "held", "", 0);
            let own: Vec<bool> =
                (0..200).map(|at| rng.random_bool(has[usize::from(at >= 40)])).collect();
            let hits: Vec<bool> =
                (0..200).map(|at| rng.random_bool(right(at < 40, own[at]))).collect();
            Contrast::of(&Cells {
                right: &hits,
                has: &own,
                inside: &inside,
                clusters: None,
                rises: false,
            })
            .is_some_and(|contrast| contrast.holds())
        };
        (0..1000).filter(|&seed| holds(seed)).count() as f64 / 1000.0
    }

    #[test]
    fn what_only_goes_with_a_group_is_not_said_to_fail() {
        // Most images of the class are not striped, those of the group a little more often; only the group fails.
        let group = |inside: bool, _: bool| if inside { 0.19 } else { 0.78 };
        let rate = named([0.95, 0.75], group);
        assert!(rate < 0.01, "{rate}");
        // Half as frequent outside as inside: a gap of .17 where half of the group's is .3.
        let rate = named([0.9, 0.45], group);
        assert!(rate < 0.01, "{rate}");
        // All of the group has it, and as many images outside: exactly half of the gap. A name is as rare as the interval says.
        let rate = named([1.0, 0.25], |inside, _| if inside { 0.2 } else { 0.8 });
        assert!(rate < 0.05, "{rate}");
    }

    #[test]
    fn what_fails_is_named_though_captions_leave_some_of_it_out() {
        let kind = |inside: bool, _: bool| if inside { 0.2 } else { 0.8 };
        let rate = named([0.9, 0.02], kind);
        assert!(rate > 0.95, "{rate}");
        let rate = named([0.7, 0.02], kind);
        assert!(rate > 0.8, "{rate}");
    }

    #[test]
    fn cells_without_an_error_are_not_certain_and_clusters_count_once() {
        // Eight images with it, all wrong, in the group; all others right.
        let inside: Vec<Option<bool>> = (0..60).map(|at| Some(at < 8)).collect();
        let has: Vec<bool> = (0..60).map(|at| at < 8).collect();
        let right: Vec<bool> = (0..60).map(|at| at >= 8).collect();
        let of = |clusters: Option<&[u32]>| {
            let (right, has, inside) = (&right, &has, &inside);
            Contrast::of(&Cells { right, has, inside, clusters, rises: false }).unwrap()
        };
        let plain = of(None);
        assert!(plain.holds() && plain.gap.low.unwrap() < 0.7, "{plain:?}");
        assert_eq!((plain.of_group, plain.with.n, plain.without.n), (1.0, 8, 52));
        let videos: Vec<u32> = (0..60).map(|at| u32::from(at >= 8)).collect();
        assert!(!of(Some(&videos)).holds(), "two videos say nothing");
        // A cue turns the sign: accuracy is higher where it is.
        let cue = Contrast::of(&Cells {
            right: &right,
            has: &has.iter().map(|h| !h).collect::<Vec<_>>(),
            inside: &inside.iter().map(|i| i.map(|i| !i)).collect::<Vec<_>>(),
            clusters: None,
            rises: true,
        });
        assert!(cue.unwrap().holds());
    }
}

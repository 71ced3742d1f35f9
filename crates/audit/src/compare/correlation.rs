//! Do two models rely on the surroundings in the same classes? The correlation over the classes of
//! what hiding the object costs.
//!
//! Images that both models saw push the raw correlation up, since chance differences between the
//! images are common to both; noise in each class's figure pulls it towards zero. So each class's
//! images are dealt into two halves, A's figures come from one and B's from the other, and the
//! result is divided by how well each model's halves agree with each other (Spearman 1904).

use rand::Rng;
use rightly_stats::{Design, Estimate, rng::keyed};

/// Deals into halves; the figures are averaged over them.
const SPLITS: u64 = 20;
/// With fewer classes a correlation says nothing.
const FEWEST: usize = 5;

/// The metrics, in the order of [`correlate`].
pub(super) const METRICS: [&str; 6] = [
    "class-correlation",
    "class-correlation-split",
    "class-correlation-disattenuated",
    "class-correlation-pearson",
    "class-correlation-split-pearson",
    "class-correlation-disattenuated-pearson",
];

/// One class's values: for each run the sampling unit of each image (id or cluster) and its value.
pub(super) struct Class {
    pub(super) of: [Vec<(String, f64)>; 2],
}

/// Class means of one deal: `[run][half][class]`.
type Halves = [[Vec<f64>; 2]; 2];

/// Spearman's then Pearson's correlation over the classes: raw, between opposite halves, and that
/// divided by the halves' own agreement. `n` counts the classes, which are the units of the
/// intervals; without a value for fewer than five classes, or where a figure is undefined (all classes
/// alike, halves that don't agree with each other at all).
pub(super) fn correlate(classes: &[Class], seed: u64, resamples: usize) -> [Estimate; 6] {
    let usable: Vec<&Class> =
        classes.iter().filter(|c| c.of.iter().all(|values| dealable(values))).collect();
    if usable.len() < FEWEST {
        return [Estimate { n: usable.len(), ..Estimate::default() }; 6];
    }
    let mean =
        |values: &[(String, f64)]| values.iter().map(|(_, v)| v).sum::<f64>() / values.len() as f64;
    let raw = [0, 1].map(|run| usable.iter().map(|c| mean(&c.of[run])).collect::<Vec<f64>>());
    let splits: Vec<Halves> = (0..SPLITS).map(|split| deal(&usable, seed, split)).collect();
    let design = Design::new(vec![0; usable.len()], None, seed, resamples);
    let figures = design.functional(6, |weights, out| {
        for (kind, out) in [Kind::Ranks, Kind::Values].into_iter().zip(out.chunks_exact_mut(3)) {
            let with = |x: &[f64], y: &[f64]| kind.correlation(x, y, weights);
            let average = |f: &dyn Fn(&Halves) -> [f64; 2]| {
                let all = splits.iter().flat_map(f).filter(|r| r.is_finite());
                let (sum, n) = all.fold((0.0, 0.0), |(sum, n), r| (sum + r, n + 1.0));
                sum / n
            };
            let across = average(&|[a, b]| [with(&a[0], &b[1]), with(&a[1], &b[0])]);
            let own = [0, 1].map(|run| average(&|h| [with(&h[run][0], &h[run][1]); 2]));
            out[0] = with(&raw[0], &raw[1]);
            out[1] = across;
            // Halves that don't agree leave nothing to divide by.
            let reliable = own.iter().all(|r| *r > 0.0);
            out[2] = if reliable { across / (own[0] * own[1]).sqrt() } else { f64::NAN };
        }
    });
    let mut out = [Estimate::default(); 6];
    for (at, (out, e)) in out.iter_mut().zip(figures).enumerate() {
        // Only the corrected figure may leave -1..1.
        *out = if at % 3 == 2 { e } else { e.within(-1.0, 1.0, usable.len() as f64) };
    }
    out
}

/// Whether a class's units can be dealt into two halves.
fn dealable(values: &[(String, f64)]) -> bool {
    values.iter().any(|(unit, _)| *unit != values[0].0)
}

/// Deals the units of each class by a hash of seed, split and unit: the same units fall alike in
/// both runs.
fn deal(classes: &[&Class], seed: u64, split: u64) -> Halves {
    let mut out = Halves::default();
    for class in classes {
        for (run, values) in class.of.iter().enumerate() {
            let mut units: Vec<&str> = values.iter().map(|(unit, _)| unit.as_str()).collect();
            units.sort_unstable();
            units.dedup();
            units.sort_by_cached_key(|unit| keyed(seed, "compare halves", unit, split).next_u64());
            let mut sums = [[0.0; 2]; 2];
            let mut place: Vec<(&str, usize)> =
                units.iter().enumerate().map(|(rank, unit)| (*unit, rank % 2)).collect();
            place.sort_unstable();
            for (unit, value) in values {
                let at = place.binary_search_by_key(&unit.as_str(), |(unit, _)| *unit);
                let half = at.map_or(0, |at| place[at].1);
                sums[half][0] += value;
                sums[half][1] += 1.0;
            }
            for (half, [sum, n]) in sums.into_iter().enumerate() {
                out[run][half].push(sum / n);
            }
        }
    }
    out
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Ranks,
    Values,
}

impl Kind {
    fn correlation(self, x: &[f64], y: &[f64], weights: &[f64]) -> f64 {
        match self {
            Self::Values => pearson(x, y, weights),
            Self::Ranks => pearson(&ranks(x, weights), &ranks(y, weights), weights),
        }
    }
}

/// Weighted correlation; NaN where one side has no spread.
fn pearson(x: &[f64], y: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let mean = |v: &[f64]| v.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for ((x, y), w) in x.iter().zip(y).zip(weights) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += w * dx * dx;
        yy += w * dy * dy;
        xy += w * dx * dy;
    }
    let least = 1e-12 * total;
    if xx <= least || yy <= least { f64::NAN } else { (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0) }
}

/// Middle ranks, a class of weight two counting as two.
fn ranks(values: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut out = vec![0.0; values.len()];
    let mut before = 0.0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let weight: f64 = tied.iter().map(|&i| weights[i]).sum();
        tied.iter().for_each(|&i| out[i] = before + 0.5 * weight);
        before += weight;
    }
    out
}

/// The raw correlations of figures that come one a class, without images behind them.
pub(super) fn of_figures(a: &[f64], b: &[f64], seed: u64, resamples: usize) -> [Estimate; 2] {
    if a.len() < FEWEST {
        return [Estimate { n: a.len(), ..Estimate::default() }; 2];
    }
    let design = Design::new(vec![0; a.len()], None, seed, resamples);
    let found = design.functional(2, |weights, out| {
        out[0] = Kind::Ranks.correlation(a, b, weights);
        out[1] = Kind::Values.correlation(a, b, weights);
    });
    let mut out = [Estimate::default(); 2];
    out.iter_mut().zip(found).for_each(|(o, e)| *o = e.within(-1.0, 1.0, a.len() as f64));
    out
}

#[cfg(test)]
mod tests;

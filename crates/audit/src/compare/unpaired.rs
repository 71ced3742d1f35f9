//! The difference of a figure between two runs over other images.

use rand::Rng;
use rightly_stats::{
    Design, Estimate, permutation::sequential_p, proportion::square_and_add, rng::keyed,
};

use super::{
    Draws, ENOUGH,
    column::{Shape, Value},
    sample::{Over, Sample},
};

/// Fewer images of a run than this are not tested: of three against three, even the clearest of
/// all outcomes has a two-sided permutation p-value of 2 / 20.
const FEWEST: usize = 4;

/// One run's images of a row, their values, and the figure over them.
pub(super) struct Half<'a> {
    pub(super) sample: &'a Sample,
    pub(super) values: &'a [Value],
    pub(super) figure: Estimate,
}

/// `B - A` with its interval and the p-value of no difference.
pub(super) fn difference(
    shape: Shape,
    a: &Half<'_>,
    b: &Half<'_>,
    (seed, resamples): (u64, usize),
    draws: &Draws<'_>,
) -> (Estimate, Option<f64>) {
    let clustered = a.sample.cluster.is_some() || b.sample.cluster.is_some();
    // Resampling can't show the spread of values that are all alike, and a median's interval over
    // few images is no bootstrap; shares have Wilson's, which together are Newcombe's.
    let flat = |half: &Half<'_>| half.values.windows(2).all(|pair| pair[0] == pair[1]);
    let shares = matches!(shape, Shape::Mean { low: 0.0, high: 1.0 })
        && a.sample.over == Over::Pooled
        && [a, b].iter().all(|half| super::sample::binary(half.values));
    let apart = clustered || shares || shape == Shape::Median || flat(a) || flat(b);
    let mut estimate = independent(&a.figure, &b.figure);
    if !apart {
        let together = together(shape, a, b, seed, resamples);
        (estimate.low, estimate.high) = (together.low, together.high);
    }
    if a.sample.len() < FEWEST || b.sample.len() < FEWEST || estimate.value.is_none() {
        return (estimate, None);
    }
    let p = if clustered {
        estimate.p_of_zero()
    } else if a.sample.over == Over::Pooled && one_class(a, b) || same_classes(a, b) {
        Some(relabelled(shape, a, b, draws))
    } else {
        Some(recentred(shape, a, b, draws))
    };
    (estimate, p.filter(|p| p.is_finite()))
}

/// The difference of two independent figures from their own intervals (Newcombe's rule).
pub(super) fn independent(a: &Estimate, b: &Estimate) -> Estimate {
    let whole = |e: &Estimate| Some((e.value?, e.low.zip(e.high)?));
    let interval = whole(a).zip(whole(b)).map(|(a, b)| square_and_add(b, a));
    Estimate {
        value: a.value.zip(b.value).map(|(a, b)| b - a),
        low: interval.map(|i| i.0),
        high: interval.map(|i| i.1),
        n: a.n + b.n,
        clusters: a.clusters.zip(b.clusters).map(|(a, b)| a + b),
    }
}

/// Both samples in one design, each class of each run a stratum of its own.
fn together(shape: Shape, a: &Half<'_>, b: &Half<'_>, seed: u64, resamples: usize) -> Estimate {
    let of = |half: &Half<'_>, run: usize| {
        half.sample.class.iter().map(move |&c| (2 * c + run) as u32).collect::<Vec<u32>>()
    };
    let strata = [of(a, 0), of(b, 1)].concat();
    let design = Design::new(strata, None, seed, resamples);
    let n = a.sample.len();
    let figure = |weights: &[f64], out: &mut [f64]| {
        let (in_a, in_b) = weights.split_at(n);
        let of = |half: &Half<'_>, weights: &[f64]| {
            shape.figure(half.values, &half.sample.shares(weights))
        };
        out[0] = of(b, in_b) - of(a, in_a);
    };
    let estimates = match a.sample.over {
        Over::Pooled => design.functional(1, figure),
        Over::Classes => design.functional_of_strata(1, figure),
    };
    let units = a.sample.effective_units().min(b.sample.effective_units());
    let e = *estimates.first().expect("one figure was asked for: by construction");
    let span = shape.span();
    if span.is_finite() { e.within(-span, span, units) } else { e }
}

fn one_class(a: &Half<'_>, b: &Half<'_>) -> bool {
    let mut all = a.sample.class.iter().chain(&b.sample.class);
    let first = all.next();
    all.all(|c| Some(c) == first)
}

fn same_classes(a: &Half<'_>, b: &Half<'_>) -> bool {
    let classes = |half: &Half<'_>| {
        let mut classes = half.sample.class.clone();
        classes.sort_unstable();
        classes.dedup();
        classes
    };
    classes(a) == classes(b)
}

fn below(rng: &mut impl Rng, n: usize) -> usize {
    // multiply-shift, as the bootstrap draws
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

/// Permutation test: under no difference an image of a class could as well be in the other run.
fn relabelled(shape: Shape, a: &Half<'_>, b: &Half<'_>, draws: &Draws<'_>) -> f64 {
    let n = a.sample.len();
    let class = [a.sample.class.as_slice(), &b.sample.class].concat();
    let mut blocks = vec![Vec::new(); class.iter().max().map_or(0, |most| most + 1)];
    class.iter().enumerate().for_each(|(i, &c)| blocks[c].push(i));
    let mut values = [a.values, b.values].concat();
    let ones = |half: &Half<'_>| half.sample.shares(&vec![1.0; half.sample.len()]);
    let (in_a, in_b) = (ones(a), ones(b));
    let figure =
        |values: &[Value]| shape.figure(&values[n..], &in_b) - shape.figure(&values[..n], &in_a);
    let observed = figure(&values);
    let mut rng = keyed(draws.seed, "compare labels", draws.key, 0);
    sequential_p(observed, draws.most, ENOUGH, || {
        for block in &blocks {
            for last in (1..block.len()).rev() {
                values.swap(block[last], block[below(&mut rng, last + 1)]);
            }
        }
        figure(&values)
    })
}

/// Bootstrap test for runs of other classes, where no image could be in the other run: how often a
/// resampled difference lies as far from the observed one as that lies from zero.
fn recentred(shape: Shape, a: &Half<'_>, b: &Half<'_>, draws: &Draws<'_>) -> f64 {
    let strata: Vec<Vec<Vec<usize>>> = [a, b]
        .iter()
        .map(|half| {
            let classes = half.sample.class.iter().max().map_or(0, |most| most + 1);
            let mut members = vec![Vec::new(); classes];
            half.sample.class.iter().enumerate().for_each(|(i, &c)| members[c].push(i));
            members
        })
        .collect();
    let mut weights = [vec![1.0; a.sample.len()], vec![1.0; b.sample.len()]];
    let figure = |weights: &[Vec<f64>; 2]| {
        let of = |half: &Half<'_>, weights: &[f64]| {
            shape.figure(half.values, &half.sample.shares(weights))
        };
        of(b, &weights[1]) - of(a, &weights[0])
    };
    let observed = figure(&weights);
    let mut rng = keyed(draws.seed, "compare recentred", draws.key, 0);
    sequential_p(observed, draws.most, ENOUGH, || {
        for (weights, classes) in weights.iter_mut().zip(&strata) {
            for members in classes.iter().filter(|members| members.len() > 1) {
                // one draw fewer than members, so that the spread of a mean is unbiased
                let m = members.len();
                members.iter().for_each(|&i| weights[i] = 0.0);
                for _ in 1..m {
                    weights[members[below(&mut rng, m)]] += m as f64 / (m - 1) as f64;
                }
            }
        }
        figure(&weights) - observed
    })
}

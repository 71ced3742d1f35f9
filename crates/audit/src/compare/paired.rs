//! The difference of a figure between two runs over the same images.

use rand::Rng;
use rightly_stats::{Estimate, paired, permutation::sequential_p, rng::keyed};

use super::{
    Draws, ENOUGH,
    column::{Shape, Value},
    sample::{Over, Sample, binary, hits},
};

/// Fewer sampling units than this are not tested: with five, even the clearest of all outcomes has
/// a two-sided permutation p-value of 2 / 2^5 = 0.06.
const FEWEST: usize = 6;

/// `B - A` with its interval and the p-value of no difference.
pub(super) fn difference(
    sample: &Sample,
    shape: Shape,
    a: &[Value],
    b: &[Value],
    draws: &Draws<'_>,
) -> (Estimate, Option<f64>) {
    let proportions = matches!(shape, Shape::Mean { low: 0.0, high: 1.0 })
        && sample.over == Over::Pooled
        && binary(a)
        && binary(b);
    let span = shape.span();
    let estimate = match shape {
        // The drop from B to A is the difference B - A.
        _ if proportions => sample.design.paired_drop(&hits(b), &hits(a)),
        Shape::Mean { .. } => {
            let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b[0] - a[0]).collect();
            sample.mean(&differences, -span, span)
        }
        Shape::Median => {
            let first = |values: &[Value]| values.iter().map(|v| v[0]).collect::<Vec<f64>>();
            let e = sample.design.median_difference(&first(b), &first(a));
            e.within(-span, span, sample.effective_units())
        }
        Shape::Rfs | Shape::Kept => {
            let e = sample.functional(|shares| shape.figure(b, shares) - shape.figure(a, shares));
            if span.is_finite() { e.within(-span, span, sample.effective_units()) } else { e }
        }
    };
    let (units, count) = sample.units();
    if count < FEWEST || estimate.value.is_none() {
        return (estimate, None);
    }
    let p = if proportions && sample.cluster.is_none() {
        let (lost, gained) = paired::discordant(&hits(b), &hits(a));
        paired::mcnemar_exact(lost, gained)
    } else {
        exchange(sample, shape, a, b, (&units, count), draws)
    };
    (estimate, p.is_finite().then_some(p))
}

/// Under no difference the two values of a sampling unit could as well be exchanged: for means the
/// sign-flip test of their differences.
fn exchange(
    sample: &Sample,
    shape: Shape,
    a: &[Value],
    b: &[Value],
    (units, count): (&[usize], usize),
    draws: &Draws<'_>,
) -> f64 {
    let shares = sample.shares(&vec![1.0; sample.len()]);
    let mut rng = keyed(draws.seed, "compare exchange", draws.key, 0);
    let mut swap = vec![false; count];
    let mut toss = move |swap: &mut [bool]| {
        for chunk in swap.chunks_mut(64) {
            let bits = rng.next_u64();
            chunk.iter_mut().enumerate().for_each(|(i, s)| *s = bits >> i & 1 == 1);
        }
    };
    if shape == Shape::Median {
        let (mut x, mut y) = (a.to_vec(), b.to_vec());
        let observed = shape.figure(b, &shares) - shape.figure(a, &shares);
        return sequential_p(observed, draws.most, ENOUGH, || {
            toss(&mut swap);
            for (i, &unit) in units.iter().enumerate() {
                (x[i], y[i]) = if swap[unit] { (b[i], a[i]) } else { (a[i], b[i]) };
            }
            shape.figure(&y, &shares) - shape.figure(&x, &shares)
        });
    }
    // Figures of means need each unit's part of the means only: [A's two, B's two].
    let mut parts = vec![[0.0; 4]; count];
    for (i, &unit) in units.iter().enumerate() {
        for at in 0..2 {
            parts[unit][at] += shares[i] * a[i][at];
            parts[unit][2 + at] += shares[i] * b[i][at];
        }
    }
    let figure =
        |sums: [f64; 4]| shape.of_means(sums[2], sums[3]) - shape.of_means(sums[0], sums[1]);
    let sum = |swap: &[bool]| {
        let mut sums = [0.0; 4];
        for (part, &swapped) in parts.iter().zip(swap) {
            let turn = if swapped { 2 } else { 0 };
            for (at, sum) in sums.iter_mut().enumerate() {
                *sum += part[at ^ turn];
            }
        }
        figure(sums)
    };
    let observed = sum(&swap);
    sequential_p(observed, draws.most, ENOUGH, || {
        toss(&mut swap);
        sum(&swap)
    })
}

//! Estimates that a stage computes and a comparison computes again: the share kept, and RFS with an interval that holds.

use rightly_stats::{Design, Estimate, design, proportion::wilson_of_rate};

/// Fewer sampling units with a right answer than this don't show their spread.
pub(crate) const FEW_RIGHT: usize = 10;

/// The ratio of two paired accuracies, 0 or more. Where so few units are right after that their spread can't be seen, the
/// interval holds also what the accuracy after can be by itself.
pub(crate) fn share_kept(
    design: &Design,
    kind: design::Scope,
    before: &[f64],
    after: &[f64],
) -> Estimate {
    let ratio = design.ratio(kind, after, before);
    let mean = |values: &[f64]| match kind {
        design::Scope::Pooled => design.mean_within(values, 0.0, 1.0),
        design::Scope::MeanOfStrata => design.mean_of_strata_within(values, 0.0, 1.0),
    };
    let (Some(value), Some(low), Some(high), Some(accuracy)) =
        (ratio.value, ratio.low, ratio.high, mean(before).value)
    else {
        return ratio;
    };
    let (mut low, mut high) = (low, high);
    let same = before == after;
    if same || design.units_with(after) < FEW_RIGHT {
        let units = design.effective_units(kind);
        // What could differ although no unit of so many did.
        let unseen = wilson_of_rate(if same { 0.0 } else { value * accuracy }, units);
        high = high.max(if same { value + unseen.1 / accuracy } else { unseen.1 / accuracy });
        low = low.min(if same { value - unseen.1 / accuracy } else { unseen.0 / accuracy });
    }
    Estimate { low: Some(low.max(0.0)), high: Some(high), ..ratio }
}

/// Fewest sampling units that hold the rarer outcome, under either noise, for RFS to have an interval.
const RARER: usize = 5;

/// RFS of the accuracies `fg` and `bg` of each image, with an interval that holds the truth: none where too few units hold
/// the rarer outcome to show a spread (all right under one of the noises, say), and Fieller's where units are few.
/// Resampling is too narrow in both cases, and leaves zero out where the gap does not.
pub(crate) fn with_honest_bounds(
    rfs: Estimate,
    design: &Design,
    kind: design::Scope,
    fg: &[f64],
    bg: &[f64],
) -> Estimate {
    let none = Estimate { low: None, high: None, ..rfs };
    let rarer = [fg, bg].map(|side| design.units_of_the_rarer(side));
    let Some(value) = rfs.value.filter(|_| rarer[0].min(rarer[1]) >= RARER) else { return none };
    if !design.is_small(kind) {
        return rfs;
    }
    let gap: Vec<f64> = fg.iter().zip(bg).map(|(fg, bg)| bg - fg).collect();
    // Below a mean of one half the room is the mean, above it what is missing to 1: whichever gives the figure.
    let room = |free: f64, sign: f64| -> Vec<f64> {
        fg.iter().zip(bg).map(|(fg, bg)| free + sign * (fg + bg)).collect()
    };
    let below = design.ratio(kind, &gap, &room(0.0, 1.0));
    let above = design.ratio(kind, &gap, &room(2.0, -1.0));
    // The smaller room gives the larger figure.
    let size = |e: &Estimate| e.value.map_or(f64::INFINITY, f64::abs);
    let ratio = if size(&below) >= size(&above) { below } else { above };
    let clipped = |bound: Option<f64>| bound.map(|b| b.clamp(-1.0, 1.0));
    Estimate { value: Some(value), low: clipped(ratio.low), high: clipped(ratio.high), ..rfs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_of(before: &[f64], after: &[f64]) -> [f64; 3] {
        let design = Design::new(vec![0; before.len()], None, 0, 0);
        let e = share_kept(&design, design::Scope::Pooled, before, after);
        [e.value.unwrap(), e.low.unwrap(), e.high.unwrap()]
    }

    #[test]
    fn what_is_kept_is_between_honest_bounds() {
        let hits =
            |n: usize| -> Vec<f64> { (0..200).map(|i| f64::from(u8::from(i < n))).collect() };
        let [value, low, high] = kept_of(&hits(160), &hits(80));
        // Of 160 right ones 80 are kept: the ordinary interval of that share is .5 +- .08.
        assert!(
            (value - 0.5).abs() < 1e-12 && (low - 0.42).abs() < 0.01 && (high - 0.58).abs() < 0.01
        );
        // Nothing is left: as many as 3.8 of 200 could be, of 160.
        let [value, low, high] = kept_of(&hits(160), &hits(0));
        assert_eq!((value, low), (0.0, 0.0));
        assert!((0.015..0.04).contains(&high), "{high}");
        // Nothing changed.
        let [value, low, high] = kept_of(&hits(160), &hits(160));
        assert_eq!(value, 1.0);
        assert!((0.96..0.99).contains(&low) && (1.01..1.04).contains(&high), "{low} {high}");
        let design = Design::new(vec![0; 200], None, 0, 0);
        let none = share_kept(&design, design::Scope::Pooled, &hits(0), &hits(3));
        assert_eq!((none.value, none.low), (None, None));
    }
}

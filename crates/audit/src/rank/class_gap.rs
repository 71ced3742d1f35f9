//! The gap by which a class is judged, and what it takes for one to be a finding.

use rightly_stats::{Estimate, multiple::benjamini_hochberg};

/// Fewest images behind a finding.
const FEWEST: usize = 20;
/// Corrected p-value up to which a gap is a finding.
const Q: f64 = 0.05;

/// The gap by which a class is judged.
pub(super) struct ClassGap {
    pub(super) k: usize,
    pub(super) gap: Estimate,
    /// Of the class's gaps at every `k` together; the larger one where two rankings have to agree.
    pub(super) p: Option<f64>,
    /// Corrected for the number of classes (Benjamini-Hochberg).
    pub(super) q: Option<f64>,
    /// The lower bound that a finding rests on: of this gap, or the lower one of two that have to agree.
    pub(super) holds_from: Option<f64>,
    /// The ranking behind it: rows of the population, the strongest cue first.
    pub(super) ranked: Vec<usize>,
}

impl ClassGap {
    /// Whether accuracy falls with the cue by at least `min_effect`, beyond what chance explains.
    pub(super) fn holds(&self, min_effect: f64) -> bool {
        self.q.is_some_and(|q| q <= Q)
            && 2 * self.k >= FEWEST
            && self.gap.value.is_some_and(|value| value > 0.0)
            && self.holds_from.is_some_and(|low| low >= min_effect)
    }
}

/// What stands where two gaps of a class have to hold: the gap without the object, with the larger p-value of the two
/// (intersection-union test) and the lower of their lower bounds.
///
/// A ranking can err in its own way: whole pictures by weak features of wrongly labelled images, pictures without their
/// object by the shape of the gray box. A cue lowers accuracy in both.
pub(super) fn both(
    whole: Vec<Option<ClassGap>>,
    bare: Vec<Option<ClassGap>>,
) -> Vec<Option<ClassGap>> {
    let mut out: Vec<Option<ClassGap>> = whole
        .into_iter()
        .zip(bare)
        .map(|(whole, bare)| {
            let (whole, bare) = (whole?, bare?);
            let p = whole.p.zip(bare.p).map(|(a, b)| a.max(b));
            let low = whole.gap.low.zip(bare.gap.low).map(|(a, b)| a.min(b));
            Some(ClassGap { p, holds_from: low, ..bare })
        })
        .collect();
    let p: Vec<f64> =
        out.iter().map(|gap| gap.as_ref().and_then(|gap| gap.p).unwrap_or(f64::NAN)).collect();
    for (gap, q) in out.iter_mut().zip(benjamini_hochberg(&p)) {
        if let Some(gap) = gap {
            gap.q = (!q.is_nan()).then_some(q);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(value: f64, p: f64) -> Option<ClassGap> {
        let gap = Estimate {
            value: Some(value),
            low: Some(value - 0.1),
            high: None,
            n: 100,
            clusters: None,
        };
        Some(ClassGap { k: 50, gap, p: Some(p), q: Some(p), holds_from: gap.low, ranked: vec![] })
    }

    #[test]
    fn a_class_is_judged_by_the_weaker_of_its_two_gaps() {
        let whole = vec![gap(0.9, 0.001), gap(0.1, 0.3), gap(0.9, 0.001), gap(0.12, 0.001), None];
        let bare =
            vec![gap(0.8, 0.002), gap(0.8, 0.001), gap(0.1, 0.3), gap(0.8, 0.001), gap(0.8, 0.001)];
        let judged = both(whole, bare);
        let holds: Vec<bool> =
            judged.iter().map(|g| g.as_ref().is_some_and(|g| g.holds(0.05))).collect();
        assert_eq!(holds, [true, false, false, false, false]);
        let first = judged[0].as_ref().unwrap();
        assert_eq!((first.gap.value, first.p), (Some(0.8), Some(0.002)));
        // Of the family of four p-values, .001 .002 .3 .3.
        assert_eq!(first.q, Some(0.004));
    }
}

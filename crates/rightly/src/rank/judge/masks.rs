//! Judged by masks: where does a feature's activation lie?

use rightly_stats::{Design, Estimate};

use super::Judgement;

/// Fewest images with a mask on which a feature is judged.
const FEWEST: usize = 10;

/// Judges one feature of one class: `active[i]` is its activation on image `i` (its mean over positions), `excess[i]`
/// the share of that activation that lies on the object minus the object's share of the picture, NaN where unknown.
///
/// The figure is the excess of all the activation together, `sum(active . excess) / sum(active)`: an image counts by how
/// strongly it shows the feature. A map moved to a random place would give 0. Below 0 by the whole interval the feature
/// lies off the object and is spurious, above it is core, else it is neither.
pub(in crate::rank) fn by_masks(active: &[f64], excess: &[f64], design: &Design) -> Judgement {
    let usable: Vec<usize> =
        (0..active.len()).filter(|&i| excess[i].is_finite() && active[i] > 0.0).collect();
    if usable.len() < FEWEST {
        let evidence = Estimate { n: usable.len(), ..Estimate::default() };
        return Judgement { spurious: None, evidence, word: None };
    }
    let ratio = |weights: &[f64], out: &mut [f64]| {
        let (mut top, mut bottom) = (0.0, 0.0);
        for (&i, w) in usable.iter().zip(weights) {
            top += w * active[i] * excess[i];
            bottom += w * active[i];
        }
        out[0] = top / bottom;
    };
    let evidence = design.subset(&usable).functional(1, ratio)[0];
    let spurious = match (evidence.low, evidence.high) {
        (_, Some(high)) if high < 0.0 => Some(true),
        (Some(low), _) if low > 0.0 => Some(false),
        _ => None,
    };
    Judgement { spurious, evidence, word: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(active: &[f64], excess: &[f64]) -> Judgement {
        by_masks(active, excess, &Design::new(vec![0; active.len()], None, 0, 500))
    }

    #[test]
    fn activation_off_the_object_is_spurious_on_it_is_core() {
        let wave = |i: usize| (i as f64 * 0.7).sin() * 0.05;
        let active: Vec<f64> = (0..40).map(|i| 1.0 + wave(i)).collect();
        let off: Vec<f64> = (0..40).map(|i| -0.2 + wave(3 * i)).collect();
        assert_eq!(judge(&active, &off).spurious, Some(true));
        let on: Vec<f64> = off.iter().map(|e| -e).collect();
        assert_eq!(judge(&active, &on).spurious, Some(false));
        let both: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 0.2 } else { -0.2 }).collect();
        assert_eq!(judge(&active, &both).spurious, None);
    }

    #[test]
    fn images_count_by_how_strongly_they_show_it() {
        // Strong images lie off the object, many weak ones on it.
        let active: Vec<f64> = (0..60).map(|i| if i < 20 { 10.0 } else { 0.1 }).collect();
        let excess: Vec<f64> = (0..60).map(|i| if i < 20 { -0.3 } else { 0.3 }).collect();
        let found = judge(&active, &excess);
        assert_eq!(found.spurious, Some(true));
        assert!((found.evidence.value.unwrap() + 0.288).abs() < 0.001);
    }

    #[test]
    fn too_few_images_say_nothing() {
        assert_eq!(judge(&[1.0; 9], &[-0.5; 9]).spurious, None);
        assert_eq!(judge(&[1.0; 30], &[f64::NAN; 30]).evidence.n, 0);
        assert_eq!(judge(&[0.0; 30], &[-0.5; 30]).evidence.n, 0);
    }
}

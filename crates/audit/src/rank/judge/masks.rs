//! Judged by masks: does a feature live on the object?
//!
//! *What does it keep without the object?* Its activation with the object's box gray, over what a map moved to a random
//! place would keep (the share of the picture outside the box): 0 for a feature of the object, 1 for one that is spread
//! over the picture, more for one of the surroundings. A feature that keeps more than half is spurious.
//!
//! *Where does its activation lie?* The share of its map on the object, minus the object's share of the picture: a map
//! moved to a random place would give 0. This decides only where the first figure is not known: objects and activations
//! both favour the middle of a picture, and coarse maps blur over the edge, so that a map may lie on an object that the
//! feature does not look at.

use rightly_stats::{Design, Estimate};

use super::Judgement;

/// Fewest images with a mask on which a feature is judged.
const FEWEST: usize = 10;
/// Share of what chance would keep, from which on a feature is not about the object.
const KEPT: f64 = 0.5;

/// What is known of one feature of one class, image by image; NaN where it is not known.
pub(in crate::rank) struct Shown {
    /// Activation, its mean over positions.
    pub(in crate::rank) active: Vec<f64>,
    /// Share of the map on the object minus the object's share of the picture.
    pub(in crate::rank) excess: Vec<f64>,
    /// Activation with the object's box gray.
    pub(in crate::rank) boxed: Vec<f64>,
    /// Share of the picture outside that box.
    pub(in crate::rank) outside: Vec<f64>,
}

/// Judges a feature. Both figures are over all the activation together, so that an image counts by how strongly it shows
/// the feature: `kept = sum(boxed) / sum(active . outside)`, `evidence = sum(active . excess) / sum(active)`.
pub(in crate::rank) fn by_masks(shown: &Shown, design: &Design) -> Judgement {
    let active = &shown.active;
    let evidence = ratio(design, active.len(), |i| {
        (active[i] > 0.0).then_some((active[i] * shown.excess[i], active[i]))
    });
    let kept = ratio(design, active.len(), |i| {
        (active[i] > 0.0).then_some((shown.boxed[i], active[i] * shown.outside[i]))
    });
    let spurious = match kept.value {
        Some(_) => side(&kept, KEPT),
        // Below 0 the map lies off the object.
        None => side(&evidence, 0.0).map(|above| !above),
    };
    Judgement { evidence, kept, ..Judgement::plain(spurious) }
}

/// Whether the whole interval lies above the bound (`Some(true)`) or below it.
fn side(e: &Estimate, bound: f64) -> Option<bool> {
    match (e.low, e.high) {
        (Some(low), _) if low > bound => Some(true),
        (_, Some(high)) if high < bound => Some(false),
        _ => None,
    }
}

/// `sum(top) / sum(bottom)` over the images of which both are known.
fn ratio(design: &Design, n: usize, parts: impl Fn(usize) -> Option<(f64, f64)>) -> Estimate {
    let known: Vec<(usize, (f64, f64))> = (0..n)
        .filter_map(|i| Some((i, parts(i)?)))
        .filter(|(_, (top, bottom))| top.is_finite() && bottom.is_finite())
        .collect();
    if known.len() < FEWEST {
        return Estimate { n: known.len(), ..Estimate::default() };
    }
    let images: Vec<usize> = known.iter().map(|(i, _)| *i).collect();
    let figure = |weights: &[f64], out: &mut [f64]| {
        let (mut top, mut bottom) = (0.0, 0.0);
        for ((_, part), w) in known.iter().zip(weights) {
            top += w * part.0;
            bottom += w * part.1;
        }
        out[0] = top / bottom;
    };
    design.subset(&images).functional(1, figure)[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(active: &[f64], excess: &[f64], boxed: Option<&[f64]>) -> Judgement {
        let unknown = vec![f64::NAN; active.len()];
        let shown = Shown {
            active: active.to_vec(),
            excess: excess.to_vec(),
            boxed: boxed.unwrap_or(&unknown).to_vec(),
            outside: vec![0.5; active.len()],
        };
        by_masks(&shown, &Design::new(vec![0; active.len()], None, 0, 500))
    }

    fn wave(i: usize) -> f64 {
        (i as f64 * 0.7).sin() * 0.05
    }

    #[test]
    fn activation_off_the_object_is_spurious_on_it_is_core() {
        let active: Vec<f64> = (0..40).map(|i| 1.0 + wave(i)).collect();
        let off: Vec<f64> = (0..40).map(|i| -0.2 + wave(3 * i)).collect();
        assert_eq!(judge(&active, &off, None).spurious, Some(true));
        let on: Vec<f64> = off.iter().map(|e| -e).collect();
        assert_eq!(judge(&active, &on, None).spurious, Some(false));
        let both: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 0.2 } else { -0.2 }).collect();
        assert_eq!(judge(&active, &both, None).spurious, None);
    }

    #[test]
    fn what_is_kept_without_the_object_decides() {
        let active: Vec<f64> = (0..40).map(|i| 1.0 + wave(i)).collect();
        let on: Vec<f64> = (0..40).map(|i| 0.1 + wave(3 * i)).collect();
        let part = |share: f64| -> Vec<f64> { active.iter().map(|a| a * share).collect() };
        // Half of each picture lies outside the box: a map moved at random keeps half.
        let cue = judge(&active, &on, Some(&part(0.45)));
        assert_eq!(cue.spurious, Some(true), "although its map lies on the object");
        assert!((cue.kept.value.unwrap() - 0.9).abs() < 1e-9);
        assert_eq!(judge(&active, &on, Some(&part(0.05))).spurious, Some(false));
        let mixed: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 0.1 } else { 0.4 }).collect();
        assert_eq!(judge(&active, &on, Some(&mixed)).spurious, None);
    }

    #[test]
    fn images_count_by_how_strongly_they_show_it() {
        // Strong images lie off the object, many weak ones on it.
        let active: Vec<f64> = (0..60).map(|i| if i < 20 { 10.0 } else { 0.1 }).collect();
        let excess: Vec<f64> = (0..60).map(|i| if i < 20 { -0.3 } else { 0.3 }).collect();
        let found = judge(&active, &excess, None);
        assert_eq!(found.spurious, Some(true));
        assert!((found.evidence.value.unwrap() + 0.288).abs() < 0.001);
    }

    #[test]
    fn too_few_images_say_nothing() {
        assert_eq!(judge(&[1.0; 9], &[-0.5; 9], None).spurious, None);
        assert_eq!(judge(&[1.0; 30], &[f64::NAN; 30], None).evidence.n, 0);
        assert_eq!(judge(&[0.0; 30], &[-0.5; 30], Some(&[1.0; 30])).evidence.n, 0);
    }
}

//! Activation maps against the object's mask.

use super::SizeMismatch;
use rightly_data::Mask;

/// Share of the map's range from which a pixel counts as salient.
pub const THRESHOLD: f32 = 0.5;

fn fit(cam: &[f32], mask: &Mask) -> Result<(), SizeMismatch> {
    if mask.data.len() == mask.width * mask.height && cam.len() == mask.data.len() {
        return Ok(());
    }
    Err(SizeMismatch::new("map", [mask.width, mask.height, cam.len()], mask))
}

/// Intersection over union of `{cam >= 0.5}` and the mask, 0..1.
///
/// `cam` is `[H, W]` in 0..1 at the mask's own size. 0 where both are empty.
///
/// # Errors
/// Where the map's size is not the mask's.
pub fn iou(cam: &[f32], mask: &Mask) -> Result<f64, SizeMismatch> {
    fit(cam, mask)?;
    let (mut both, mut either) = (0usize, 0usize);
    for (&value, &on) in cam.iter().zip(&mask.data) {
        let salient = value >= THRESHOLD;
        both += usize::from(salient & on);
        either += usize::from(salient | on);
    }
    Ok(if either == 0 { 0.0 } else { both as f64 / either as f64 })
}

/// Mean of the map on the object minus its mean off the object, -1..1.
///
/// `cam` is `[H, W]` in 0..1 at the mask's own size. `None` for an empty or full mask (one of the
/// means does not exist).
///
/// # Errors
/// Where the map's size is not the mask's.
pub fn delta_density(cam: &[f32], mask: &Mask) -> Result<Option<f64>, SizeMismatch> {
    fit(cam, mask)?;
    let (mut on_sum, mut all_sum, mut on) = (0.0f64, 0.0f64, 0usize);
    for (&value, &object) in cam.iter().zip(&mask.data) {
        all_sum += f64::from(value);
        on_sum += if object { f64::from(value) } else { 0.0 };
        on += usize::from(object);
    }
    let off = cam.len() - on;
    let means = (on > 0 && off > 0).then(|| [on_sum / on as f64, (all_sum - on_sum) / off as f64]);
    Ok(means.map(|[on, off]| on - off))
}

/// Share of the map's sum that lies on the object, 0..1: no threshold. `None` for a map of zeros.
///
/// `cam` is `[H, W]`, 0 or more, at the mask's own size.
///
/// # Errors
/// Where the map's size is not the mask's.
pub fn mass(cam: &[f32], mask: &Mask) -> Result<Option<f64>, SizeMismatch> {
    fit(cam, mask)?;
    let all: f64 = cam.iter().map(|&v| f64::from(v)).sum();
    let on = cam.iter().zip(&mask.data).filter(|(_, on)| **on);
    let on: f64 = on.map(|(&v, _)| f64::from(v)).sum();
    Ok((all > 0.0).then(|| (on / all).clamp(0.0, 1.0)))
}

/// Whether the map's highest pixel (the first of equal ones) lies on the object: the pointing game (Zhang et al. 2018),
/// without its margin of 15 pixels.
///
/// # Errors
/// Where the map's size is not the mask's.
pub fn pointing(cam: &[f32], mask: &Mask) -> Result<bool, SizeMismatch> {
    fit(cam, mask)?;
    let first = |best: usize, at: usize| if cam[at] > cam[best] { at } else { best };
    Ok((0..cam.len()).reduce(first).is_some_and(|best| mask.data[best]))
}

/// Average precision of the map's pixels, highest first, as a detector of the object's, 0..1: pixels of equal value are taken
/// together, as scikit-learn does. `None` for an empty mask.
///
/// # Errors
/// Where the map's size is not the mask's.
pub fn average_precision(cam: &[f32], mask: &Mask) -> Result<Option<f64>, SizeMismatch> {
    fit(cam, mask)?;
    let object = mask.data.iter().filter(|&&on| on).count();
    let mut order: Vec<usize> = (0..cam.len()).collect();
    order.sort_unstable_by(|&a, &b| cam[b].total_cmp(&cam[a]));
    let (mut seen, mut found, mut sum) = (0_usize, 0_usize, 0.0);
    for alike in order.chunk_by(|&a, &b| cam[a] == cam[b]) {
        let own = alike.iter().filter(|&&at| mask.data[at]).count();
        seen += alike.len();
        found += own;
        sum += own as f64 * found as f64 / seen as f64;
    }
    Ok((object > 0).then(|| sum / object as f64))
}

/// Share of the highest tenth of one map's pixels that are among the highest tenth of the other's, 0..1: 1 where both point
/// to the same place, about .1 where they have nothing to do with each other. Of equal values the first pixels count as
/// higher. `None` for maps of fewer than ten pixels or of different sizes.
pub fn top_overlap(a: &[f32], b: &[f32]) -> Option<f64> {
    let tenth = a.len() / 10;
    if tenth == 0 || a.len() != b.len() {
        return None;
    }
    let top = |map: &[f32]| {
        let mut order: Vec<usize> = (0..map.len()).collect();
        order.sort_unstable_by(|&x, &y| map[y].total_cmp(&map[x]).then(x.cmp(&y)));
        let mut marked = vec![false; map.len()];
        order[..tenth].iter().for_each(|&at| marked[at] = true);
        marked
    };
    let both = top(a).into_iter().zip(top(b)).filter(|&(a, b)| a && b).count();
    Some(both as f64 / tenth as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{mask, masks};
    use proptest::prelude::*;

    #[test]
    fn half_counts_as_salient() {
        let mask = mask("##\n..");
        assert_eq!(iou(&[0.5, 0.499_999, 0.0, 0.0], &mask).unwrap(), 0.5);
        assert_eq!(iou(&[0.5, 0.7, 1.0, 0.0], &mask).unwrap(), 2.0 / 3.0);
        assert_eq!(iou(&[0.0, 0.0, 1.0, 1.0], &mask).unwrap(), 0.0);
        assert_eq!(delta_density(&[1.0, 0.5, 0.25, 0.0], &mask).unwrap(), Some(0.625));
    }

    #[test]
    fn empty_and_full() {
        assert_eq!(iou(&[0.0; 4], &mask("..\n..")).unwrap(), 0.0);
        assert_eq!(delta_density(&[0.3; 4], &mask("..\n..")).unwrap(), None);
        assert_eq!(delta_density(&[0.3; 4], &mask("##\n##")).unwrap(), None);
    }

    /// scikit-learn 1.9.1: average_precision_score([1, 0, 1, 1, 0, 0], [.9, .8, .8, .3, .3, .1]) = 0.7555...
    #[test]
    fn average_precision_takes_equal_pixels_together() {
        let own = mask("#.#\n#..");
        let map = [0.9, 0.8, 0.8, 0.3, 0.3, 0.1];
        let expected = (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0;
        let got = average_precision(&map, &own).unwrap().unwrap();
        assert!((got - expected).abs() < 1e-12, "{got}");
        assert_eq!(average_precision(&map, &mask("...\n...")).unwrap(), None);
    }

    #[test]
    fn mass_and_peak() {
        let own = mask("#.\n..");
        assert_eq!(mass(&[1.0, 0.5, 0.25, 0.25], &own).unwrap(), Some(0.5));
        assert_eq!(mass(&[0.0; 4], &own).unwrap(), None);
        assert!(pointing(&[1.0, 1.0, 0.0, 0.0], &own).unwrap());
        assert!(!pointing(&[0.9, 1.0, 0.0, 0.0], &own).unwrap());
    }

    #[test]
    fn tops_that_share_nothing_and_everything() {
        let rising: Vec<f32> = (0..40).map(|v| v as f32).collect();
        let falling: Vec<f32> = rising.iter().rev().copied().collect();
        assert_eq!(top_overlap(&rising, &rising), Some(1.0));
        assert_eq!(top_overlap(&rising, &falling), Some(0.0));
        assert_eq!(top_overlap(&rising[..9], &falling[..9]), None);
    }

    proptest! {
        #[test]
        fn the_mask_itself_is_a_perfect_map(mask in masks(10)) {
            let cam: Vec<f32> = mask.data.iter().map(|&on| f32::from(u8::from(on))).collect();
            let inverse: Vec<f32> = cam.iter().map(|v| 1.0 - v).collect();
            if mask.data.contains(&true) {
                prop_assert_eq!(iou(&cam, &mask).unwrap(), 1.0);
                prop_assert_eq!(iou(&inverse, &mask).unwrap(), 0.0);
                prop_assert_eq!(mass(&cam, &mask).unwrap(), Some(1.0));
                prop_assert!(pointing(&cam, &mask).unwrap());
                prop_assert_eq!(average_precision(&cam, &mask).unwrap(), Some(1.0));
            }
            if let Some(delta) = delta_density(&cam, &mask).unwrap() {
                prop_assert_eq!(delta, 1.0);
                prop_assert_eq!(delta_density(&inverse, &mask).unwrap(), Some(-1.0));
            }
        }
    }
}

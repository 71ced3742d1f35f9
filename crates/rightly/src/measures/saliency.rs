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

    proptest! {
        #[test]
        fn the_mask_itself_is_a_perfect_map(mask in masks(10)) {
            let cam: Vec<f32> = mask.data.iter().map(|&on| f32::from(u8::from(on))).collect();
            let inverse: Vec<f32> = cam.iter().map(|v| 1.0 - v).collect();
            if mask.data.contains(&true) {
                prop_assert_eq!(iou(&cam, &mask).unwrap(), 1.0);
                prop_assert_eq!(iou(&inverse, &mask).unwrap(), 0.0);
            }
            if let Some(delta) = delta_density(&cam, &mask).unwrap() {
                prop_assert_eq!(delta, 1.0);
                prop_assert_eq!(delta_density(&inverse, &mask).unwrap(), Some(-1.0));
            }
        }
    }
}

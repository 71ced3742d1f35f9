//! Size and place of the object, per image and as a mean mask (Hard ImageNet, objects).

mod mean_mask;
mod random_crop;

pub use mean_mask::{GRID, MeanMask};

use super::{area, check};
use rightly_data::{Mask, Preprocess, preprocess::MaskSampling};

/// Figures of one image's mask. Shares are areas over areas, 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectFigures {
    /// Share of the stored photograph that is object.
    pub share: f64,
    /// Share of the model's input (after resize and crop) that is object.
    pub share_crop: f64,
    /// Share that is object after a random resized crop of the photograph, mean over 10 draws
    /// (scale .08 to 1, ratio 3/4 to 4/3, as torchvision draws them in training).
    pub share_random_crop: f64,
    /// Share of the object that the model's own crop keeps.
    pub kept: f64,
    /// Distance of the object's centroid from the centre of the photograph, both in pixels, over
    /// half of the diagonal: 0 at the centre, 1 at a corner. NaN for an empty mask.
    pub distance: f64,
    /// The centroid `[y, x]` over the photograph's height and width, 0..1 from the upper left
    /// corner; pixel centres lie at one half. NaN for an empty mask.
    pub centroid: [f64; 2],
}

/// Figures of one image: `raw` is the mask at the photograph's size, `crop` the same through the
/// model's geometry, `kept_by_crop` from [`kept`].
///
/// The random crops depend on `seed` and `id` alone.
pub fn objects(raw: &Mask, crop: &Mask, kept_by_crop: f64, seed: u64, id: &str) -> ObjectFigures {
    let (distance, centroid) = place(raw);
    ObjectFigures {
        share: share(raw),
        share_crop: share(crop),
        share_random_crop: random_crop::share(raw, seed, id),
        kept: kept_by_crop,
        distance,
        centroid,
    }
}

/// Share of the object that the model's own resize and crop keep, 0..1; NaN for an empty mask.
///
/// Areas are counted after the resize, with the crop and without it. 0 also where the resize alone
/// loses a thin object. The paper's code always takes a short side of 256 with the aspect kept and a
/// crop of 224, whatever the model's own preprocessing is (its own squashes to 256 x 256): for that
/// figure give a [`Preprocess`] with these two steps.
pub fn kept(raw: &Mask, preprocess: &Preprocess, sampling: MaskSampling) -> f64 {
    if area(raw) == 0 {
        return f64::NAN;
    }
    if preprocess.crop.is_none() {
        let resized = area(&preprocess.crop_mask(raw, sampling));
        return if resized > 0 { 1.0 } else { 0.0 };
    }
    let whole = Preprocess { crop: None, ..preprocess.clone() };
    let before = area(&whole.crop_mask(raw, sampling));
    let after = area(&preprocess.crop_mask(raw, sampling));
    if before == 0 { 0.0 } else { (after as f64 / before as f64).min(1.0) }
}

/// Share of the mask that is object; 0 for a mask without pixels.
fn share(mask: &Mask) -> f64 {
    if mask.data.is_empty() { 0.0 } else { area(mask) as f64 / mask.data.len() as f64 }
}

/// Distance and centroid as in [`ObjectFigures`].
fn place(mask: &Mask) -> (f64, [f64; 2]) {
    let (mut count, mut rows, mut columns) = (0u64, 0u64, 0u64);
    check(mask);
    if mask.width > 0 {
        for (y, row) in mask.data.chunks_exact(mask.width).enumerate() {
            let mut here = 0;
            for (x, &on) in row.iter().enumerate() {
                here += u64::from(on);
                columns += if on { x as u64 } else { 0 };
            }
            count += here;
            rows += here * y as u64;
        }
    }
    if count == 0 {
        return (f64::NAN, [f64::NAN; 2]);
    }
    let (height, width) = (mask.height as f64, mask.width as f64);
    let y = rows as f64 / count as f64 + 0.5;
    let x = columns as f64 / count as f64 + 0.5;
    let from_centre = (y - height / 2.0).hypot(x - width / 2.0);
    (from_centre / (height.hypot(width) / 2.0), [y / height, x / width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{mask, masks};
    use proptest::prelude::*;
    use rightly_data::preprocess::Resize;

    #[test]
    fn place_of_known_masks() {
        assert_eq!(place(&mask("....\n....\n..##")), (1f64.hypot(1.0) / 2.5, [2.5 / 3.0, 0.75]));
        assert_eq!(place(&mask("###\n###\n###")), (0.0, [0.5, 0.5]));
        // Two objects on both sides balance at the centre.
        assert_eq!(place(&mask("#.#")), (0.0, [0.5, 0.5]));
        let (distance, centroid) = place(&mask("..\n.."));
        assert!(distance.is_nan() && centroid[0].is_nan() && centroid[1].is_nan());
    }

    #[test]
    fn what_the_crop_keeps() {
        let geometry =
            |resize, crop| Preprocess { resize, crop, ..Preprocess::preset("imagenet").unwrap() };
        let nearest = MaskSampling::Nearest;
        // The centre 2 x 2 of 4 x 4 holds one of three object pixels.
        let three = mask("#...\n.#..\n....\n...#");
        assert_eq!(kept(&three, &geometry(None, Some([2, 2])), nearest), 1.0 / 3.0);
        assert_eq!(kept(&three, &geometry(None, None), nearest), 1.0);
        // Twice the size and a crop of the same share: the same answer.
        let twice = geometry(Some(Resize::Exact([8, 8])), Some([4, 4]));
        assert_eq!(kept(&three, &twice, nearest), 1.0 / 3.0);
        // Squeezed to one pixel, which does not sample the object.
        let lost = geometry(Some(Resize::Exact([1, 1])), None);
        assert_eq!(kept(&mask("#..\n...\n..."), &lost, nearest), 0.0);
        assert!(kept(&mask("..\n.."), &twice, nearest).is_nan());
    }

    #[test]
    fn shares() {
        assert_eq!(share(&mask("#...\n....")), 0.125);
        assert_eq!(share(&mask("..")), 0.0);
        assert_eq!(share(&Mask { width: 0, height: 0, data: vec![] }), 0.0);
    }

    proptest! {
        #[test]
        fn the_centroid_moves_with_the_mask(mask in masks(12)) {
            let (distance, [y, x]) = place(&mask);
            if area(&mask) > 0 {
                prop_assert!((0.0..1.0).contains(&distance));
                let turned = Mask { data: mask.data.iter().rev().copied().collect(), ..mask };
                let (other, [v, u]) = place(&turned);
                prop_assert!((y + v - 1.0).abs() < 1e-12 && (x + u - 1.0).abs() < 1e-12);
                prop_assert!((distance - other).abs() < 1e-12);
            }
        }
    }
}

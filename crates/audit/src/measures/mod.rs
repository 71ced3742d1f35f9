//! What is done to one image's pixels and mask, and what is read off them: pure functions.
//!
//! Pictures are [`rightly_data::Planes`] (RGB in 0..1, `[3, H, W]`, after resize and crop, before
//! normalisation); masks are [`rightly_data::Mask`] (`[H, W]`, true on the object). A function that
//! takes both needs the same height and width: anything else is a [`SizeMismatch`], in every build. A
//! picture that came back as it is would read as 'no effect'.
//!
//! | module | subject |
//! |---|---|
//! | [`ablation`] | the object grayed, boxed, tiled over |
//! | [`background`] | the object kept, its surroundings grayed, blurred, swapped |
//! | [`near_copies`] | pictures that show the same scene once more |
//! | [`noise`] | the same Gaussian noise on the object or off it |
//! | [`control`] | the image's own mask moved onto the background |
//! | [`rfs`] | relative foreground sensitivity |
//! | [`saliency`] | activation maps against the mask |
//! | [`objects`] | size and place of the object |
//! | [`overlay`] | a suspected cue laid over the picture |
//! | [`components`] | connected parts of a mask and their boxes |

pub mod ablation;
pub mod background;
pub mod components;
pub mod control;
pub mod near_copies;
pub mod noise;
pub mod objects;
pub mod overlay;
pub mod rfs;
pub mod saliency;
#[cfg(test)]
mod testing;

use rightly_data::{Mask, Planes};

/// Number of object pixels.
fn area(mask: &Mask) -> usize {
    mask.data.iter().map(|&on| usize::from(on)).sum()
}

/// Picture, map or field and mask of different sizes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a {what} of {width} x {height} pixels ({values} values) meets a mask of {mask_width} x {mask_height} ({mask_values} values); nothing can be measured with them"
)]
pub struct SizeMismatch {
    what: &'static str,
    width: usize,
    height: usize,
    values: usize,
    mask_width: usize,
    mask_height: usize,
    mask_values: usize,
}

impl SizeMismatch {
    fn new(what: &'static str, [width, height, values]: [usize; 3], mask: &Mask) -> Self {
        Self {
            what,
            width,
            height,
            values,
            mask_width: mask.width,
            mask_height: mask.height,
            mask_values: mask.data.len(),
        }
    }
}

/// Checks that picture and mask have one size and all their values.
fn fit(planes: &Planes, mask: &Mask) -> Result<(), SizeMismatch> {
    let size = (planes.width, planes.height);
    if size == (mask.width, mask.height)
        && mask.data.len() == mask.width * mask.height
        && planes.data.len() == 3 * mask.data.len()
    {
        return Ok(());
    }
    Err(SizeMismatch::new("picture", [size.0, size.1, planes.data.len()], mask))
}

/// A mask alone holds as many values as its size says.
fn check(mask: &Mask) {
    assert_eq!(mask.data.len(), mask.width * mask.height, "readers fill a mask by construction");
}

#[cfg(test)]
mod tests {
    use super::{ablation, noise, overlay::Overlay, saliency, testing::numbered};
    use rightly_data::{Mask, Planes};

    /// Nothing is measured, and nothing reads as 'no effect', where sizes differ.
    #[test]
    fn sizes_that_differ_are_an_error_everywhere() {
        let picture = numbered(4, 6);
        let sized = |width, height, values| Mask { width, height, data: vec![true; values] };
        let level = "linf/0.5".parse().unwrap();
        for mask in [sized(4, 6, 24), sized(6, 3, 18), sized(6, 4, 23), sized(0, 0, 0)] {
            let field = vec![1.0; picture.data.len()];
            let side = noise::Side::Foreground;
            let errors = [
                ablation::gray(&picture, &mask).unwrap_err(),
                ablation::gray_box(&picture, &mask).unwrap_err(),
                ablation::tile(&picture, &mask).unwrap_err(),
                noise::add(&picture, &mask, side, &field, level).unwrap_err(),
            ];
            assert!(
                errors.iter().all(|e| e.to_string().contains("picture of 6 x 4")),
                "{errors:?}"
            );
            let map = vec![0.0; 25];
            assert!(saliency::iou(&map, &mask).is_err());
            assert!(saliency::delta_density(&map, &mask).is_err());
        }
        let mask = sized(6, 4, 24);
        assert!(noise::add(&picture, &mask, noise::Side::Background, &[0.0; 3], level).is_err());
        let torn = Planes { data: vec![0.0; 5], ..picture };
        assert!(ablation::gray(&torn, &mask).is_err());
        let overlay = Overlay { name: "x".into(), width: 1, height: 1, rgba: vec![9; 4] };
        assert!(overlay.apply(&torn).is_err());
    }
}

//! What is done to one image's pixels and mask, and what is read off them: pure functions.
//!
//! Pictures are [`rightly_data::Planes`] (RGB in 0..1, `[3, H, W]`, after resize and crop, before
//! normalisation); masks are [`rightly_data::Mask`] (`[H, W]`, true on the object). A function that
//! takes both expects the same height and width: a debug build asserts it, a release build leaves
//! the picture as it is.
//!
//! | module | subject |
//! |---|---|
//! | [`ablation`] | the object grayed, boxed, tiled over |
//! | [`noise`] | the same Gaussian noise on the object or off it |
//! | [`control`] | the image's own mask moved onto the background |
//! | [`rfs`] | relative foreground sensitivity |
//! | [`saliency`] | activation maps against the mask |
//! | [`objects`] | size and place of the object |
//! | [`overlay`] | a suspected cue laid over the picture |
//! | [`components`] | connected parts of a mask and their boxes |

pub mod ablation;
pub mod components;
pub mod control;
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

/// Whether the mask holds as many values as its size says.
fn sound(mask: &Mask) -> bool {
    let sound = mask.data.len() == mask.width * mask.height;
    debug_assert!(sound, "mask of {}x{} holds {} values", mask.width, mask.height, mask.data.len());
    sound
}

/// Whether picture and mask have one size.
fn fit(planes: &Planes, mask: &Mask) -> bool {
    let fit = sound(mask)
        && (planes.width, planes.height) == (mask.width, mask.height)
        && planes.data.len() == 3 * mask.data.len();
    debug_assert!(
        fit,
        "picture {}x{} ({} values), mask {}x{}",
        planes.width,
        planes.height,
        planes.data.len(),
        mask.width,
        mask.height
    );
    fit
}

//! The object taken away: gray, gray box, tile (Hard ImageNet, section on ablation).

mod tile;

pub use tile::{tile, tile_in_sequence};

use super::{SizeMismatch, components::bounds, fit};
use rightly_data::{Mask, Planes};

/// What grayed pixels become, in all three channels of 0..1.
pub const GRAY: f32 = 0.5;

/// Object pixels to exactly [`GRAY`]; every other value is kept. An empty mask changes nothing.
///
/// # Errors
/// Where picture and mask differ in size.
pub fn gray(planes: &Planes, mask: &Mask) -> Result<Planes, SizeMismatch> {
    fit(planes, mask)?;
    let mut out = planes.clone();
    if mask.data.is_empty() {
        return Ok(out);
    }
    for plane in out.data.chunks_exact_mut(mask.data.len()) {
        for (value, &on) in plane.iter_mut().zip(&mask.data) {
            *value = if on { GRAY } else { *value };
        }
    }
    Ok(out)
}

/// One box around all objects to exactly [`GRAY`], its last row and column included. An empty mask
/// changes nothing.
///
/// # Errors
/// Where picture and mask differ in size.
pub fn gray_box(planes: &Planes, mask: &Mask) -> Result<Planes, SizeMismatch> {
    fit(planes, mask)?;
    let mut out = planes.clone();
    let Some(b) = bounds(mask) else {
        return Ok(out);
    };
    for plane in out.data.chunks_exact_mut(mask.data.len()) {
        for row in
            plane[b.top * mask.width..(b.bottom + 1) * mask.width].chunks_exact_mut(mask.width)
        {
            row[b.left..=b.right].fill(GRAY);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{mask, masks, numbered};
    use proptest::prelude::*;

    #[test]
    fn the_box_has_its_last_row_and_column() {
        let mask = mask("....\n.#..\n..#.\n....");
        let out = gray_box(&numbered(4, 4), &mask).unwrap();
        for (at, &value) in out.data.iter().enumerate() {
            let (y, x) = (at % 16 / 4, at % 4);
            let inside = (1..=2).contains(&y) && (1..=2).contains(&x);
            assert_eq!(value, if inside { 0.5 } else { numbered(4, 4).data[at] });
        }
    }

    #[test]
    fn one_pixel_has_a_box() {
        let mask = mask("...\n...\n..#");
        let out = gray_box(&numbered(3, 3), &mask).unwrap();
        assert_eq!(out, gray(&numbered(3, 3), &mask).unwrap());
        assert_eq!(out.data[8], 0.5);
    }

    proptest! {
        #[test]
        fn gray_is_half_on_the_object_and_nothing_elsewhere(mask in masks(10)) {
            let planes = numbered(mask.height, mask.width);
            let out = gray(&planes, &mask).unwrap();
            for (at, &value) in out.data.iter().enumerate() {
                let on = mask.data[at % mask.data.len()];
                prop_assert_eq!(value, if on { 0.5 } else { planes.data[at] });
            }
        }

        #[test]
        fn a_gray_box_is_half_between_the_outermost_object_pixels(mask in masks(10)) {
            let planes = numbered(mask.height, mask.width);
            let out = gray_box(&planes, &mask).unwrap();
            let object = |keep: &dyn Fn(usize, usize) -> bool| {
                (0..mask.data.len()).any(|at| mask.data[at] && keep(at / mask.width, at % mask.width))
            };
            for (at, &value) in out.data.iter().enumerate() {
                let (y, x) = (at % mask.data.len() / mask.width, at % mask.width);
                let boxed = object(&|row, _| row <= y)
                    && object(&|row, _| row >= y)
                    && object(&|_, column| column <= x)
                    && object(&|_, column| column >= x);
                prop_assert_eq!(value, if boxed { 0.5 } else { planes.data[at] });
            }
        }
    }
}

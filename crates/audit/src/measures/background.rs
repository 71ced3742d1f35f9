//! The other half of ablation: the object kept, its surroundings grayed, blurred, or taken from another picture
//! (ImageNet-9: Xiao, Engstrom, Ilyas, Madry; ICLR 2021).
//!
//! Each function keeps what `mask` marks and changes the rest. With the image's own mask the object stays; with the same
//! mask moved beside the object ([`super::control`]) a piece of its surroundings of the same shape stays, which is the
//! control.

use super::{SizeMismatch, ablation, components::bounds, fit};
use rightly_data::{Mask, Planes};

/// Deviation of the blur, a share of the picture's longer side: 11 pixels of 224.
const BLUR: f64 = 0.05;

/// Everything but the marked pixels to exactly [`ablation::GRAY`].
///
/// # Errors
/// Where picture and mask differ in size.
pub fn gray(planes: &Planes, mask: &Mask) -> Result<Planes, SizeMismatch> {
    ablation::gray(planes, &rest(mask))
}

/// Everything but the marked pixels blurred, by a Gaussian of a twentieth of the picture's longer side (as three box
/// blurs). Marked pixels have no part in what is blurred, so that no colour of the object is left around it.
///
/// # Errors
/// Where picture and mask differ in size.
pub fn blur(planes: &Planes, mask: &Mask) -> Result<Planes, SizeMismatch> {
    fit(planes, mask)?;
    let radius = box_radius(BLUR * planes.width.max(planes.height) as f64);
    let weight: Vec<f64> = mask.data.iter().map(|&on| f64::from(u8::from(!on))).collect();
    let size = (planes.width, planes.height);
    let spread = blurred(weight.clone(), size, radius);
    let mut out = planes.clone();
    for plane in out.data.chunks_exact_mut(mask.data.len().max(1)) {
        let values = plane.iter().zip(&weight).map(|(&v, w)| f64::from(v) * w).collect();
        let values = blurred(values, size, radius);
        for ((pixel, &on), (value, weight)) in
            plane.iter_mut().zip(&mask.data).zip(values.iter().zip(&spread))
        {
            // Far inside of the object nothing else is near, and the pixel is kept anyway.
            if !on {
                *pixel = (value / weight) as f32;
            }
        }
    }
    Ok(out)
}

/// The picture's surroundings: its object's boxes tiled over, and where there is no free tile, the object's box in the mean
/// colour of the rest.
///
/// # Errors
/// Where picture and mask differ in size.
pub fn surroundings(planes: &Planes, mask: &Mask) -> Result<Planes, SizeMismatch> {
    if let Some(tiled) = ablation::tile(planes, mask)? {
        return Ok(tiled);
    }
    let mut out = planes.clone();
    let Some(b) = bounds(mask) else { return Ok(out) };
    let free = mask.data.iter().filter(|&&on| !on).count().max(1) as f64;
    for plane in out.data.chunks_exact_mut(mask.data.len()) {
        let rest = plane.iter().zip(&mask.data).filter(|(_, on)| !**on);
        let mean = rest.map(|(&v, _)| f64::from(v)).sum::<f64>() / free;
        for row in
            plane[b.top * mask.width..(b.bottom + 1) * mask.width].chunks_exact_mut(mask.width)
        {
            row[b.left..=b.right].fill(mean as f32);
        }
    }
    Ok(out)
}

/// The marked pixels of a picture in the surroundings of another one of the same size.
///
/// # Errors
/// Where pictures and mask differ in size.
pub fn swap(planes: &Planes, mask: &Mask, surroundings: &Planes) -> Result<Planes, SizeMismatch> {
    fit(planes, mask)?;
    fit(surroundings, mask)?;
    let mut out = surroundings.clone();
    let pixels = mask.data.len().max(1);
    for (to, from) in out.data.chunks_exact_mut(pixels).zip(planes.data.chunks_exact(pixels)) {
        for ((to, &from), &on) in to.iter_mut().zip(from).zip(&mask.data) {
            *to = if on { from } else { *to };
        }
    }
    Ok(out)
}

fn rest(mask: &Mask) -> Mask {
    Mask { data: mask.data.iter().map(|on| !on).collect(), ..*mask }
}

/// Radius of a box whose three passes have a Gaussian's deviation: a box of 2 r + 1 pixels has the variance r (r + 1) / 3.
fn box_radius(deviation: f64) -> usize {
    ((deviation * deviation + 0.25).sqrt() - 0.5).round().max(1.0) as usize
}

/// Three box blurs along rows and columns; what lies outside counts as nothing, which the blurred weights make up for.
fn blurred(mut values: Vec<f64>, (width, height): (usize, usize), radius: usize) -> Vec<f64> {
    if values.is_empty() {
        return values;
    }
    let mut line = vec![0.0; width.max(height)];
    for _ in 0..3 {
        for row in 0..height {
            running(&mut values, row * width, 1, width, radius, &mut line);
        }
        for column in 0..width {
            running(&mut values, column, width, height, radius, &mut line);
        }
    }
    values
}

/// Sums of the values within `radius` along one line of `length` values that lie `step` apart.
fn running(
    values: &mut [f64],
    start: usize,
    step: usize,
    length: usize,
    radius: usize,
    line: &mut [f64],
) {
    for (at, value) in line[..length].iter_mut().enumerate() {
        *value = values[start + at * step];
    }
    // Sums are taken anew for each block, so that rounding does not build up along a line.
    const BLOCK: usize = 64;
    for first in (0..length).step_by(BLOCK) {
        let mut sum: f64 =
            line[first.saturating_sub(radius)..(first + radius + 1).min(length)].iter().sum();
        for at in first..(first + BLOCK).min(length) {
            values[start + at * step] = sum;
            sum += line.get(at + radius + 1).filter(|_| at + radius + 1 < length).unwrap_or(&0.0);
            sum -= if at >= radius { line[at - radius] } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{mask, masks, numbered};
    use proptest::prelude::*;

    #[test]
    fn what_is_marked_stays_and_the_rest_is_gray() {
        let mask = mask("#..\n.#.");
        let planes = numbered(2, 3);
        let out = gray(&planes, &mask).unwrap();
        for (at, &value) in out.data.iter().enumerate() {
            assert_eq!(value, if mask.data[at % 6] { planes.data[at] } else { 0.5 });
        }
    }

    /// Against the plain sums of a masked convolution with the box applied three times.
    #[test]
    fn a_blur_takes_nothing_from_the_object() {
        let (height, width) = (9, 30);
        let planes = numbered(height, width);
        let mut object = Mask { width, height, data: vec![false; width * height] };
        (0..height).for_each(|y| (12..18).for_each(|x| object.data[y * width + x] = true));
        let out = blur(&planes, &object).unwrap();
        let radius = box_radius(0.05 * width as f64) as isize;
        let boxed = |values: &[f64]| -> Vec<f64> {
            let at = |y: isize, x: isize| -> f64 {
                let inside = (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
                if inside { values[y as usize * width + x as usize] } else { 0.0 }
            };
            (0..values.len())
                .map(|i| {
                    let (y, x) = ((i / width) as isize, (i % width) as isize);
                    let own = -radius..=radius;
                    own.clone()
                        .map(|dy| own.clone().map(|dx| at(y + dy, x + dx)).sum::<f64>())
                        .sum()
                })
                .collect()
        };
        let thrice = |values: &[f64]| boxed(&boxed(&boxed(values)));
        let weights: Vec<f64> = object.data.iter().map(|&on| f64::from(u8::from(!on))).collect();
        let under = thrice(&weights);
        for (plane, blurred) in
            planes.data.chunks_exact(width * height).zip(out.data.chunks_exact(width * height))
        {
            let values: Vec<f64> =
                plane.iter().zip(&weights).map(|(&v, w)| f64::from(v) * w).collect();
            let over = thrice(&values);
            for i in 0..blurred.len() {
                let expected =
                    if object.data[i] { f64::from(plane[i]) } else { over[i] / under[i] };
                assert!((f64::from(blurred[i]) - expected).abs() < 1e-5, "{i}");
            }
        }
    }

    #[test]
    fn surroundings_without_a_free_tile_have_the_mean_of_the_rest() {
        let mask = mask("####\n#..#\n####");
        let planes = numbered(3, 4);
        assert!(ablation::tile(&planes, &mask).unwrap().is_none());
        let out = surroundings(&planes, &mask).unwrap();
        let mean = f64::midpoint(f64::from(planes.data[5]), f64::from(planes.data[6]));
        assert!(out.data[..12].iter().all(|&v| (f64::from(v) - mean).abs() < 1e-6), "{out:?}");
    }

    proptest! {
        #[test]
        fn a_swap_has_the_object_of_one_and_the_rest_of_the_other(mask in masks(10)) {
            let own = numbered(mask.height, mask.width);
            let mut other = own.clone();
            other.data.iter_mut().for_each(|v| *v += 2.0);
            let out = swap(&own, &mask, &other).unwrap();
            for (at, &value) in out.data.iter().enumerate() {
                let from = if mask.data[at % mask.data.len()] { &own } else { &other };
                prop_assert_eq!(value, from.data[at]);
            }
        }

        #[test]
        fn a_blur_keeps_the_object_and_stays_between_the_values(mask in masks(12)) {
            let planes = numbered(mask.height, mask.width);
            let out = blur(&planes, &mask).unwrap();
            for (at, &value) in out.data.iter().enumerate() {
                prop_assert!((-1e-5..=1.0 + 1e-5).contains(&value), "{}", value);
                if mask.data[at % mask.data.len()] {
                    prop_assert_eq!(value, planes.data[at]);
                }
            }
        }
    }
}

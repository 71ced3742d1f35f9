//! Drawing into photographs.

use rightly_data::{Mask, RgbImage};

use super::colour::colour;

/// A map `[rows, columns]` enlarged bilinearly to `[height, width]` (half-pixel centres), then its
/// minimum taken to 0 and its maximum to 1: the map that is compared with one half.
///
/// A constant map gives zeros.
///
/// # Panics
/// The map has no values, or not rows x columns of them.
pub fn enlarge(map: &[f32], rows: usize, columns: usize, height: usize, width: usize) -> Vec<f32> {
    assert!(!map.is_empty() && map.len() == rows * columns, "a map fills its rows and columns");
    let mut out = vec![0.0; height * width];
    let place = |at: usize, size: usize, cells: usize| {
        let x =
            ((at as f32 + 0.5) * cells as f32 / size as f32 - 0.5).clamp(0.0, cells as f32 - 1.0);
        let low = x as usize;
        (low, (low + 1).min(cells - 1), x - low as f32)
    };
    for (y, row) in out.chunks_exact_mut(width.max(1)).enumerate() {
        let (top, bottom, down) = place(y, height, rows);
        for (x, value) in row.iter_mut().enumerate() {
            let (left, right, across) = place(x, width, columns);
            let line = |r: usize| {
                map[r * columns + left] * (1.0 - across) + map[r * columns + right] * across
            };
            *value = line(top) * (1.0 - down) + line(bottom) * down;
        }
    }
    let (low, high) = out
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let range = high - low;
    let usable = range.is_finite() && range > 0.0;
    out.iter_mut().for_each(|v| *v = if usable { (*v - low) / range } else { 0.0 });
    out
}

/// The map (`[H, W]`, 0..=1, of the photograph's size) laid over the photograph, which fades to
/// gray so that colour means evidence only.
///
/// # Panics
/// The map is of another size.
pub fn heat(photo: &RgbImage, map: &[f32]) -> RgbImage {
    assert_eq!(map.len(), photo.width * photo.height, "the map is of the photograph's size");
    let mut out = photo.clone();
    for (pixel, &value) in out.data.as_chunks_mut::<3>().0.iter_mut().zip(map) {
        let [r, g, b] = pixel.map(f32::from);
        let gray = 0.299 * r + 0.587 * g + 0.114 * b;
        let weight = 0.35 + 0.4 * value.clamp(0.0, 1.0);
        *pixel = colour(value).map(|c| (gray + (f32::from(c) - gray) * weight).round() as u8);
    }
    out
}

/// Colours the object (of the photograph's size); the photograph shows through.
///
/// # Panics
/// The mask is of another size.
pub fn tint(photo: &mut RgbImage, mask: &Mask) {
    same_size(photo, mask);
    const COLOUR: [f32; 3] = [255.0, 96.0, 20.0];
    const WEIGHT: f32 = 0.5;
    for (pixel, &on) in photo.data.as_chunks_mut::<3>().0.iter_mut().zip(&mask.data) {
        if on {
            for (value, colour) in pixel.iter_mut().zip(COLOUR) {
                *value = (f32::from(*value) * (1.0 - WEIGHT) + colour * WEIGHT).round() as u8;
            }
        }
    }
}

/// Draws the edge of the mask (of the photograph's size): white inside, black outside, so that it
/// shows on any ground.
///
/// # Panics
/// The mask is of another size.
pub fn outline(photo: &mut RgbImage, mask: &Mask) {
    same_size(photo, mask);
    edge(photo, &mask.data, [255; 3], Some([12; 3]), false);
}

/// Draws where the map (of the photograph's size) passes one half, as a dashed line.
///
/// # Panics
/// The map is of another size.
pub fn contour(photo: &mut RgbImage, map: &[f32]) {
    assert_eq!(map.len(), photo.width * photo.height, "the map is of the photograph's size");
    let on: Vec<bool> = map.iter().map(|&v| v >= 0.5).collect();
    edge(photo, &on, [120, 240, 255], None, true);
}

/// Whoever draws has brought both to one size: a mask that was left out would read as 'no object'.
fn same_size(photo: &RgbImage, mask: &Mask) {
    let (photo, mask) = ((photo.width, photo.height), (mask.width, mask.height));
    assert_eq!(photo, mask, "the mask is of the photograph's size");
}

fn edge(
    photo: &mut RgbImage,
    on: &[bool],
    inside: [u8; 3],
    outside: Option<[u8; 3]>,
    dashed: bool,
) {
    let (width, height) = (photo.width as isize, photo.height as isize);
    let at = |x: isize, y: isize| {
        (0..width).contains(&x) && (0..height).contains(&y) && on[(y * width + x) as usize]
    };
    for y in 0..height {
        for x in 0..width {
            let here = at(x, y);
            let neighbours = [(-1, 0), (1, 0), (0, -1), (0, 1)];
            if !neighbours.iter().any(|(dx, dy)| at(x + dx, y + dy) != here) {
                continue;
            }
            let paint = if here { Some(inside) } else { outside };
            if let Some(paint) = paint.filter(|_| !dashed || (x + y).rem_euclid(6) < 4) {
                let i = 3 * (y * width + x) as usize;
                photo.data[i..i + 3].copy_from_slice(&paint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> RgbImage {
        RgbImage { width: 8, height: 8, data: vec![100; 8 * 8 * 3] }
    }

    #[test]
    fn an_enlarged_map_spans_zero_to_one_and_keeps_its_place() {
        let map = enlarge(&[0.2, 0.2, 0.2, 0.6], 2, 2, 8, 8);
        assert_eq!(map[0], 0.0);
        assert_eq!(map[63], 1.0);
        assert_eq!(map[7], 0.0);
        assert!(enlarge(&[1.0; 4], 2, 2, 3, 3).iter().all(|&v| v == 0.0));
        assert!(std::panic::catch_unwind(|| enlarge(&[1.0; 3], 2, 2, 3, 3)).is_err());
    }

    #[test]
    fn the_outline_runs_along_the_edge_only() {
        let mut picture = photo();
        let mut mask = Mask { width: 8, height: 8, data: vec![false; 64] };
        for y in 2..6 {
            for x in 2..6 {
                mask.data[y * 8 + x] = true;
            }
        }
        outline(&mut picture, &mask);
        let at = |x: usize, y: usize| picture.data[3 * (y * 8 + x)];
        assert_eq!((at(2, 2), at(1, 2), at(3, 3), at(0, 0)), (255, 12, 100, 100));
        let small = Mask { width: 4, height: 16, data: vec![false; 64] };
        assert!(std::panic::catch_unwind(|| outline(&mut photo(), &small)).is_err());
    }

    #[test]
    fn heat_is_gray_photograph_and_colour() {
        let out = heat(&photo(), &[1.0; 64]);
        let c = colour(1.0).map(|c| (100.0 + (f32::from(c) - 100.0) * 0.75).round() as u8);
        assert_eq!(out.data[..3], c);
    }
}

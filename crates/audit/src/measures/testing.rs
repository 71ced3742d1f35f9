//! Small masks and pictures for the tests of this folder.

use super::components::{Bounds, Component, Neighbours};
use proptest::prelude::*;
use rightly_data::{Mask, Planes};

/// A mask drawn in text: `#` is object, a line is a row.
pub(crate) fn mask(picture: &str) -> Mask {
    let rows: Vec<&str> = picture.lines().collect();
    let data: Vec<bool> = rows.iter().flat_map(|row| row.bytes().map(|b| b == b'#')).collect();
    Mask { width: rows[0].len(), height: rows.len(), data }
}

/// A picture in which every value occurs once: channel `c` of pixel `i` is `(3 i + c) / (3 H W)`.
pub(crate) fn numbered(height: usize, width: usize) -> Planes {
    let pixels = height * width;
    let data = (0..3 * pixels)
        .map(|at| (3 * (at % pixels) + at / pixels) as f32 / (3 * pixels) as f32)
        .collect();
    Planes { width, height, data }
}

/// The pixel that a value of [`numbered`] comes from.
pub(crate) fn origin(value: f32, height: usize, width: usize) -> usize {
    (value * (3 * height * width) as f32).round() as usize / 3
}

/// Masks of up to `side` rows and columns: scattered pixels of any density, blocks, empty and full.
pub(crate) fn masks(side: usize) -> impl Strategy<Value = Mask> {
    (1..=side, 1..=side).prop_flat_map(|(height, width)| {
        let scattered = (0.0..=1.0f64).prop_flat_map(move |density| {
            prop::collection::vec(prop::bool::weighted(density), height * width)
        });
        let block = (0..height, 0..width, 0..height, 0..width);
        let blocks = prop::collection::vec(block, 1..4).prop_map(move |blocks| {
            let mut data = vec![false; height * width];
            for (y0, x0, y1, x1) in blocks {
                for y in y0.min(y1)..=y0.max(y1) {
                    for x in x0.min(x1)..=x0.max(x1) {
                        data[y * width + x] = true;
                    }
                }
            }
            data
        });
        prop_oneof![scattered, blocks].prop_map(move |data| Mask { width, height, data })
    })
}

/// Components by flood fill from each pixel in turn: slow, and unlike the code under test.
pub(crate) fn flood(mask: &Mask, neighbours: Neighbours) -> Vec<Component> {
    let mut seen = vec![false; mask.data.len()];
    let mut found = Vec::new();
    for start in 0..mask.data.len() {
        if !mask.data[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        let mut pixels = vec![start];
        let mut next = 0;
        while next < pixels.len() {
            let (y, x) = (pixels[next] / mask.width, pixels[next] % mask.width);
            next += 1;
            for ny in y.saturating_sub(1)..(y + 2).min(mask.height) {
                for nx in x.saturating_sub(1)..(x + 2).min(mask.width) {
                    let at = ny * mask.width + nx;
                    let side = nx == x || ny == y || neighbours == Neighbours::Eight;
                    if side && mask.data[at] && !seen[at] {
                        seen[at] = true;
                        pixels.push(at);
                    }
                }
            }
        }
        let rows = pixels.iter().map(|at| at / mask.width);
        let columns = pixels.iter().map(|at| at % mask.width);
        found.push(Component {
            bounds: Bounds {
                top: rows.clone().min().unwrap(),
                left: columns.clone().min().unwrap(),
                bottom: rows.max().unwrap(),
                right: columns.max().unwrap(),
            },
            area: pixels.len(),
        });
    }
    found
}

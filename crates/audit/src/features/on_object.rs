//! How much of a feature's activation lies on the object, against chance.

use rightly_data::Mask;
use rightly_model::FeatureMap;
use serde::{Deserialize, Serialize};

/// Shares of one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OnObject {
    /// Share of the picture that is object: what a map moved to a random place would have on it, on average.
    pub(super) area: f64,
    /// `[d]`: share of each feature's positive activation that lies on the object, minus the area; -1..1, NaN where
    /// the feature is nowhere positive.
    pub(super) excess: Vec<f32>,
    /// The features without the object, where that was asked for.
    pub(super) boxed: Option<Boxed>,
}

/// Features of one image with its object's box filled with gray (its silhouette would still show its shape).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Boxed {
    /// Share of the picture that lies outside the box: what a map moved to a random place would keep, on average.
    pub(super) outside: f64,
    /// `[d]`.
    pub(super) vector: Vec<f32>,
}

/// Shares of every feature. A position of the map stands for the rectangle of the picture that it covers; it counts
/// for the object by the share of that rectangle that is object.
pub(super) fn measure(map: &FeatureMap, mask: &Mask) -> OnObject {
    let cover = coverage(mask, map.height, map.width);
    let area = cover.iter().sum::<f64>() / cover.len().max(1) as f64;
    let excess = map.values.rows().into_iter().map(|row| {
        let (mut on, mut all) = (0.0, 0.0);
        for (&value, cover) in row.iter().zip(&cover) {
            let mass = f64::from(value.max(0.0));
            on += mass * cover;
            all += mass;
        }
        if all > 0.0 { (on / all - area) as f32 } else { f32::NAN }
    });
    OnObject { area, excess: excess.collect(), boxed: None }
}

/// Share of object in each cell of a grid laid over a mask, row by row.
pub(crate) fn coverage(mask: &Mask, height: usize, width: usize) -> Vec<f64> {
    // Along one side: first pixel, then (pixel, weight) of every pixel that the cell touches.
    let spans = |cells: usize, pixels: usize| -> Vec<Vec<(usize, f64)>> {
        let step = pixels as f64 / cells as f64;
        (0..cells)
            .map(|cell| {
                let (from, to) = (cell as f64 * step, (cell + 1) as f64 * step);
                let last = (to.ceil() as usize).min(pixels);
                (from as usize..last)
                    .map(|at| (at, (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0)))
                    .collect()
            })
            .collect()
    };
    let (rows, columns) = (spans(height, mask.height), spans(width, mask.width));
    let mut cover = Vec::with_capacity(height * width);
    for row in &rows {
        for column in &columns {
            let (mut on, mut all) = (0.0, 0.0);
            for &(y, down) in row {
                for &(x, across) in column {
                    let weight = down * across;
                    all += weight;
                    if mask.data[y * mask.width + x] {
                        on += weight;
                    }
                }
            }
            cover.push(if all > 0.0 { on / all } else { 0.0 });
        }
    }
    cover
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    fn mask(rows: &[&str]) -> Mask {
        let data = rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect();
        Mask { width: rows[0].len(), height: rows.len(), data }
    }

    #[test]
    fn cells_count_by_the_share_that_is_object() {
        let mask = mask(&["##..", "##..", "#...", "...."]);
        assert_eq!(coverage(&mask, 2, 2), [1.0, 0.0, 0.25, 0.0]);
        // Three cells over four pixels: the middle one covers two thirds of each inner pixel.
        let wide = super::tests::mask(&["#..#"]);
        let cover = coverage(&wide, 1, 3);
        assert!(
            (cover[0] - 0.75).abs() < 1e-12 && cover[1] < 1e-12 && (cover[2] - 0.75).abs() < 1e-12
        );
    }

    #[test]
    fn shares_are_of_positive_activation() {
        let mask = mask(&["#.", "#."]);
        let values = arr2(&[[3.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 0.0, -2.0], [1.0, -5.0, 1.0, 0.0]]);
        let shares = measure(&FeatureMap { height: 2, width: 2, values }, &mask);
        assert_eq!(shares.area, 0.5);
        assert_eq!((shares.excess[0], shares.excess[2]), (0.25, 0.5));
        assert!(shares.excess[1].is_nan());
    }
}

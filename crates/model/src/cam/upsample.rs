//! A map at the size of the image.
use super::{Cam, CamState};

/// For each output place, the two places that it lies between and the share of the second.
fn between(from: usize, to: usize) -> Vec<(usize, usize, f32)> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|place| {
            let at = ((place as f64 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f64);
            let low = at.floor() as usize;
            (low, (low + 1).min(from - 1), (at - low as f64) as f32)
        })
        .collect()
}

impl Cam {
    /// Bilinear (half-pixel centres, edges repeated, as OpenCV's `INTER_LINEAR`) to `[height, width]`, then minimum and
    /// maximum to 0 and 1 once more. All 0 where the map can't be used or has the same value everywhere.
    ///
    /// # Shapes
    /// `height * width` values, row by row.
    #[must_use]
    pub fn upsample(&self, height: usize, width: usize) -> Vec<f32> {
        let empty = self.map.is_empty() || self.map.len() != self.height * self.width;
        if empty || self.state != CamState::Usable {
            return vec![0.0; height * width];
        }
        let columns = between(self.width, width);
        let mut out = Vec::with_capacity(height * width);
        for (top, bottom, down) in between(self.height, height) {
            let row = |row: usize| &self.map[row * self.width..(row + 1) * self.width];
            let (top, bottom) = (row(top), row(bottom));
            out.extend(columns.iter().map(|&(left, right, across)| {
                let along = |row: &[f32]| row[left] + (row[right] - row[left]) * across;
                let (top, bottom) = (along(top), along(bottom));
                top + (bottom - top) * down
            }));
        }
        let low = out.iter().copied().fold(f32::INFINITY, f32::min);
        let high = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let range = high - low;
        for value in &mut out {
            *value = if range > 0.0 { (*value - low) / range } else { 0.0 };
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cam(height: usize, width: usize, map: Vec<f32>) -> Cam {
        Cam { height, width, map, state: CamState::Usable }
    }

    #[test]
    fn half_pixel_centres_repeat_the_edge() {
        // OpenCV: resize([0, 1], (8, 1)) = 0, 0, .125, .375, .625, .875, 1, 1.
        let up = cam(1, 2, vec![0.0, 1.0]).upsample(1, 8);
        let expected: [f32; 8] = [0.0, 0.0, 0.125, 0.375, 0.625, 0.875, 1.0, 1.0];
        for (got, expected) in up.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{up:?}");
        }
    }

    #[test]
    fn a_smaller_size_samples_without_smoothing() {
        // Centres of a factor of 3 fall on the middle pixel.
        let up = cam(1, 6, vec![9.0, 0.0, 9.0, 9.0, 1.0, 9.0]).upsample(1, 2);
        assert_eq!(up, vec![0.0, 1.0]);
    }

    #[test]
    fn range_is_zero_to_one_for_non_square_maps() {
        let up = cam(2, 3, vec![0.2, 0.3, 0.9, 0.4, 0.5, 0.6]).upsample(8, 9);
        assert_eq!(up.len(), 72);
        assert_eq!(up.iter().copied().fold(f32::INFINITY, f32::min), 0.0);
        assert_eq!(up.iter().copied().fold(0.0, f32::max), 1.0);
        assert_eq!((up[0], up[8]), (0.0, 1.0));
    }

    #[test]
    fn a_constant_or_unusable_map_is_zero() {
        assert_eq!(cam(1, 1, vec![1.0]).upsample(2, 2), vec![0.0; 4]);
        let mut nan = cam(1, 2, vec![0.0, 1.0]);
        nan.state = CamState::NotFinite;
        assert_eq!(nan.upsample(1, 4), vec![0.0; 4]);
    }
}

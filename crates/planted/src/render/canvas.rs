//! A picture that is filled from the front to the back, sample by sample.
use super::{super::format::Linear, figure::FULL};

/// Linear light, and what of each pixel is still open.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[H, W]`.
    pub(super) colour: Vec<Linear>,
    /// `[H, W]`: the samples of each pixel that nothing covers yet.
    pub(super) left: Vec<u16>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let pixels = width * height;
        Self { width, height, colour: vec![[0.0; 3]; pixels], left: vec![FULL; pixels] }
    }

    /// Fills samples of a pixel with a colour. They must still be open.
    pub(super) fn add(&mut self, pixel: usize, samples: u16, colour: Linear) {
        let part = samples.count_ones() as f32 / 16.0;
        for (sum, value) in self.colour[pixel].iter_mut().zip(colour) {
            *sum += part * value;
        }
        self.left[pixel] &= !samples;
    }
}

/// A soft shadow: `cover` (`[H, W]`, samples of each pixel) moved by whole pixels and blurred twice
/// with a box of `2 radius + 1` pixels. 0 to 1.
pub(super) fn soft_shadow(
    cover: &[u16],
    width: usize,
    height: usize,
    shift: [isize; 2],
    radius: usize,
) -> Vec<f32> {
    let mut plane = vec![0.0; width * height];
    for y in 0..height {
        for x in 0..width {
            let from = (x.checked_add_signed(-shift[0]), y.checked_add_signed(-shift[1]));
            if let (Some(fx), Some(fy)) = from
                && fx < width
                && fy < height
            {
                plane[y * width + x] = cover[fy * width + fx].count_ones() as f32 / 16.0;
            }
        }
    }
    for _ in 0..2 {
        plane = transposed_blur(&plane, width, height, radius);
        plane = transposed_blur(&plane, height, width, radius);
    }
    plane
}

/// Blurs the rows of a `[height, width]` plane and gives it transposed: twice is both directions.
fn transposed_blur(plane: &[f32], width: usize, height: usize, radius: usize) -> Vec<f32> {
    let mut out = vec![0.0; plane.len()];
    let whole = (2 * radius + 1) as f32;
    for (y, row) in plane.chunks_exact(width).enumerate() {
        let at = |x: isize| row[x.clamp(0, width as isize - 1) as usize];
        let reach = radius as isize;
        let mut sum: f32 = (-reach..=reach).map(at).sum();
        for x in 0..width {
            out[x * height + y] = (sum / whole).max(0.0);
            let x = x as isize;
            sum += at(x + reach + 1) - at(x - reach);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_moves_and_keeps_its_weight() {
        let (width, height) = (40, 30);
        let mut cover = vec![0; width * height];
        cover[15 * width + 12] = FULL;
        let plane = soft_shadow(&cover, width, height, [5, -3], 2);
        let sum: f32 = plane.iter().sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        let top = plane.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!((top % width, top / width), (17, 12));
    }
}

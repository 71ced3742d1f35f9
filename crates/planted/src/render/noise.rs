//! Hashed lattices: smooth noise and cells that depend on a key and a place alone.

/// 32 well mixed bits of a lattice point.
pub(super) fn hash(key: u32, x: i32, y: i32) -> u32 {
    let mut h = key ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

/// A lattice point's number on `[0, 1)`.
pub(super) fn unit(key: u32, x: i32, y: i32) -> f32 {
    (hash(key, x, y) >> 8) as f32 / (1u32 << 24) as f32
}

/// Standard normal to a good approximation: the sum of four uniform bytes, scaled.
pub(super) fn normal(bits: u32) -> f32 {
    let sum: u32 = bits.to_le_bytes().into_iter().map(u32::from).sum();
    // Four bytes: mean 510, variance 4 (256^2 - 1) / 12.
    (sum as f32 - 510.0) / 147.8
}

/// Value noise on `[0, 1]`: lattice values, smoothly joined.
pub(super) fn smooth(key: u32, x: f32, y: f32) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - fx), ease(y - fy));
    let (ix1, iy1) = (ix.wrapping_add(1), iy.wrapping_add(1));
    let top = unit(key, ix, iy) * (1.0 - u) + unit(key, ix1, iy) * u;
    let bottom = unit(key, ix, iy1) * (1.0 - u) + unit(key, ix1, iy1) * u;
    top * (1.0 - v) + bottom * v
}

/// Octaves of [`smooth`], each half as large and half as strong; `[0, 1]`. `pixel` is the distance
/// between samples: octaves finer than that are left out, as a lens leaves them out.
pub(super) fn fractal(key: u32, x: f32, y: f32, octaves: usize, pixel: f32) -> f32 {
    octave_sum(octaves, pixel, |octave, f| smooth(key.wrapping_add(octave), x * f, y * f))
}

/// The same with sharp crests where the noise crosses its middle.
pub(super) fn ridged(key: u32, x: f32, y: f32, octaves: usize, pixel: f32) -> f32 {
    octave_sum(octaves, pixel, |octave, f| {
        let crest = 1.0 - (2.0 * smooth(key.wrapping_add(octave), x * f, y * f) - 1.0).abs();
        crest * crest
    })
}

fn octave_sum(octaves: usize, pixel: f32, value: impl Fn(u32, f32) -> f32) -> f32 {
    let (mut sum, mut whole) = (0.0, 0.0);
    let (mut frequency, mut weight) = (1.0, 1.0);
    for octave in 0..octaves as u32 {
        if octave > 0 && frequency * pixel > 1.0 {
            break;
        }
        // Each octave on its own lattice, moved so that the lattices don't line up.
        sum += weight * value(octave.wrapping_mul(0x51_7C_C1), frequency);
        whole += weight;
        frequency *= 2.03;
        weight *= 0.5;
    }
    sum / whole
}

/// The nearest of the random points, one in each unit cell: distance to it, distance to the second
/// nearest, and its hash.
pub(super) fn cell(key: u32, x: f32, y: f32) -> (f32, f32, u32) {
    let (ix, iy) = (x.floor() as i32, y.floor() as i32);
    let (mut first, mut second, mut which) = (f32::MAX, f32::MAX, 0);
    for cy in iy.saturating_sub(1)..=iy.saturating_add(1) {
        for cx in ix.saturating_sub(1)..=ix.saturating_add(1) {
            let h = hash(key, cx, cy);
            let px = cx as f32 + 0.1 + 0.8 * (h & 0xFFFF) as f32 / 65536.0;
            let py = cy as f32 + 0.1 + 0.8 * (h >> 16) as f32 / 65536.0;
            let d = (px - x) * (px - x) + (py - y) * (py - y);
            if d < first {
                (second, first, which) = (first, d, h);
            } else if d < second {
                second = d;
            }
        }
    }
    (first.sqrt(), second.sqrt(), which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_bounded_and_keyed() {
        let mut last = smooth(1, 0.0, 0.5);
        for i in 1..2000 {
            let v = smooth(1, i as f32 * 0.01, 0.5);
            assert!((0.0..=1.0).contains(&v) && (v - last).abs() < 0.02);
            last = v;
        }
        assert_ne!(smooth(1, 0.3, 0.4), smooth(2, 0.3, 0.4));
        for i in 0..500 {
            let (x, y) = (i as f32 * 0.37 - 90.0, i as f32 * 0.11);
            assert!((0.0..=1.0).contains(&fractal(3, x, y, 6, 0.0)));
            assert!((0.0..=1.0).contains(&ridged(3, x, y, 6, 0.0)));
            let (first, second, _) = cell(3, x, y);
            assert!(first <= second && first < 1.5);
        }
        assert!(smooth(1, 3e9, -3e9).is_finite());
    }

    #[test]
    fn camera_noise_is_nearly_standard_normal() {
        let n = 40_000;
        let draws: Vec<f32> = (0..n).map(|i| normal(hash(5, i, 7))).collect();
        let mean = draws.iter().sum::<f32>() / n as f32;
        let square = draws.iter().map(|v| v * v).sum::<f32>() / n as f32;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.04, "{mean} {square}");
    }
}

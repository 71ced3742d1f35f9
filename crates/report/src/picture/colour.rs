//! One colour map: from dark violet over red to pale yellow, with lightness rising evenly, so that
//! its order can be seen in gray, in print and by colour-blind readers.

/// sRGB of a value in 0..=1 (values outside are taken to the nearer end).
///
/// A straight climb in OKLCH (Ottosson 2020, "A perceptual color space for image processing"):
/// lightness 0.22 to 0.94, hue 290° to 465°, chroma highest in the middle; colours outside sRGB are
/// clipped channel by channel.
pub fn colour(value: f32) -> [u8; 3] {
    let t = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let lightness = 0.22 + 0.72 * t;
    let hue = (290.0 + 175.0 * t).to_radians();
    let chroma = 0.07 + 0.12 * (std::f32::consts::PI * t).sin();
    from_oklab(lightness, chroma * hue.cos(), chroma * hue.sin())
}

/// The colour map as a CSS gradient.
pub(crate) fn ramp() -> String {
    let stops: Vec<String> = (0..=8)
        .map(|i| {
            let [r, g, b] = colour(i as f32 / 8.0);
            format!("#{r:02x}{g:02x}{b:02x}")
        })
        .collect();
    format!("background:linear-gradient(90deg,{})", stops.join(","))
}

fn from_oklab(lightness: f32, a: f32, b: f32) -> [u8; 3] {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
    .map(|linear| {
        let linear = linear.clamp(0.0, 1.0);
        let curved = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (curved * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luminance_rises_with_the_value() {
        let luminance = |[r, g, b]: [u8; 3]| {
            let linear = |c: u8| (f32::from(c) / 255.0).powf(2.2);
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let steps: Vec<f32> = (0..=64).map(|i| luminance(colour(i as f32 / 64.0))).collect();
        for (i, pair) in steps.windows(2).enumerate() {
            assert!(pair[1] > pair[0], "step {i}: {pair:?}");
        }
        assert!(steps[0] < 0.03 && steps[64] > 0.7, "{} {}", steps[0], steps[64]);
    }

    #[test]
    fn anything_is_a_colour() {
        assert_eq!(colour(f32::NAN), colour(0.0));
        assert_eq!(colour(7.0), colour(1.0));
    }
}

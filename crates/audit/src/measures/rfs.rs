//! Relative foreground sensitivity (Hard ImageNet; RIVAL10, section on noise analysis).

/// `(a_bg - a_fg) / (2 min(a, 1 - a))` with `a` the mean of both: -1..1, positive where noise on
/// the object hurts more than noise off it.
///
/// `a_fg` and `a_bg` are accuracies in 0..1 under noise on the object and off it. `None` where both
/// are 0 or both are 1 (the papers count 0 there; it is undefined), and for values outside 0..1 by more than the rounding of
/// a mean. Close to the ceiling the denominator is small: print `a_bg - a_fg` beside it.
pub fn rfs(a_fg: f64, a_bg: f64) -> Option<f64> {
    let inside = |a: f64| (-ROUNDING..=1.0 + ROUNDING).contains(&a).then(|| a.clamp(0.0, 1.0));
    let (a_fg, a_bg) = (inside(a_fg)?, inside(a_bg)?);
    let mean = f64::midpoint(a_fg, a_bg);
    let room = mean.min(1.0 - mean);
    // |a_bg - a_fg| <= 2 room holds exactly; rounding may pass it.
    (room > 0.0).then(|| ((a_bg - a_fg) / (2.0 * room)).clamp(-1.0, 1.0))
}

/// How far a weighted mean of shares may leave 0..1.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        assert_eq!(rfs(0.5, 0.5), Some(0.0));
        assert_eq!(rfs(0.0, 1.0), Some(1.0));
        assert_eq!(rfs(1.0, 0.0), Some(-1.0));
        // Mean .3: .2 / .6. Mean .8: .2 / .4.
        assert!((rfs(0.2, 0.4).unwrap() - 1.0 / 3.0).abs() < 1e-15);
        assert!((rfs(0.7, 0.9).unwrap() - 0.5).abs() < 1e-12);
        // On one side of the ceiling all room is used.
        assert_eq!(rfs(0.0, 0.25), Some(1.0));
        assert_eq!(rfs(0.75, 1.0), Some(1.0));
        // A mean of ones whose weights don't add up to one.
        assert_eq!(rfs(1.0 + 1e-15, 0.95), Some(-1.0));
    }

    #[test]
    fn undefined() {
        for (fg, bg) in [(0.0, 0.0), (1.0, 1.0), (f64::NAN, 0.5), (0.5, 1.5), (-0.1, 0.5)] {
            assert_eq!(rfs(fg, bg), None);
        }
    }

    proptest! {
        #[test]
        fn antisymmetric_and_bounded(fg in 0.0..=1.0f64, bg in 0.0..=1.0f64) {
            let value = rfs(fg, bg);
            prop_assert_eq!(rfs(bg, fg), value.map(|v| -v));
            if let Some(v) = value {
                prop_assert!(v.abs() <= 1.0);
                prop_assert_eq!(v > 0.0, bg > fg);
            }
            // Exchanging right and wrong leaves the size and turns the sign.
            if let (Some(a), Some(b)) = (value, rfs(1.0 - fg, 1.0 - bg)) {
                prop_assert!((a + b).abs() < 1e-6);
            }
        }
    }
}

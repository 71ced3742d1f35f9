//! How far apart the scores of two groups lie, in their own deviation.

use crate::quantile::normal_quantile;

/// Hedges' g of the members against the rest: the difference of the means over the pooled deviation, corrected for few
/// observations, with the interval of Hedges and Olkin (1985, section 5.B): `[g, low, high]`. `None` where a side has fewer than
/// two observations or nothing varies.
///
/// # Panics
/// Where the slices differ in length.
pub fn hedges_g(scores: &[f64], members: &[bool]) -> Option<[f64; 3]> {
    assert_eq!(scores.len(), members.len(), "a score for each image");
    let [inside, outside] = [true, false].map(|side| {
        let own: Vec<f64> =
            scores.iter().zip(members).filter(|(_, m)| **m == side).map(|(s, _)| *s).collect();
        let n = own.len() as f64;
        let mean = own.iter().sum::<f64>() / n;
        let squares: f64 = own.iter().map(|s| (s - mean).powi(2)).sum();
        (n, mean, squares)
    });
    let (n, m) = (inside.0, outside.0);
    if n < 2.0 || m < 2.0 {
        return None;
    }
    let freedom = n + m - 2.0;
    let deviation = ((inside.2 + outside.2) / freedom).sqrt();
    let g = (inside.1 - outside.1) / deviation * (1.0 - 3.0 / (4.0 * freedom - 1.0));
    let half = normal_quantile(0.975) * ((n + m) / (n * m) + g * g / (2.0 * (n + m))).sqrt();
    g.is_finite().then_some([g, g - half, g + half])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_measured_in_deviations() {
        // Means 3 and 1, variance 2.5 on both sides, five each.
        let scores = [1.0, 2.0, 3.0, 4.0, 5.0, -1.0, 0.0, 1.0, 2.0, 3.0];
        let members: Vec<bool> = (0..10).map(|i| i < 5).collect();
        let [g, low, high] = hedges_g(&scores, &members).unwrap();
        assert!((g - 2.0 / 2.5_f64.sqrt() * (1.0 - 3.0 / 31.0)).abs() < 1e-12, "{g}");
        let half = 1.959_963_984_540_054 * (0.4 + g * g / 20.0_f64).sqrt();
        assert!((high - g - half).abs() < 1e-9 && (g - low - half).abs() < 1e-9);
        let turned: Vec<bool> = members.iter().map(|m| !m).collect();
        assert!((hedges_g(&scores, &turned).unwrap()[0] + g).abs() < 1e-12);
    }

    #[test]
    fn without_spread_or_a_side_there_is_nothing() {
        assert_eq!(hedges_g(&[1.0; 4], &[true, true, false, false]), None);
        assert_eq!(hedges_g(&[1.0, 2.0, 3.0], &[true, false, false]), None);
    }
}

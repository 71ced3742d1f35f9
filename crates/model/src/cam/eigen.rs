//! The first principal component of a layer's channels over positions.
use ndarray::{Array1, Array2, Axis};

/// Projection of each position (a row's columns in `[C, positions]`) on the first principal component of the channels,
/// centred over positions. Its covariance with the mean over channels is not negative; where that is zero, the
/// element of the largest size is positive. All zero where the layer is constant.
///
/// With `X = U S V^T` the projection is `S_1 V_1`, and `V_1` is the first eigenvector of the positions' Gram matrix,
/// found by squaring that matrix: after k squarings the second component's share is down to the 2^k-th power of the
/// eigenvalues' ratio.
pub(super) fn projection(value: &Array2<f32>) -> Vec<f32> {
    let mut x = value.mapv(f64::from);
    if x.iter().any(|v| !v.is_finite()) {
        return vec![f32::NAN; x.ncols()];
    }
    let positions = x.ncols();
    for mut channel in x.axis_iter_mut(Axis(0)) {
        let mean = channel.sum() / positions.max(1) as f64;
        channel -= mean;
    }
    let gram = x.t().dot(&x);
    let size = trace(&gram);
    if size <= 0.0 {
        return vec![0.0; positions];
    }
    let mut power = &gram / size;
    for _ in 0..40 {
        let square = power.dot(&power);
        let size = trace(&square);
        let square = square / size;
        let change = (&square - &power).iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        power = square;
        if change < 1e-13 {
            break;
        }
    }
    // Of a matrix v v^T, the column of the largest diagonal element.
    let mut best = 0;
    for place in 0..positions {
        if power[[place, place]] > power[[best, best]] {
            best = place;
        }
    }
    let mut direction: Array1<f64> = power.column(best).to_owned();
    let length = direction.dot(&direction).sqrt();
    direction /= length;
    let scale = direction.dot(&gram.dot(&direction)).max(0.0).sqrt();
    let along = x.sum_axis(Axis(0)).dot(&direction);
    let largest =
        direction.iter().copied().fold(0.0_f64, |m, v| if v.abs() > m.abs() { v } else { m });
    let sign = if along.abs() > 1e-9 * size.sqrt() { along.signum() } else { largest.signum() };
    direction.iter().map(|v| (v * sign * scale) as f32).collect()
}

fn trace(matrix: &Array2<f64>) -> f64 {
    matrix.diag().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_of_one_pattern_gives_that_pattern() {
        let pattern = [1.0_f32, -2.0, 3.0, -2.0];
        let weights = [0.5_f32, 2.0, -1.0];
        let value = Array2::from_shape_fn((3, 4), |(c, p)| weights[c] * pattern[p] + 7.0);
        let got = projection(&value);
        let norm = weights.iter().map(|w| w * w).sum::<f32>().sqrt();
        for (got, expected) in got.iter().zip(pattern) {
            assert!((got - expected * norm).abs() < 1e-4, "{got}");
        }
    }

    #[test]
    fn a_constant_layer_is_zero() {
        assert_eq!(projection(&Array2::from_elem((3, 4), 2.0)), vec![0.0; 4]);
    }

    #[test]
    fn the_residual_is_orthogonal_to_the_component() {
        let value = Array2::from_shape_fn((5, 9), |(c, p)| {
            ((c * 31 + p * 17) % 23) as f32 * 0.05 + (c as f32 - 1.5) * (p % 4) as f32
        });
        let got = Array1::from(projection(&value)).mapv(f64::from);
        let mut x = value.mapv(f64::from);
        for mut row in x.axis_iter_mut(Axis(0)) {
            let mean = row.sum() / 9.0;
            row -= mean;
        }
        // An eigenvector of the Gram matrix, whose eigenvalue is its squared length, and no other is larger.
        let gram = x.t().dot(&x);
        let value = got.dot(&got);
        let error = (&gram.dot(&got) - &(&got * value)).mapv(f64::abs).sum();
        assert!(error < 1e-4 * value * got.dot(&got).sqrt(), "{error}");
        assert!(value > 0.5 * trace(&gram));
    }
}

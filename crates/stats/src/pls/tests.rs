use ndarray::{Array1, Array2, s};
use proptest::prelude::*;

use faer::Mat;

use super::*;
use crate::rng::{keyed, standard_normal_fill};

fn drawn(n: usize, p: usize, trial: u64) -> Array2<f32> {
    let mut values = vec![0.0; n * p];
    standard_normal_fill(&mut keyed(2, "pls", "", trial), &mut values);
    Array2::from_shape_vec((n, p), values).unwrap()
}

fn gram(x: &Array2<f32>) -> Gram {
    Gram::of(x.view(), None, 1)
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let gram_of = |x: &Array2<f32>| Pls::fit(&gram(x), 0..3, 3..5, 2);
    assert_eq!(gram_of(&drawn(1, 5, 0)), Err(PlsError::TooFew { rows: 1 }));
    let light = Gram::of(drawn(3, 5, 0).view(), Some(&[0.2; 3]), 1);
    assert_eq!(Pls::fit(&light, 0..3, 3..5, 2), Err(PlsError::TooFew { rows: 3 }));
    let mut unknown = drawn(9, 5, 0);
    unknown[[2, 4]] = f32::NAN;
    assert_eq!(gram_of(&unknown), Err(PlsError::NotFinite));
    let whole = gram(&drawn(9, 5, 0));
    let negative = [Target { column: 3, weight: -1.0 }];
    assert_eq!(Pls::fit_weighted(&whole, 0..3, &negative, 2), Err(PlsError::NotFinite));
    assert_eq!(Pls::fit(&whole, 0..3, 3..5, 0), Err(PlsError::Empty { components: 0, x: 3, y: 2 }));
    assert_eq!(Pls::fit(&whole, 0..3, 3..3, 1), Err(PlsError::Empty { components: 1, x: 3, y: 0 }));
    assert!(matches!(gram_of(&Array2::ones((9, 5))), Err(PlsError::Unrelated(_))));
    let ignored = [Target { column: 3, weight: 0.0 }];
    let unrelated = Pls::fit_weighted(&whole, 0..3, &ignored, 2);
    assert!(matches!(unrelated, Err(PlsError::Unrelated(_))));
}

#[test]
fn two_rows_have_one_component() {
    let pls = Pls::fit(&gram(&drawn(2, 6, 1)), 0..4, 4..6, 5).unwrap();
    assert_eq!(pls.components(), 1);
    assert!(pls.notes[0].starts_with("1 components instead of 5"), "{:?}", pls.notes);
}

/// The dominant vector of a diagonal matrix with two close values, which the power method tells apart only slowly, and of
/// one whose largest column is orthogonal to it.
#[test]
fn the_dominant_vector_is_found() {
    let close = Mat::from_fn(40, 30, |i, j| if i == j { 1.0 - 1e-6 * j as f64 } else { 0.0 });
    let (vector, value) = singular::dominant(close.as_ref()).unwrap();
    assert!((value - 1.0).abs() < 1e-12 && (vector[0] - 1.0).abs() < 1e-9, "{value}");
    let hidden = Mat::from_fn(3, 101, |i, j| match (i, j) {
        (1, 100) => 2.0,
        (0, j) if j < 100 => 1.0,
        _ => 0.0,
    });
    let (vector, value) = singular::dominant(hidden.as_ref()).unwrap();
    assert!((value - 10.0).abs() < 1e-12 && (vector[0] - 1.0).abs() < 1e-12, "{value}");
    assert_eq!(singular::dominant(Mat::zeros(4, 3).as_ref()), None);
}

/// A direction planted in features of unequal scale is the first direction.
#[test]
fn directions_are_in_the_space_of_x() {
    let mut x = drawn(4000, 6, 3);
    let target: Array1<f32> = &x.column(0) + &x.column(1);
    x.column_mut(5).assign(&target);
    x.column_mut(1).mapv_inplace(|v| 10.0 * v);
    let pls = Pls::fit(&gram(&x), 0..5, 5..6, 1).unwrap();
    let directions = pls.directions();
    // rotation (1, 1) over deviations (1, 10)
    let expected = 10.0 / 101.0_f64.sqrt();
    assert!((directions[[0, 0]] - expected).abs() < 0.01, "{directions}");
    assert!((directions.row(0).dot(&directions.row(0)) - 1.0).abs() < 1e-12);
    let scores = pls.scores_of(x.slice(s![..9, ..5]));
    for (row, scores) in x.outer_iter().zip(scores.outer_iter()) {
        assert_eq!(pls.scores(&row.to_vec()[..5]), scores.to_vec());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Scores of different components do not correlate, whatever the shape, and nothing is NaN.
    #[test]
    fn scores_are_uncorrelated(n in 2_usize..40, d in 1_usize..9, q in 1_usize..5, trial in 0_u64..1000) {
        let x = drawn(n, d + q, trial);
        let pls = Pls::fit(&gram(&x), 0..d, d..d + q, 4).unwrap();
        prop_assert!(pls.components() <= d.min(n - 1).min(4));
        prop_assert!(pls.components() == 4 || !pls.notes.is_empty());
        let scores = pls.scores_of(x.slice(s![.., ..d]));
        let products = scores.t().dot(&scores);
        for ((i, j), value) in products.indexed_iter() {
            let size = (products[[i, i]] * products[[j, j]]).sqrt();
            prop_assert!(value.is_finite());
            prop_assert!(i == j || value.abs() < 1e-6 * size, "{i} {j} {value} of {size}");
        }
    }
}

//! Values of scikit-learn; `reference/discovery.py` made them.

mod clusters;
mod components;
mod mixture;
mod svm;

use ndarray::Array2;
use serde::de::DeserializeOwned;

/// What the file holds under the name of its subject.
fn golden<T: DeserializeOwned>(text: &str, subject: &str) -> T {
    let mut file: serde_json::Value = serde_json::from_str(text).unwrap();
    serde_json::from_value(file[subject].take()).unwrap()
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    let width = rows.first().map_or(0, Vec::len);
    Array2::from_shape_vec((rows.len(), width), rows.concat()).unwrap()
}

/// Inputs are the same in single precision.
fn single(rows: &[Vec<f64>]) -> Array2<f32> {
    matrix(rows).mapv(|x| x as f32)
}

fn close(what: &str, got: &Array2<f64>, expected: &Array2<f64>, tolerance: f64) {
    assert_eq!(got.dim(), expected.dim(), "{what}");
    let scale = expected.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
    for ((at, g), e) in got.indexed_iter().zip(expected) {
        assert!((g - e).abs() <= tolerance * scale, "{what} {at:?}: {g}, expected {e}");
    }
}

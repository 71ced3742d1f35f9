//! Corrections for many tests.
/// Benjamini-Hochberg adjusted p-values, in the order given.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let _ = p;
    todo!()
}
/// Holm adjusted p-values, in the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let _ = p;
    todo!()
}

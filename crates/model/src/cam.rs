//! Class activation maps by reverse-mode differentiation above the CAM layer.
use crate::{Classifier, ModelError};
use ndarray::ArrayD;
/// `grad` (GradCAM) or `eigen` (EigenCAM, no gradient).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CamMethod {
    /// GradCAM.
    #[default]
    Grad,
    /// EigenCAM.
    Eigen,
}
/// Whether a map can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CamState {
    /// Ordinary.
    Usable,
    /// All zero: no positive evidence.
    Zero,
    /// NaN or infinite.
    NotFinite,
}
/// A map at the layer's own resolution, 0..1.
#[derive(Debug, Clone)]
pub struct Cam {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[height, width]`.
    pub map: Vec<f32>,
    /// Usable or not.
    pub state: CamState,
}
/// The part of the graph above the CAM layer.
pub struct CamHead {
    _private: (),
}
impl CamHead {
    /// Prepares the head; an operator without a rule is named.
    pub fn new(classifier: &Classifier, method: CamMethod) -> Result<Self, ModelError> {
        let _ = (classifier, method);
        todo!()
    }
    /// The layer's name.
    pub fn layer(&self) -> &str {
        todo!()
    }
    /// The map of `target` given the tapped value of `Forward`.
    pub fn cam(&self, activation: &ArrayD<f32>, target: usize) -> Result<Cam, ModelError> {
        let _ = (activation, target);
        todo!()
    }
}
impl Cam {
    /// Bilinear (half-pixel centres) to `[height, width]`, then minimum and maximum to 0 and 1 once more.
    pub fn upsample(&self, height: usize, width: usize) -> Vec<f32> {
        let _ = (height, width);
        todo!()
    }
}

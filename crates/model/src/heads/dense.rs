//! A linear layer.
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::RngExt as _;
use rightly_stats::rng::keyed;

/// Weight `[outputs, inputs]`, then bias `[outputs]`, in one vector: what a rule steps on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    values: Vec<f32>,
}

impl Dense {
    pub(super) fn zeros(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, values: vec![0.0; outputs * (inputs + 1)] }
    }

    /// As `torch.nn.Linear`: uniform up to 1 / sqrt(inputs), weight and bias.
    pub(super) fn uniform(inputs: usize, outputs: usize, seed: u64, name: &str) -> Self {
        let mut layer = Self::zeros(inputs, outputs);
        let mut rng = keyed(seed, "head/init", name, 0);
        let bound = 1.0 / (inputs as f32).sqrt();
        layer.values.fill_with(|| (rng.random::<f32>() * 2.0 - 1.0) * bound);
        layer
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    pub(super) fn weight(&self) -> ArrayView2<'_, f32> {
        let shape = (self.outputs, self.inputs);
        ArrayView2::from_shape(shape, &self.values[..self.outputs * self.inputs])
            .expect("the vector holds a weight and a bias of this shape")
    }

    pub(super) fn bias(&self) -> &[f32] {
        &self.values[self.outputs * self.inputs..]
    }

    /// `x W^T + b`.
    pub(super) fn forward(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut out = x.dot(&self.weight().t());
        out += &ArrayView1::from(self.bias());
        out
    }

    /// Gradient of weight and bias from the input and the output's gradient.
    pub(super) fn gradient(&self, x: &Array2<f32>, grad: &Array2<f32>) -> Vec<f32> {
        let mut gradient = Vec::with_capacity(self.len());
        gradient.extend(grad.t().dot(x).as_standard_layout().iter());
        gradient.extend(grad.sum_axis(Axis(0)).iter());
        gradient
    }

    /// Gradient of the input.
    pub(super) fn back(&self, grad: &Array2<f32>) -> Array2<f32> {
        grad.dot(&self.weight())
    }
}

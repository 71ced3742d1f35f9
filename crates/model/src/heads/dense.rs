//! A linear layer.
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use rand::RngExt as _;
use rayon::prelude::*;
use rightly_stats::{linear::dot_into, rng::keyed};

/// Rows of one product, and outputs of one product of a gradient, at least and at most. They follow from sizes alone, so that
/// threads have no part in a sum.
const ROWS: (usize, usize) = (64, 256);
const OUTPUTS: (usize, usize) = (16, 64);

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

    /// Of a weight `[outputs, inputs]` and a bias of as many values as it has rows.
    pub(super) fn of(weight: ArrayView2<'_, f32>, bias: &[f32]) -> Self {
        let (outputs, inputs) = weight.dim();
        let mut values = Vec::with_capacity(outputs * (inputs + 1));
        values.extend(weight.iter());
        values.extend(bias);
        Self { inputs, outputs, values }
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

    pub(super) fn values(&self) -> &[f32] {
        &self.values
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
    pub(super) fn forward(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut out = Array2::zeros((x.nrows(), self.outputs));
        by_rows(&mut out, x, |mut out, x| {
            dot_into(out.view_mut(), x, self.weight().t());
            out += &ArrayView1::from(self.bias());
        });
        out
    }

    /// Gradient of weight and bias from the input and the output's gradient.
    pub(super) fn gradient(&self, x: ArrayView2<'_, f32>, grad: &Array2<f32>) -> Vec<f32> {
        let mut gradient = vec![0.0; self.len()];
        let (weight, bias) = gradient.split_at_mut(self.outputs * self.inputs);
        // Outputs lie row by row, so that the transposes of their blocks are dense.
        let turned = grad.t().as_standard_layout().into_owned();
        let outputs = self.outputs.div_ceil(2).clamp(OUTPUTS.0, OUTPUTS.1);
        weight.par_chunks_mut(outputs * self.inputs).enumerate().for_each(|(block, into)| {
            let first = block * outputs;
            let last = (first + outputs).min(self.outputs);
            if let Ok(into) = ArrayViewMut2::from_shape((last - first, self.inputs), into) {
                dot_into(into, turned.slice(ndarray::s![first..last, ..]), x);
            }
        });
        for (bias, row) in bias.iter_mut().zip(turned.rows()) {
            *bias = row.iter().map(|&g| f64::from(g)).sum::<f64>() as f32;
        }
        gradient
    }

    /// Gradient of the input.
    pub(super) fn back(&self, grad: &Array2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros((grad.nrows(), self.inputs));
        by_rows(&mut out, grad.view(), |out, grad| dot_into(out, grad, self.weight()));
        out
    }
}

/// Does `work` on blocks of rows of two matrices, side by side.
fn by_rows(
    out: &mut Array2<f32>,
    x: ArrayView2<'_, f32>,
    work: impl Fn(ArrayViewMut2<'_, f32>, ArrayView2<'_, f32>) + Sync,
) {
    let rows = (x.nrows() / 8).clamp(ROWS.0, ROWS.1);
    let blocks = out.axis_chunks_iter_mut(Axis(0), rows).zip(x.axis_chunks_iter(Axis(0), rows));
    blocks.collect::<Vec<_>>().into_par_iter().for_each(|(out, x)| work(out, x));
}

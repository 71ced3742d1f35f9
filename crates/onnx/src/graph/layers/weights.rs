//! Weights of linear layers: stored ones, and those that a file computes of stored ones (quantised, transposed, cast).
use super::super::Graph;
use super::super::node::Node;
use super::super::proto::data_type;
use ndarray::{Array2, ArrayD, Ix2};

/// Longest chain of operators between a stored weight and the layer that reads it.
const LONGEST: usize = 8;

impl Graph {
    /// A weight as floats: a constant, or a constant that is only cast, transposed or dequantised.
    pub(super) fn weight_f32(&self, name: &str) -> Option<ArrayD<f32>> {
        self.weight_within(name, LONGEST)
    }

    fn weight_within(&self, name: &str, left: usize) -> Option<ArrayD<f32>> {
        if let Some(constant) = self.constant_f32(name) {
            return Some(constant);
        }
        let node = self.nodes().find(|node| node.output(0) == Some(name)).filter(|_| left > 0)?;
        let stored = self.weight_within(node.input(0)?, left - 1)?;
        match node.op_type() {
            _ if !node.domain().is_empty() => None,
            "Identity" => Some(stored),
            // Whole numbers are cut off by a cast to them: floats alone are what they were.
            "Cast" => float_type(node.int("to")).map(|_| stored),
            "Transpose" => {
                let axes: Option<Vec<usize>> = match node.ints("perm") {
                    Some(axes) => axes.iter().map(|&axis| usize::try_from(axis).ok()).collect(),
                    None => Some((0..stored.ndim()).rev().collect()),
                };
                let axes = axes.filter(|axes| {
                    let mut sorted = axes.clone();
                    sorted.sort_unstable();
                    sorted.into_iter().eq(0..stored.ndim())
                })?;
                Some(stored.permuted_axes(axes).as_standard_layout().into_owned())
            }
            "DequantizeLinear" => self.dequantised(&node, stored),
            _ => None,
        }
    }

    /// `(x - zero point) * scale`, with one scale, or one for each row of an axis.
    fn dequantised(&self, node: &Node<'_>, stored: ArrayD<f32>) -> Option<ArrayD<f32>> {
        if node.int("block_size").unwrap_or(0) != 0 {
            return None;
        }
        let scale = self.constant_f32(node.input(1)?)?;
        let zero = match node.input(2) {
            Some(name) => Some(self.constant_f32(name)?),
            None => None,
        };
        let rank = stored.ndim();
        let spread = |values: &ArrayD<f32>| -> Option<ArrayD<f32>> {
            if values.len() == 1 {
                return values.to_shape(vec![1; rank]).ok().map(|values| values.into_owned());
            }
            let axis = node.int("axis").unwrap_or(1);
            let axis = if axis < 0 { axis + rank as i64 } else { axis };
            let axis = usize::try_from(axis).ok().filter(|axis| *axis < rank)?;
            let mut shape = vec![1; rank];
            shape[axis] = values.len();
            (stored.shape()[axis] == values.len())
                .then(|| values.to_shape(shape).ok().map(|values| values.into_owned()))?
        };
        let scale = spread(&scale)?;
        let shifted = match &zero {
            Some(zero) => &stored - &spread(zero)?,
            None => stored.clone(),
        };
        Some(&shifted * &scale)
    }

    /// Float type in which a weight is read, where it is one that can be written.
    pub(super) fn weight_type(&self, name: &str) -> Result<i32, i32> {
        let mut name = name.to_owned();
        for _ in 0..=LONGEST {
            if let Some(tensor) = self.constant(&name) {
                let kind = tensor.data_type.unwrap_or(data_type::FLOAT);
                return float_type(Some(i64::from(kind))).ok_or(kind);
            }
            let Some(node) = self.nodes().find(|node| node.output(0) == Some(&name)) else { break };
            match node.op_type() {
                "Cast" => return float_type(node.int("to")).ok_or(data_type::FLOAT),
                "DequantizeLinear" => name = node.input(1).unwrap_or("").to_owned(),
                _ => name = node.input(0).unwrap_or("").to_owned(),
            }
        }
        Ok(data_type::FLOAT)
    }

    /// `[outputs, inputs]` and the bias of a linear layer or a 1 x 1 convolution.
    pub(super) fn weights_of(&self, node: &Node<'_>) -> Option<(Array2<f32>, Option<Vec<f32>>)> {
        let bias = || {
            node.input(2).and_then(|name| self.weight_f32(name)).map(|b| b.into_iter().collect())
        };
        if node.is("Conv") {
            let weight = self.weight_f32(node.input(1)?)?;
            let [outputs, inputs, 1, 1] = *weight.shape() else { return None };
            let plain = node.int("group").unwrap_or(1) == 1;
            let weight = weight.into_shape_with_order((outputs, inputs)).ok()?;
            return plain.then(|| (weight, bias()));
        }
        // [inputs, outputs] on the right, [outputs, inputs] on the left.
        let (place, turned) = if self.weight_on_the_right(node) { (1, true) } else { (0, false) };
        let weight = self.weight_f32(node.input(place)?)?.into_dimensionality::<Ix2>().ok()?;
        if node.is("MatMul") {
            let weight = if turned { weight.reversed_axes() } else { weight };
            return Some((weight.as_standard_layout().into_owned(), None));
        }
        if !node.is("Gemm") || place != 1 || node.int("transA").unwrap_or(0) != 0 {
            return None;
        }
        let weight =
            if node.int("transB").unwrap_or(0) == 0 { weight.reversed_axes() } else { weight };
        let alpha = node.float("alpha").unwrap_or(1.0);
        let weight = weight.as_standard_layout().mapv(|w| w * alpha);
        let beta = node.float("beta").unwrap_or(1.0);
        let bias = match node.input(2) {
            None => None,
            Some(name) => {
                let bias = self.weight_f32(name)?;
                let flat: Vec<f32> = bias.iter().map(|b| b * beta).collect();
                // One value for all outputs is allowed.
                Some(if flat.len() == 1 { vec![flat[0]; weight.nrows()] } else { flat })
            }
        };
        Some((weight, bias))
    }

    /// Whether the second input of a linear layer is its weight.
    pub(super) fn weight_on_the_right(&self, node: &Node<'_>) -> bool {
        node.input(1).is_some_and(|name| self.weight_f32(name).is_some())
    }
}

/// A float type that weights can be written in.
fn float_type(kind: Option<i64>) -> Option<i32> {
    let kind = kind.and_then(|kind| i32::try_from(kind).ok())?;
    let floats = [data_type::FLOAT, data_type::FLOAT16, data_type::BFLOAT16, data_type::DOUBLE];
    floats.contains(&kind).then_some(kind)
}

//! A node as its rule sees it.
use super::{Grads, Tensor};
use crate::engine::Value;
use crate::graph::node::Node;
use ndarray::IxDyn;

/// An input or output: its shape, and its value where it was kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) shape: &'a [usize],
    pub(super) value: Option<&'a Value>,
}

/// A node with the gradient of its outputs.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) node: Node<'a>,
    pub(super) opset: i64,
    pub(super) inputs: Vec<Option<Slot<'a>>>,
    pub(super) outputs: Vec<Option<Slot<'a>>>,
    pub(super) wants: &'a [bool],
    pub(super) grads: Vec<Option<Tensor>>,
}

impl<'a> Site<'a> {
    /// An integer attribute.
    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.node.int(name).unwrap_or(default)
    }

    /// A float attribute.
    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.node.float(name).unwrap_or(default)
    }

    /// Gradient of the first output.
    pub(super) fn grad(&self) -> Result<&Tensor, String> {
        self.grads
            .first()
            .and_then(Option::as_ref)
            .ok_or_else(|| "its first output has no gradient".to_owned())
    }

    /// Whether the gradient of an input is asked for.
    pub(super) fn wants(&self, index: usize) -> bool {
        self.wants.get(index).copied().unwrap_or(false)
    }

    /// Whether an input is given.
    pub(super) fn has(&self, index: usize) -> bool {
        self.slot(index).is_some()
    }

    fn slot(&self, index: usize) -> Option<&Slot<'a>> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// Shape of an input.
    pub(super) fn shape(&self, index: usize) -> Result<&'a [usize], String> {
        self.slot(index).map(|slot| slot.shape).ok_or_else(|| format!("input {index} is left out"))
    }

    /// An input's floats.
    pub(super) fn x(&self, index: usize) -> Result<&'a Tensor, String> {
        match self.slot(index).and_then(|slot| slot.value) {
            Some(Value::F32(value)) => Ok(value),
            Some(Value::I64(_)) => Err(format!("input {index} holds integers")),
            None => Err(format!("input {index} is left out or was not kept")),
        }
    }

    /// An input's integers or booleans; `None` where it is left out.
    pub(super) fn integers(&self, index: usize) -> Result<Option<Vec<i64>>, String> {
        match self.slot(index) {
            None => Ok(None),
            Some(slot) => match slot.value {
                Some(Value::I64(value)) => Ok(Some(value.iter().copied().collect())),
                Some(Value::F32(_)) => Err(format!("input {index} holds floats")),
                None => Err(format!("input {index} was not kept")),
            },
        }
    }

    /// An integer list that is an attribute in old operator sets and an input in new ones.
    pub(super) fn list(&self, name: &str, input: usize) -> Result<Option<Vec<i64>>, String> {
        match self.node.ints(name) {
            Some(list) => Ok(Some(list.to_vec())),
            None => self.integers(input),
        }
    }

    /// The first output's floats.
    pub(super) fn y(&self) -> Result<&'a Tensor, String> {
        match self.outputs.first().and_then(Option::as_ref).and_then(|slot| slot.value) {
            Some(Value::F32(value)) => Ok(value),
            _ => Err("its output was not kept".to_owned()),
        }
    }

    /// The gradient of the first input alone.
    pub(super) fn only(&self, grad: Tensor) -> Grads {
        let mut grads = vec![None; self.inputs.len()];
        if let Some(first) = grads.first_mut() {
            *first = Some(grad);
        }
        grads
    }
}

/// An axis, counted from the end where negative.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let place = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(place)
        .ok()
        .filter(|&place| place < rank)
        .ok_or_else(|| format!("axis {axis} lies outside rank {rank}"))
}

/// The elements in row-major order; values and gradients of a tape always have it.
pub(super) fn flat(tensor: &Tensor) -> Result<&[f32], String> {
    tensor.as_slice().ok_or_else(|| "a value is not in row-major order".to_owned())
}

/// A tensor of row-major elements.
pub(super) fn tensor(shape: &[usize], elements: Vec<f32>) -> Result<Tensor, String> {
    Tensor::from_shape_vec(IxDyn(shape), elements).map_err(|error| error.to_string())
}

/// The same elements in another shape.
pub(super) fn reshaped(value: &Tensor, shape: &[usize]) -> Result<Tensor, String> {
    tensor(shape, value.iter().copied().collect())
}

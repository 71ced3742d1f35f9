//! What is known of a value before anything runs.
use crate::graph::proto::{TensorProto, data_type};

/// Longest value whose numbers are followed: shapes, sizes and scales are far shorter.
pub(super) const NUMBERS: usize = 256;

/// Element type, largest shape, and the numbers of small values that do not depend on the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Element type, a number of [`data_type`].
    pub kind: i32,
    /// At most so large; just this where `exact`.
    pub shape: Vec<usize>,
    /// Whether it has just this shape.
    pub exact: bool,
    /// Whether it has as many dimensions as `shape`.
    pub ranked: bool,
    pub(super) numbers: Option<Vec<f64>>,
}

impl Known {
    pub(super) fn new(kind: i32, shape: Vec<usize>) -> Self {
        Self { kind, shape, exact: true, ranked: true, numbers: None }
    }

    /// At most so many elements, in whatever shape.
    pub(super) fn loose(kind: i32, elements: usize) -> Self {
        Self { exact: false, ranked: false, ..Self::new(kind, vec![elements]) }
    }

    /// At most this shape.
    pub(super) fn at_most(kind: i32, shape: Vec<usize>) -> Self {
        Self { exact: false, ..Self::new(kind, shape) }
    }

    pub(super) fn with_numbers(kind: i32, shape: Vec<usize>, numbers: Vec<f64>) -> Self {
        let fits = numbers.len() <= NUMBERS && elements(&shape) == numbers.len();
        Self { numbers: fits.then_some(numbers), ..Self::new(kind, shape) }
    }

    pub(super) fn of_tensor(tensor: &TensorProto) -> Self {
        let kind = tensor.data_type.unwrap_or(data_type::FLOAT);
        // What is no shape is refused when the file is read.
        let shape = tensor.shape().unwrap_or_else(|_| vec![usize::MAX]);
        let small = elements(&shape) <= NUMBERS;
        let numbers = small.then(|| numbers(tensor)).flatten();
        Self { numbers, ..Self::new(kind, shape) }
    }

    /// As exact as `of` is.
    pub(super) fn like(mut self, of: &Self) -> Self {
        self.exact &= of.exact;
        self.ranked &= of.ranked;
        self
    }

    pub(super) fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements, at most.
    pub fn elements(&self) -> usize {
        elements(&self.shape)
    }

    /// Size in memory; more than there is where it can't be counted.
    pub fn bytes(&self) -> usize {
        self.elements().saturating_mul(width(self.kind))
    }

    /// Whole numbers, where all are known.
    pub fn whole(&self) -> Option<Vec<i64>> {
        self.numbers.as_ref().map(|numbers| numbers.iter().map(|&v| v as i64).collect())
    }

    /// An axis that may be counted from behind.
    pub(super) fn axis(&self, axis: i64) -> Option<usize> {
        place(axis, self.rank())
    }
}

/// An axis of `rank` that may be counted from behind.
pub(super) fn place(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}

pub(super) fn elements(shape: &[usize]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    shape.iter().fold(1, |product, &size| product.saturating_mul(size))
}

fn numbers(tensor: &TensorProto) -> Option<Vec<f64>> {
    match tensor.data_type.unwrap_or(data_type::FLOAT) {
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE => {
            Some(tensor.to_f32().ok()?.iter().map(|&v| f64::from(v)).collect())
        }
        _ => Some(tensor.to_i64().ok()?.iter().map(|&v| v as f64).collect()),
    }
}

/// Bytes of an element, as engines keep it.
fn width(kind: i32) -> usize {
    match kind {
        data_type::UINT8 | data_type::INT8 | data_type::BOOL => 1,
        data_type::FLOAT16 | data_type::BFLOAT16 | data_type::UINT16 | data_type::INT16 => 2,
        data_type::DOUBLE | data_type::INT64 | data_type::UINT64 => 8,
        data_type::STRING => 32,
        _ => 4,
    }
}

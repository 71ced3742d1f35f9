//! Nodes and attributes from plain values.
use super::proto::{AttributeProto, NodeProto, TensorProto, attribute_type};

impl NodeProto {
    /// A node of the default operators with one output, by which it is named.
    #[must_use]
    pub fn of(op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> Self {
        Self {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: Some(format!("{output}/{op}")),
            op_type: Some(op.to_owned()),
            attribute,
            ..Self::default()
        }
    }
}

impl AttributeProto {
    /// A whole number.
    #[must_use]
    pub fn int(name: &str, value: i64) -> Self {
        Self { i: Some(value), ..Self::named(name, attribute_type::INT) }
    }

    /// A number.
    #[must_use]
    pub fn float(name: &str, value: f32) -> Self {
        Self { f: Some(value), ..Self::named(name, attribute_type::FLOAT) }
    }

    /// Whole numbers.
    #[must_use]
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self { ints: values.to_vec(), ..Self::named(name, attribute_type::INTS) }
    }

    /// A tensor.
    #[must_use]
    pub fn tensor(name: &str, value: TensorProto) -> Self {
        Self { t: Some(value), ..Self::named(name, attribute_type::TENSOR) }
    }

    fn named(name: &str, kind: i32) -> Self {
        Self { name: Some(name.to_owned()), r#type: Some(kind), ..Self::default() }
    }
}

//! Views of nodes and values.
use super::proto::{
    AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto, data_type,
    tensor_shape_proto, type_proto,
};
use ndarray::{ArrayD, IxDyn, arr0};
use std::collections::HashSet;

/// Names that a node or an output of the graph reads.
pub(super) fn read_names(proto: &GraphProto) -> HashSet<String> {
    let nodes = proto.node.iter().enumerate();
    nodes
        .flat_map(|(index, node)| Node::new(index, node).reads())
        .chain(proto.output.iter().map(|output| output.name()))
        .map(str::to_owned)
        .collect()
}

/// A dimension of a declared shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// A size.
    Fixed(usize),
    /// A name, often the batch.
    Symbol(String),
    /// Nothing is said.
    Unknown,
}

impl Dim {
    /// The size where it is fixed.
    #[must_use]
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(size) => Some(*size),
            _ => None,
        }
    }
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Symbol(name) => f.write_str(name),
            Self::Unknown => f.write_str("?"),
        }
    }
}

/// Name, element type and shape of a value as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSpec {
    /// Name.
    pub name: String,
    /// Element type, see [`data_type`]; `None` where it is no tensor or nothing is said.
    pub elem_type: Option<i32>,
    /// Shape; `None` where nothing is said.
    pub shape: Option<Vec<Dim>>,
}

impl ValueSpec {
    pub(crate) fn from_proto(proto: &ValueInfoProto) -> Self {
        let tensor = proto.r#type.as_ref().and_then(|kind| match &kind.value {
            Some(type_proto::Value::TensorType(tensor)) => Some(tensor),
            _ => None,
        });
        let shape = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| {
            shape
                .dim
                .iter()
                .map(|dim| match &dim.value {
                    Some(tensor_shape_proto::Value::DimValue(size)) => {
                        usize::try_from(*size).map_or(Dim::Unknown, Dim::Fixed)
                    }
                    Some(tensor_shape_proto::Value::DimParam(name)) if !name.is_empty() => {
                        Dim::Symbol(name.clone())
                    }
                    _ => Dim::Unknown,
                })
                .collect()
        });
        Self {
            name: proto.name().to_owned(),
            elem_type: tensor.and_then(|tensor| tensor.elem_type),
            shape,
        }
    }

    /// `name: float32 [batch, 3, 224, 224]`.
    #[must_use]
    pub fn describe(&self) -> String {
        let kind = data_type::name(self.elem_type.unwrap_or(0));
        let shape = self.shape.as_ref().map_or_else(
            || "[…]".to_owned(),
            |shape| {
                let dims: Vec<String> = shape.iter().map(Dim::to_string).collect();
                format!("[{}]", dims.join(", "))
            },
        );
        format!("{}: {kind} {shape}", self.name)
    }
}

/// A node and its place in the order.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    index: usize,
    proto: &'a NodeProto,
}

impl<'a> Node<'a> {
    pub(crate) fn new(index: usize, proto: &'a NodeProto) -> Self {
        Self { index, proto }
    }

    /// Place in topological order.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The message.
    #[must_use]
    pub fn proto(&self) -> &'a NodeProto {
        self.proto
    }

    /// Name; where there is none, its first output's.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match self.proto.name.as_deref() {
            Some(name) if !name.is_empty() => name,
            _ => self.proto.output.first().map_or("", String::as_str),
        }
    }

    /// Operator.
    #[must_use]
    pub fn op_type(&self) -> &'a str {
        self.proto.op_type.as_deref().unwrap_or("")
    }

    /// Operator set, empty for the standard one.
    #[must_use]
    pub fn domain(&self) -> &'a str {
        match self.proto.domain.as_deref() {
            None | Some("ai.onnx") => "",
            Some(domain) => domain,
        }
    }

    /// Whether the operator is this one of the standard set.
    #[must_use]
    pub fn is(&self, op_type: &str) -> bool {
        self.domain().is_empty() && self.op_type() == op_type
    }

    /// Names of the values read; an empty one is an input that is left out.
    #[must_use]
    pub fn inputs(&self) -> &'a [String] {
        &self.proto.input
    }

    /// Name of an input, `None` where it is left out.
    #[must_use]
    pub fn input(&self, index: usize) -> Option<&'a str> {
        let name = self.proto.input.get(index)?;
        (!name.is_empty()).then_some(name.as_str())
    }

    /// Names of the values written.
    #[must_use]
    pub fn outputs(&self) -> &'a [String] {
        &self.proto.output
    }

    /// Name of an output, `None` where it is left out.
    #[must_use]
    pub fn output(&self, index: usize) -> Option<&'a str> {
        let name = self.proto.output.get(index)?;
        (!name.is_empty()).then_some(name.as_str())
    }

    /// An attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.proto.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }

    /// An integer attribute.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.i
    }

    /// A float attribute.
    #[must_use]
    pub fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.f
    }

    /// An attribute of integers.
    #[must_use]
    pub fn ints(&self, name: &str) -> Option<&'a [i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    /// An attribute of floats.
    #[must_use]
    pub fn floats(&self, name: &str) -> Option<&'a [f32]> {
        self.attribute(name).map(|attribute| attribute.floats.as_slice())
    }

    /// A text attribute.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&'a str> {
        self.attribute(name)
            .and_then(|attribute| attribute.s.as_deref())
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// A tensor attribute.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&'a TensorProto> {
        self.attribute(name)?.t.as_ref()
    }

    /// Graphs inside this node (branches of `If`, bodies of `Loop`).
    pub fn subgraphs(&self) -> impl Iterator<Item = &'a GraphProto> {
        self.proto
            .attribute
            .iter()
            .flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
    }

    /// Every value that a run of the node reads: its inputs, and what its inner graphs take from outside.
    #[must_use]
    pub fn reads(&self) -> Vec<&'a str> {
        let mut reads: Vec<&str> =
            self.proto.input.iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
        for graph in self.subgraphs() {
            captures(graph, &mut reads);
        }
        reads
    }

    /// The value of a `Constant` node.
    #[must_use]
    pub fn constant_value(&self) -> Option<TensorProto> {
        if self.op_type() != "Constant" {
            return None;
        }
        let name = self.output(0)?;
        if let Some(tensor) = self.tensor("value") {
            return Some(TensorProto { name: Some(name.to_owned()), ..tensor.clone() });
        }
        if let Some(value) = self.float("value_float") {
            return Some(TensorProto::from_f32(name, &arr0(value).into_dyn()));
        }
        if let Some(value) = self.int("value_int") {
            return Some(TensorProto::from_i64(name, &arr0(value).into_dyn()));
        }
        if let Some(values) = self.floats("value_floats") {
            let array = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).ok()?;
            return Some(TensorProto::from_f32(name, &array));
        }
        let values = self.ints("value_ints")?;
        let array = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).ok()?;
        Some(TensorProto::from_i64(name, &array))
    }
}

/// Appends the names that a graph reads but does not define.
fn captures<'a>(graph: &'a GraphProto, reads: &mut Vec<&'a str>) {
    let mut known: std::collections::HashSet<&str> = graph
        .input
        .iter()
        .filter_map(|value| value.name.as_deref())
        .chain(graph.initializer.iter().map(TensorProto::name))
        .collect();
    for (index, proto) in graph.node.iter().enumerate() {
        let node = Node::new(index, proto);
        reads.extend(node.reads().into_iter().filter(|name| !known.contains(name)));
        known.extend(proto.output.iter().map(String::as_str));
    }
    // A branch may hand an outer value straight back.
    reads.extend(
        graph
            .output
            .iter()
            .filter_map(|value| value.name.as_deref())
            .filter(|name| !known.contains(name)),
    );
}

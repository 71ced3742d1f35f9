//! What is known of the values of a graph: element types, ranks, constants.
use super::{numbers, shapes, wide};
use crate::graph::Graph;
use crate::graph::node::{Node, ValueSpec};
use crate::graph::proto::{GraphProto, TensorProto, ValueInfoProto, data_type};
use std::collections::{HashMap, HashSet};

/// Constants of at most so many elements are kept to be looked at.
const SMALL: usize = 1 << 12;

/// Names are those of the whole model: inner graphs can't use a name twice.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) opset: i64,
    types: HashMap<String, i32>,
    shapes: HashMap<String, Vec<Option<usize>>>,
    /// Shapes that follow from the inputs' declared ones by every operator's rule. They go before `shapes`: what a file
    /// says of its inner values may be wrong.
    sure: HashMap<String, Vec<Option<usize>>>,
    constants: HashMap<String, TensorProto>,
    /// Lowest and highest element of integers of 64 bits, where they are less than all of 32.
    ends: HashMap<String, (f64, f64)>,
    /// Values that hold constants of more than 32 bits.
    cut: HashSet<String>,
    /// Values that are numbers for sure.
    finite: HashSet<String>,
    /// Small values that are computed from numbers that are known.
    numbers: HashMap<String, Vec<i64>>,
    /// Right sides of products of matrices, by the name of the product.
    products: HashMap<String, String>,
    /// Values that an operator reads, by the operator's name.
    read_by: HashSet<(&'static str, String)>,
}

/// Operators whose readings are kept.
const READERS: [&str; 6] = ["Floor", "Ceil", "Round", "Cast", "Mod", "Expand"];

impl Facts {
    pub(super) fn of(graph: &Graph) -> Self {
        let finite = numbers::of(graph);
        let mut facts = Self { opset: graph.opset(), finite, ..Self::default() };
        let known = graph.known_values();
        for (name, value) in known.into_iter().flatten().filter(|(_, value)| value.ranked) {
            let size = |&size: &usize| Some(size).filter(|_| value.exact);
            let shape = value.shape.iter().map(size).collect();
            if let Some(numbers) = value.whole().filter(|_| value.kind == data_type::INT64) {
                facts.numbers.insert(name.clone(), numbers);
            }
            facts.sure.insert(name, shape);
        }
        facts
    }

    /// Takes up what a graph declares: inputs, weights, values.
    pub(super) fn enter(&mut self, graph: &GraphProto) {
        for value in graph.value_info.iter().chain(&graph.output).chain(&graph.input) {
            self.declare(value);
        }
        for tensor in &graph.initializer {
            self.constant(tensor.name(), tensor);
        }
        for node in &graph.node {
            let reader = READERS.into_iter().find(|op| *op == node.op_type());
            if let (Some(op), Some(name)) = (reader, node.input.first()) {
                self.read_by.insert((op, name.clone()));
            }
        }
    }

    /// Whether one of these operators (of [`READERS`]) reads a value as its first input.
    pub(super) fn is_read_by(&self, value: &str, ops: &[&'static str]) -> bool {
        ops.iter().any(|op| self.read_by.contains(&(op, value.to_owned())))
    }

    /// The right side where a value is a product of matrices.
    pub(super) fn product(&self, value: &str) -> Option<&str> {
        self.products.get(value).map(String::as_str)
    }

    /// A small constant.
    pub(super) fn tensor(&self, name: &str) -> Option<&TensorProto> {
        self.constants.get(name)
    }

    fn declare(&mut self, value: &ValueInfoProto) {
        let spec = ValueSpec::from_proto(value);
        if let Some(kind) = spec.elem_type.filter(|&kind| kind != 0) {
            self.types.insert(spec.name.clone(), kind);
        }
        if let Some(shape) = spec.shape {
            let shape = shape.iter().map(crate::graph::node::Dim::fixed).collect();
            self.shapes.insert(spec.name, shape);
        }
    }

    fn constant(&mut self, name: &str, tensor: &TensorProto) {
        if let Some(kind) = tensor.data_type {
            self.types.insert(name.to_owned(), kind);
        }
        let Ok(shape) = tensor.shape() else { return };
        if let Some(ends) = wide::ends(tensor) {
            self.ends.insert(name.to_owned(), ends);
        }
        if wide::is_cut(tensor) {
            self.cut(name);
        }
        if shape.iter().product::<usize>() <= SMALL {
            self.constants.insert(name.to_owned(), tensor.clone());
        }
        self.shapes.insert(name.to_owned(), shape.into_iter().map(Some).collect());
    }

    /// Lowest and highest element of a value of integers, at most all of 32 bits.
    pub(super) fn ends(&self, name: &str) -> (f64, f64) {
        let (low, high) = self.ends.get(name).copied().unwrap_or(wide::BITS);
        (low.max(wide::BITS.0), high.min(wide::BITS.1))
    }

    /// Whether a value holds constants of more than 32 bits.
    pub(super) fn is_cut(&self, name: &str) -> bool {
        self.cut.contains(name)
    }

    /// Takes up that a value does.
    pub(super) fn cut(&mut self, name: &str) {
        self.cut.insert(name.to_owned());
    }

    /// Whether a value is a number for sure; what is made inside inner graphs is not.
    pub(super) fn is_number(&self, name: &str) -> bool {
        self.finite.contains(name)
    }

    /// The integers of a small value where they are known before a run.
    pub(super) fn numbers(&self, name: &str) -> Option<&[i64]> {
        self.numbers.get(name).map(Vec::as_slice)
    }

    /// Sets a value's type.
    pub(super) fn set_type(&mut self, name: &str, kind: Option<i32>) {
        if let Some(kind) = kind {
            self.types.insert(name.to_owned(), kind);
        }
    }

    /// Element type of a value, `None` where it is not known.
    pub(super) fn kind(&self, name: &str) -> Option<i32> {
        self.types.get(name).copied()
    }

    /// Element type of an input of a node.
    pub(super) fn input(&self, node: &Node<'_>, place: usize) -> Option<i32> {
        self.kind(node.input(place)?)
    }

    /// Number of axes, `None` where it is not known.
    pub(super) fn rank(&self, name: &str) -> Option<usize> {
        self.shape(name).map(<[_]>::len)
    }

    /// Sizes of the axes, those that are known.
    pub(super) fn shape(&self, name: &str) -> Option<&[Option<usize>]> {
        self.sure.get(name).or_else(|| self.shapes.get(name)).map(Vec::as_slice)
    }

    /// The elements of a small constant of integers.
    pub(super) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        Some(self.constants.get(name)?.to_i64().ok()?.into_iter().collect())
    }

    /// The elements of a small constant of floats.
    pub(super) fn floats(&self, name: &str) -> Option<Vec<f32>> {
        Some(self.constants.get(name)?.to_f32().ok()?.into_iter().collect())
    }

    /// Takes up what a node makes. Values that the node's inner graphs make are known already.
    pub(super) fn note(&mut self, node: &Node<'_>) {
        if let (Some(tensor), Some(name)) = (node.constant_value(), node.output(0)) {
            self.constant(name, &tensor);
            return;
        }
        let kinds = self.outputs(node);
        for (place, name) in node.outputs().iter().enumerate().filter(|(_, name)| !name.is_empty())
        {
            let kind = kinds.get(place).or(kinds.last()).copied().flatten();
            self.set_type(name, kind);
            if let Some(shape) = shapes::of_output(node, self) {
                self.shapes.insert(name.clone(), shape);
            }
        }
        let ends = wide::range(node, self);
        for name in node.outputs() {
            if self.kind(name) == Some(data_type::INT64) {
                self.ends.insert(name.clone(), ends);
            }
        }
        if let (true, Some(right), Some(output)) =
            (node.is("MatMul"), node.input(1), node.output(0))
        {
            self.products.insert(output.to_owned(), right.to_owned());
        }
    }

    /// Element types of a node's outputs; the last one stands for all further ones.
    fn outputs(&self, node: &Node<'_>) -> Vec<Option<i32>> {
        use data_type::{BOOL, FLOAT, INT32, INT64, UINT8};
        let of = |place: usize| self.input(node, place);
        let named = |attribute: &str| {
            node.int(attribute).filter(|&kind| kind != 0).and_then(|kind| i32::try_from(kind).ok())
        };
        if !node.domain().is_empty() {
            return vec![None];
        }
        match node.op_type() {
            "Shape" | "Size" | "NonZero" | "ArgMax" | "ArgMin" | "NonMaxSuppression" => {
                vec![Some(INT64)]
            }
            "Equal" | "Greater" | "Less" | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or"
            | "Not" | "Xor" | "IsNaN" | "IsInf" => vec![Some(BOOL)],
            "Cast" | "BitCast" => vec![named("to")],
            "CastLike" => vec![of(1)],
            "ConstantOfShape" => {
                vec![node.tensor("value").map_or(Some(FLOAT), |tensor| tensor.data_type)]
            }
            "EyeLike" | "Bernoulli" | "RandomNormalLike" | "RandomUniformLike" => {
                vec![named("dtype").or(of(0))]
            }
            "RandomNormal" | "RandomUniform" => vec![named("dtype").or(Some(FLOAT))],
            "Multinomial" => vec![named("dtype").or(Some(INT32))],
            "Where" => vec![of(1).or(of(2))],
            "OneHot" => vec![of(2)],
            "QuantizeLinear" => vec![named("output_dtype").or(of(2)).or(Some(UINT8))],
            "DequantizeLinear" => vec![named("output_dtype").or(of(1))],
            "DynamicQuantizeLinear" => vec![Some(UINT8), Some(FLOAT), Some(UINT8)],
            "MatMulInteger" | "ConvInteger" => vec![Some(INT32)],
            "TopK" | "MaxPool" | "Unique" => vec![of(0), Some(INT64)],
            "Dropout" => vec![of(0), Some(BOOL)],
            "LayerNormalization" => vec![of(0), Some(FLOAT)],
            "If" => inner(node, "then_branch", 0).map(|name| self.kind(name)).collect(),
            // The first output of a body says whether to go on.
            "Loop" => inner(node, "body", 1).map(|name| self.kind(name)).collect(),
            "Scan" => inner(node, "body", 0).map(|name| self.kind(name)).collect(),
            "SequenceAt" | "SequenceLength" | "SequenceConstruct" | "SplitToSequence"
            | "ConcatFromSequence" | "Optional" | "OptionalGetElement" => vec![None],
            _ => vec![of(0)],
        }
    }
}

fn inner<'a>(node: &Node<'a>, attribute: &str, from: usize) -> impl Iterator<Item = &'a str> {
    let graph = node.attribute(attribute).and_then(|attribute| attribute.g.as_ref());
    graph.into_iter().flat_map(move |graph| graph.output.iter().skip(from).map(|v| v.name()))
}

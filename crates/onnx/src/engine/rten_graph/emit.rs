//! Nodes and constants that take the place of one node.
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, NodeProto, TensorProto};
use ndarray::{ArrayD, IxDyn, arr0};

/// Collects them; every value has a name of its own, every node is named after the one that it stands for.
pub(super) struct Emit {
    node: String,
    prefix: String,
    made: usize,
    pub(super) nodes: Vec<NodeProto>,
    pub(super) constants: Vec<TensorProto>,
}

impl Emit {
    /// `place` is another number for every node of the model.
    pub(super) fn new(node: &Node<'_>, place: usize) -> Self {
        Self {
            node: node.name().to_owned(),
            prefix: format!("rightly.{}{place}", node.op_type()),
            made: 0,
            nodes: Vec::new(),
            constants: Vec::new(),
        }
    }

    /// A name that no value has.
    pub(super) fn fresh(&mut self) -> String {
        self.made += 1;
        format!("{}.{}", self.prefix, self.made)
    }

    /// A node with one output of a new name.
    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let output = self.fresh();
        self.into(op, inputs, &output, attributes);
        output
    }

    /// A node with one output of a given name.
    pub(super) fn into(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<AttributeProto>,
    ) {
        let mut node = NodeProto::of(op, inputs, output, attributes);
        // Messages of the engine name this node: it begins with the name that the model has.
        node.name = Some(format!("{} ({op} {})", self.node, self.nodes.len()));
        self.nodes.push(node);
    }

    /// The node itself, changed.
    pub(super) fn keep(&mut self, node: NodeProto) {
        self.nodes.push(node);
    }

    /// A constant under a name of its own.
    pub(super) fn constant(&mut self, tensor: TensorProto) -> String {
        let name = self.fresh();
        self.constants.push(TensorProto { name: Some(name.clone()), ..tensor });
        name
    }

    /// A single float.
    pub(super) fn float(&mut self, value: f32) -> String {
        let name = self.fresh();
        self.constants.push(TensorProto::from_f32(&name, &arr0(value).into_dyn()));
        name
    }

    /// Floats of a shape.
    pub(super) fn floats(&mut self, value: &ArrayD<f32>) -> String {
        let name = self.fresh();
        self.constants.push(TensorProto::from_f32(&name, value));
        name
    }

    /// A single integer.
    pub(super) fn int(&mut self, value: i64) -> String {
        let name = self.fresh();
        self.constants.push(TensorProto::from_i64(&name, &arr0(value).into_dyn()));
        name
    }

    /// A list of integers.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let name = self.fresh();
        let array = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec())
            .expect("one axis of as many elements: by construction");
        self.constants.push(TensorProto::from_i64(&name, &array));
        name
    }
}

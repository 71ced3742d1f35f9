//! A graph that stays a valid file while weights come and go.
use super::Graph;
use super::edit::declare;
use super::node::{ValueSpec, read_names};
use super::proto::{GraphProto, TensorProto, ValueInfoProto, data_type, type_proto};
use crate::OnnxError;
use std::collections::HashSet;

/// Before this version of the representation, weights are declared among the inputs as well.
const WEIGHTS_ARE_INPUTS_BEFORE: i64 = 4;

impl Graph {
    /// The graph with the bodies of local functions in the place of their calls.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where they call each other too often to be written in.
    pub fn without_functions(&self) -> Result<Self, OnnxError> {
        let mut graph = self.clone();
        graph.inline_functions()?;
        graph.model.functions.clear();
        Ok(graph)
    }

    /// Gives outputs the types and shapes that a valid file has, as far as the graph tells them: a tapped value may stand
    /// among the outputs without any.
    pub(super) fn declare_outputs(&mut self) {
        let bare = |value: &ValueInfoProto| ValueSpec::from_proto(value).shape.is_none();
        if !self.proto().output.iter().any(bare) {
            return;
        }
        let Some(known) = self.known_values() else { return };
        for output in self.proto_mut().output.iter_mut().filter(|output| bare(output)) {
            if let Some(known) = known.get(output.name()) {
                let dims: Vec<Option<usize>> =
                    known.shape.iter().map(|&size| known.exact.then_some(size)).collect();
                let shape = known.ranked.then_some(&dims[..]);
                *output = declare(output.name(), known.kind, shape);
            }
        }
    }

    /// Every reader of a value reads another one instead.
    #[doc(hidden)] // for rightly-model, which keeps the invariants of the type
    pub fn rename_reads(&mut self, from: &str, to: &str) {
        rename_reads(self.proto_mut(), from, to);
    }

    /// Declares an open shape of `rank` dimensions for an input that has none.
    pub fn declare_input(&mut self, name: &str, rank: usize) {
        for input in self.proto_mut().input.iter_mut().filter(|input| input.name() == name) {
            let spec = ValueSpec::from_proto(input);
            if spec.shape.is_none() {
                let kind = spec.elem_type.unwrap_or(data_type::FLOAT);
                *input = declare(name, kind, Some(&vec![None; rank]));
            }
        }
    }

    /// Declares another element type for an input.
    #[doc(hidden)] // for rightly-model, which keeps the invariants of the type
    pub fn set_input_type(&mut self, name: &str, kind: i32) {
        for input in self.proto_mut().input.iter_mut().filter(|input| input.name() == name) {
            if let Some(type_proto::Value::TensorType(tensor)) =
                input.r#type.as_mut().and_then(|found| found.value.as_mut())
            {
                tensor.elem_type = Some(kind);
            }
        }
    }

    /// Whether the version of the file wants weights among the inputs.
    pub(super) fn weights_are_inputs(&self) -> bool {
        self.ir_version() < WEIGHTS_ARE_INPUTS_BEFORE
    }

    /// Stores a weight, in the place of one of the same name, declared as the version of the file wants it.
    pub(super) fn put(&mut self, tensor: TensorProto) {
        let old = self.weights_are_inputs();
        let kind = tensor.data_type.unwrap_or(data_type::FLOAT);
        let dims: Vec<Option<usize>> =
            tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let graph = self.proto_mut();
        let before = graph.input.len();
        graph.input.retain(|input| input.name() != tensor.name());
        if old || graph.input.len() < before {
            graph.input.push(declare(tensor.name(), kind, Some(&dims)));
        }
        graph.initializer.retain(|stored| stored.name() != tensor.name());
        // What the file declares of it may be of another size.
        graph.value_info.retain(|value| value.name() != tensor.name());
        graph.initializer.push(tensor);
    }

    /// Takes out what no output needs, with everything that the file declares of it. Inputs stay, also unread ones: they
    /// are what a program gives; a weight's declaration among them goes with the weight.
    pub(super) fn tidy(&mut self) {
        let stored = |graph: &Self| -> HashSet<String> {
            graph.proto().initializer.iter().map(|tensor| tensor.name().to_owned()).collect()
        };
        let before = stored(self);
        self.prune();
        let after = stored(self);
        let proto = self.proto_mut();
        proto.input.retain(|input| !before.contains(input.name()) || after.contains(input.name()));
        let read = read_names(proto);
        proto.sparse_initializer.retain(|sparse| {
            sparse.values.as_ref().is_some_and(|values| read.contains(values.name()))
        });
        proto.quantization_annotation.retain(|annotation| read.contains(annotation.tensor_name()));
        self.drop_stale_declarations();
    }

    /// Takes out types of inner values that are not there any more.
    pub(super) fn drop_stale_declarations(&mut self) {
        let proto = self.proto_mut();
        let stored = proto.initializer.iter().map(TensorProto::name);
        let made = proto.node.iter().flat_map(|node| &node.output).map(String::as_str);
        let there: HashSet<&str> = stored.chain(made).collect();
        proto.value_info.retain(|value| there.contains(value.name()));
    }
}

/// Inner graphs read values around them by the same names.
fn rename_reads(graph: &mut GraphProto, from: &str, to: &str) {
    for node in &mut graph.node {
        for input in node.input.iter_mut().filter(|input| *input == from) {
            to.clone_into(input);
        }
        for attribute in &mut node.attribute {
            for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                rename_reads(inner, from, to);
            }
        }
    }
    // A branch may hand an outer value straight back.
    for output in graph.output.iter_mut().filter(|output| output.name() == from) {
        output.name = Some(to.to_owned());
    }
}

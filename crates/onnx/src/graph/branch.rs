//! Graphs that hold several ways of running, and what their inputs reach.
use super::Graph;
use super::node::read_names;
use super::proto::{TensorProto, data_type};
use crate::OnnxError;

impl Graph {
    /// The graph with a boolean input decided: every `If` on it gives way to the branch that is taken.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where there is no such input, or an `If` on it stays (its condition is computed).
    pub fn with_choice(&self, input: &str, choice: bool) -> Result<Self, OnnxError> {
        let mut graph = self.clone();
        let inputs = graph.inputs();
        let spec = inputs.iter().find(|spec| spec.name == input);
        let spec = spec.ok_or_else(|| self.invalid(format!("the graph has no input '{input}'")))?;
        let rank = spec.shape.as_ref().map_or(1, Vec::len);
        let proto = graph.proto_mut();
        proto.input.retain(|value| value.name() != input);
        proto.initializer.push(TensorProto {
            name: Some(input.to_owned()),
            dims: vec![1; rank],
            data_type: Some(data_type::BOOL),
            raw_data: Some(vec![u8::from(choice)]),
            ..TensorProto::default()
        });
        while graph.take_branches() {}
        graph.prune();
        graph.drop_unread_inputs();
        // What the file declares of inner values may be of the other branch.
        graph.proto_mut().value_info.clear();
        if let Some(node) = graph.nodes().find(|node| node.reads().contains(&input)) {
            return Err(self.invalid(format!(
                "{} '{}' reads '{input}' other than as the condition of an If",
                node.op_type(),
                node.name()
            )));
        }
        Ok(graph)
    }

    /// Takes out inputs that neither a node nor an output reads.
    pub fn drop_unread_inputs(&mut self) {
        let proto = self.proto_mut();
        let read = read_names(proto);
        proto.input.retain(|input| read.contains(input.name()));
    }

    /// Rows of the table that ids of an input choose from: the first axis of the weights of a `Gather`. `None` where
    /// there is no such node, or its table is computed.
    pub fn table_rows(&self, input: &str) -> Option<usize> {
        let index = self.index();
        let mut open = vec![input];
        let mut rows: Option<usize> = None;
        while let Some(name) = open.pop() {
            for node in index.readers(name) {
                let through = ["Cast", "Identity", "Reshape", "Flatten", "Unsqueeze", "Squeeze"];
                if node.is("Gather") && node.input(1) == Some(name) {
                    let shape =
                        node.input(0).and_then(|table| self.initializer(table)?.shape().ok());
                    if let Some([size, _]) = shape.as_deref()
                        && node.int("axis").unwrap_or(0) == 0
                    {
                        rows = Some(rows.map_or(*size, |rows| rows.min(*size)));
                    }
                } else if through.iter().any(|op| node.is(op))
                    && node.input(0) == Some(name)
                    && let Some(output) = node.output(0)
                {
                    open.push(output);
                }
            }
        }
        rows
    }
}

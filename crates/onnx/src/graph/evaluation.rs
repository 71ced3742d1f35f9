//! One image, single precision, evaluation semantics: what every engine gets to run.
use super::Graph;
use super::Index;
use super::proto::{
    GraphProto, NodeProto, TensorProto, ValueInfoProto, data_type, tensor_shape_proto, type_proto,
};
use super::validate::each_tensor;
use ndarray::ArrayD;

/// Types that are computed in single precision here.
fn becomes_f32(kind: i32) -> bool {
    matches!(kind, data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE)
}

/// Attributes that hold an element type.
const TYPE_ATTRIBUTES: [&str; 3] = ["to", "dtype", "output_dtype"];

/// Operators that have all of their outputs, read or not.
const ALL: [&str; 7] =
    ["Split", "TopK", "DynamicQuantizeLinear", "StringSplit", "If", "Loop", "Scan"];

impl Graph {
    /// The graph that predicts: float16, bfloat16 and float64 weights and values in single precision (the engine's
    /// own, and the same for all engines), dropout out, batch normalisation by its stored statistics even where the
    /// export says training, outputs that nobody reads left out, local functions written in.
    ///
    /// # Errors
    /// [`crate::OnnxError::Invalid`] where a weight's elements don't fit its shape.
    pub fn for_evaluation(&self) -> Result<Self, crate::OnnxError> {
        let mut graph = self.clone();
        graph.inline_functions()?;
        graph.model.functions.clear();
        let path = self.path().to_owned();
        each_tensor(graph.proto_mut(), &mut |tensor| {
            if !becomes_f32(tensor.data_type.unwrap_or(0)) {
                return Ok(());
            }
            let values = tensor
                .to_f32()
                .map_err(|message| crate::OnnxError::Invalid { path: path.clone(), message })?;
            *tensor = TensorProto::from_f32(tensor.name(), &values);
            Ok(())
        })?;
        single_precision(graph.proto_mut());
        let unread = graph.unread_outputs();
        for (place, outputs) in unread {
            let node = &mut graph.proto_mut().node[place];
            for output in outputs {
                node.output[output].clear();
            }
            while node.output.len() > 1 && node.output.last().is_some_and(String::is_empty) {
                node.output.pop();
            }
        }
        for node in &mut graph.proto_mut().node {
            evaluate(node);
        }
        Ok(graph)
    }

    /// Second and later outputs that neither a node nor the graph's outputs read, by node.
    fn unread_outputs(&self) -> Vec<(usize, Vec<usize>)> {
        let index = self.index();
        let declared = |name: &str| {
            self.proto().output.iter().any(|output| output.name.as_deref() == Some(name))
        };
        self.nodes()
            .filter(|node| node.outputs().len() > 1 && !ALL.iter().any(|name| node.is(name)))
            .map(|node| {
                let unread = (1..node.outputs().len())
                    .filter(|&place| {
                        node.output(place)
                            .is_some_and(|name| !declared(name) && index.readers(name).is_empty())
                    })
                    .collect::<Vec<_>>();
                (node.index(), unread)
            })
            .filter(|(_, unread)| !unread.is_empty())
            .collect()
    }

    /// Declares an input's shape. What the file declares of other values loses its sizes, since they followed the old one.
    pub fn set_input_shape(&mut self, name: &str, shape: &[usize]) {
        let graph = self.proto_mut();
        for value in graph.value_info.iter_mut().chain(&mut graph.output) {
            for dim in dims(value) {
                dim.value = None;
            }
        }
        for input in &mut graph.input {
            if input.name.as_deref() == Some(name) {
                for (dim, &size) in dims(input).iter_mut().zip(shape) {
                    dim.value = Some(tensor_shape_proto::Value::DimValue(size as i64));
                }
            }
        }
    }

    /// The graph for one image instead of a fixed batch: constant shapes of `Reshape` and `Expand` that begin with
    /// the batch begin with 1. Whether it computes the same has to be checked by a run.
    pub fn with_batch_of_one(&self, input: &str, shape: &[usize]) -> Self {
        let batch = shape[0] as i64;
        let mut graph = self.clone();
        let mut one = shape.to_vec();
        one[0] = 1;
        graph.set_input_shape(input, &one);
        let mut changes: Vec<(usize, ArrayD<i64>)> = Vec::new();
        for node in self.nodes() {
            if (node.is("Reshape") || node.is("Expand"))
                && let Some(sizes) = node.input(1).and_then(|name| self.constant_i64(name))
                && sizes.first() == Some(&batch)
            {
                let mut sizes = sizes;
                if let Some(first) = sizes.first_mut() {
                    *first = 1;
                }
                changes.push((node.index(), sizes));
            }
        }
        for (place, sizes) in changes {
            let name = format!("rightly.batch{place}");
            let proto = graph.proto_mut();
            proto.node[place].input[1].clone_from(&name);
            proto.initializer.push(TensorProto::from_i64(&name, &sizes));
        }
        graph
    }

    /// The value whose softmax `output` is, where the graph ends in one: past layout changes that keep the order of
    /// one image's elements. The second value says that it is a logarithm of probabilities.
    #[must_use]
    pub fn softmax_input(&self, output: &str) -> Option<String> {
        let index: Index<'_> = self.index();
        let mut name = output;
        loop {
            let node = index.maker(name)?;
            let through =
                ["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Dropout"];
            if node.is("Softmax") || node.is("LogSoftmax") {
                return node.input(0).map(str::to_owned);
            }
            if !through.iter().any(|op| node.is(op)) {
                return None;
            }
            name = node.input(0)?;
        }
    }
}

fn dims(value: &mut ValueInfoProto) -> &mut [tensor_shape_proto::Dimension] {
    match value.r#type.as_mut().and_then(|kind| kind.value.as_mut()) {
        Some(type_proto::Value::TensorType(tensor)) => {
            tensor.shape.as_mut().map_or(&mut [], |shape| &mut shape.dim)
        }
        _ => &mut [],
    }
}

fn single_precision(graph: &mut GraphProto) {
    for value in graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info) {
        if let Some(type_proto::Value::TensorType(tensor)) =
            value.r#type.as_mut().and_then(|kind| kind.value.as_mut())
            && becomes_f32(tensor.elem_type.unwrap_or(0))
        {
            tensor.elem_type = Some(data_type::FLOAT);
        }
    }
    for node in &mut graph.node {
        for attribute in &mut node.attribute {
            if TYPE_ATTRIBUTES.contains(&attribute.name())
                && attribute.i.and_then(|kind| i32::try_from(kind).ok()).is_some_and(becomes_f32)
            {
                attribute.i = Some(i64::from(data_type::FLOAT));
            }
            for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                single_precision(inner);
            }
        }
    }
}

fn evaluate(node: &mut NodeProto) {
    if !matches!(node.domain.as_deref(), None | Some("" | "ai.onnx")) {
        return;
    }
    match node.op_type.as_deref() {
        // Where its mask is read, dropout stays for the engine to run as it is.
        Some("Dropout") if node.output.len() == 1 => {
            node.op_type = Some("Identity".to_owned());
            node.input.truncate(1);
            node.attribute.clear();
        }
        Some("BatchNormalization") if node.output.len() == 1 => {
            node.attribute.retain(|attribute| attribute.name() != "training_mode");
        }
        _ => {}
    }
}

//! Taps, new weights, cuts.
use super::Graph;
use super::flow::Dependence;
use super::proto::{
    GraphProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, data_type,
    tensor_shape_proto, type_proto,
};
use crate::OnnxError;
use ndarray::ArrayD;
use std::collections::{BTreeSet, HashSet};

/// A declaration of a value; without a shape where `shape` is `None`, `None` dimensions are open.
#[must_use]
pub fn declare(name: &str, elem_type: i32, shape: Option<&[Option<usize>]>) -> ValueInfoProto {
    let shape = shape.map(|dims| TensorShapeProto {
        dim: dims
            .iter()
            .map(|dim| tensor_shape_proto::Dimension {
                value: dim.map(|size| tensor_shape_proto::Value::DimValue(size as i64)),
                denotation: None,
            })
            .collect(),
    });
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: Some(elem_type),
                shape,
            })),
            denotation: None,
        }),
        ..ValueInfoProto::default()
    }
}

impl Graph {
    /// Whether the graph has a value of this name.
    #[must_use]
    pub fn has_value(&self, name: &str) -> bool {
        let graph = self.proto();
        !name.is_empty()
            && (self.initializer(name).is_some()
                || graph.input.iter().any(|v| v.name.as_deref() == Some(name))
                || graph.node.iter().any(|node| node.output.iter().any(|output| output == name)))
    }

    /// Makes an inner value an output, so that an engine keeps it. Nothing happens where it is one already.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where there is no such value; close names are listed.
    pub fn add_output(&mut self, name: &str) -> Result<(), OnnxError> {
        if self.proto().output.iter().any(|output| output.name.as_deref() == Some(name)) {
            return Ok(());
        }
        if !self.has_value(name) {
            return Err(self.no_value(name));
        }
        let graph = self.proto_mut();
        let known = graph
            .value_info
            .iter()
            .chain(&graph.input)
            .find(|value| value.name.as_deref() == Some(name))
            .cloned();
        // Without a type the engines infer it.
        graph.output.push(known.unwrap_or_else(|| ValueInfoProto {
            name: Some(name.to_owned()),
            ..ValueInfoProto::default()
        }));
        Ok(())
    }

    /// [`OnnxError::Invalid`] where a value is not in the graph, with names that are close.
    pub fn no_value(&self, name: &str) -> OnnxError {
        let names: Vec<&str> =
            self.proto().node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
        let close = rightly_data::names::close_names(name, names.iter().copied(), 3);
        let hint = if close.is_empty() {
            "'rightly model FILE' lists them".to_owned()
        } else {
            format!("close ones are {}", close.join(", "))
        };
        self.invalid(format!("the graph has no value '{name}'; {hint}"))
    }

    /// Replaces the elements of a weight (an initializer or a `Constant` node), keeping its float type.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where there is no such weight or its shape is another one.
    pub fn set_initializer(&mut self, name: &str, value: &ArrayD<f32>) -> Result<(), OnnxError> {
        let found = self
            .constant(name)
            .ok_or_else(|| self.invalid(format!("the graph has no weight '{name}' to write to")))?;
        let shape = found.shape().map_err(|message| self.invalid(message))?;
        if shape != value.shape() {
            return Err(self.invalid(format!(
                "weight '{name}' has shape {shape:?}, the new one {:?}",
                value.shape()
            )));
        }
        let graph = self.proto_mut();
        if let Some(tensor) =
            graph.initializer.iter_mut().find(|tensor| tensor.name.as_deref() == Some(name))
        {
            tensor.set_f32(value);
            return Ok(());
        }
        // A Constant node becomes an initializer: the same value for every reader.
        let mut tensor = found;
        tensor.set_f32(value);
        graph.node.retain(|node| node.output.first().map(String::as_str) != Some(name));
        self.put(tensor);
        Ok(())
    }

    /// Adds a weight under a new name.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where the name is taken.
    pub fn add_initializer(&mut self, tensor: TensorProto) -> Result<(), OnnxError> {
        if self.has_value(tensor.name()) || tensor.name().is_empty() {
            return Err(self.invalid(format!("a value named '{}' is there already", tensor.name())));
        }
        self.put(tensor);
        Ok(())
    }

    /// The part of the graph between `inputs` and `outputs`: only the nodes that `outputs` need, looking no further
    /// down than `inputs`, with their weights. Graph inputs that are still needed (a `Shape` of the image, a skip
    /// around the cut) stay inputs, after `inputs`; [`Graph::cut_point`] says where a cut has no such skip, and
    /// a folded graph has no such shapes.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where a name is unknown, or the outputs do not depend on `inputs`.
    pub fn cut(&self, inputs: &[&str], outputs: &[&str]) -> Result<Self, OnnxError> {
        for name in inputs.iter().chain(outputs) {
            if !self.has_value(name) {
                return Err(self.no_value(name));
            }
        }
        let index = self.index();
        let graph = self.proto();
        let mut keep: BTreeSet<usize> = BTreeSet::new();
        let mut needed: HashSet<&str> = HashSet::new();
        let mut open: Vec<&str> = outputs.to_vec();
        while let Some(name) = open.pop() {
            if !needed.insert(name) || inputs.contains(&name) {
                continue;
            }
            if let Some(node) = index.maker(name)
                && keep.insert(node.index())
            {
                open.extend(node.reads());
            }
        }
        if let Some(unused) = inputs.iter().find(|name| !needed.contains(**name)) {
            return Err(self.invalid(format!(
                "outputs {outputs:?} do not depend on '{unused}' (or only through another value of the cut)"
            )));
        }
        let known = self.known_values();
        let kind = |name: &str| {
            let found = known.as_ref().and_then(|known| known.get(name));
            found.map_or(data_type::FLOAT, |known| known.kind)
        };
        let of = |name: &str| -> ValueInfoProto {
            [&graph.input, &graph.output, &graph.value_info]
                .into_iter()
                .flatten()
                // A tapped tensor may stand among the outputs without a type, but an input needs one.
                .find(|value| value.name.as_deref() == Some(name) && value.r#type.is_some())
                .cloned()
                .unwrap_or_else(|| {
                    // Its shape is left open: what is fed may be another picture's.
                    declare(name, kind(name), None)
                })
        };
        // Old files declare their weights among the inputs, and have to.
        let weights: HashSet<&str> = match self.weights_are_inputs() {
            true => HashSet::new(),
            false => graph.initializer.iter().map(TensorProto::name).collect(),
        };
        let mut new_inputs: Vec<ValueInfoProto> = inputs.iter().map(|name| of(name)).collect();
        new_inputs.extend(
            graph
                .input
                .iter()
                .filter(|input| {
                    let name = input.name.as_deref().unwrap_or("");
                    needed.contains(name) && !inputs.contains(&name) && !weights.contains(name)
                })
                .cloned(),
        );
        let made: HashSet<&str> =
            keep.iter().flat_map(|&place| &graph.node[place].output).map(String::as_str).collect();
        let new_outputs = outputs
            .iter()
            .map(|name| {
                graph
                    .output
                    .iter()
                    .chain(&graph.value_info)
                    .find(|value| value.name.as_deref() == Some(name))
                    .cloned()
                    .unwrap_or_else(|| ValueInfoProto {
                        name: Some((*name).to_owned()),
                        ..ValueInfoProto::default()
                    })
            })
            .collect();
        let part = GraphProto {
            node: keep
                .iter()
                .map(|&place| {
                    let mut node = graph.node[place].clone();
                    // A node of several outputs may be needed for another one than the value that is now given.
                    for output in &mut node.output {
                        if inputs.contains(&output.as_str()) {
                            output.clear();
                        }
                    }
                    node
                })
                .collect(),
            name: graph.name.clone(),
            initializer: graph
                .initializer
                .iter()
                .filter(|tensor| needed.contains(tensor.name()) && !inputs.contains(&tensor.name()))
                .cloned()
                .collect(),
            sparse_initializer: graph
                .sparse_initializer
                .iter()
                .filter(|tensor| {
                    needed.contains(tensor.values.as_ref().map_or("", TensorProto::name))
                })
                .cloned()
                .collect(),
            input: new_inputs,
            output: new_outputs,
            value_info: graph
                .value_info
                .iter()
                .filter(|value| made.contains(value.name.as_deref().unwrap_or("")))
                .cloned()
                .collect(),
            ..GraphProto::default()
        };
        let mut model = self.model_without_graph();
        model.graph = Some(part);
        Ok(Self::from_model(model, self.path())?.with_limits(self.limits))
    }

    /// As [`Graph::cut`] for one value, with the image as further input only where `outputs` need its elements or shape.
    ///
    /// # Errors
    /// As [`Graph::cut`]; also where `layer` does not depend on the image.
    pub fn cut_above(&self, layer: &str, outputs: &[&str]) -> Result<Self, OnnxError> {
        if !self.has_value(layer) {
            return Err(self.no_value(layer));
        }
        if self.flow().of(layer) != Dependence::Data {
            return Err(self.invalid(format!(
                "value '{layer}' does not depend on the image; a layer to cut at is one that does"
            )));
        }
        self.cut(&[layer], outputs)
    }

    /// Everything of the model but the graph.
    fn model_without_graph(&self) -> super::ModelProto {
        let model = self.model();
        super::ModelProto {
            ir_version: model.ir_version,
            producer_name: model.producer_name.clone(),
            producer_version: model.producer_version.clone(),
            domain: model.domain.clone(),
            model_version: model.model_version,
            doc_string: model.doc_string.clone(),
            metadata_props: model.metadata_props.clone(),
            opset_import: model.opset_import.clone(),
            functions: model.functions.clone(),
            ..super::ModelProto::default()
        }
    }
}

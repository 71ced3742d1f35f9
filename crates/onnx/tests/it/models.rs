//! One small network, written in the many ways of exporters: convolution, ReLU, pooling, linear layer.
use prost::Message;
use rightly_onnx::graph::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, attribute_type, data_type,
    tensor_shape_proto, type_proto,
};
use rightly_onnx::graph::tensor::f32_to_half;

pub(crate) const CLASSES: usize = 5;
const SIDE: i64 = 16;
const CHANNELS: usize = 6;

/// How it is written.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) opset: i64,
    pub(crate) softmax: bool,
    pub(crate) log_softmax: bool,
    /// A number instead of a name.
    pub(crate) batch: Option<i64>,
    /// Optional attributes left out.
    pub(crate) bare: bool,
    pub(crate) nhwc: bool,
    /// The flattened shape computed from the image's.
    pub(crate) shape_chain: bool,
    pub(crate) dropout: bool,
    /// float16 weights, input and output.
    pub(crate) half: bool,
    /// The batch written into the flattened shape.
    pub(crate) fixed_reshape: bool,
    /// A constant of the batch's size is added to the logits.
    pub(crate) batch_bound: bool,
    pub(crate) second_output: bool,
    /// The linear layer inside a function of a function, its attribute handed down.
    pub(crate) function: bool,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            opset: 17,
            softmax: false,
            log_softmax: false,
            batch: None,
            bare: false,
            nhwc: false,
            shape_chain: false,
            dropout: false,
            half: false,
            fixed_reshape: false,
            batch_bound: false,
            second_output: false,
            function: false,
        }
    }
}

pub(crate) fn node(op: &str, name: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    NodeProto {
        op_type: Some(op.to_owned()),
        name: Some(name.to_owned()),
        input: own(inputs),
        output: own(outputs),
        ..NodeProto::default()
    }
}

pub(crate) fn ints(mut node: NodeProto, name: &str, values: &[i64]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INTS),
        ints: values.to_vec(),
        ..AttributeProto::default()
    });
    node
}

pub(crate) fn int(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INT),
        i: Some(value),
        ..AttributeProto::default()
    });
    node
}

pub(crate) fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        data_type: Some(data_type::FLOAT),
        dims: dims.to_vec(),
        raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        ..TensorProto::default()
    }
}

pub(crate) fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        data_type: Some(data_type::INT64),
        dims: vec![values.len() as i64],
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

pub(crate) fn value(name: &str, kind: i32, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|size| tensor_shape_proto::Dimension {
            value: Some(size.map_or_else(
                || tensor_shape_proto::Value::DimParam("batch".to_owned()),
                tensor_shape_proto::Value::DimValue,
            )),
            denotation: None,
        })
        .collect();
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: Some(kind),
                shape: Some(TensorShapeProto { dim }),
            })),
            denotation: None,
        }),
        ..ValueInfoProto::default()
    }
}

pub(crate) fn model(opset: i64, graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: Some(8),
        producer_name: Some("rightly-tests".to_owned()),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(opset) }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

fn weights(count: usize, step: f32) -> Vec<f32> {
    (0..count).map(|at| ((at as f32 + 1.0) * step).sin() * 0.5).collect()
}

impl Made {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.model().encode_to_vec()
    }

    pub(crate) fn model(&self) -> ModelProto {
        let mut initializers = vec![
            floats("conv.weight", &[CHANNELS as i64, 3, 3, 3], &weights(CHANNELS * 27, 0.7)),
            floats("conv.bias", &[CHANNELS as i64], &weights(CHANNELS, 1.3)),
            floats(
                "fc.weight",
                &[CLASSES as i64, CHANNELS as i64],
                &weights(CLASSES * CHANNELS, 0.9),
            ),
            floats("fc.bias", &[CLASSES as i64], &weights(CLASSES, 2.1)),
        ];
        let mut nodes = Vec::new();
        let mut image = "image";
        if self.nhwc {
            nodes.push(ints(
                node("Transpose", "to nchw", &["image"], &["nchw"]),
                "perm",
                &[0, 3, 1, 2],
            ));
            image = "nchw";
        }
        let mut conv = node("Conv", "conv", &[image, "conv.weight", "conv.bias"], &["conv_out"]);
        if !self.bare {
            conv = ints(conv, "kernel_shape", &[3, 3]);
            conv = ints(conv, "strides", &[1, 1]);
            conv = ints(conv, "dilations", &[1, 1]);
            conv = int(conv, "group", 1);
        }
        conv = ints(conv, "pads", &[1, 1, 1, 1]);
        nodes.push(conv);
        nodes.push(node("Relu", "relu", &["conv_out"], &["relu_out"]));
        nodes.push(node("GlobalAveragePool", "pool", &["relu_out"], &["pooled"]));
        let mut flat = "flat";
        if self.shape_chain {
            nodes.push(node("Shape", "shape", &["image"], &["shape_out"]));
            initializers.push(TensorProto { dims: vec![], ..integers("zero", &[0]) });
            initializers.push(integers("minus_one", &[-1]));
            initializers.push(integers("axis0", &[0]));
            nodes.push(int(node("Gather", "gather", &["shape_out", "zero"], &["n"]), "axis", 0));
            nodes.push(node("Unsqueeze", "unsqueeze", &["n", "axis0"], &["n1"]));
            nodes.push(int(node("Concat", "concat", &["n1", "minus_one"], &["to"]), "axis", 0));
            nodes.push(node("Reshape", "reshape", &["pooled", "to"], &[flat]));
        } else if self.fixed_reshape {
            initializers.push(integers("to", &[self.batch.unwrap_or(1), -1]));
            nodes.push(node("Reshape", "reshape", &["pooled", "to"], &[flat]));
        } else {
            nodes.push(int(node("Flatten", "flatten", &["pooled"], &[flat]), "axis", 1));
        }
        if self.dropout {
            nodes.push(node("Dropout", "dropout", &["flat"], &["dropped", "mask"]));
            flat = "dropped";
        }
        let last =
            if self.softmax || self.log_softmax || self.batch_bound { "scores" } else { "logits" };
        let mut fc = int(node("Gemm", "fc", &[flat, "fc.weight", "fc.bias"], &[last]), "transB", 1);
        if self.function {
            fc.op_type = Some("Linear".to_owned());
            fc.domain = Some("local".to_owned());
        }
        nodes.push(fc);
        if self.softmax || self.log_softmax {
            let op = if self.softmax { "Softmax" } else { "LogSoftmax" };
            nodes.push(int(node(op, "softmax", &["scores"], &["logits"]), "axis", 1));
        }
        if self.batch_bound {
            let batch = self.batch.unwrap_or(1);
            // Adds nothing, and makes an output of `batch` rows whatever goes in.
            initializers.push(floats("bound", &[batch, 1], &vec![0.0; batch as usize]));
            initializers.push(integers("to_pooled", &[batch, CHANNELS as i64, 1, 1]));
            nodes.push(node("Add", "bound", &["scores", "bound"], &["summed"]));
            initializers.push(integers("rows", &[batch, CLASSES as i64]));
            nodes.push(node("Reshape", "rows", &["summed", "rows"], &["logits"]));
        }
        let kind = data_type::FLOAT;
        let input = if self.nhwc {
            [self.batch, Some(SIDE), Some(SIDE), Some(3)]
        } else {
            [self.batch, Some(3), Some(SIDE), Some(SIDE)]
        };
        let mut outputs = Vec::new();
        if self.second_output {
            nodes.push(node("Identity", "aux", &["pooled"], &["aux"]));
            outputs.push(value(
                "aux",
                kind,
                &[self.batch, Some(CHANNELS as i64), Some(1), Some(1)],
            ));
        }
        outputs.push(value("logits", kind, &[self.batch, Some(CLASSES as i64)]));
        let mut graph = GraphProto {
            node: nodes,
            name: Some("small".to_owned()),
            initializer: initializers,
            input: vec![value("image", kind, &input)],
            output: outputs,
            ..GraphProto::default()
        };
        if self.half {
            halve(&mut graph);
        }
        let mut model = model(self.opset, graph);
        if self.function {
            let domain = OperatorSetIdProto { domain: Some("local".to_owned()), version: Some(1) };
            model.functions = vec![linear("Linear", "Inner"), linear("Inner", "Gemm")];
            model.opset_import.push(domain);
        }
        model
    }
}

/// A function that hands its values and `transB` to `op`; a copy beside it goes nowhere.
fn linear(name: &str, op: &str) -> FunctionProto {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
    let mut call = node(op, "call", &["x", "w", "b"], &["y"]);
    if op != "Gemm" {
        call.domain = Some("local".to_owned());
    }
    call.attribute.push(AttributeProto {
        name: Some("transB".to_owned()),
        r#type: Some(attribute_type::INT),
        ref_attr_name: Some("transB".to_owned()),
        ..AttributeProto::default()
    });
    FunctionProto {
        name: Some(name.to_owned()),
        domain: Some("local".to_owned()),
        input: own(&["x", "w", "b"]),
        output: own(&["y"]),
        attribute: own(&["transB"]),
        node: vec![node("Identity", "copy", &["x"], &["logits"]), call],
        opset_import: vec![
            OperatorSetIdProto { domain: None, version: Some(17) },
            OperatorSetIdProto { domain: Some("local".to_owned()), version: Some(1) },
        ],
        ..FunctionProto::default()
    }
}

fn halve(graph: &mut GraphProto) {
    for tensor in &mut graph.initializer {
        if tensor.data_type == Some(data_type::FLOAT) {
            let raw = tensor.raw_data.take().unwrap();
            let (chunks, _) = raw.as_chunks::<4>();
            let halves =
                chunks.iter().flat_map(|c| f32_to_half(f32::from_le_bytes(*c)).to_le_bytes());
            tensor.raw_data = Some(halves.collect());
            tensor.data_type = Some(data_type::FLOAT16);
        }
    }
    for info in graph.input.iter_mut().chain(&mut graph.output) {
        if let Some(type_proto::Value::TensorType(tensor)) =
            info.r#type.as_mut().and_then(|kind| kind.value.as_mut())
        {
            tensor.elem_type = Some(data_type::FLOAT16);
        }
    }
}

/// The network with an operator that no engine has.
pub(crate) fn with_operator(op: &str) -> Vec<u8> {
    let mut model = Made::default().model();
    let graph = model.graph.as_mut().unwrap();
    graph.node[1] = node(op, "strange", &["conv_out"], &["relu_out"]);
    model.encode_to_vec()
}

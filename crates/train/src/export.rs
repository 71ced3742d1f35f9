//! A trained network as an ONNX graph.
//!
//! Every layer's value has a readable name: `stem`, `stage1_block1_conv1`, `stage1_block1_conv2`,
//! `stage1_block1_shortcut` (projections only), `stage1_block1_sum`, `stage1_block1_out`, `pool`,
//! `features`, `logits`.
use crate::TrainError;
use crate::arch::{Block, HEAD, Network, Unit};
use crate::net::EPSILON;
use crate::weights::{Weight, Weights};
use ndarray::{ArrayD, IxDyn};
use rightly_onnx::Graph;
use rightly_onnx::graph::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, data_type, tensor_shape_proto, type_proto,
};
use std::path::Path;

/// Name of the graph's input, `[batch, 3, H, W]`.
pub(crate) const INPUT: &str = "input";
/// Name of the graph's output, `[batch, classes]`.
pub(crate) const LOGITS: &str = "logits";
/// Operator set: the oldest that says all that is needed, so that old readers read it.
const OPSET: i64 = 13;
/// Version of the intermediate representation that goes with it.
const IR: i64 = 7;

/// The graph of a network; `path` is where it is going to be. With `fold`, batch norm is part of the convolutions.
pub(crate) fn graph(
    network: &Network,
    weights: &Weights,
    size: [usize; 2],
    fold: bool,
    path: &Path,
) -> Result<Graph, TrainError> {
    named_graph(network, weights, size, fold, [INPUT, LOGITS], path)
}

/// As [`graph`], with names for input and output.
pub(crate) fn named_graph(
    network: &Network,
    weights: &Weights,
    [height, width]: [usize; 2],
    fold: bool,
    names: [&str; 2],
    path: &Path,
) -> Result<Graph, TrainError> {
    let mut writer = Writer {
        names,
        trained: weights.trained.iter(),
        running: weights.running.iter(),
        fold,
        nodes: Vec::new(),
        tensors: Vec::new(),
    };
    writer.network(network)?;
    let image = [batch(), size(3), size(height), size(width)];
    let parts = GraphProto {
        node: writer.nodes,
        initializer: writer.tensors,
        input: vec![value(names[0], data_type::FLOAT, &image)],
        output: vec![value(names[1], data_type::FLOAT, &[batch(), size(network.classes)])],
        ..GraphProto::default()
    };
    model(parts, path)
}

/// The file around a graph's parts.
pub(crate) fn model(parts: GraphProto, path: &Path) -> Result<Graph, TrainError> {
    let model = ModelProto {
        ir_version: Some(IR),
        producer_name: Some("rightly".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(GraphProto { name: Some("rightly".to_owned()), ..parts }),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        ..ModelProto::default()
    };
    Ok(Graph::from_model(model, path)?)
}

/// A size that the file fixes.
pub(crate) fn size(value: usize) -> tensor_shape_proto::Value {
    tensor_shape_proto::Value::DimValue(value as i64)
}

/// The size that it leaves open.
pub(crate) fn batch() -> tensor_shape_proto::Value {
    tensor_shape_proto::Value::DimParam("batch".to_owned())
}

/// An input or output, `element` of `data_type`.
pub(crate) fn value(
    name: &str,
    element: i32,
    dims: &[tensor_shape_proto::Value],
) -> ValueInfoProto {
    let dim = dims.iter().cloned();
    let dim = dim
        .map(|value| tensor_shape_proto::Dimension { value: Some(value), ..Default::default() })
        .collect();
    let tensor =
        type_proto::Tensor { elem_type: Some(element), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

struct Writer<'a> {
    /// Of the input and of the output.
    names: [&'a str; 2],
    trained: std::slice::Iter<'a, Weight>,
    running: std::slice::Iter<'a, Weight>,
    fold: bool,
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
}

/// A convolution's weights with the batch norm that follows.
struct Normed<'a> {
    weight: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    mean: &'a [f32],
    variance: &'a [f32],
}

impl<'a> Writer<'a> {
    fn trained(&mut self) -> Result<&'a [f32], TrainError> {
        self.trained.next().map(|weight| &weight.values[..]).ok_or_else(too_few)
    }

    fn running(&mut self) -> Result<&'a [f32], TrainError> {
        self.running.next().map(|weight| &weight.values[..]).ok_or_else(too_few)
    }

    fn normed(&mut self) -> Result<Normed<'a>, TrainError> {
        Ok(Normed {
            weight: self.trained()?,
            gamma: self.trained()?,
            beta: self.trained()?,
            mean: self.running()?,
            variance: self.running()?,
        })
    }

    fn network(&mut self, network: &Network) -> Result<(), TrainError> {
        let stem = self.normed()?;
        self.unit(&network.stem, &stem, self.names[0], "stem_norm")?;
        self.node("Relu", &["stem_norm"], "stem", vec![]);
        let mut last = "stem".to_owned();
        if network.stem_pool {
            let attributes = vec![
                AttributeProto::ints("kernel_shape", &[3, 3]),
                AttributeProto::ints("strides", &[2, 2]),
                AttributeProto::ints("pads", &[1, 1, 1, 1]),
                AttributeProto::ints("dilations", &[1, 1]),
                AttributeProto::int("ceil_mode", 0),
            ];
            self.node("MaxPool", &["stem"], "stem_pool", attributes);
            last = "stem_pool".to_owned();
        }
        for block in &network.blocks {
            last = self.block(block, &last)?;
        }
        if !network.flat {
            self.node("GlobalAveragePool", &[&last], "pool", vec![]);
            last = "pool".to_owned();
        }
        self.node("Flatten", &[&last], "features", vec![AttributeProto::int("axis", 1)]);
        let (weight, bias) = (format!("{HEAD}.weight"), format!("{HEAD}.bias"));
        let values = self.trained()?;
        self.tensor(&weight, &[network.classes, network.features], values.to_vec())?;
        let values = self.trained()?;
        self.tensor(&bias, &[network.classes], values.to_vec())?;
        let attributes = vec![
            AttributeProto::float("alpha", 1.0),
            AttributeProto::float("beta", 1.0),
            AttributeProto::int("transA", 0),
            AttributeProto::int("transB", 1),
        ];
        self.node("Gemm", &["features", &weight, &bias], self.names[1], attributes);
        Ok(())
    }

    fn block(&mut self, block: &Block, input: &str) -> Result<String, TrainError> {
        let name = |part: &str| format!("{}_{part}", block.name);
        let (norm, conv1, conv2) = (name("conv1_norm"), name("conv1"), name("conv2"));
        let (sum, out) = (name("sum"), name("out"));
        let normed = self.normed()?;
        self.unit(&block.conv1, &normed, input, &norm)?;
        self.node("Relu", &[&norm], &conv1, vec![]);
        let normed = self.normed()?;
        self.unit(&block.conv2, &normed, &conv1, &conv2)?;
        let mut shortcut = input.to_owned();
        if let Some(projection) = &block.shortcut {
            let normed = self.normed()?;
            shortcut = name("shortcut");
            self.unit(projection, &normed, input, &shortcut)?;
        }
        self.node("Add", &[&conv2, &shortcut], &sum, vec![]);
        self.node("Relu", &[&sum], &out, vec![]);
        Ok(out)
    }

    /// A convolution with its batch norm, folded into it or not.
    fn unit(
        &mut self,
        unit: &Unit,
        normed: &Normed<'_>,
        input: &str,
        output: &str,
    ) -> Result<(), TrainError> {
        let name = |part: &str| format!("{}.{part}", unit.name);
        let weight = name("conv.weight");
        let padding = (unit.kernel / 2) as i64;
        let conv = vec![
            AttributeProto::ints("kernel_shape", &[unit.kernel as i64; 2]),
            AttributeProto::ints("strides", &[unit.stride as i64; 2]),
            AttributeProto::ints("pads", &[padding; 4]),
            AttributeProto::ints("dilations", &[1, 1]),
            AttributeProto::int("group", 1),
        ];
        let channels = [unit.outputs];
        if self.fold {
            let (weights, bias) = folded(unit, normed);
            let offset = name("conv.bias");
            self.tensor(&weight, &unit.shape(), weights)?;
            self.tensor(&offset, &channels, bias)?;
            self.node("Conv", &[input, &weight, &offset], output, conv);
            return Ok(());
        }
        self.tensor(&weight, &unit.shape(), normed.weight.to_vec())?;
        let raw = format!("{}_raw", unit.name.replace('.', "_"));
        self.node("Conv", &[input, &weight], &raw, conv);
        let parts = ["norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"].map(name);
        let values = [normed.gamma, normed.beta, normed.mean, normed.variance];
        for (part, values) in parts.iter().zip(values) {
            self.tensor(part, &channels, values.to_vec())?;
        }
        let inputs = [&raw, &parts[0], &parts[1], &parts[2], &parts[3]].map(String::as_str);
        let attributes =
            vec![AttributeProto::float("epsilon", EPSILON), AttributeProto::float("momentum", 0.9)];
        self.node("BatchNormalization", &inputs, output, attributes);
        Ok(())
    }

    fn tensor(&mut self, name: &str, shape: &[usize], values: Vec<f32>) -> Result<(), TrainError> {
        self.tensors.push(tensor(name, shape, values)?);
        Ok(())
    }

    fn node(&mut self, op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.nodes.push(NodeProto::of(op, inputs, output, attribute));
    }
}

/// A stored weight.
pub(crate) fn tensor(
    name: &str,
    shape: &[usize],
    values: Vec<f32>,
) -> Result<TensorProto, TrainError> {
    let count = values.len();
    let array = ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|_| {
        TrainError::Data(format!("weight '{name}' of shape {shape:?} has {count} values"))
    })?;
    Ok(TensorProto::from_f32(name, &array))
}

fn too_few() -> TrainError {
    TrainError::Data("the network has more layers than there are weights".to_owned())
}

/// Weights and bias of one convolution that does the work of convolution and batch norm, in double precision.
fn folded(unit: &Unit, normed: &Normed<'_>) -> (Vec<f32>, Vec<f32>) {
    let size = unit.inputs * unit.kernel * unit.kernel;
    let mut weights = Vec::with_capacity(normed.weight.len());
    let mut bias = Vec::with_capacity(unit.outputs);
    for (channel, kernel) in normed.weight.chunks_exact(size).enumerate() {
        let at = |values: &[f32]| f64::from(values[channel]);
        let scale = at(normed.gamma) / (at(normed.variance) + f64::from(EPSILON)).sqrt();
        weights.extend(kernel.iter().map(|&value| (f64::from(value) * scale) as f32));
        bias.push((at(normed.beta) - at(normed.mean) * scale) as f32);
    }
    (weights, bias)
}

//! Every rule against central differences of the operator as the engine runs it.
use super::tape::Tape;
use super::{Tensor, rules};
use crate::engine::Value;
use crate::graph::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_type, data_type, tensor_shape_proto,
    type_proto,
};
use crate::{EngineKind, Graph};
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeSet;
use std::path::Path;

/// An attribute's value.
#[derive(Clone)]
pub(super) enum At {
    I(i64),
    F(f32),
    S(&'static str),
    L(Vec<i64>),
}

/// One node to check.
pub(super) struct Case {
    op: &'static str,
    opset: i64,
    attributes: Vec<(&'static str, At)>,
    /// Shape of the input that the gradient is taken of, and the range of its elements.
    shape: Vec<usize>,
    range: [f32; 2],
    /// Inputs in order; `None` is the differentiated value.
    inputs: Vec<Option<Value>>,
    outputs: usize,
    step: f32,
}

/// Spread over the range without ties, the same every time.
fn values(shape: &[usize], [low, high]: [f32; 2], salt: u64) -> Tensor {
    let count: usize = shape.iter().product();
    let mut order: Vec<(u64, usize)> = (0..count)
        .map(|i| ((i as u64 + 1 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15), i))
        .collect();
    order.sort_unstable();
    let mut out = vec![0.0; count];
    for (rank, (_, place)) in order.into_iter().enumerate() {
        out[place] = low + (high - low) * (rank as f32 + 0.5) / count as f32;
    }
    ArrayD::from_shape_vec(IxDyn(shape), out).unwrap()
}

pub(super) fn case(op: &'static str, shape: &[usize]) -> Case {
    Case {
        op,
        opset: 18,
        attributes: Vec::new(),
        shape: shape.to_vec(),
        range: [-2.0, 2.0],
        inputs: vec![None],
        outputs: 1,
        step: 0.01,
    }
}

impl Case {
    fn opset(mut self, opset: i64) -> Self {
        self.opset = opset;
        self
    }
    fn at(mut self, name: &'static str, value: At) -> Self {
        self.attributes.push((name, value));
        self
    }
    fn list(self, name: &'static str, values: &[i64]) -> Self {
        self.at(name, At::L(values.to_vec()))
    }
    fn range(mut self, low: f32, high: f32) -> Self {
        self.range = [low, high];
        self
    }
    /// A further input of floats.
    fn with(self, shape: &[usize], range: [f32; 2]) -> Self {
        let value = values(shape, range, 77);
        self.value(Value::F32(value))
    }
    fn ints(self, shape: &[usize], list: &[i64]) -> Self {
        self.value(Value::I64(ArrayD::from_shape_vec(IxDyn(shape), list.to_vec()).unwrap()))
    }
    fn value(mut self, value: Value) -> Self {
        self.inputs.push(Some(value));
        self
    }
    fn absent(self) -> Self {
        self.value(Value::F32(ArrayD::zeros(IxDyn(&[0]))))
    }
    /// The given inputs come before the differentiated one.
    fn last(mut self) -> Self {
        self.inputs.rotate_left(1);
        self
    }
    /// The differentiated value is every input.
    fn twice(mut self) -> Self {
        self.inputs.push(None);
        self
    }
    fn outputs(mut self, count: usize) -> Self {
        self.outputs = count;
        self
    }

    fn graph(&self, bool_input: bool) -> Graph {
        let mut node = NodeProto {
            op_type: Some(self.op.into()),
            name: Some("node".into()),
            output: (0..self.outputs).map(|i| format!("y{i}")).collect(),
            ..NodeProto::default()
        };
        let mut initializer = Vec::new();
        for (place, input) in self.inputs.iter().enumerate() {
            let name = format!("i{place}");
            match input {
                None => node.input.push("x".into()),
                Some(Value::F32(v)) if v.is_empty() => node.input.push(String::new()),
                Some(Value::F32(v)) => {
                    initializer.push(TensorProto::from_f32(&name, v));
                    node.input.push(name);
                }
                Some(Value::I64(v)) => {
                    let mut tensor = TensorProto::from_i64(&name, v);
                    if bool_input {
                        tensor.data_type = Some(data_type::BOOL);
                        tensor.raw_data = Some(v.iter().map(|&v| v as u8).collect());
                    }
                    initializer.push(tensor);
                    node.input.push(name);
                }
            }
        }
        for (name, value) in &self.attributes {
            let mut attribute = AttributeProto {
                name: Some((*name).into()),
                ..AttributeProto::default()
            };
            match value {
                At::I(i) => (attribute.i, attribute.r#type) = (Some(*i), Some(attribute_type::INT)),
                At::F(f) => (attribute.f, attribute.r#type) = (Some(*f), Some(attribute_type::FLOAT)),
                At::S(s) => {
                    (attribute.s, attribute.r#type) =
                        (Some(s.as_bytes().to_vec()), Some(attribute_type::STRING));
                }
                At::L(l) => (attribute.ints, attribute.r#type) = (l.clone(), Some(attribute_type::INTS)),
            }
            node.attribute.push(attribute);
        }
        // The value enters through an Identity, so that a cut at 'x' has a node below it, as in a real graph.
        let below = NodeProto {
            op_type: Some("Identity".into()),
            name: Some("below".into()),
            input: vec!["image".into()],
            output: vec!["x".into()],
            ..NodeProto::default()
        };
        let dim = |&size: &usize| tensor_shape_proto::Dimension {
            value: Some(tensor_shape_proto::Value::DimValue(size as i64)),
            denotation: None,
        };
        let image = type_proto::Tensor {
            elem_type: Some(data_type::FLOAT),
            shape: Some(TensorShapeProto { dim: self.shape.iter().map(dim).collect() }),
        };
        let image = ValueInfoProto {
            name: Some("image".into()),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(image)),
                denotation: None,
            }),
            ..ValueInfoProto::default()
        };
        let graph = GraphProto {
            node: vec![below, node],
            initializer,
            input: vec![image],
            output: (0..self.outputs)
                .map(|i| ValueInfoProto { name: Some(format!("y{i}")), ..ValueInfoProto::default() })
                .collect(),
            ..GraphProto::default()
        };
        let model = ModelProto {
            ir_version: Some(9),
            opset_import: vec![OperatorSetIdProto { version: Some(self.opset), ..OperatorSetIdProto::default() }],
            graph: Some(graph),
            ..ModelProto::default()
        };
        Graph::from_model(model, Path::new("case.onnx")).unwrap()
    }

    /// Largest error of the gradient of every output, relative to the largest slope.
    fn check(&self) -> Result<(), String> {
        let graph = self.graph(self.op == "Where");
        let x = values(&self.shape, self.range, 0);
        let session = EngineKind::Rten.load(&graph, true).map_err(|e| e.to_string())?;
        for output in 0..self.outputs {
            let name = format!("y{output}");
            let run = |x: &Tensor| -> Result<Tensor, String> {
                let out = session.run(&[("image", Value::F32(x.clone()))], &[&name]);
                let mut out = out.map_err(|e| e.to_string())?;
                out.pop().and_then(Value::into_f32).ok_or_else(|| "no floats".to_owned())
            };
            let y = run(&x)?;
            let seed = values(y.shape(), [-1.0, 1.5], 5);
            let loss = |x: &Tensor| -> Result<f64, String> {
                Ok(run(x)?.iter().zip(&seed).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum())
            };
            let tape = Tape::new(&graph, EngineKind::Rten, "x", "x", &name).map_err(|e| e.to_string())?;
            // Twice: the first run keeps everything, the second only what the rule says it reads.
            let first = tape.gradient(&x, |_| Ok(seed.clone())).map_err(|e| e.to_string())?.1;
            let gradient = tape.gradient(&x, |_| Ok(seed.clone())).map_err(|e| e.to_string())?.1;
            if first != gradient || gradient.shape() != x.shape() {
                return Err("the second run differs from the first".to_owned());
            }
            let mut expected = Vec::with_capacity(x.len());
            for place in 0..x.len() {
                let moved = |by: f32| {
                    let mut moved = x.clone();
                    moved.as_slice_mut().unwrap()[place] += by;
                    loss(&moved)
                };
                expected.push((moved(self.step)? - moved(-self.step)?) / (2.0 * f64::from(self.step)));
            }
            let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if largest == 0.0 {
                return Err("the case has no slope: it shows nothing".to_owned());
            }
            for (place, (&got, expected)) in gradient.iter().zip(expected).enumerate() {
                let error = (f64::from(got) - expected).abs() / largest;
                if error.is_nan() || error > 2e-3 {
                    return Err(format!("output {output}, place {place}: {got}, differences {expected}"));
                }
            }
        }
        Ok(())
    }
}

fn unary() -> Vec<Case> {
    let shape = &[2, 3, 8];
    let mut cases = Vec::new();
    for op in [
        "Abs", "Cos", "Elu", "Erf", "Exp", "HardSwish", "LeakyRelu", "Neg", "Relu", "Selu",
        "Sigmoid", "Sin", "Softplus", "Softsign", "Tanh", "Identity", "Flatten", "HardSigmoid", "Mish", "Celu",
    ] {
        cases.push(case(op, shape));
    }
    cases.push(case("HardSwish", shape).range(-5.0, 5.0));
    cases.push(case("HardSigmoid", shape).range(-5.0, 5.0).at("alpha", At::F(0.3)));
    cases.push(case("LeakyRelu", shape).at("alpha", At::F(0.2)));
    cases.push(case("Elu", shape).at("alpha", At::F(0.7)));
    cases.push(case("Gelu", shape).opset(20).range(-4.0, 4.0));
    cases.push(case("Gelu", shape).opset(20).range(-4.0, 4.0).at("approximate", At::S("tanh")));
    cases.push(case("Swish", shape).opset(24));
    for op in ["Log", "Sqrt", "Reciprocal"] {
        cases.push(case(op, shape).range(0.5, 3.0));
    }
    cases.push(case("Clip", shape).with(&[], [-1.0, -1.0]).with(&[], [0.9, 0.9]));
    cases.push(case("Clip", shape).absent().with(&[], [0.9, 0.9]));
    cases.push(case("Clip", shape).opset(10).at("min", At::F(-0.5)).at("max", At::F(1.0)));
    cases.push(case("Dropout", shape));
    cases.push(case("Cast", shape).at("to", At::I(1)));
    cases
}

fn arithmetic() -> Vec<Case> {
    let mut cases = Vec::new();
    for op in ["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"] {
        for other in [&[2, 3, 4][..], &[3, 1], &[1, 5, 1, 1, 4], &[]] {
            if matches!(op, "Sum" | "Mean") && other.len() > 3 {
                continue;
            }
            cases.push(case(op, &[2, 3, 4]).range(0.5, 2.0).with(other, [0.7, 1.9]));
            cases.push(case(op, &[2, 3, 4]).range(0.5, 2.0).with(other, [0.7, 1.9]).last());
        }
        cases.push(case(op, &[3, 1]).range(0.5, 2.0).with(&[2, 3, 4], [0.7, 1.9]).last());
    }
    for op in ["Add", "Mul"] {
        cases.push(case(op, &[2, 3]).twice());
    }
    for exponent in [2.0, 0.5, 3.0, -1.0] {
        cases.push(case("Pow", &[2, 5]).range(0.4, 2.0).with(&[], [exponent; 2]));
    }
    cases.push(case("Pow", &[2, 5]).with(&[], [2.0; 2]));
    cases.push(case("Pow", &[2, 5]).with(&[2, 5], [0.5, 2.0]).last());
    cases.push(case("PRelu", &[2, 3, 4]).with(&[3, 1], [0.1, 0.4]));
    cases.push(case("Where", &[2, 3]).ints(&[3], &[1, 0, 1]).last().with(&[2, 3], [0.0, 1.0]));
    cases.push(case("Where", &[2, 1]).ints(&[3], &[1, 0, 1]).with(&[2, 3], [0.0, 1.0]).last());
    cases
}

fn convolutions() -> Vec<Case> {
    let w = [-1.0, 1.0];
    let spatial = |op: &'static str| case(op, &[2, 4, 7, 6]).list("strides", &[2, 1]);
    vec![
        case("Conv", &[1, 3, 5, 4]).with(&[2, 3, 1, 1], w).list("kernel_shape", &[1, 1]),
        case("Conv", &[2, 4, 7, 6]).with(&[6, 4, 3, 2], w).with(&[6], w).list("pads", &[1, 0, 2, 1]),
        spatial("Conv").with(&[6, 2, 3, 3], w).at("group", At::I(2)).list("pads", &[1, 1, 1, 1]),
        spatial("Conv").with(&[4, 1, 3, 3], w).at("group", At::I(4)).list("dilations", &[2, 1]),
        spatial("Conv").with(&[8, 1, 3, 3], w).at("group", At::I(4)).at("auto_pad", At::S("SAME_UPPER")),
        case("Conv", &[1, 3, 9]).with(&[2, 3, 3], w).list("strides", &[2]).list("pads", &[1, 0]),
        case("Conv", &[1, 2, 5, 5]).with(&[2, 2, 1, 1], w).list("pads", &[1, 1, 1, 1]),
        case("ConvTranspose", &[1, 3, 4, 5]).with(&[3, 2, 3, 3], w).list("strides", &[2, 2])
            .list("kernel_shape", &[3, 3]).list("pads", &[1, 1, 0, 1]),
        case("MaxPool", &[1, 2, 7, 6]).list("kernel_shape", &[3, 2]).list("strides", &[2, 1])
            .list("pads", &[1, 0, 1, 0]),
        case("MaxPool", &[1, 2, 6, 6]).list("kernel_shape", &[3, 3]).list("strides", &[2, 2]).at("ceil_mode", At::I(1)),
        case("MaxPool", &[1, 2, 9]).list("kernel_shape", &[3]).list("strides", &[2]),
        case("AveragePool", &[1, 2, 7, 6]).list("kernel_shape", &[3, 2]).list("strides", &[2, 1])
            .list("pads", &[1, 0, 1, 0]),
        case("AveragePool", &[1, 2, 7, 6]).list("kernel_shape", &[3, 2]).list("strides", &[2, 1])
            .list("pads", &[1, 0, 1, 0]).at("count_include_pad", At::I(1)),
        case("GlobalAveragePool", &[1, 3, 4, 5]),
        case("GlobalMaxPool", &[1, 3, 4, 5]),
    ]
}

fn products() -> Vec<Case> {
    let w = [-1.0, 1.0];
    let mut cases = vec![
        case("Gemm", &[3, 4]).with(&[4, 5], w).with(&[5], w).at("alpha", At::F(0.5)),
        case("Gemm", &[3, 4]).with(&[5, 4], w).at("transB", At::I(1)),
        case("Gemm", &[4, 3]).with(&[4, 5], w).at("transA", At::I(1)),
        case("Gemm", &[4, 5]).with(&[3, 4], w).last(),
        case("Gemm", &[5, 4]).with(&[3, 4], w).last().at("transB", At::I(1)),
        case("Gemm", &[1, 5]).with(&[3, 4], w).with(&[4, 5], w).last().at("beta", At::F(0.3)),
    ];
    for (a, b) in [
        (&[2, 3, 4][..], &[4, 5][..]),
        (&[2, 3, 4], &[2, 4, 5]),
        (&[3, 4], &[2, 4, 5]),
        (&[2, 1, 3, 4], &[3, 4, 5]),
        (&[4], &[2, 4, 5]),
        (&[2, 3, 4], &[4]),
    ] {
        cases.push(case("MatMul", a).with(b, w));
        cases.push(case("MatMul", b).with(a, w).last());
    }
    cases.push(case("MatMul", &[3, 3]).twice());
    cases
}

fn normalisations() -> Vec<Case> {
    let (w, v) = ([-1.0, 1.5], [0.5, 1.5]);
    let four = &[2, 4, 3, 2];
    vec![
        case("BatchNormalization", four).with(&[4], w).with(&[4], w).with(&[4], w).with(&[4], v),
        case("InstanceNormalization", four).with(&[4], w).with(&[4], w),
        case("LayerNormalization", four).with(&[2], w).with(&[2], w),
        case("LayerNormalization", &[3, 8]).with(&[8], w).at("epsilon", At::F(0.1)),
        case("LayerNormalization", four).with(&[3, 2], w).with(&[3, 2], w).at("axis", At::I(2)),
        case("GroupNormalization", four).opset(21).with(&[4], w).with(&[4], w).at("num_groups", At::I(2)),
        case("LpNormalization", &[3, 4]),
        case("LpNormalization", &[3, 4, 2]).at("axis", At::I(1)).at("p", At::I(1)),
        case("RMSNormalization", &[3, 8]).opset(23).with(&[8], w),
        case("Softmax", &[2, 3, 4]),
        case("Softmax", &[2, 3, 4]).at("axis", At::I(1)),
        case("Softmax", &[2, 3, 4]).opset(11).at("axis", At::I(1)),
        case("LogSoftmax", &[2, 3, 4]),
        case("LogSoftmax", &[2, 3, 4]).at("axis", At::I(0)),
        case("LogSoftmax", &[2, 12]).opset(9),
    ]
}

fn reductions() -> Vec<Case> {
    let mut cases = Vec::new();
    for op in [
        "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp",
    ] {
        cases.push(case(op, &[2, 3, 4]));
        cases.push(case(op, &[2, 3, 4]).ints(&[2], &[0, -1]).at("keepdims", At::I(0)));
        cases.push(case(op, &[2, 3, 4]).ints(&[1], &[1]));
        cases.push(case(op, &[2, 3, 4]).opset(11).list("axes", &[1, 2]).at("keepdims", At::I(0)));
    }
    cases
}

fn shapes() -> Vec<Case> {
    vec![
        case("Reshape", &[2, 3, 4]).ints(&[2], &[6, -1]),
        case("Squeeze", &[2, 1, 4]).ints(&[1], &[1]),
        case("Unsqueeze", &[2, 4]).ints(&[1], &[1]),
        case("Transpose", &[2, 3, 4]).list("perm", &[2, 0, 1]),
        case("Transpose", &[2, 3, 4]),
        case("Concat", &[2, 3]).with(&[2, 2], [0.0, 1.0]).twice().at("axis", At::I(1)),
        case("Concat", &[2, 3]).with(&[1, 3], [0.0, 1.0]).last().at("axis", At::I(0)),
        case("Split", &[2, 6]).ints(&[3], &[1, 3, 2]).at("axis", At::I(1)).outputs(3),
        case("Expand", &[3, 1]).ints(&[3], &[2, 3, 4]),
        case("Tile", &[2, 3]).ints(&[2], &[2, 3]),
        case("DepthToSpace", &[1, 8, 2, 3]).at("blocksize", At::I(2)),
        case("DepthToSpace", &[1, 8, 2, 3]).at("blocksize", At::I(2)).at("mode", At::S("CRD")),
        case("SpaceToDepth", &[1, 2, 4, 6]).at("blocksize", At::I(2)),
        case("Slice", &[3, 6]).ints(&[1], &[1]).ints(&[1], &[100]).ints(&[1], &[-1]).ints(&[1], &[2]),
        case("Slice", &[3, 6]).ints(&[2], &[-1, 0]).ints(&[2], &[-100, 2]).ints(&[2], &[1, 0]).ints(&[2], &[-2, 1]),
        case("Slice", &[3, 6]).opset(9).list("starts", &[1]).list("ends", &[-1]).list("axes", &[1]),
        case("Pad", &[2, 3]).ints(&[4], &[0, 1, 2, 0]),
        case("Pad", &[2, 4]).ints(&[4], &[1, 2, 1, 3]).at("mode", At::S("reflect")),
        case("Pad", &[2, 4]).ints(&[4], &[1, 2, 0, 3]).at("mode", At::S("edge")),
        case("Pad", &[2, 4]).ints(&[4], &[0, -1, 1, 0]),
        case("Gather", &[3, 4]).ints(&[2, 2], &[0, -1, 2, 0]).at("axis", At::I(1)),
        case("Gather", &[1, 5, 4]).ints(&[], &[0]).at("axis", At::I(1)),
        case("GatherElements", &[3, 4]).ints(&[2, 4], &[0, 1, 2, 0, 2, 2, -1, 0]),
        case("Resize", &[1, 2, 3, 2]).absent().with(&[4], [2.0; 2]).at("mode", At::S("nearest"))
            .at("coordinate_transformation_mode", At::S("asymmetric")).at("nearest_mode", At::S("floor")),
        case("Resize", &[1, 2, 3, 2]).absent().absent().ints(&[4], &[1, 2, 5, 7]).at("mode", At::S("linear")),
        case("Resize", &[1, 2, 3, 2]).absent().absent().ints(&[4], &[1, 2, 5, 7]).at("mode", At::S("linear"))
            .at("coordinate_transformation_mode", At::S("align_corners")),
    ]
}

/// Operators that the embedded engine does not run, so that differences can't be taken with it; their rules are
/// checked in `unrun` against functions written here.
const NOT_IN_THE_ENGINE: &[&str] = &[];

#[test]
fn every_rule_agrees_with_central_differences() {
    let mut failures = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let families = [unary(), arithmetic(), convolutions(), products(), normalisations(), reductions(), shapes()];
    for (number, case) in families.into_iter().flatten().enumerate() {
        match case.check() {
            Ok(()) => {
                seen.insert(case.op);
            }
            Err(message) => failures.push(format!("{} (case {number}): {message}", case.op)),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let missing: Vec<&str> = rules::names()
        .filter(|name| !seen.contains(name) && !NOT_IN_THE_ENGINE.contains(name))
        .collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
}

//! Every rule against central differences of the operator as the engine runs it.
mod cases;

use super::site::{Site, Slot};
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

/// An operator in double precision, of the differentiated input and the second one.
type Forward = fn(&ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>;

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
    /// A further input of these floats.
    fn floats(self, list: &[f32]) -> Self {
        self.value(Value::F32(ndarray::arr1(list).into_dyn()))
    }
    fn step(mut self, step: f32) -> Self {
        self.step = step;
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
            let mut attribute =
                AttributeProto { name: Some((*name).into()), ..AttributeProto::default() };
            match value {
                At::I(i) => (attribute.i, attribute.r#type) = (Some(*i), Some(attribute_type::INT)),
                At::F(f) => {
                    (attribute.f, attribute.r#type) = (Some(*f), Some(attribute_type::FLOAT))
                }
                At::S(s) => {
                    (attribute.s, attribute.r#type) =
                        (Some(s.as_bytes().to_vec()), Some(attribute_type::STRING));
                }
                At::L(l) => {
                    (attribute.ints, attribute.r#type) = (l.clone(), Some(attribute_type::INTS))
                }
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
                .map(|i| ValueInfoProto {
                    name: Some(format!("y{i}")),
                    ..ValueInfoProto::default()
                })
                .collect(),
            ..GraphProto::default()
        };
        let model = ModelProto {
            ir_version: Some(9),
            opset_import: vec![OperatorSetIdProto {
                version: Some(self.opset),
                ..OperatorSetIdProto::default()
            }],
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
            let tape =
                Tape::new(&graph, EngineKind::Rten, "x", "x", &name).map_err(|e| e.to_string())?;
            // Twice: the first run keeps everything, the second only what the rule says it reads.
            let first = tape.gradient(&x, |_| Ok(seed.clone())).map_err(|e| e.to_string())?.1;
            let gradient = tape.gradient(&x, |_| Ok(seed.clone())).map_err(|e| e.to_string())?.1;
            if first != gradient || gradient.shape() != x.shape() {
                return Err("the second run differs from the first".to_owned());
            }
            let step = self.step;
            self.compare(&gradient, step, |place, by| {
                let mut moved = x.clone();
                moved.as_slice_mut().unwrap()[place] += by;
                loss(&moved)
            })
            .map_err(|message| format!("output {output}, {message}"))?;
        }
        Ok(())
    }

    /// The gradient against central differences of `loss`, which takes a place and how far its element moves.
    fn compare(
        &self,
        gradient: &Tensor,
        step: f32,
        loss: impl Fn(usize, f32) -> Result<f64, String>,
    ) -> Result<(), String> {
        let expected = (0..gradient.len())
            .map(|place| Ok((loss(place, step)? - loss(place, -step)?) / (2.0 * f64::from(step))))
            .collect::<Result<Vec<f64>, String>>()?;
        let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if largest < 1e-3 {
            return Err("the case has no slope: it shows nothing".to_owned());
        }
        for (place, (&got, expected)) in gradient.iter().zip(expected).enumerate() {
            let error = (f64::from(got) - expected).abs() / largest;
            if error.is_nan() || error > 2e-3 {
                return Err(format!("place {place}: {got}, differences {expected}"));
            }
        }
        Ok(())
    }

    /// The rule alone, for an operator that the engine does not run.
    fn check_rule(&self, forward: Forward) -> Result<(), String> {
        let graph = self.graph(false);
        let x = values(&self.shape, self.range, 0);
        let second = match self.inputs.get(1) {
            Some(Some(Value::F32(value))) => value.mapv(f64::from),
            _ => ArrayD::zeros(IxDyn(&[0])),
        };
        let run = |x: &Tensor| forward(&x.mapv(f64::from), &second);
        let y = run(&x).mapv(|v| v as f32);
        let seed = values(y.shape(), [-1.0, 1.5], 5);
        let (shape, output) = (x.shape().to_vec(), Value::F32(y));
        let input = Value::F32(x.clone());
        let slot = |value| Some(Slot { shape: Value::shape(value), value: Some(value) });
        let (needs, rule) = rules::rule(self.op).ok_or("no rule")?;
        let wants: Vec<bool> = self.inputs.iter().map(Option::is_none).collect();
        let unread = Some(Slot { shape: &shape, value: None });
        let given = if needs.input(0, &wants) { slot(&input) } else { unread };
        let site = Site {
            node: graph.nodes().nth(1).ok_or("no node")?,
            opset: self.opset,
            inputs: self.inputs.iter().map(|v| v.as_ref().map_or(given, slot)).collect(),
            outputs: vec![slot(&output)],
            wants: &wants,
            grads: vec![Some(seed.clone())],
        };
        let gradient = rule(&site)?.remove(0).ok_or("no gradient")?;
        self.compare(&gradient, 1e-3, |place, by| {
            let mut moved = x.clone();
            moved.as_slice_mut().unwrap()[place] += by;
            Ok(run(&moved).iter().zip(&seed).map(|(&a, &b)| a * f64::from(b)).sum())
        })
    }
}

#[test]
fn every_rule_agrees_with_central_differences() {
    use cases::{
        arithmetic, convolutions, normalisations, not_in_the_engine, products, reductions, shapes,
        unary,
    };
    let mut failures = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let families = [
        unary(),
        arithmetic(),
        convolutions(),
        products(),
        normalisations(),
        reductions(),
        shapes(),
    ];
    for (number, case) in families.into_iter().flatten().enumerate() {
        match case.check() {
            Ok(()) => {
                seen.insert(case.op);
            }
            Err(message) => failures.push(format!("{} (case {number}): {message}", case.op)),
        }
    }
    for (case, forward) in not_in_the_engine() {
        match case.check_rule(forward) {
            Ok(()) => {
                seen.insert(case.op);
            }
            Err(message) => failures.push(format!("{}: {message}", case.op)),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let missing: Vec<&str> = rules::names().filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
}

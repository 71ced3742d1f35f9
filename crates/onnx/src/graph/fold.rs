//! Everything that does not depend on the pixels becomes a constant.
//!
//! Exporters compute shapes in the graph (`Shape`, `Gather`, `Concat`, … into `Reshape` and `Pad`). For one size of
//! image they are constants; with them written in, a cut above a `Shape` of the image needs no image, and gradient
//! rules see plain numbers.
use super::Graph;
use super::Index;
use super::flow::Dependence;
use super::node::read_names;
use super::proto::{GraphProto, TensorProto, data_type};
use crate::OnnxError;
use crate::engine::{EngineKind, Value};
use std::collections::BTreeSet;

/// Larger values that depend on weights only are left to the engine: they are weights (dequantised, say).
const LARGEST: usize = 1 << 16;

impl Graph {
    /// Writes in what the inputs' elements have no part in, for inputs of just these shapes.
    ///
    /// # Errors
    /// What the engine says, where it can't run the graph.
    pub fn fold(&self, engine: EngineKind, inputs: &[(&str, Value)]) -> Result<Self, OnnxError> {
        let mut graph = self.clone();
        // A branch that becomes known may free further values.
        for _ in 0..8 {
            let changed = graph.fold_once(engine, inputs)?;
            if !graph.take_branches() && !changed {
                break;
            }
        }
        graph.prune();
        Ok(graph)
    }

    fn fold_once(
        &mut self,
        engine: EngineKind,
        inputs: &[(&str, Value)],
    ) -> Result<bool, OnnxError> {
        let (wanted, kinds) = {
            let index = self.index();
            let flow = self.flow();
            let mut wanted: BTreeSet<(usize, String)> = BTreeSet::new();
            for node in self.nodes() {
                let data = node.outputs().iter().any(|name| flow.of(name) == Dependence::Data);
                if !data || node.is("Shape") || node.is("Size") {
                    continue;
                }
                for name in node.reads() {
                    if flow.of(name) != Dependence::Data
                        && let Some(maker) = index.maker(name)
                        && !maker.is("Constant")
                        && !maker.is("DequantizeLinear")
                    {
                        wanted.insert((maker.index(), name.to_owned()));
                    }
                }
            }
            let kinds: Vec<(String, i32)> = wanted
                .into_iter()
                .filter_map(|(_, name)| {
                    let kind = element_type(&index, self.proto(), &name, 0)?;
                    Some((name, kind))
                })
                .collect();
            (kinds.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), kinds)
        };
        if wanted.is_empty() {
            return Ok(false);
        }
        let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let values = {
            let part = self.values_only(&names)?;
            let needed: Vec<(&str, Value)> = inputs
                .iter()
                .filter(|(name, _)| part.inputs().iter().any(|input| input.name == *name))
                .cloned()
                .collect();
            engine.load(&part, true)?.run(&needed, &names)?
        };
        let mut changed = false;
        for ((name, kind), value) in kinds.iter().zip(values) {
            if engine == EngineKind::Rten && *kind == data_type::INT64 && is_cut(&value) {
                continue;
            }
            let Some(tensor) = tensor(name, *kind, &value) else { continue };
            let proto = self.proto_mut();
            for node in &mut proto.node {
                for output in &mut node.output {
                    if output == name {
                        *output = format!("{name} (computed)");
                    }
                }
            }
            proto.initializer.push(tensor);
            changed = true;
        }
        self.prune();
        Ok(changed)
    }

    /// The graph with other outputs.
    fn values_only(&self, names: &[&str]) -> Result<Self, OnnxError> {
        let mut part = self.clone();
        part.proto_mut().output.clear();
        for name in names {
            part.add_output(name)?;
        }
        Ok(part)
    }

    /// Puts the nodes of the branch that is taken in the place of every `If` whose condition is a constant.
    pub(super) fn take_branches(&mut self) -> bool {
        let mut new = Vec::with_capacity(self.proto().node.len());
        let mut weights = Vec::new();
        let mut changed = false;
        for node in self.nodes() {
            let taken = node
                .is("If")
                .then(|| node.input(0).and_then(|name| self.constant_i64(name)))
                .flatten()
                .and_then(|condition| condition.first().copied())
                .and_then(|condition| {
                    let name = if condition == 0 { "else_branch" } else { "then_branch" };
                    node.attribute(name)?.g.as_ref()
                });
            let Some(branch) = taken else {
                new.push(node.proto().clone());
                continue;
            };
            changed = true;
            weights.extend(branch.initializer.iter().cloned());
            new.extend(branch.node.iter().cloned());
            for (inner, outer) in branch.output.iter().zip(node.outputs()) {
                if inner.name() == outer {
                    continue;
                }
                new.push(super::proto::NodeProto {
                    op_type: Some("Identity".to_owned()),
                    name: Some(format!("{} (branch)", node.name())),
                    input: vec![inner.name().to_owned()],
                    output: vec![outer.clone()],
                    ..super::proto::NodeProto::default()
                });
            }
        }
        if changed {
            self.proto_mut().node = new;
            self.proto_mut().initializer.extend(weights);
        }
        changed
    }

    /// Takes out nodes and weights that no output needs.
    pub fn prune(&mut self) {
        let keep: BTreeSet<usize> = {
            let index = self.index();
            let mut keep = BTreeSet::new();
            let mut open: Vec<&str> =
                self.proto().output.iter().map(|output| output.name()).collect();
            while let Some(name) = open.pop() {
                if let Some(node) = index.maker(name)
                    && keep.insert(node.index())
                {
                    open.extend(node.reads());
                }
            }
            keep
        };
        let proto = self.proto_mut();
        let mut place = 0;
        proto.node.retain(|_| {
            place += 1;
            keep.contains(&(place - 1))
        });
        let read = read_names(proto);
        proto.initializer.retain(|tensor| read.contains(tensor.name()));
    }
}

/// Whether integers of 64 bits may have been cut to 32: then they stay what they were computed from.
fn is_cut(value: &Value) -> bool {
    let limits = [i64::from(i32::MIN), i64::from(i32::MAX)];
    matches!(value, Value::I64(array) if array.iter().any(|value| limits.contains(value)))
}

/// A tensor of an element type, `None` where it is not one that is folded, or too large.
fn tensor(name: &str, kind: i32, value: &Value) -> Option<TensorProto> {
    if value.shape().iter().product::<usize>() > LARGEST {
        return None;
    }
    match (value, kind) {
        (Value::F32(array), data_type::FLOAT) => Some(TensorProto::from_f32(name, array)),
        (Value::I64(array), data_type::INT64) => Some(TensorProto::from_i64(name, array)),
        (Value::I64(array), data_type::INT32) => Some(TensorProto {
            data_type: Some(kind),
            raw_data: Some(array.iter().flat_map(|&v| (v as i32).to_le_bytes()).collect()),
            ..TensorProto::from_i64(name, array)
        }),
        (Value::I64(array), data_type::BOOL) => Some(TensorProto {
            data_type: Some(kind),
            raw_data: Some(array.iter().map(|&v| u8::from(v != 0)).collect()),
            ..TensorProto::from_i64(name, array)
        }),
        _ => None,
    }
}

/// Element type of a value, as far as the operators that compute shapes tell it.
fn element_type(index: &Index<'_>, graph: &GraphProto, name: &str, depth: usize) -> Option<i32> {
    if depth > 200 {
        return None;
    }
    if let Some(tensor) = graph.initializer.iter().find(|tensor| tensor.name() == name) {
        return tensor.data_type;
    }
    let Some(node) = index.maker(name) else {
        let spec = graph.input.iter().find(|value| value.name() == name)?;
        return super::node::ValueSpec::from_proto(spec).elem_type;
    };
    if !node.domain().is_empty() {
        return None;
    }
    let of = |place: usize| element_type(index, graph, node.input(place)?, depth + 1);
    match node.op_type() {
        "Shape" | "Size" | "NonZero" | "ArgMax" | "ArgMin" => Some(data_type::INT64),
        "Equal" | "Greater" | "Less" | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or" | "Not"
        | "Xor" | "IsNaN" | "IsInf" => Some(data_type::BOOL),
        "Cast" => node.int("to").and_then(|kind| i32::try_from(kind).ok()),
        "Constant" => node.constant_value()?.data_type,
        "ConstantOfShape" => {
            node.tensor("value").map_or(Some(data_type::FLOAT), |tensor| tensor.data_type)
        }
        "Where" => of(1),
        "Gather" | "GatherND" | "GatherElements" | "Slice" | "Concat" | "Unsqueeze" | "Squeeze"
        | "Reshape" | "Flatten" | "Transpose" | "Expand" | "Tile" | "Identity" | "Add" | "Sub"
        | "Mul" | "Div" | "Mod" | "Neg" | "Abs" | "Min" | "Max" | "Range" | "Floor" | "Ceil"
        | "Round" | "Sqrt" | "Pow" | "Exp" | "Log" | "Sin" | "Cos" | "ReduceProd" | "ReduceSum"
        | "ReduceMax" | "ReduceMin" | "ReduceMean" | "CumSum" | "Pad" | "Split" | "ScatterND"
        | "ScatterElements" | "Trilu" | "Clip" | "Reciprocal" | "Sigmoid" | "Softmax"
        | "MatMul" | "Gemm" | "Conv" | "Resize" | "Relu" | "Sign" | "Erf" | "Tanh" => of(0),
        _ => None,
    }
}

//! Through a graph in the order of a run.
use super::known::Known;
use super::{Limits, Refusal, inner, rules};
use crate::graph::Graph;
use crate::graph::node::{Node, ValueSpec};
use crate::graph::proto::{GraphProto, TensorProto, data_type};
use std::collections::HashMap;

/// Steps that one element of a value counts for: it is written, read, and often a transcendental function of another.
const STEPS_AN_ELEMENT: f64 = 16.0;

/// What a walk has come to.
pub(super) struct Walk<'a> {
    pub(super) opset: i64,
    limits: &'a Limits,
    pub(super) nodes: usize,
    work: f64,
    alive: usize,
}

/// Values by name: those of a graph, and those around it.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub(super) own: HashMap<String, Known>,
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.own.get(name).or_else(|| self.outer?.get(name))
    }
}

/// Walks through a graph; `closed` takes open dimensions of inputs for 1, else nothing is sure of them.
pub(super) fn walk(
    graph: &Graph,
    limits: &Limits,
    closed: bool,
) -> Result<HashMap<String, Known>, Refusal> {
    let mut walk = Walk { opset: graph.opset(), limits, nodes: 0, work: 0.0, alive: 0 };
    let mut scope = Scope::default();
    let proto = graph.proto();
    for input in &proto.input {
        let spec = ValueSpec::from_proto(input);
        let dims = spec.shape.iter().flatten().map(|dim| dim.fixed().unwrap_or(1)).collect();
        let open = spec.shape.as_ref().is_none_or(|dims| dims.iter().any(|d| d.fixed().is_none()));
        let known = Known::new(spec.elem_type.unwrap_or(data_type::FLOAT), dims);
        let ranked = spec.shape.is_some();
        let known = Known { exact: ranked && (closed || !open), ranked, ..known };
        walk.holds(&spec.name, "", &known)?;
        scope.own.insert(spec.name, known);
    }
    walk.graph(proto, &mut scope)?;
    Ok(scope.own)
}

impl Walk<'_> {
    /// Runs through a graph whose inputs are in the scope already.
    pub(super) fn graph(
        &mut self,
        graph: &GraphProto,
        scope: &mut Scope<'_>,
    ) -> Result<(), Refusal> {
        self.weights(graph, scope)?;
        let last = last_reads(graph);
        let mut own = 0_usize;
        for (index, proto) in graph.node.iter().enumerate() {
            let node = Node::new(index, proto);
            self.nodes += 1;
            self.check_nodes()?;
            let results = match node.op_type() {
                "If" | "Loop" | "Scan" | "SequenceMap" if node.domain().is_empty() => {
                    inner::run(self, &node, scope)?
                }
                _ => {
                    let inputs: Vec<Option<&Known>> = (0..node.inputs().len())
                        .map(|place| node.input(place).and_then(|name| scope.get(name)))
                        .collect();
                    rules::outputs(&node, &inputs, self.opset)?
                }
            };
            let mut steps = results.work;
            for (name, known) in node.outputs().iter().zip(results.values) {
                if name.is_empty() {
                    continue;
                }
                self.holds(name, node.op_type(), &known)?;
                steps += known.elements() as f64 * STEPS_AN_ELEMENT;
                own = own.saturating_add(known.bytes());
                self.alive = self.alive.saturating_add(known.bytes());
                scope.own.insert(name.clone(), known);
            }
            self.work += steps;
            let name = node.output(0).unwrap_or_else(|| node.name());
            if self.work > self.limits.work {
                return Err(Refusal::Work { name: name.to_owned() });
            }
            if self.alive as u64 > self.limits.memory {
                return Err(Refusal::Alive { name: name.to_owned(), bytes: self.alive });
            }
            // What nothing reads any more is given back.
            for name in last.get(&index).into_iter().flatten() {
                if let Some(known) = scope.own.get(*name) {
                    let bytes = known.bytes();
                    own = own.saturating_sub(bytes);
                    self.alive = self.alive.saturating_sub(bytes);
                }
            }
        }
        self.alive = self.alive.saturating_sub(own);
        Ok(())
    }

    fn weights(&mut self, graph: &GraphProto, scope: &mut Scope<'_>) -> Result<(), Refusal> {
        for tensor in &graph.initializer {
            // An input of that name is its default.
            let known = Known::of_tensor(tensor);
            scope.own.insert(tensor.name().to_owned(), known);
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", TensorProto::name);
            let known = rules::sparse(sparse);
            self.holds(name, "", &known)?;
            scope.own.insert(name.to_owned(), known);
        }
        Ok(())
    }

    /// A value within the limits.
    pub(super) fn holds(&self, name: &str, op: &str, known: &Known) -> Result<(), Refusal> {
        if known.bytes() as u64 <= self.limits.memory {
            return Ok(());
        }
        let (name, op, shape) = (name.to_owned(), op.to_owned(), known.shape.clone());
        Err(Refusal::Value { name, op, shape, bytes: known.bytes() })
    }

    /// Further steps of computation.
    pub(super) fn add_work(&mut self, name: &str, steps: f64) -> Result<(), Refusal> {
        self.work += steps;
        if self.work > self.limits.work {
            return Err(Refusal::Work { name: name.to_owned() });
        }
        Ok(())
    }

    pub(super) fn check_nodes(&self) -> Result<(), Refusal> {
        if self.nodes > self.limits.nodes {
            return Err(Refusal::Nodes { count: self.nodes });
        }
        Ok(())
    }

    pub(super) fn work(&self) -> f64 {
        self.work
    }
}

/// Values made by nodes, by the node that reads them last; what is never read goes with its maker. Outputs stay.
fn last_reads(graph: &GraphProto) -> HashMap<usize, Vec<&str>> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (index, proto) in graph.node.iter().enumerate() {
        for name in proto.output.iter().filter(|name| !name.is_empty()) {
            last.insert(name, index);
        }
        for name in Node::new(index, proto).reads() {
            if let Some(at) = last.get_mut(name) {
                *at = index;
            }
        }
    }
    for output in &graph.output {
        last.remove(output.name());
    }
    let mut by_node: HashMap<usize, Vec<&str>> = HashMap::new();
    for proto in &graph.node {
        for name in &proto.output {
            if let Some(at) = last.remove(name.as_str()) {
                by_node.entry(at).or_default().push(name);
            }
        }
    }
    by_node
}

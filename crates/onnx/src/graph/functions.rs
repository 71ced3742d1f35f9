//! Functions local to a model, written in where they are called: engines need not know of them.
use super::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto};
use super::{Graph, validate};
use crate::OnnxError;
use std::collections::HashMap;

/// Functions that call functions, at most so deep: a chain that never ends is an error.
const DEEPEST: usize = 32;
/// Most nodes that all calls together may write: functions that call each other several times grow without bound
/// within a few rounds.
const MOST_NODES: usize = 100_000;

/// What is said of functions that call each other without end, or nearly so.
fn too_many() -> String {
    format!(
        "the model's functions call each other too often (more than {DEEPEST} levels, or {MOST_NODES} nodes when \
         written in); write it without functions (onnx.inliner), or export it anew"
    )
}

fn domain(name: Option<&str>) -> &str {
    match name {
        None | Some("ai.onnx") => "",
        Some(name) => name,
    }
}

impl Graph {
    /// Puts the bodies of local functions in the place of the nodes that call them.
    pub(super) fn inline_functions(&mut self) -> Result<(), OnnxError> {
        if self.model.functions.is_empty() {
            return Ok(());
        }
        let functions = std::mem::take(&mut self.model.functions);
        let mut graph = std::mem::take(self.proto_mut());
        let mut written = Written::default();
        let mut result = Ok(());
        for depth in 0.. {
            let before = written.calls;
            result = inline(&mut graph, &functions, &mut written);
            if result.is_err() || written.calls == before {
                break;
            }
            if depth == DEEPEST {
                result = Err(too_many());
                break;
            }
        }
        *self.proto_mut() = graph;
        self.model.functions = functions;
        result.map_err(|message| self.invalid(message))?;
        // A body may make a value twice, or what it reads itself: what was written in keeps to the rules of a file.
        validate::check(&mut self.model, &self.path)
    }
}

/// What the calls came to so far.
#[derive(Default)]
struct Written {
    calls: usize,
    nodes: usize,
}

fn inline(
    graph: &mut GraphProto,
    functions: &[FunctionProto],
    written: &mut Written,
) -> Result<(), String> {
    let nodes = std::mem::take(&mut graph.node);
    for mut node in nodes {
        for attribute in &mut node.attribute {
            for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                inline(inner, functions, written)?;
            }
        }
        let called = functions.iter().find(|function| {
            function.name() == node.op_type()
                && domain(function.domain.as_deref()) == domain(node.domain.as_deref())
                && function.overload() == node.overload()
        });
        match called {
            Some(function) => {
                written.calls += 1;
                written.nodes += function.node.len();
                if written.nodes > MOST_NODES {
                    return Err(too_many());
                }
                expand(&node, function, written.calls, &mut graph.node)?;
            }
            None => graph.node.push(node),
        }
    }
    Ok(())
}

/// The body of a function with the call's values and attributes; its inner values get names of their own.
fn expand(
    call: &NodeProto,
    function: &FunctionProto,
    number: usize,
    nodes: &mut Vec<NodeProto>,
) -> Result<(), String> {
    if call.input.len() > function.input.len() || call.output.len() > function.output.len() {
        return Err(format!(
            "node '{}' calls the function '{}' with more values than it has",
            call.name(),
            function.name()
        ));
    }
    let mut names: HashMap<String, String> = HashMap::new();
    for (at, formal) in function.input.iter().enumerate() {
        // An input that the call leaves out has no name.
        let actual = call.input.get(at).map_or("", String::as_str);
        names.insert(formal.clone(), actual.to_owned());
    }
    for (formal, actual) in function.output.iter().zip(&call.output) {
        // An output that is an input handed on is copied below.
        if !actual.is_empty() && !function.input.contains(formal) {
            names.insert(formal.clone(), actual.clone());
        }
    }
    let prefix = format!("{}#{number}/", function.name());
    for body in &function.node {
        let mut node = body.clone();
        node.name = Some(format!("{prefix}{}", body.name()));
        node.attribute = attributes(&body.attribute, call, function);
        rename(&mut node, &mut names, &prefix);
        nodes.push(node);
    }
    for (formal, actual) in function.output.iter().zip(&call.output) {
        if !actual.is_empty() && function.input.contains(formal) {
            nodes.push(NodeProto {
                op_type: Some("Identity".to_owned()),
                name: Some(format!("{prefix}{formal}")),
                input: vec![names[formal].clone()],
                output: vec![actual.clone()],
                ..NodeProto::default()
            });
        }
    }
    Ok(())
}

fn rename(node: &mut NodeProto, names: &mut HashMap<String, String>, prefix: &str) {
    for name in node.input.iter_mut().chain(&mut node.output).filter(|name| !name.is_empty()) {
        *name = names.entry(name.clone()).or_insert_with(|| format!("{prefix}{name}")).clone();
    }
    for attribute in &mut node.attribute {
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            let values = graph.input.iter_mut().chain(&mut graph.output);
            for name in values
                .filter_map(|value| value.name.as_mut())
                .chain(graph.initializer.iter_mut().filter_map(|tensor| tensor.name.as_mut()))
            {
                *name =
                    names.entry(name.clone()).or_insert_with(|| format!("{prefix}{name}")).clone();
            }
            for node in &mut graph.node {
                rename(node, names, prefix);
            }
        }
    }
}

/// Attributes of a body's node: those that stand for the call's are filled in, or left out where nobody gives them.
fn attributes(
    body: &[AttributeProto],
    call: &NodeProto,
    function: &FunctionProto,
) -> Vec<AttributeProto> {
    body.iter()
        .filter_map(|attribute| {
            let wanted = match attribute.ref_attr_name.as_deref() {
                None | Some("") => return Some(attribute.clone()),
                Some(wanted) => wanted,
            };
            call.attribute
                .iter()
                .chain(&function.attribute_proto)
                .find(|given| given.name() == wanted)
                .map(|given| AttributeProto { name: attribute.name.clone(), ..given.clone() })
        })
        .collect()
}

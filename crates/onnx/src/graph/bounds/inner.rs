//! Graphs inside nodes: branches, and bodies that run many times.
use super::Refusal;
use super::known::{Known, place};
use super::rules::Results;
use super::walk::{Scope, Walk};
use crate::graph::node::Node;
use crate::graph::proto::{GraphProto, data_type};

/// Rounds that are followed one by one, whatever the limits say.
const MOST_ROUNDS: i64 = 1 << 24;

pub(super) fn run(
    walk: &mut Walk<'_>,
    node: &Node<'_>,
    scope: &Scope<'_>,
) -> Result<Results, Refusal> {
    let values = match node.op_type() {
        "If" => branches(walk, node, scope)?,
        "Loop" => rounds(walk, node, scope)?,
        "Scan" => scan(walk, node, scope)?,
        _ => return Err(unknown(node, "how often its body runs")),
    };
    Ok(Results { values, work: 0.0 })
}

fn unknown(node: &Node<'_>, what: &'static str) -> Refusal {
    let name = node.output(0).unwrap_or_else(|| node.name()).to_owned();
    Refusal::Unknown { name, op: node.op_type().to_owned(), what }
}

fn body<'a>(node: &Node<'a>, name: &str) -> Result<&'a GraphProto, Refusal> {
    let graph = node.attribute(name).and_then(|attribute| attribute.g.as_ref());
    graph.ok_or_else(|| unknown(node, "which graph it runs"))
}

/// What a graph gives for some inputs.
fn once(
    walk: &mut Walk<'_>,
    graph: &GraphProto,
    inputs: Vec<Known>,
    outer: &Scope<'_>,
) -> Result<Vec<Known>, Refusal> {
    // A body of no nodes is a round as well.
    walk.nodes = walk.nodes.saturating_add(1);
    walk.check_nodes()?;
    let mut scope = Scope { outer: Some(outer), ..Scope::default() };
    for (input, known) in graph.input.iter().zip(inputs) {
        scope.own.insert(input.name().to_owned(), known);
    }
    walk.graph(graph, &mut scope)?;
    let outputs = graph.output.iter().map(|output| {
        // A name that nothing makes is refused by the engines.
        scope.get(output.name()).cloned().unwrap_or_else(|| Known::loose(data_type::FLOAT, 1))
    });
    Ok(outputs.collect())
}

fn branches(
    walk: &mut Walk<'_>,
    node: &Node<'_>,
    scope: &Scope<'_>,
) -> Result<Vec<Known>, Refusal> {
    let condition = node.input(0).and_then(|name| scope.get(name)).and_then(Known::whole);
    match condition.and_then(|values| values.first().copied()) {
        Some(0) => once(walk, body(node, "else_branch")?, Vec::new(), scope),
        Some(_) => once(walk, body(node, "then_branch")?, Vec::new(), scope),
        None => {
            let first = once(walk, body(node, "then_branch")?, Vec::new(), scope)?;
            let second = once(walk, body(node, "else_branch")?, Vec::new(), scope)?;
            Ok(first.into_iter().zip(second).map(|(a, b)| either(a, b)).collect())
        }
    }
}

/// A value that may be one of two.
pub(super) fn either(a: Known, b: Known) -> Known {
    if a == b {
        return a;
    }
    if a.shape == b.shape {
        return Known { numbers: None, ..a.like(&b) };
    }
    if a.rank() == b.rank() {
        let shape = a.shape.iter().zip(&b.shape).map(|(a, b)| *a.max(b)).collect();
        return Known::at_most(a.kind, shape).like(&a).like(&b);
    }
    Known::loose(a.kind, a.elements().max(b.elements()))
}

fn given(node: &Node<'_>, scope: &Scope<'_>, from: usize) -> Vec<Known> {
    (from..node.inputs().len())
        .map(|at| {
            let known = node.input(at).and_then(|name| scope.get(name)).cloned();
            known.unwrap_or_else(|| Known::loose(data_type::FLOAT, 1))
        })
        .collect()
}

fn rounds(walk: &mut Walk<'_>, node: &Node<'_>, scope: &Scope<'_>) -> Result<Vec<Known>, Refusal> {
    let graph = body(node, "body")?;
    let first = |place: usize| {
        let known = node.input(place).and_then(|name| scope.get(name))?;
        known.whole()?.first().copied()
    };
    let given_rounds = first(0);
    let mut goes_on = match node.input(1) {
        None => Some(1),
        Some(_) => first(1),
    };
    let mut carried = given(node, scope, 2);
    let mut stacked: Vec<Option<Known>> = Vec::new();
    let mut round = 0_i64;
    while given_rounds.is_none_or(|most| round < most) && goes_on != Some(0) {
        // What ends it is known to nobody.
        if goes_on.is_none() && given_rounds.is_none_or(|most| most > MOST_ROUNDS) {
            return Err(unknown(node, "how often its body runs"));
        }
        let mut inputs = vec![
            Known::with_numbers(data_type::INT64, vec![], vec![round as f64]),
            Known::new(data_type::BOOL, vec![]),
        ];
        inputs.extend(carried.iter().cloned());
        let mut outputs = once(walk, graph, inputs, scope)?.into_iter();
        goes_on = outputs.next().and_then(|known| known.whole()?.first().copied());
        carried = outputs.by_ref().take(carried.len()).collect();
        let scanned: Vec<Known> = outputs.collect();
        stacked.resize(scanned.len(), None);
        for (all, one) in stacked.iter_mut().zip(scanned) {
            *all = Some(match all.take() {
                Some(before) => either(before, one),
                None => one,
            });
        }
        round += 1;
    }
    let count = usize::try_from(round).unwrap_or(usize::MAX);
    carried.extend(stacked.into_iter().flatten().map(|one| stack(one, count)));
    Ok(carried.into_iter().map(loosely).collect())
}

/// A bound of a value of any shape: a body may make another one in each round.
fn loosely(known: Known) -> Known {
    Known { exact: false, ranked: false, numbers: None, ..known }
}

/// As many values as there were rounds.
fn stack(one: Known, count: usize) -> Known {
    let mut shape = vec![count];
    shape.extend(&one.shape);
    Known::at_most(one.kind, shape)
}

fn scan(walk: &mut Walk<'_>, node: &Node<'_>, scope: &Scope<'_>) -> Result<Vec<Known>, Refusal> {
    let graph = body(node, "body")?;
    let all = given(node, scope, 0);
    let scanned = node.int("num_scan_inputs").and_then(|count| usize::try_from(count).ok());
    let scanned = scanned.filter(|count| (1..=all.len()).contains(count) && walk.opset > 8);
    let scanned = scanned.ok_or_else(|| unknown(node, "how often its body runs"))?;
    let (states, rows) = all.split_at(all.len() - scanned);
    let axes = node.ints("scan_input_axes").unwrap_or(&[]);
    let mut count = 0;
    let mut slices = Vec::new();
    for (at, known) in rows.iter().enumerate() {
        let axis = place(axes.get(at).copied().unwrap_or(0), known.rank());
        let axis = axis.ok_or_else(|| unknown(node, "how often its body runs"))?;
        let mut shape = known.shape.clone();
        count = count.max(shape.remove(axis));
        slices.push(Known { numbers: None, shape, ..known.clone() });
    }
    let mut states: Vec<Known> = states.to_vec();
    let mut outputs: Vec<Known> = Vec::new();
    for round in 0..count {
        let (nodes, work) = (walk.nodes, walk.work());
        let before = states.clone();
        let inputs = states.iter().chain(&slices).cloned().collect();
        let results = once(walk, graph, inputs, scope)?;
        states = results.iter().take(before.len()).cloned().collect();
        let rest = results.into_iter().skip(before.len());
        outputs = match outputs.is_empty() {
            true => rest.collect(),
            false => outputs.into_iter().zip(rest).map(|(a, b)| either(a, b)).collect(),
        };
        if states == before {
            // Every further round is as this one.
            let left = count - round - 1;
            walk.nodes = walk.nodes.saturating_add((walk.nodes - nodes).saturating_mul(left));
            walk.add_work(node.name(), (walk.work() - work) * left as f64)?;
            walk.check_nodes()?;
            break;
        }
    }
    let outputs = outputs.into_iter().map(|one| stack(one, count));
    Ok(states.into_iter().chain(outputs).map(loosely).collect())
}

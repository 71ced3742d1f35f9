//! ONNX's own tests, and further models with ONNX Runtime's answers, on every engine at both optimisation settings.
//!
//! `reference/onnx_tests.py`, `engine_models.py` and `quantised_models.py` beside it write them; `RIGHTLY_ONNX_TESTS` names
//! their folder.
//! Each test ends as equal, as refused by name before a run (or by an error that names the node), or as wrong; none
//! may be wrong.
mod case;
mod docs;

use crate::support::engines;
use case::{Case, Named, Tolerance};
use rightly_onnx::engine::{EngineKind, Value};
use rightly_onnx::graph::proto::data_type;
use rightly_onnx::{Graph, OnnxError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Different orders of summation and other approximations of functions.
const TOLERANCE: Tolerance = Tolerance { element: 1e-4, largest: 1e-5 };
/// What ONNX's tests allow.
const ONNX_TOLERANCE: Tolerance = Tolerance { element: 1e-3, largest: 1e-5 };
/// The expected values of half precision were rounded on the way.
const HALF_TOLERANCE: Tolerance = Tolerance { element: 1e-2, largest: 1e-5 };
/// Sums in another order fall to the next step of a byte here and there: one step of the last layer.
const QUANTISED_TOLERANCE: Tolerance = Tolerance { element: 0.0, largest: 2e-2 };

/// Dropout as in training: a graph is always run as it predicts ([`Graph::for_evaluation`]).
const TRAINING: [&str; 4] = [
    "node/test_training_dropout",
    "node/test_training_dropout_default",
    "node/test_training_dropout_mask",
    "node/test_training_dropout_default_mask",
];

/// How a test ends.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Equal,
    /// The operator, and why.
    Refused(String, String),
    Wrong(String),
}

fn root() -> Option<PathBuf> {
    if let Some(root) = std::env::var_os("RIGHTLY_ONNX_TESTS") {
        return Some(PathBuf::from(root));
    }
    assert!(
        std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none_or(|value| value != "1"),
        "RIGHTLY_ONNX_TESTS names no folder; reference/onnx_tests.py writes it"
    );
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: RIGHTLY_ONNX_TESTS names no folder of ONNX's tests");
    }
    None
}

/// Whether a model's declared values are of half precision.
fn half(case: &Case) -> bool {
    let graph = case.graph();
    let mut kinds = graph.input.iter().chain(&graph.output).filter_map(case::tensor_type);
    kinds.any(|kind| matches!(kind, data_type::FLOAT16 | data_type::BFLOAT16))
}

/// Whether an error names what is refused: an operator, a node, a type, a value of the graph, or the operator set.
fn named(case: &Case, error: &OnnxError) -> bool {
    let message = error.to_string();
    if message.contains("gave up") {
        return false;
    }
    let graph = case.graph();
    let values = graph.input.iter().chain(&graph.output).map(|value| value.name());
    let nodes = graph.node.iter().flat_map(|node| [node.op_type(), node.name()]);
    let outputs = graph.node.iter().flat_map(|node| &node.output).map(String::as_str);
    matches!(error, OnnxError::Unsupported { .. })
        || message.contains("operator set of the standard domain")
        // ONNX Runtime's own words, before a run: an operator that it writes a node as, or a place in its source.
        || message.contains("Could not find an implementation for")
        || message.contains("Exception during initialization")
        || message.contains("has no inputs")
        || message.contains("has no graph, inputs or nodes")
        || nodes.chain(outputs).chain(values).filter(|name| !name.is_empty()).any(|name| {
            message.contains(&format!("'{name}'"))
                || message.contains(&format!("\"{name}\""))
                || message.contains(&format!("\"{name} ("))
                || message.contains(&format!("'{name} ("))
        })
}

/// What is refused and why, without what belongs to the one test.
fn reason(case: &Case, error: &OnnxError) -> Outcome {
    if let OnnxError::Unsupported { what, op, .. } = error {
        return Outcome::Refused(op.clone(), what.clone());
    }
    let message = error.to_string();
    let nodes = &case.graph().node;
    let named = nodes.iter().find(|node| {
        let name = if node.name().is_empty() { node.output.first() } else { node.name.as_ref() };
        name.is_some_and(|name| message.contains(&format!("\"{name}")))
    });
    let op = named.map_or_else(String::new, |node| node.op_type().to_owned());
    let message = message.split(". Inputs were").next().unwrap_or(&message);
    let message = message.split(" failed: ").last().unwrap_or(message);
    Outcome::Refused(op, message.to_owned())
}

fn run(case: &Case, engine: EngineKind, inner: bool) -> Outcome {
    let refused = |error: OnnxError| {
        if named(case, &error) {
            reason(case, &error)
        } else {
            Outcome::Wrong(format!("an error without a name: {error}"))
        }
    };
    let graph =
        Graph::load(&case.folder.join("model.onnx")).and_then(|graph| graph.for_evaluation());
    let graph = match graph {
        Ok(graph) => graph,
        Err(error) => return refused(error),
    };
    let session = match engine.load(&graph, inner) {
        Ok(session) => session,
        Err(error) => return refused(error),
    };
    let (given, expected): (Named, Named) = match (case.given(), case.expected()) {
        (Ok(given), Ok(expected)) => (given, expected),
        (Err(message), _) | (_, Err(message)) => {
            return Outcome::Wrong(format!("taken, though {message}"));
        }
    };
    let given: Vec<(&str, Value)> =
        given.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let names: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let found = match session.run(&given, &names) {
        Ok(found) => found,
        Err(error) => return refused(error),
    };
    let tolerance = match case.name.split('/').next() {
        Some("quantised") => QUANTISED_TOLERANCE,
        _ if half(case) => HALF_TOLERANCE,
        Some("operators") => TOLERANCE,
        _ => ONNX_TOLERANCE,
    };
    let different = expected.iter().zip(&found).find_map(|((name, expected), found)| {
        case::difference(found, expected, tolerance).map(|text| format!("'{name}': {text}"))
    });
    different.map_or(Outcome::Equal, Outcome::Wrong)
}

#[test]
fn no_answer_is_wrong() {
    let Some(root) = root() else { return };
    let only = std::env::var("RIGHTLY_ONNX_TESTS_ONLY").unwrap_or_else(|_| String::new());
    let cases = case::all(&root);
    let mut wrong = Vec::new();
    let mut table = BTreeSet::new();
    for engine in engines() {
        let cases = cases.iter().filter(|case| !TRAINING.contains(&case.name.as_str()));
        let mut lines = String::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for case in cases.filter(|case| case.name.contains(&only)) {
            for inner in [true, false] {
                let outcome = run(case, engine, inner);
                let (kind, text) = match &outcome {
                    Outcome::Equal => ("equal", String::new()),
                    Outcome::Refused(op, text) => ("refused", format!("{op}: {text}")),
                    Outcome::Wrong(text) => ("wrong", text.clone()),
                };
                *counts.entry(kind).or_default() += 1;
                let line = format!("{kind} {} inner={inner} {text}\n", case.name);
                if let (EngineKind::Rten, Outcome::Refused(op, text)) = (engine, &outcome) {
                    table.insert((op.clone(), text.clone()));
                }
                if kind == "wrong" {
                    wrong.push(format!("{engine}: {line}"));
                }
                lines.push_str(&line);
            }
        }
        std::fs::write(root.join(format!("outcomes-{engine}.txt")), lines).unwrap();
        #[expect(clippy::print_stderr, reason = "the figures are for people who read the log")]
        {
            eprintln!("{engine}: {counts:?}");
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.concat());
    if only.is_empty() {
        docs::check(&table);
    }
}

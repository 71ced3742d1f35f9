//! What is known of values against what ONNX's own tests declare: nobody here wrote those models.
use crate::Graph;
use crate::graph::OPSETS;
use crate::graph::node::Dim;
use crate::graph::proto::ModelProto;
use prost::Message as _;
use std::path::PathBuf;

/// Models of ONNX's suite and of single operators, `None` (and a line that says so) where they are not there.
fn models() -> Option<Vec<PathBuf>> {
    let Some(folder) = std::env::var_os("RIGHTLY_ONNX_TESTS") else {
        assert!(
            std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none_or(|value| value != "1"),
            "RIGHTLY_ONNX_TESTS is not set"
        );
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: RIGHTLY_ONNX_TESTS is not set");
        }
        return None;
    };
    let mut all = Vec::new();
    let mut open = vec![PathBuf::from(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "onnx") {
                all.push(path);
            }
        }
    }
    all.sort();
    Some(all)
}

#[test]
fn every_declared_output_is_within_what_is_known_of_it() {
    let Some(models) = models() else { return };
    let (mut seen, mut exact) = (0, 0);
    let mut bounded = std::collections::BTreeMap::<String, usize>::new();
    let mut wrong = Vec::new();
    for path in models {
        // What is not read is no matter here; newer operator sets are, as far as they have the same operators.
        let Ok(mut model) = ModelProto::decode(&std::fs::read(&path).unwrap()[..]) else {
            continue;
        };
        for set in &mut model.opset_import {
            set.version = set.version.map(|version| version.clamp(*OPSETS.start(), *OPSETS.end()));
        }
        let Ok(graph) = Graph::from_model(model, &path) else { continue };
        // An optional tensor as an input has no shape to begin with; no picture is one.
        if graph.inputs().iter().any(|input| input.elem_type.is_none()) {
            continue;
        }
        let Some(known) = graph.known_values() else { continue };
        for output in graph.outputs() {
            let (Some(known), Some(declared)) = (known.get(&output.name), &output.shape) else {
                continue;
            };
            let Some(declared) = declared.iter().map(Dim::fixed).collect::<Option<Vec<_>>>() else {
                continue;
            };
            seen += 1;
            let elements: usize = declared.iter().product();
            let same = known.shape == declared && Some(known.kind) == output.elem_type;
            exact += usize::from(known.exact && same);
            if !known.exact {
                let maker = graph.nodes().find(|node| node.outputs().contains(&output.name));
                let op = maker.map_or("", |node| node.op_type()).to_owned();
                *bounded.entry(op).or_default() += 1;
            }
            let other_rank = known.ranked && known.shape.len() != declared.len();
            if known.elements() < elements || (known.exact && !same) || other_rank {
                wrong.push(format!(
                    "{}: '{}' is declared {:?} {declared:?}, known is {known:?}",
                    path.display(),
                    output.name,
                    output.elem_type
                ));
            }
        }
    }
    #[expect(clippy::print_stderr, reason = "the figure is for people who read the log")]
    {
        eprintln!("{exact} of {seen} are known exactly; bounded are those of {bounded:?}");
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 300, "{seen} outputs");
    assert!(exact * 100 >= seen * 87, "{exact} of {seen} are known exactly");
}

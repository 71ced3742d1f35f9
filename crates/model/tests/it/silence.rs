//! Numbers that an engine would make up: what is no number behind an activation, integers beyond 32 bits.
use crate::models::{CLASSES, Made, floats, int, integers, ints, model, node, value};
use crate::support::engines;
use ndarray::{ArrayD, IxDyn};
use prost::Message as _;
use rightly_model::{Classifier, EngineKind, Graph, ModelError, OnnxError, Overrides};
use rightly_onnx::engine::Value;
use rightly_onnx::graph::Limits;
use rightly_onnx::graph::proto::{GraphProto, ModelProto, NodeProto, TensorProto, data_type};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PIXELS: usize = 3 * 16 * 16;

fn write(folder: &tempfile::TempDir, model: &ModelProto) -> PathBuf {
    let file = folder.path().join("model.onnx");
    std::fs::write(&file, model.encode_to_vec()).unwrap();
    file
}

/// The small network behind nodes that make `entering` of the image.
fn behind(nodes: Vec<NodeProto>, weights: Vec<TensorProto>) -> ModelProto {
    let mut model = Made::default().model();
    let graph = model.graph.as_mut().unwrap();
    for name in graph.node.iter_mut().flat_map(|node| &mut node.input) {
        if name == "image" {
            *name = "entering".to_owned();
        }
    }
    graph.node.splice(0..0, nodes);
    graph.initializer.extend(weights);
    model
}

/// Pictures brought to a deviation of 1, as some exports do it in the graph: nothing keeps the deviation from 0.
fn standardised() -> ModelProto {
    behind(
        vec![
            int(node("ReduceMean", "mean", &["image"], &["m"]), "keepdims", 1),
            node("Sub", "centre", &["image", "m"], &["d"]),
            node("Mul", "square", &["d", "d"], &["q"]),
            int(node("ReduceMean", "variance", &["q"], &["v"]), "keepdims", 1),
            node("Sqrt", "deviation", &["v"], &["s"]),
            node("Div", "standard", &["d", "s"], &["entering"]),
        ],
        vec![],
    )
}

fn pattern() -> Vec<f32> {
    (0..PIXELS).map(|at| (at as f32 * 0.37).sin()).collect()
}

#[test]
fn what_is_no_number_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, &standardised());
    let mut bad = Made::default().model();
    let weights = &mut bad.graph.as_mut().unwrap().initializer;
    let kernel = weights.iter_mut().find(|tensor| tensor.dims.len() == 4).unwrap();
    let mut values = kernel.to_f32().unwrap();
    values[[0, 0, 0, 0]] = f32::NAN;
    *kernel = TensorProto::from_f32(kernel.name.as_deref().unwrap(), &values);
    for engine in engines() {
        let classifier = Classifier::open(&file, &Overrides::default(), engine).unwrap();
        assert_eq!(classifier.outputs(), CLASSES);
        let answer = |input: &[f32]| classifier.forward(input, false).unwrap().logits;
        assert!(answer(&pattern()).iter().all(|v| v.is_finite()), "{engine}");
        assert!(answer(&[0.25; PIXELS]).iter().any(|v| v.is_nan()), "{engine}");
    }
    let file = write(&folder, &bad);
    for engine in engines() {
        let classifier = Classifier::open(&file, &Overrides::default(), engine).unwrap();
        let logits = classifier.forward(&pattern(), false).unwrap().logits;
        assert!(logits.iter().any(|v| v.is_nan()), "{engine}: {logits:?}");
    }
}

/// Wherever in a window it lies. (ONNX Runtime keeps it at some places only.)
#[test]
fn what_is_no_number_stays_none_in_a_window() {
    let pool = || {
        let pool = ints(node("MaxPool", "pool", &["x"], &["y"]), "kernel_shape", &[2, 2]);
        let graph = GraphProto {
            node: vec![ints(pool, "strides", &[2, 2])],
            name: Some("g".to_owned()),
            input: vec![value("x", data_type::FLOAT, &[Some(1), Some(1), Some(2), Some(4)])],
            output: vec![value("y", data_type::FLOAT, &[Some(1), Some(1), Some(1), None])],
            ..GraphProto::default()
        };
        Graph::from_model(model(17, graph), Path::new("pool.onnx")).unwrap()
    };
    for (at, inner) in (0..8).flat_map(|at| [(at, true), (at, false)]) {
        let mut x = ArrayD::from_shape_fn(IxDyn(&[1, 1, 2, 4]), |place| (place[3] + 1) as f32);
        x[[0, 0, at / 4, at % 4]] = f32::NAN;
        let run = EngineKind::Rten.load(&pool(), inner).unwrap();
        let found = run.run(&[("x", Value::F32(x))], &["y"]).unwrap().remove(0).into_f32().unwrap();
        let none: Vec<bool> = found.iter().map(|v| v.is_nan()).collect();
        let spoilt = at % 4 / 2;
        assert_eq!(none, [spoilt == 0, spoilt == 1], "{at}, {inner}: {found}");
        assert_eq!(found[[0, 0, 0, 1 - spoilt]], [2.0, 4.0][1 - spoilt], "{at}, {inner}");
    }
}

/// What overflows on the way is found where somebody looks for it.
#[test]
fn a_look_finds_what_hides_behind_an_activation() {
    let folder = tempfile::tempdir().unwrap();
    // Twice infinity less infinity, beyond what single precision holds.
    let large = |name: &str| floats(name, &[1], &[3e38]);
    let model = behind(
        vec![
            node("Mul", "once", &["image", "large"], &["a"]),
            node("Mul", "twice", &["a", "large"], &["b"]),
            node("Sub", "less", &["b", "b"], &["entering"]),
        ],
        vec![large("large")],
    );
    let file = write(&folder, &model);
    let classifier = Classifier::open(&file, &Overrides::default(), EngineKind::Rten).unwrap();
    let (flat, pattern) = (vec![0.0; PIXELS], pattern());
    let found = classifier.spoilt(&[&flat, &pattern]).unwrap();
    assert_eq!(found[0], None);
    let found = found[1].as_deref().unwrap();
    assert!(found.contains("Relu") && found.contains("no number"), "{found}");
    let good = write(&folder, &Made::default().model());
    let good = Classifier::open(&good, &Overrides::default(), EngineKind::Rten).unwrap();
    assert_eq!(good.spoilt(&[&flat, &pattern]).unwrap(), [None, None]);
}

/// Brightness in millionths, times a factor: beyond 32 bits for bright pictures only.
#[test]
fn integers_beyond_32_bits_stop_a_run_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = vec![
        int(node("ReduceMax", "brightest", &["image"], &["most"]), "keepdims", 1),
        int(node("Cast", "whole", &["most"], &["count"]), "to", 7),
        node("Mul", "millionths", &["count", "million"], &["many"]),
        int(node("Cast", "back", &["many"], &["float"]), "to", 1),
        node("Mul", "none", &["float", "nothing"], &["zero"]),
        node("Add", "in", &["image", "zero"], &["entering"]),
    ];
    let weights = vec![integers("million", &[1_000_000]), floats("nothing", &[1], &[0.0])];
    let file = write(&folder, &behind(nodes, weights));
    for engine in engines() {
        let classifier = Classifier::open(&file, &Overrides::default(), engine).unwrap();
        let dark = classifier.forward(&[2000.0; PIXELS], false);
        assert!(dark.is_ok(), "{engine}: {dark:?}");
        let bright = classifier.forward(&[3000.0; PIXELS], false);
        match (engine, bright) {
            (EngineKind::OnnxRuntime, found) => assert!(found.is_ok(), "{found:?}"),
            (
                EngineKind::Rten,
                Err(ModelError::Onnx(OnnxError::Unsupported { op, node, what, .. })),
            ) => {
                assert_eq!((op.as_str(), node.as_str()), ("Mul", "millionths"), "{what}");
            }
            (EngineKind::Rten, found) => panic!("{found:?}"),
        }
    }
}

#[test]
fn a_first_run_has_a_limit_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, &Made::default().model());
    for engine in engines() {
        let open = |limits: Limits| {
            Classifier::open(&file, &Overrides { limits, ..Overrides::default() }, engine)
        };
        let none = Limits { time: Some(Duration::ZERO), ..Limits::DEFAULT };
        let error = open(none).unwrap_err();
        assert!(matches!(error, ModelError::Onnx(OnnxError::Limit { .. })), "{engine}: {error}");
        assert!(error.to_string().contains("longer than 0 s"), "{engine}: {error}");
        for limits in [Limits::DEFAULT, Limits::NONE] {
            open(limits).unwrap().forward(&pattern(), false).unwrap();
        }
    }
}

//! What an output holds, and that confidences are the output whichever operators made it.
//!
//! The models are small ones whose ends are planted; the reference of each is its formula in double precision over the
//! scores, and every engine's own run of the whole graph.
use crate::models::{Made, floats, int, node};
use crate::support::{engines, wave};
use rightly_model::{Classifier, EngineKind, Graph, OutputKind, Overrides};
use rightly_onnx::engine::Value;
use rightly_onnx::graph::proto::{ModelProto, NodeProto, TensorProto};
use std::path::{Path, PathBuf};

type Formula = fn(&[f64]) -> Vec<f64>;

/// A model whose scores go through these nodes ('scores' to 'logits').
struct Planted {
    name: &'static str,
    nodes: Vec<NodeProto>,
    kind: OutputKind,
    /// What comes out, from the scores.
    formula: Formula,
    /// The value that logits are taken from.
    logits: &'static str,
}

fn exponentials(z: &[f64]) -> Vec<f64> {
    z.iter().map(|z| z.exp()).collect()
}

fn softmax(z: &[f64]) -> Vec<f64> {
    let powers = exponentials(z);
    let total: f64 = powers.iter().sum();
    powers.iter().map(|p| p / total).collect()
}

fn sigmoid(z: &[f64]) -> Vec<f64> {
    z.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect()
}

fn clipped(p: Vec<f64>, low: f64, high: f64) -> Vec<f64> {
    p.into_iter().map(|p| p.clamp(low, high)).collect()
}

fn softmax_of(from: &str, to: &str) -> NodeProto {
    int(node("Softmax", to, &[from], &[to]), "axis", 1)
}

fn sum_of(from: &str, to: &str) -> NodeProto {
    int(
        int(node("ReduceSum", to, &[from, "axis"], &[to]), "keepdims", 1),
        "noop_with_empty_axes",
        0,
    )
}

fn planted() -> Vec<Planted> {
    use OutputKind::{Independent, Logits, Probabilities};
    let of = |name, kind, logits, formula, nodes| Planted { name, nodes, kind, formula, logits };
    vec![
        of("softmax", Probabilities, "scores", softmax, vec![softmax_of("scores", "logits")]),
        of(
            "softmax, reshaped",
            Probabilities,
            "scores",
            softmax,
            vec![
                softmax_of("scores", "p"),
                node("Identity", "same", &["p"], &["q"]),
                node("Reshape", "still", &["q", "like"], &["logits"]),
            ],
        ),
        of(
            "narrow clip behind softmax",
            Probabilities,
            "scores",
            softmax,
            vec![
                softmax_of("scores", "p"),
                node("Clip", "clip", &["p", "tiny", "nearly"], &["logits"]),
            ],
        ),
        of(
            "wide clip behind softmax",
            Probabilities,
            "scores",
            |z| clipped(softmax(z), 0.05, 0.6),
            vec![
                softmax_of("scores", "p"),
                node("Clip", "clip", &["p", "low", "high"], &["logits"]),
            ],
        ),
        of(
            "softmax written out",
            Probabilities,
            "scores",
            softmax,
            vec![
                node("Exp", "e", &["scores"], &["e"]),
                sum_of("e", "total"),
                node("Div", "div", &["e", "total"], &["logits"]),
            ],
        ),
        of(
            "stable softmax written out",
            Probabilities,
            "scores",
            softmax,
            vec![
                int(node("ReduceMax", "m", &["scores"], &["m"]), "keepdims", 1),
                node("Sub", "d", &["scores", "m"], &["d"]),
                node("Exp", "e", &["d"], &["e"]),
                sum_of("e", "total"),
                node("Div", "div", &["e", "total"], &["logits"]),
            ],
        ),
        of(
            "exponential of a log-softmax",
            Probabilities,
            "scores",
            softmax,
            vec![
                int(node("LogSoftmax", "l", &["scores"], &["l"]), "axis", 1),
                node("Exp", "e", &["l"], &["logits"]),
            ],
        ),
        of(
            "temperature",
            Probabilities,
            "warm",
            |z| softmax(&z.iter().map(|z| z * 0.5).collect::<Vec<_>>()),
            vec![
                node("Mul", "warm", &["scores", "half"], &["warm"]),
                softmax_of("warm", "p"),
                node("Clip", "clip", &["p", "tiny", "nearly"], &["logits"]),
            ],
        ),
        of(
            "mean of two softmaxes",
            Probabilities,
            "logits",
            |z| {
                let warm = softmax(&z.iter().map(|z| z * 0.5).collect::<Vec<_>>());
                softmax(z).iter().zip(warm).map(|(a, b)| (a + b) / 2.0).collect()
            },
            vec![
                node("Mul", "warm", &["scores", "half"], &["warm"]),
                softmax_of("warm", "p"),
                softmax_of("scores", "q"),
                node("Add", "both", &["p", "q"], &["both"]),
                node("Mul", "mean", &["both", "half"], &["logits"]),
            ],
        ),
        of(
            "sigmoids",
            Independent,
            "scores",
            sigmoid,
            vec![node("Sigmoid", "s", &["scores"], &["logits"])],
        ),
        of(
            "sigmoids written out",
            Independent,
            "scores",
            sigmoid,
            vec![
                node("Neg", "n", &["scores"], &["n"]),
                node("Exp", "e", &["n"], &["e"]),
                node("Add", "a", &["e", "one"], &["a"]),
                node("Div", "d", &["one", "a"], &["logits"]),
            ],
        ),
        of(
            "clipped sigmoids",
            Independent,
            "scores",
            |z| clipped(sigmoid(z), 0.05, 0.6),
            vec![
                node("Sigmoid", "s", &["scores"], &["s"]),
                node("Clip", "clip", &["s", "low", "high"], &["logits"]),
            ],
        ),
        of(
            "raw",
            Logits,
            "logits",
            <[f64]>::to_vec,
            vec![node("Identity", "same", &["scores"], &["logits"])],
        ),
        of(
            "raw that lie in 0 to 1",
            Logits,
            "logits",
            |z| z.iter().map(|z| z * 0.001 + 0.5).collect(),
            vec![
                node("Mul", "small", &["scores", "thousandth"], &["small"]),
                node("Add", "up", &["small", "half"], &["logits"]),
            ],
        ),
        of(
            "bent raw that lie in 0 to 1",
            Logits,
            "logits",
            |z| z.iter().map(|z| if *z < 0.0 { z.exp_m1() } else { *z } * 0.001 + 0.5).collect(),
            vec![
                node("Elu", "bent", &["scores"], &["bent"]),
                node("Mul", "small", &["bent", "thousandth"], &["small"]),
                node("Add", "up", &["small", "half"], &["logits"]),
            ],
        ),
        of(
            "log-softmax",
            Logits,
            "scores",
            |z| softmax(z).iter().map(|p| p.ln()).collect(),
            vec![int(node("LogSoftmax", "l", &["scores"], &["logits"]), "axis", 1)],
        ),
    ]
}

fn model(planted: &Planted) -> ModelProto {
    let number =
        |name: &str, value: f32| TensorProto { dims: vec![], ..floats(name, &[1], &[value]) };
    let mut model = Made { opset: 17, ..Made::default() }.model();
    let graph = model.graph.as_mut().unwrap();
    for output in graph.node.iter_mut().flat_map(|node| &mut node.output) {
        if output == "logits" {
            "scores".clone_into(output);
        }
    }
    graph.node.extend(planted.nodes.iter().cloned());
    let numbers = [
        ("tiny", 1e-7),
        ("nearly", 1.0 - 1e-7),
        ("low", 0.05),
        ("high", 0.6),
        ("half", 0.5),
        ("one", 1.0),
        ("thousandth", 0.001),
    ];
    graph.initializer.extend(numbers.map(|(name, value)| number(name, value)));
    let whole =
        |name: &str, values: &[i64]| TensorProto::from_i64(name, &ndarray::arr1(values).into_dyn());
    graph.initializer.extend([whole("axis", &[1]), whole("like", &[1, -1])]);
    model
}

fn written(folder: &Path, planted: &Planted) -> PathBuf {
    let path = folder.join("m.onnx");
    let graph = Graph::from_model(model(planted), &path).unwrap();
    graph.save(&path).unwrap();
    path
}

fn open(path: &Path, engine: EngineKind) -> Classifier {
    Classifier::open(path, &Overrides::default(), engine).unwrap()
}

fn inputs(classifier: &Classifier) -> impl Iterator<Item = Vec<f32>> {
    let [h, w] = classifier.input_size();
    [0.4, 1.0, 2.5].into_iter().map(move |size| wave(3 * h * w, size, 0.2 * size))
}

/// A value of the whole graph as an engine runs it by itself.
fn value(engine: EngineKind, path: &Path, input: &[f32], name: &str) -> Vec<f32> {
    let mut graph = Graph::load(path).unwrap();
    graph.add_output(name).unwrap();
    let [h, w] = open(path, engine).input_size();
    let input = ndarray::ArrayD::from_shape_vec(ndarray::IxDyn(&[1, 3, h, w]), input.to_vec());
    let session = engine.load(&graph, false).unwrap();
    let values = session.run(&[("image", Value::F32(input.unwrap()))], &[name]).unwrap();
    values.into_iter().next().unwrap().into_f32().unwrap().into_iter().collect()
}

/// The confidences of a forward pass, as whoever reads it takes them.
fn confidences(forward: &rightly_model::Forward) -> Vec<f64> {
    match &forward.probabilities {
        Some(given) => given.iter().map(|&p| f64::from(p)).collect(),
        None => softmax(&forward.logits.iter().map(|&l| f64::from(l)).collect::<Vec<_>>()),
    }
}

#[test]
fn confidence_is_the_output_whichever_operators_made_it() {
    for engine in engines() {
        for planted in planted() {
            let folder = tempfile::tempdir().unwrap();
            let path = written(folder.path(), &planted);
            let classifier = open(&path, engine);
            let name = planted.name;
            assert_eq!(classifier.output_kind(), planted.kind, "{engine}, {name}");
            assert_eq!(classifier.logits_tensor(), planted.logits, "{engine}, {name}");
            for input in inputs(&classifier) {
                let forward = classifier.forward(&input, false).unwrap();
                let scores = value(engine, &path, &input, "scores");
                let scores: Vec<f64> = scores.iter().map(|&z| f64::from(z)).collect();
                let output = value(engine, &path, &input, "logits");
                let expected = (planted.formula)(&scores);
                for (found, expected) in output.iter().zip(&expected) {
                    assert!((f64::from(*found) - expected).abs() < 2e-6, "{engine}, {name}");
                }
                if planted.kind == OutputKind::Logits {
                    continue;
                }
                for (found, expected) in confidences(&forward).iter().zip(&expected) {
                    assert!(
                        (found - expected).abs() < 2e-6,
                        "{engine}, {name}: {found} {expected}"
                    );
                }
                classifier.confirm(&[forward]).unwrap();
            }
        }
    }
}

#[test]
fn logits_without_scores_are_the_logarithms_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let planted = planted().into_iter().find(|p| p.name == "mean of two softmaxes").unwrap();
    let classifier = open(&written(folder.path(), &planted), EngineKind::Rten);
    let input = inputs(&classifier).next().unwrap();
    let forward = classifier.forward(&input, false).unwrap();
    for (logit, p) in forward.logits.iter().zip(forward.probabilities.unwrap()) {
        assert_eq!(*logit, p.ln());
    }
}

#[test]
fn features_are_never_the_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    for planted in planted() {
        let classifier = open(&written(folder.path(), &planted), EngineKind::Rten);
        let layer = classifier.card().feature_layer.as_deref();
        assert!(planted.kind == OutputKind::Logits || layer != Some("logits"), "{}", planted.name);
        assert_eq!(classifier.cam_layer(), Some("relu_out"), "{}", planted.name);
        if !planted.name.contains("raw that lie") {
            assert_eq!(layer, Some("relu_out"), "{}", planted.name);
        }
    }
}

#[test]
fn a_card_that_contradicts_the_outputs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for planted in planted() {
        let path = written(folder.path(), &planted);
        let with = |softmax: bool| {
            let overrides = Overrides { softmax: Some(softmax), ..Overrides::default() };
            Classifier::open(&path, &overrides, EngineKind::Rten)
        };
        let name = planted.name;
        match planted.kind {
            OutputKind::Probabilities => {
                assert_eq!(with(true).unwrap().output_kind(), planted.kind, "{name}");
                let error = with(false).unwrap_err().to_string();
                assert!(error.contains("softmax = false"), "{name}: {error}");
            }
            // They are probabilities, and no softmax.
            OutputKind::Independent => {
                assert_eq!(with(true).unwrap().output_kind(), planted.kind, "{name}");
                assert_eq!(with(false).unwrap().output_kind(), planted.kind, "{name}");
            }
            OutputKind::Logits if name == "raw" => {
                assert_eq!(with(false).unwrap().output_kind(), planted.kind, "{name}");
                let error = with(true).unwrap_err().to_string();
                assert!(error.contains("holds probabilities, but"), "{name}: {error}");
            }
            OutputKind::Logits => {
                assert_eq!(with(false).unwrap().output_kind(), planted.kind, "{name}");
            }
        }
    }
}

#[test]
fn what_was_decided_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for planted in planted() {
        let classifier = open(&written(folder.path(), &planted), EngineKind::Rten);
        let said = classifier.notes().iter().any(|note| {
            note.starts_with("outputs: 'logits'")
                || note.starts_with("softmax: the output 'logits'")
        });
        let plain = ["raw", "raw that lie in 0 to 1"].contains(&planted.name);
        assert_eq!(said, !plain, "{}: {:?}", planted.name, classifier.notes());
    }
}

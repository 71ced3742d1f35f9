//! Heads that are written back.
use crate::models::{CLASSES, Made, floats, int, integers, node};
use crate::support::{data, wave};
use prost::Message as _;
use rightly_model::heads::Head;
use rightly_model::{Classifier, Encoder, EngineKind, ModelError, Overrides};
use rightly_onnx::Graph;
use rightly_onnx::graph::layers::GraphHead;
use rightly_onnx::graph::proto::ModelProto;
use std::path::{Path, PathBuf};

/// A head of waves.
fn head_of(sizes: &[usize]) -> Head {
    let layers: Vec<_> = sizes
        .windows(2)
        .map(|pair| {
            let weight = wave(pair[0] * pair[1], 0.3, 0.01);
            (
                ndarray::Array2::from_shape_vec((pair[1], pair[0]), weight).unwrap(),
                wave(pair[1], 0.5, 0.1),
            )
        })
        .collect();
    Head::from_layers(layers.iter().map(|(weight, bias)| (weight.view(), &bias[..]))).unwrap()
}

/// Writes a head of `classes` into a file at the classifier's own place, and gives how far the new file is from it.
fn repaired(path: &Path, overrides: &Overrides, classes: usize) -> Result<f32, ModelError> {
    let classifier = Classifier::open(path, overrides, EngineKind::Rten)?;
    let layer = classifier.card().feature_layer.clone().unwrap();
    let graph = Graph::load(path)?;
    let place = graph.head_of(classifier.logits_tensor(), &layer)?;
    let size = classifier.input_size();
    let pictures: Vec<Vec<f32>> =
        [0.1, -0.4].iter().map(|offset| wave(3 * size[0] * size[1], 1.0, *offset)).collect();
    let pictures = || pictures.iter().map(Vec::as_slice);
    // What is read is what the file computes.
    let own = Head::from_graph(&place)?;
    let before = Encoder::of(&classifier)?.head_difference(&own, pictures())?;
    assert!(before < 1e-4, "{}: {before}", path.display());
    let new = head_of(&[own.inputs(), classes]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("repaired.onnx");
    graph.with_head(&place, new.layers())?.save(&file)?;
    let names = Overrides { feature_layer: Some(layer), ..overrides.clone() };
    let classifier = Classifier::open(&file, &names, EngineKind::Rten)?;
    assert_eq!(classifier.outputs(), classes);
    Encoder::of(&classifier)?.head_difference(&new, pictures())
}

fn own(place: &GraphHead) -> Head {
    Head::from_graph(place).unwrap()
}

fn golden(name: &str) -> (PathBuf, Overrides) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cam");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let exact = format!("exact={}x{}", json["size"][0], json["size"][1]);
    let overrides = Overrides { resize: Some(exact), ..Overrides::default() };
    (folder.join(format!("{name}.onnx")), overrides)
}

#[test]
fn every_family_gets_a_new_head() {
    let families = [
        "resnet-basic",
        "resnet-bottleneck",
        "mobilenet-v2",
        "mobilenet-v3",
        "efficientnet",
        "convnext",
        "convnext-tv",
        "vit",
        "vit-tv",
        "vit-legacy",
        "swin",
        "swin-tv",
    ];
    for name in families {
        let (path, overrides) = golden(name);
        for classes in [10, 7] {
            let off =
                repaired(&path, &overrides, classes).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(off < 1e-4, "{name}: {off}");
        }
    }
}

#[test]
fn other_heads_are_refused_by_the_name_of_their_node() {
    let (path, overrides) = golden("squeezenet");
    let error = repaired(&path, &overrides, 7).unwrap_err().to_string();
    assert!(error.contains("operator Relu of node") && error.contains("at zero"), "{error}");
    // Two heads are averaged.
    let (path, overrides) = golden("deit-distilled");
    let error = repaired(&path, &overrides, 7).unwrap_err().to_string();
    assert!(error.contains("of node"), "{error}");
}

fn small(made: &Made, change: impl Fn(&mut ModelProto)) -> Graph {
    let mut model = made.model();
    change(&mut model);
    Graph::from_bytes(&model.encode_to_vec(), Path::new("small.onnx")).unwrap()
}

/// Runs a small network before and after: the logits that a head makes of the pooled features.
fn differs(graph: &Graph, layer: &str, head: &Head) -> f32 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.onnx");
    graph.save(&file).unwrap();
    let overrides = Overrides { feature_layer: Some(layer.to_owned()), ..Overrides::default() };
    let classifier = Classifier::open(&file, &overrides, EngineKind::Rten).unwrap();
    let picture = wave(3 * 16 * 16, 1.0, 0.2);
    Encoder::of(&classifier).unwrap().head_difference(head, [&picture[..]]).unwrap()
}

#[test]
fn every_way_of_writing_a_linear_layer_is_written_back() {
    let graph_of = |model: &mut ModelProto| model.graph.as_mut().unwrap().node.len() - 1;
    let ways: Vec<(&str, Graph)> = vec![
        ("softmax", small(&Made { softmax: true, ..Made::default() }, |_| ())),
        (
            "dropout, reshape",
            small(&Made { dropout: true, fixed_reshape: true, ..Made::default() }, |_| ()),
        ),
        (
            "fixed rows",
            small(&Made { batch_bound: false, shape_chain: true, ..Made::default() }, |_| ()),
        ),
        (
            "alpha, beta and one bias for all",
            small(&Made::default(), |model| {
                let at = graph_of(model);
                let graph = model.graph.as_mut().unwrap();
                for (name, value) in [("alpha", 0.5), ("beta", 2.0)] {
                    graph.node[at]
                        .attribute
                        .push(rightly_onnx::graph::proto::AttributeProto::float(name, value));
                }
                graph.initializer.retain(|tensor| tensor.name() != "fc.bias");
                graph.initializer.push(floats("fc.bias", &[1], &[0.25]));
            }),
        ),
        (
            "product alone",
            small(&Made::default(), |model| {
                let at = graph_of(model);
                let graph = model.graph.as_mut().unwrap();
                graph.node[at] = node("MatMul", "fc", &["flat", "turned"], &["logits"]);
                graph.initializer.push(floats(
                    "turned",
                    &[6, CLASSES as i64],
                    &wave(6 * CLASSES, 0.5, 0.0),
                ));
            }),
        ),
        (
            "product and sum, the weight shared",
            small(&Made { second_output: true, ..Made::default() }, |model| {
                let at = graph_of(model) - 1;
                let graph = model.graph.as_mut().unwrap();
                graph.node[at] = node("MatMul", "fc", &["flat", "turned"], &["product"]);
                graph.node.push(node("Add", "bias", &["fc.bias", "product"], &["logits"]));
                graph.node.push(node("Identity", "again", &["turned"], &["copy"]));
                graph.initializer.push(floats(
                    "turned",
                    &[6, CLASSES as i64],
                    &wave(6 * CLASSES, 0.5, 0.0),
                ));
            }),
        ),
        (
            "a convolution of which the map is pooled",
            small(&Made::default(), |model| {
                let graph = model.graph.as_mut().unwrap();
                graph.node.truncate(2);
                graph.node.push(node("Conv", "conv10", &["relu_out", "k"], &["scores"]));
                graph.node.push(node("GlobalAveragePool", "pool", &["scores"], &["mean"]));
                graph.node.push(node("Reshape", "rows", &["mean", "to"], &["logits"]));
                graph.initializer.push(integers("to", &[1, CLASSES as i64]));
                graph.initializer.push(floats(
                    "k",
                    &[CLASSES as i64, 6, 1, 1],
                    &wave(6 * CLASSES, 0.5, 0.0),
                ));
            }),
        ),
    ];
    for (name, graph) in &ways {
        let layer = "relu_out";
        let place = graph.head_of("logits", layer).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(differs(graph, layer, &own(&place)) < 1e-4, "{name}, as it was");
        for classes in [CLASSES, 3] {
            let new = head_of(&[6, classes]);
            let written =
                graph.with_head(&place, new.layers()).unwrap_or_else(|e| panic!("{name}: {e}"));
            let off = differs(&written, layer, &new);
            assert!(off < 1e-4, "{name}, {classes}: {off}");
            // And once more, over what was written.
            let again = written.head_of("logits", layer).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(own(&again), new, "{name}");
            if let Some(shared) = graph.initializer("turned").filter(|_| name.contains("shared")) {
                assert!(
                    written.nodes().all(|node| node.name() != "again")
                        || written.initializer("turned") == Some(shared)
                );
            }
        }
    }
}

#[test]
fn two_layers_are_a_head() {
    let graph = small(&Made::default(), |model| {
        let graph = model.graph.as_mut().unwrap();
        graph.node.pop();
        graph.node.push(int(node("Gemm", "one", &["flat", "w1", "b1"], &["h"]), "transB", 1));
        graph.node.push(node("Relu", "act", &["h"], &["a"]));
        graph.node.push(node("Gemm", "two", &["a", "w2"], &["logits"]));
        graph.initializer.push(floats("w1", &[4, 6], &wave(24, 0.5, 0.0)));
        graph.initializer.push(floats("b1", &[4], &wave(4, 0.5, 0.3)));
        graph.initializer.push(floats("w2", &[4, CLASSES as i64], &wave(4 * CLASSES, 0.5, 0.0)));
    });
    let place = graph.head_of("logits", "relu_out").unwrap();
    assert!(differs(&graph, "relu_out", &own(&place)) < 1e-4);
    for sizes in [[6, 4, CLASSES], [6, 9, 3]] {
        let new = head_of(&sizes);
        let written = graph.with_head(&place, new.layers()).unwrap();
        assert!(differs(&written, "relu_out", &new) < 1e-4);
    }
    // On the hidden layer's values the head is one layer; a linear one does not fit the place of two.
    assert_eq!(own(&graph.head_of("logits", "a").unwrap()).inputs(), 4);
    let error = graph.with_head(&place, head_of(&[6, 3]).layers()).unwrap_err().to_string();
    assert!(error.contains("a head of 1 layers"), "{error}");
    let error = graph.head_of("logits", "conv_out").unwrap_err().to_string();
    assert!(error.contains("of node 'relu'") && error.contains("features"), "{error}");
    let error = graph.head_of("logits", "h").unwrap_err().to_string();
    assert!(error.contains("of node 'act'"), "{error}");
    assert!(graph.head_of("logits", "image").is_err());
}

#[test]
fn real_models_get_a_new_head_or_are_refused() {
    let (Some(lite), Some(squeeze)) =
        (data("models/efficientnet-lite0.onnx"), data("models/squeezenet-1.0.onnx"))
    else {
        return;
    };
    for classes in [1000, 15] {
        let off = repaired(&lite, &Overrides::default(), classes).unwrap();
        assert!(off < 1e-4, "{off}");
    }
    let error = repaired(&squeeze, &Overrides::default(), 15).unwrap_err().to_string();
    assert!(error.contains("operator Relu of node"), "{error}");
}

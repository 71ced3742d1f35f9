//! Files with another head are valid, and are the original's in everything but the head.
use crate::models::{CLASSES, Made, floats, integers, node, value};
use crate::support::{checked, data, engines, wave};
use prost::Message as _;
use rightly_model::heads::Head;
use rightly_model::{Classifier, Encoder, EngineKind, FeaturePool, Graph, ModelError, Overrides};
use rightly_onnx::graph::proto::{
    GraphProto, ModelProto, StringStringEntryProto, TensorProto, ValueInfoProto, data_type,
    type_proto,
};
use std::path::{Path, PathBuf};

fn head_of(inputs: usize, classes: usize) -> Head {
    let weight = wave(inputs * classes, 0.3, 0.01);
    let weight = ndarray::Array2::from_shape_vec((classes, inputs), weight).unwrap();
    Head::linear(weight.view(), &wave(classes, 0.5, 0.1)).unwrap()
}

fn logits(file: &Path, overrides: &Overrides, engine: EngineKind) -> Vec<f32> {
    let classifier = Classifier::open(file, overrides, engine).unwrap();
    let [h, w] = classifier.input_size();
    classifier.forward(&wave(3 * h * w, 1.0, 0.2), false).unwrap().logits
}

/// Writes another head into a file, and holds what was written against the original.
fn rewritten(file: &Path, overrides: &Overrides, classes: usize) -> Result<(), ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let classifier = Classifier::open(file, overrides, EngineKind::Rten)?;
    let encoder = Encoder::of(&classifier)?;
    let place = classifier.graph().head_of(classifier.logits_tensor(), encoder.layer())?;
    let new = head_of(Head::from_graph(&place)?.inputs(), classes);
    let (graph, held) = classifier.with_head(&place, &new)?;
    let name = file.display();
    let path = folder.path().join("repaired.onnx");
    graph.save(&path)?;
    let mut card = classifier.card().clone();
    card.labels = None;
    card.write_beside(&path)?;
    checked(&path, Some(file));
    let (old, new) = (Graph::load(file)?, Graph::load(&path)?);
    assert_eq!(new.inputs(), old.inputs(), "{name}");
    let names = |graph: &Graph| graph.outputs().iter().map(|o| o.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&new), names(&old), "{name}");
    let types = |graph: &Graph| graph.outputs().iter().map(|o| o.elem_type).collect::<Vec<_>>();
    assert_eq!(types(&new), types(&old), "{name}");
    assert_eq!((new.opset(), new.ir_version()), (old.opset(), old.ir_version()), "{name}");
    assert_eq!(new.model().opset_import, old.model().opset_import, "{name}");
    assert_eq!(new.model().metadata_props, old.model().metadata_props, "{name}");
    assert_eq!(new.model().doc_string, old.model().doc_string, "{name}");
    assert_eq!(new.producer(), old.producer(), "{name}");
    assert_eq!(new.proto().name, old.proto().name, "{name}");
    // Every engine gives the head's logits of the features, from the file and its card alone.
    let mut all = Vec::new();
    for engine in engines() {
        let written = Classifier::open(&path, &Overrides::default(), engine)
            .unwrap_or_else(|error| panic!("{name}, {engine}: {error}"));
        assert_eq!(written.outputs(), classes, "{name}");
        let [h, w] = written.input_size();
        let picture = wave(3 * h * w, 1.0, 0.2);
        let off = Encoder::of(&written)?.head_difference(&held, [&picture[..]])?;
        assert!(off < 1e-4, "{name}, {engine}: {off}");
        all.push(logits(&path, &Overrides::default(), engine));
    }
    for found in &all[1..] {
        let largest = all[0].iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
        for (a, b) in all[0].iter().zip(found) {
            assert!((a - b).abs() < 1e-4 * largest, "{name}: engines differ, {a} and {b}");
        }
    }
    Ok(())
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
fn every_family_is_written_back_as_it_came() {
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
        let own = Classifier::open(&path, &overrides, EngineKind::Rten).unwrap().outputs();
        for classes in [own, own + 3] {
            rewritten(&path, &overrides, classes).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

/// The middle of an exporter's file: types of inner values, metadata, text.
fn annotated(model: &mut ModelProto) {
    let entry = |key: &str, value: &str| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    model.metadata_props = vec![entry("author", "somebody"), entry("task", "classify")];
    model.doc_string = Some("A small network.".to_owned());
    model.domain = Some("org.example".to_owned());
    model.model_version = Some(7);
    let graph = model.graph.as_mut().unwrap();
    graph.doc_string = Some("Its graph.".to_owned());
    graph.value_info = vec![
        value("conv_out", data_type::FLOAT, &[None, Some(6), Some(16), Some(16)]),
        value("flat", data_type::FLOAT, &[None, Some(6)]),
    ];
}

/// Weights of a layer as signed bytes with a scale for each row.
fn quantised(graph: &mut GraphProto, weight: &str, axis: i64) {
    let at = graph.initializer.iter().position(|tensor| tensor.name() == weight).unwrap();
    let stored = graph.initializer.remove(at);
    let values = stored.to_f32().unwrap();
    let rows = values.shape()[0];
    let scales: Vec<f32> = (0..rows).map(|row| 0.004 + row as f32 * 0.001).collect();
    let per_row = values.len() / rows;
    let bytes = values.iter().enumerate().map(|(place, value)| {
        (value / scales[place / per_row]).round().clamp(-127.0, 127.0) as i8 as u8
    });
    graph.initializer.push(TensorProto {
        name: Some(format!("{weight}.bytes")),
        data_type: Some(data_type::INT8),
        dims: stored.dims.clone(),
        raw_data: Some(bytes.collect()),
        ..TensorProto::default()
    });
    graph.initializer.push(floats(&format!("{weight}.scale"), &[rows as i64], &scales));
    let inputs = [format!("{weight}.bytes"), format!("{weight}.scale")];
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let dequantise = node("DequantizeLinear", &format!("{weight}.floats"), &inputs, &[weight]);
    graph.node.insert(0, crate::models::int(dequantise, "axis", axis));
}

/// Weights declared among the inputs, as files before version 4 of the representation have them.
fn old(model: &mut ModelProto) {
    model.ir_version = Some(3);
    model.opset_import[0].version = Some(9);
    let graph = model.graph.as_mut().unwrap();
    let declared: Vec<ValueInfoProto> = graph
        .initializer
        .iter()
        .map(|tensor| {
            let dims: Vec<Option<i64>> = tensor.dims.iter().map(|&dim| Some(dim)).collect();
            value(tensor.name(), tensor.data_type.unwrap(), &dims)
        })
        .collect();
    graph.input.extend(declared);
}

type Change = fn(&mut ModelProto);

#[test]
fn every_form_of_a_file_is_written_back_as_it_came() {
    let made = Made::default;
    let ways: Vec<(&str, Made, Change)> = vec![
        ("types of inner values, metadata", made(), annotated),
        ("softmax", Made { softmax: true, ..made() }, |_| ()),
        ("logarithm", Made { log_softmax: true, ..made() }, |_| ()),
        ("several outputs", Made { second_output: true, ..made() }, |_| ()),
        ("fixed batch", Made { batch: Some(4), ..made() }, |_| ()),
        ("computed shape", Made { shape_chain: true, ..made() }, |_| ()),
        ("dropout", Made { dropout: true, ..made() }, |_| ()),
        ("channels last", Made { nhwc: true, ..made() }, |_| ()),
        ("half precision", Made { half: true, ..made() }, |_| ()),
        ("functions", Made { function: true, ..made() }, |model| {
            model.graph.as_mut().unwrap().doc_string = Some("calls".to_owned());
        }),
        ("weights among the inputs", Made { opset: 9, ..made() }, old),
        ("an inner output without a type of its own", made(), |model| {
            // Nobody reads it but the caller.
            let graph = model.graph.as_mut().unwrap();
            graph.output.push(value(
                "relu_out",
                data_type::FLOAT,
                &[None, Some(6), Some(16), Some(16)],
            ));
        }),
        ("bytes below the head", made(), |model| {
            model.opset_import[0].version = Some(13);
            quantised(model.graph.as_mut().unwrap(), "conv.weight", 0);
        }),
        ("bytes in the head", made(), |model| {
            model.opset_import[0].version = Some(13);
            quantised(model.graph.as_mut().unwrap(), "fc.weight", 0);
        }),
        ("a turned and cast weight", made(), |model| {
            let graph = model.graph.as_mut().unwrap();
            let at = graph.node.len() - 1;
            graph.node[at] = node("MatMul", "fc", &["flat", "turned"], &["logits"]);
            graph.node.insert(0, node("Transpose", "turn", &["fc.weight"], &["turned"]));
            graph.initializer.retain(|tensor| tensor.name() != "fc.bias");
        }),
        ("a constant node", made(), |model| {
            let graph = model.graph.as_mut().unwrap();
            let at = graph.initializer.iter().position(|t| t.name() == "fc.weight").unwrap();
            let mut constant = node("Constant", "stored", &[], &["fc.weight"]);
            constant.attribute.push(rightly_onnx::graph::proto::AttributeProto {
                name: Some("value".to_owned()),
                r#type: Some(rightly_onnx::graph::proto::attribute_type::TENSOR),
                t: Some(graph.initializer.remove(at)),
                ..Default::default()
            });
            graph.node.insert(0, constant);
        }),
        ("the classes in a shape", Made { fixed_reshape: true, ..made() }, |model| {
            let graph = model.graph.as_mut().unwrap();
            let last = graph.node.len() - 1;
            graph.node[last].output[0] = "scores".to_owned();
            graph.initializer.push(integers("last", &[-1, CLASSES as i64]));
            graph.node.push(node("Reshape", "rows", &["scores", "last"], &["logits"]));
        }),
    ];
    for (name, made, change) in ways {
        let mut model = made.model();
        change(&mut model);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        std::fs::write(&file, model.encode_to_vec()).unwrap();
        checked(&file, None);
        let overrides = Overrides {
            resize: Some("exact=16x16".to_owned()),
            feature_layer: Some("relu_out".to_owned()),
            feature_pool: Some(FeaturePool::Mean),
            ..Overrides::default()
        };
        for classes in [CLASSES, 3] {
            rewritten(&file, &overrides, classes).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn weights_beside_the_file_come_inside() {
    let mut model = Made::default().model();
    let folder = tempfile::tempdir().unwrap();
    let mut beside = Vec::new();
    for tensor in &mut model.graph.as_mut().unwrap().initializer {
        let raw = tensor.raw_data.take().unwrap();
        let entry = |key: &str, value: String| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value),
        };
        tensor.data_location = Some(1);
        tensor.external_data = vec![
            entry("location", "weights.bin".to_owned()),
            entry("offset", beside.len().to_string()),
            entry("length", raw.len().to_string()),
        ];
        beside.extend(raw);
    }
    let file = folder.path().join("model.onnx");
    std::fs::write(&file, model.encode_to_vec()).unwrap();
    std::fs::write(folder.path().join("weights.bin"), beside).unwrap();
    let overrides = Overrides { resize: Some("exact=16x16".to_owned()), ..Overrides::default() };
    rewritten(&file, &overrides, 4).unwrap();
}

/// A value that is tapped in memory and saved has a type, which the checker wants.
#[test]
fn tapped_values_are_saved_with_their_types() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["resnet-basic", "vit", "swin-tv", "mobilenet-v3"] {
        let (path, overrides) = golden(name);
        let classifier = Classifier::open(&path, &overrides, EngineKind::Rten).unwrap();
        let mut graph = Graph::load(&path).unwrap();
        let tap = classifier.tap_tensor().unwrap();
        graph.add_output(tap).unwrap();
        let file = folder.path().join(format!("{name}.onnx"));
        graph.save(&file).unwrap();
        checked(&file, None);
        let saved = Graph::load(&file).unwrap();
        let output = saved.outputs().into_iter().find(|output| output.name == tap).unwrap();
        assert_eq!(output.elem_type, Some(data_type::FLOAT), "{name}");
        assert!(output.shape.is_some(), "{name}");
        // What the classifier runs is a valid file as well.
        let file = folder.path().join(format!("{name}-run.onnx"));
        classifier.graph().save(&file).unwrap();
        checked(&file, None);
    }
}

/// An encoder in half precision gets a head in single precision, and the file is valid.
#[test]
fn heads_above_encoders_are_valid_files() {
    let folder = tempfile::tempdir().unwrap();
    let ways = [
        Made::default(),
        Made { half: true, ..Made::default() },
        Made { nhwc: true, ..Made::default() },
        Made { second_output: true, dropout: true, ..Made::default() },
        Made { shape_chain: true, ..Made::default() },
    ];
    for (at, made) in ways.into_iter().enumerate() {
        let mut model = made.model();
        if at == 4 {
            old(&mut model);
        }
        annotated_metadata(&mut model);
        let file = folder.path().join(format!("encoder{at}.onnx"));
        std::fs::write(&file, model.encode_to_vec()).unwrap();
        let overrides = Overrides {
            resize: Some("exact=16x16".to_owned()),
            feature_layer: Some("relu_out".to_owned()),
            ..Overrides::default()
        };
        let encoder = Encoder::open(&file, &overrides, EngineKind::Rten).unwrap();
        let head = head_of(encoder.dim(), 3);
        let (weight, bias) = head.layers().next().unwrap();
        let (graph, card) = encoder.with_head(weight, bias, "labels.txt".into()).unwrap();
        let path = folder.path().join(format!("classifier{at}.onnx"));
        graph.save(&path).unwrap();
        std::fs::write(folder.path().join("labels.txt"), "a\nb\nc\n").unwrap();
        card.write_beside(&path).unwrap();
        checked(&path, None);
        assert_eq!(graph.model().metadata_props.len(), 1);
        let picture = wave(3 * 16 * 16, 1.0, 0.2);
        let vector = encoder.encode(&picture, false).unwrap().vector;
        let rows = ndarray::ArrayView2::from_shape((1, vector.len()), &vector).unwrap();
        let expected = head.logits(rows).unwrap();
        for engine in engines() {
            for (found, expected) in
                logits(&path, &Overrides::default(), engine).iter().zip(&expected)
            {
                assert!((found - expected).abs() < 1e-4, "{at}, {engine}: {found} for {expected}");
            }
        }
    }
}

fn annotated_metadata(model: &mut ModelProto) {
    model.metadata_props = vec![StringStringEntryProto {
        key: Some("author".to_owned()),
        value: Some("somebody".to_owned()),
    }];
}

/// Half precision rounds the head, and what is given back is the rounded one.
#[test]
fn the_head_in_half_precision_is_the_one_that_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.onnx");
    std::fs::write(&file, Made { half: true, ..Made::default() }.bytes()).unwrap();
    let overrides = Overrides { resize: Some("exact=16x16".to_owned()), ..Overrides::default() };
    let classifier = Classifier::open(&file, &overrides, EngineKind::Rten).unwrap();
    let layer = classifier.card().feature_layer.clone().unwrap();
    let place = classifier.graph().head_of(classifier.logits_tensor(), &layer).unwrap();
    let head = head_of(6, CLASSES);
    let (graph, held) = classifier.with_head(&place, &head).unwrap();
    assert_ne!(held, head);
    let ((a, _), (b, _)) = (held.layers().next().unwrap(), head.layers().next().unwrap());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= b.abs() / 1024.0));
    let output = &graph.outputs()[0];
    assert_eq!(output.elem_type, Some(data_type::FLOAT16));
    let input = graph.proto().input[0].r#type.as_ref().unwrap().value.as_ref().unwrap();
    assert!(
        matches!(input, type_proto::Value::TensorType(t) if t.elem_type == Some(data_type::FLOAT16))
    );
    // A file that was changed meanwhile is not written over another one's head.
    std::fs::write(&file, Made::default().bytes()).unwrap();
    let error = classifier.with_head(&place, &head).unwrap_err().to_string();
    assert!(error.contains("has changed since"), "{error}");
}

#[test]
fn real_models_are_written_back_as_they_came() {
    let Some(lite) = data("models/efficientnet-lite0.onnx") else { return };
    for classes in [1000, 15] {
        rewritten(&lite, &Overrides::default(), classes).unwrap();
    }
}

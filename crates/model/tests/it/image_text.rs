//! Two towers, held against transformers; their files, cards and errors.
use crate::models::node;
use crate::support::{copied, engines, golden_json, golden_text, picture};
use ndarray::Array2;
use rightly_data::Preprocess;
use rightly_data::preprocess::Resize;
use rightly_data::resize::Filter;
use rightly_model::text::image_text::unit;
use rightly_model::text::{ImageTextFiles, ImageTextModel};
use rightly_model::{EngineKind, Graph, Overrides};
use rightly_onnx::graph::proto::{
    AttributeProto, NodeProto, ValueInfoProto, data_type, tensor_shape_proto::Value as DimValue,
    type_proto,
};
use std::path::Path;

const TOLERANCE: f32 = 1e-4;

fn open(folder: &Path, engine: EngineKind) -> ImageTextModel {
    ImageTextModel::open(folder, &Overrides::default(), engine)
        .unwrap_or_else(|error| panic!("{engine}: {error}"))
}

fn error(folder: &Path) -> String {
    ImageTextModel::open(folder, &Overrides::default(), EngineKind::Rten).unwrap_err().to_string()
}

fn texts(golden: &serde_json::Value) -> Vec<String> {
    golden["texts"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect()
}

fn row(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= TOLERANCE, "{what}: {a} {b}");
    }
}

fn check(model: &ImageTextModel, golden: &serde_json::Value, what: &str) -> Array2<f32> {
    let texts = texts(golden);
    for (text, ids) in texts.iter().zip(golden["ids"].as_array().unwrap()) {
        let ids: Vec<i64> = ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
        assert_eq!(model.tokenizer().encode(text).unwrap().ids, ids, "{what}: {text:?}");
    }
    let found = model.embed_texts(&texts, 2).unwrap();
    assert_eq!(found.dim(), (texts.len(), model.dim()), "{what}");
    let expected = golden["text_embeds"].as_array().unwrap();
    for ((found, expected), text) in found.rows().into_iter().zip(expected).zip(&texts) {
        close(&found.to_vec(), &row(expected), &format!("{what}, '{text}'"));
    }
    for (number, expected) in golden["image_embeds"].as_array().unwrap().iter().enumerate() {
        let vector = model.image().encode(&picture(number), false).unwrap().vector;
        if number == 0 {
            let raw = row(&golden["raw_image"]);
            let largest = raw.iter().fold(1_f32, |largest, v| largest.max(v.abs()));
            let scaled = |values: &[f32]| values.iter().map(|v| v / largest).collect::<Vec<_>>();
            close(&scaled(&vector), &scaled(&raw), what);
        }
        close(&unit(&vector).unwrap(), &row(expected), what);
    }
    found
}

#[test]
fn both_towers_are_those_of_transformers() {
    for engine in engines() {
        for (name, dim, context) in [("clip", 12, 20), ("siglip", 16, 64)] {
            let folder = copied(name);
            if name == "siglip" {
                std::fs::copy(
                    golden_text("siglip.tokenizer.json"),
                    folder.path().join("tokenizer.json"),
                )
                .unwrap();
            }
            let model = open(folder.path(), engine);
            assert_eq!((model.dim(), model.context()), (dim, context), "{name}");
            assert_eq!(model.image().input_size(), [16, 16], "{name}");
            check(&model, &golden_json(&format!("{name}/golden.json")), name);
        }
    }
}

#[test]
fn texts_are_the_same_bytes_for_any_number_of_threads() {
    let model = open(&golden_text("clip"), EngineKind::Rten);
    let texts: Vec<String> = (0..40).map(|at| format!("photo number {at}")).collect();
    let one = model.embed_texts(&texts, 1).unwrap();
    for threads in [2, 3, 64] {
        assert_eq!(model.embed_texts(&texts, threads).unwrap(), one);
    }
    // Alone as among others.
    // Which texts run together turns no more than the last digits.
    let alone = model.embed_texts(&texts[7..8], 1).unwrap();
    let pairs = || alone.iter().zip(one.row(7));
    assert!(pairs().all(|(a, b)| (a - b).abs() < 1e-6), "{alone:?}");
    assert_eq!(model.embed_texts(&[], 3).unwrap().dim(), (0, 12));
}

#[test]
fn preprocessing_is_that_of_the_file_beside_or_clips() {
    let folder = copied("siglip");
    std::fs::copy(golden_text("siglip.tokenizer.json"), folder.path().join("tokenizer.json"))
        .unwrap();
    let preprocess = |folder: &Path| {
        let model = open(folder, EngineKind::Rten);
        (model.image().preprocess().clone(), model.notes().join("\n"))
    };
    let (found, notes) = preprocess(folder.path());
    assert_eq!((found.resize, found.crop), (Some(Resize::Exact([16, 16])), None));
    assert_eq!((found.mean, found.std, found.scale), ([0.5; 3], [0.5; 3], 1.0));
    assert_eq!(found.interpolation, Filter::Bicubic);
    assert!(notes.contains("preprocessor_config.json"), "{notes}");
    let sized = Preprocess {
        resize: Some(Resize::ShortSide(16)),
        crop: Some([16, 16]),
        ..Preprocess::preset("clip").unwrap()
    };
    // CLIP's export here leaves the size open, so its card says it.
    let (found, notes) = preprocess(&golden_text("clip"));
    assert_eq!(found, sized);
    assert!(notes.contains("vision_model.toml"), "{notes}");
    std::fs::remove_file(folder.path().join("preprocessor_config.json")).unwrap();
    let (found, notes) = preprocess(folder.path());
    assert_eq!(found, sized);
    assert!(notes.contains("guessed to be CLIP's"), "{notes}");
    std::fs::write(
        folder.path().join("preprocessor_config.json"),
        r#"{"crop_pct": 0.9, "size": 16}"#,
    )
    .unwrap();
    assert!(error(folder.path()).contains("crop_pct"), "{}", error(folder.path()));
}

#[test]
fn the_card_says_context_scale_and_sentences() {
    let folder = copied("clip");
    let card = folder.path().join("vision_model.toml");
    let start = std::fs::read_to_string(&card).unwrap();
    let write = |text: &str| std::fs::write(&card, format!("{start}\n[text]\n{text}\n")).unwrap();
    write(
        "context = 9\nlogit_scale = 50.0\nlogit_bias = -2.0\nnormalise = false\ntemplates = [\"a {}\", \"the {}\"]",
    );
    let model = open(folder.path(), EngineKind::Rten);
    assert_eq!((model.context(), model.logit_scale(), model.logit_bias()), (9, 50.0, -2.0));
    assert_ne!(model.hash(), open(&golden_text("clip"), EngineKind::Rten).hash());
    let own = |text: &str| model.embed_texts(&[text.to_owned()], 1).unwrap().row(0).to_vec();
    let (a, the) = (own("a cat"), own("the cat"));
    let length = a.iter().map(|v| v * v).sum::<f32>().sqrt();
    assert!((length - 1.0).abs() > 0.01, "{length}");
    let sum: Vec<f32> =
        unit(&a).unwrap().iter().zip(unit(&the).unwrap()).map(|(a, b)| (a + b) / 2.0).collect();
    let names = model.embed_names(&["cat".to_owned()], 2).unwrap();
    close(&names.row(0).to_vec(), &unit(&sum).unwrap(), "templates");
    let logits = model.logits(names.view(), names.view()).unwrap();
    assert!((logits[[0, 0]] - 48.0).abs() < 1e-3, "{logits}");
    for (text, expected) in [
        ("contxt = 9", "contxt"),
        ("context = 2", "context of 2 tokens"),
        ("templates = [\"a photo\"]", "'a photo'"),
        ("templates = []", "found none"),
        ("pad = \"<none>\"", "no such token"),
        ("output = \"text_embed\"", "text_embeds"),
        ("tokenizer = \"other.json\"", "other.json"),
        ("model = \"gone.onnx\"", "gone.onnx"),
    ] {
        write(text);
        assert!(error(folder.path()).contains(expected), "{text}: {}", error(folder.path()));
    }
}

#[test]
fn missing_files_are_named_with_what_to_do() {
    let folder = copied("clip");
    let remove = |name: &str| std::fs::remove_file(folder.path().join(name)).unwrap();
    remove("tokenizer.json");
    let message = error(folder.path());
    assert!(message.contains("tokenizer.json") && message.contains("save_pretrained"), "{message}");
    remove("text_model.onnx");
    let message = error(folder.path());
    assert!(message.contains("no text tower") && message.contains("text_model.onnx"), "{message}");
    assert!(message.contains("which hold vision_model.onnx"), "{message}");
    remove("vision_model.onnx");
    let message = error(folder.path());
    assert!(
        message.contains("no picture's tower") && message.contains("no .onnx file"),
        "{message}"
    );
    let message = error(&folder.path().join("none"));
    assert!(message.contains("no such folder"), "{message}");
}

#[test]
fn towers_of_different_models_are_refused() {
    let (clip, siglip) = (golden_text("clip"), golden_text("siglip"));
    let open = |files: &ImageTextFiles| {
        ImageTextModel::open_files(files, &Overrides::default(), EngineKind::Rten)
            .unwrap_err()
            .to_string()
    };
    let files = ImageTextFiles {
        vision: clip.join("vision_model.onnx"),
        text: siglip.join("text_model.onnx"),
        tokenizer: golden_text("siglip.tokenizer.json"),
    };
    let message = open(&files);
    assert!(message.contains("vectors of 16") && message.contains("of 12"), "{message}");
    assert!(message.contains("siglip/text_model.onnx"), "{message}");
    assert!(message.contains("clip/vision_model.onnx"), "{message}");
    // A tokenizer with more ids than the table has rows.
    let files = ImageTextFiles {
        vision: siglip.join("vision_model.onnx"),
        tokenizer: clip.join("tokenizer.json"),
        ..files
    };
    let message = open(&files);
    assert!(message.contains("160 rows") && message.contains("id 5"), "{message}");
}

/// The text tower with its input declared otherwise.
fn rewritten(folder: &Path, change: impl FnOnce(&mut Vec<NodeProto>, &mut [ValueInfoProto])) {
    let path = folder.join("text_model.onnx");
    let mut model = Graph::load(&path).unwrap().model().clone();
    let graph = model.graph.as_mut().unwrap();
    change(&mut graph.node, &mut graph.input);
    Graph::from_model(model, &path).unwrap().save(&path).unwrap();
}

fn tensor(value: &mut ValueInfoProto) -> &mut type_proto::Tensor {
    match value.r#type.as_mut().unwrap().value.as_mut().unwrap() {
        type_proto::Value::TensorType(tensor) => tensor,
        _ => panic!("no tensor"),
    }
}

#[test]
fn ids_of_32_bits_are_taken() {
    let folder = copied("clip");
    rewritten(folder.path(), |nodes, inputs| {
        for input in inputs {
            tensor(input).elem_type = Some(data_type::INT32);
            let (name, wide) = (input.name.clone().unwrap(), format!("{}.wide", input.name()));
            for read in nodes.iter_mut().flat_map(|node| &mut node.input).filter(|r| **r == name) {
                read.clone_from(&wide);
            }
            let mut cast = node("Cast", &format!("{name}.cast"), &[&name], &[&wide]);
            cast.attribute = vec![AttributeProto::int("to", i64::from(data_type::INT64))];
            nodes.insert(0, cast);
        }
    });
    for engine in engines() {
        check(&open(folder.path(), engine), &golden_json("clip/golden.json"), "int32");
    }
}

#[test]
fn a_batch_that_the_file_fixes_is_filled() {
    let golden = golden_json("clip/golden.json");
    for batch in [1, 3] {
        let folder = copied("clip");
        rewritten(folder.path(), |_, inputs| {
            for input in inputs {
                let dims = &mut tensor(input).shape.as_mut().unwrap().dim;
                dims[0].value = Some(DimValue::DimValue(batch));
                dims[1].value = Some(DimValue::DimValue(20));
            }
        });
        // The graph's own length stands for the tokenizer's.
        std::fs::remove_file(folder.path().join("tokenizer_config.json")).unwrap();
        let model = open(folder.path(), EngineKind::Rten);
        assert_eq!(model.notes().iter().any(|note| note.contains("fixes 3 texts")), batch == 3);
        check(&model, &golden, "fixed batch");
        let card = folder.path().join("vision_model.toml");
        let start = std::fs::read_to_string(&card).unwrap();
        std::fs::write(card, format!("{start}\n[text]\ncontext = 9\n")).unwrap();
        assert!(error(folder.path()).contains("takes 20 tokens, but the context is 9"));
    }
}

/// One graph with both towers, as the exporters' `model.onnx`.
#[test]
fn one_file_may_hold_both_towers() {
    let folder = copied("clip");
    let load = |name: &str| Graph::load(&folder.path().join(name)).unwrap().model().clone();
    let (mut both, mut text) = (load("vision_model.onnx"), load("text_model.onnx"));
    let graph = text.graph.as_mut().unwrap();
    let ends: Vec<String> =
        graph.input.iter().chain(&graph.output).map(|value| value.name().to_owned()).collect();
    let rename = |name: &mut String| {
        if !name.is_empty() && !ends.contains(name) {
            name.insert_str(0, "text.");
        }
    };
    for node in &mut graph.node {
        node.input.iter_mut().chain(&mut node.output).for_each(rename);
    }
    graph.initializer.iter_mut().filter_map(|tensor| tensor.name.as_mut()).for_each(rename);
    let vision = both.graph.as_mut().unwrap();
    vision.node.append(&mut graph.node);
    vision.initializer.append(&mut graph.initializer);
    vision.input.append(&mut graph.input);
    vision.output.append(&mut graph.output);
    let path = folder.path().join("model.onnx");
    Graph::from_model(both, &path).unwrap().save(&path).unwrap();
    std::fs::rename(folder.path().join("vision_model.toml"), folder.path().join("model.toml"))
        .unwrap();
    for name in ["vision_model.onnx", "text_model.onnx"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    let golden = golden_json("clip/golden.json");
    check(&open(folder.path(), EngineKind::Rten), &golden, "both");
    check(&open(&path, EngineKind::Rten), &golden, "both, by its file");
    // In onnx/, with the tokenizer above, as other exports have it.
    let inner = folder.path().join("onnx");
    std::fs::create_dir(&inner).unwrap();
    for name in ["model.onnx", "model.toml"] {
        std::fs::rename(folder.path().join(name), inner.join(name)).unwrap();
    }
    check(&open(folder.path(), EngineKind::Rten), &golden, "in onnx/");
}

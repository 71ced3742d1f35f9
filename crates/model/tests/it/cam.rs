//! Class activation maps against PyTorch autograd (`tests/golden/cam`).
use crate::support::{data, wave};
use ndarray::{ArrayD, IxDyn};
use rightly_model::cam::{CamMethod, CamPlace, CamState};
use rightly_model::{CamHead, Classifier, EngineKind, Graph, ModelError, Overrides};
use rightly_onnx::engine::Value;
use rightly_onnx::graph::layers::Layout;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const GOLDEN: [&str; 14] = [
    "convnext",
    "convnext-tv",
    "deit-distilled",
    "efficientnet",
    "mobilenet-v2",
    "mobilenet-v3",
    "resnet-basic",
    "resnet-bottleneck",
    "squeezenet",
    "swin",
    "swin-tv",
    "vit",
    "vit-legacy",
    "vit-tv",
];

#[derive(Deserialize)]
struct Golden {
    size: [usize; 2],
    layer: String,
    same_value: Vec<String>,
    grid: [usize; 2],
    target: usize,
    logits: Vec<f32>,
    cam: Vec<f32>,
    eigen: Vec<f32>,
    tolerance: f32,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cam"))
}

fn golden(name: &str) -> Golden {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The input that the golden script states.
fn image([height, width]: [usize; 2]) -> Vec<f32> {
    let mut pixels = Vec::new();
    for c in 0..3 {
        for i in 0..height {
            for j in 0..width {
                let (c, i, j) = (f64::from(c), i as f64, j as f64);
                let value = (0.7 * i + 0.3 * c).sin() * (0.5 * j - 0.2 * c).cos()
                    + 0.1 * (0.05 * i * j + c).sin();
                pixels.push(value as f32);
            }
        }
    }
    pixels
}

fn open(name: &str, size: [usize; 2], cam_layer: Option<String>) -> Classifier {
    open_in(&folder(), name, size, cam_layer)
}

fn open_in(folder: &Path, name: &str, size: [usize; 2], cam_layer: Option<String>) -> Classifier {
    let overrides = Overrides {
        resize: Some(format!("exact={}x{}", size[0], size[1])),
        cam_layer,
        ..Overrides::default()
    };
    Classifier::open(&folder.join(format!("{name}.onnx")), &overrides, EngineKind::Rten)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m, d| if d > m || d.is_nan() { d } else { m })
}

#[test]
fn maps_agree_with_autograd_for_every_family() {
    for name in GOLDEN {
        let golden = golden(name);
        let classifier = open(name, golden.size, Some(golden.layer.clone()));
        let forward = classifier.forward(&image(golden.size), true).unwrap();
        let scale = golden.logits.iter().fold(1.0_f32, |m, v| m.max(v.abs()));
        assert!(
            largest_difference(&forward.logits, &golden.logits) < 1e-4 * scale,
            "{name}: logits"
        );
        let head = CamHead::new(&classifier, CamMethod::Grad)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(head.layer(), golden.layer);
        let tap = forward.tap.unwrap();
        let first = head.cam(&tap, golden.target).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            ([first.height, first.width], first.state),
            (golden.grid, CamState::Usable),
            "{name}"
        );
        let error = largest_difference(&first.map, &golden.cam);
        assert!(error < golden.tolerance, "{name}: {error}");
        // The second run keeps fewer values than the first, and gives the same bytes.
        assert_eq!(head.cam(&tap, golden.target).unwrap(), first, "{name}");
    }
}

/// pytorch-grad-cam's Score-CAM (`reference/scorecam.py`), at a layer of the input's own size.
#[test]
fn score_cam_agrees_with_the_package() {
    #[derive(Deserialize)]
    struct Score {
        size: [usize; 2],
        layer: String,
        logits: Vec<f32>,
        maps: Vec<Vec<f32>>,
    }
    let folder = folder().with_file_name("score-cam");
    let text = std::fs::read_to_string(folder.join("score.json")).unwrap();
    let golden: Score = serde_json::from_str(&text).unwrap();
    let classifier = open_in(&folder, "score", golden.size, Some(golden.layer.clone()));
    let input = image(golden.size);
    let forward = classifier.forward(&input, true).unwrap();
    assert!(largest_difference(&forward.logits, &golden.logits) < 1e-4);
    let tap = forward.tap.unwrap();
    let head = CamHead::new(&classifier, CamMethod::Score).unwrap();
    let targets = [0, 1, 2, 3];
    let maps = head.cams(&classifier, &input, &tap, &targets).unwrap();
    for (target, (cam, expected)) in maps.iter().zip(&golden.maps).enumerate() {
        let up = cam.upsample(golden.size[0], golden.size[1]);
        let error = largest_difference(&up, expected);
        assert!(error < 1e-4, "{target}: {error}");
    }
    assert!(largest_difference(&maps[0].map, &maps[1].map) > 0.01, "targets differ");
    assert_eq!(head.passes(&tap).unwrap(), 7);
    // One at a time is the same, and what there is not is said.
    assert_eq!(head.cams(&classifier, &input, &tap, &[2]).unwrap()[0], maps[2]);
    let error = head.cams(&classifier, &input, &tap, &[4]).unwrap_err().to_string();
    assert!(error.contains("no output 4"), "{error}");
    assert!(head.cam(&tap, 0).unwrap_err().to_string().contains("the picture"));
}

#[test]
fn the_guessed_layer_gives_the_same_map() {
    for name in GOLDEN {
        let golden = golden(name);
        let classifier = open(name, golden.size, None);
        let layer = classifier.cam_layer().unwrap_or_else(|| panic!("{name}: no guess"));
        assert!(golden.same_value.iter().any(|known| known == layer), "{name}: {layer}");
        let tap = classifier.forward(&image(golden.size), true).unwrap().tap.unwrap();
        let head = CamHead::new(&classifier, CamMethod::Grad).unwrap();
        let cam = head.cam(&tap, golden.target).unwrap();
        let error = largest_difference(&cam.map, &golden.cam);
        assert!(error < golden.tolerance, "{name}: {error}");
    }
}

#[test]
fn eigen_maps_agree_with_a_singular_value_decomposition() {
    for name in GOLDEN {
        let golden = golden(name);
        let classifier = open(name, golden.size, Some(golden.layer.clone()));
        let tap = classifier.forward(&image(golden.size), true).unwrap().tap.unwrap();
        let head = CamHead::new(&classifier, CamMethod::Eigen).unwrap();
        let cam = head.cam(&tap, 0).unwrap();
        assert_eq!(([cam.height, cam.width], cam.state), (golden.grid, CamState::Usable), "{name}");
        let error = largest_difference(&cam.map, &golden.eigen);
        assert!(error < golden.tolerance, "{name}: {error}");
        assert_eq!(head.cam(&tap, 3).unwrap(), cam, "the target plays no part");
    }
}

/// A graph that still computes shapes from the image (as exported, not folded) can be cut above them.
#[test]
fn shapes_of_the_image_need_no_image() {
    for (name, prefix) in [("vit-legacy", 1), ("deit-distilled", 2)] {
        let golden = golden(name);
        let graph = Graph::load(&folder().join(format!("{name}.onnx"))).unwrap();
        let layout = Layout::Tokens { prefix, grid: golden.grid };
        let source = graph.cut_point(&golden.layer, &["logits"]).unwrap();
        assert_ne!(source, golden.layer, "the residual goes around the norm");
        let place = CamPlace { source: &source, layer: &golden.layer, logits: "logits", layout };
        let head = CamHead::at(&graph, EngineKind::Rten, place, CamMethod::Grad).unwrap();
        let mut tapped = graph.clone();
        tapped.add_output(&source).unwrap();
        let session = EngineKind::Rten.load(&tapped, false).unwrap();
        let [height, width] = golden.size;
        let x = ArrayD::from_shape_vec(IxDyn(&[1, 3, height, width]), image(golden.size)).unwrap();
        let tap = session.run(&[("image", Value::F32(x))], &[&source]).unwrap().remove(0);
        let cam = head.cam(&tap.into_f32().unwrap(), golden.target).unwrap();
        let error = largest_difference(&cam.map, &golden.cam);
        assert!(error < golden.tolerance, "{name}: {error}");
    }
}

#[test]
fn what_can_not_be_done_is_said() {
    let golden = golden("resnet-basic");
    let classifier = open("resnet-basic", golden.size, Some(golden.layer));
    let tap = classifier.forward(&image(golden.size), true).unwrap().tap.unwrap();
    let head = CamHead::new(&classifier, CamMethod::Grad).unwrap();
    let error = head.cam(&tap, 10).unwrap_err().to_string();
    assert!(error.contains("target 10") && error.contains("[1, 10]"), "{error}");

    // The value between two branches of a block is no place to cut.
    let graph = Graph::load(&folder().join("vit-legacy.onnx")).unwrap();
    let layer = "/blocks/blocks.1/norm1/Add_1_output_0";
    let layout = Layout::Tokens { prefix: 1, grid: [4, 4] };
    let place = CamPlace { source: layer, layer, logits: "logits", layout };
    let error = CamHead::at(&graph, EngineKind::Rten, place, CamMethod::Grad).unwrap_err();
    assert!(matches!(error, ModelError::Invalid { .. }), "{error}");
}

#[test]
fn an_operator_without_a_rule_is_named_and_eigen_still_works() {
    use prost::Message;
    let path = folder().join("resnet-basic.onnx");
    let mut model =
        rightly_onnx::graph::proto::ModelProto::decode(&std::fs::read(path).unwrap()[..]).unwrap();
    let nodes = &mut model.graph.as_mut().unwrap().node;
    let place = nodes.iter().position(|node| node.op_type() == "GlobalAveragePool").unwrap();
    nodes[place].op_type = Some("GlobalLpPool".to_owned());
    nodes[place].name = Some("odd".to_owned());
    let layer = nodes[place].input[0].clone();
    let graph = Graph::from_model(model, Path::new("odd.onnx")).unwrap();
    let place = CamPlace { source: &layer, layer: &layer, logits: "logits", layout: Layout::Nchw };
    let error =
        CamHead::at(&graph, EngineKind::Rten, place, CamMethod::Grad).unwrap_err().to_string();
    assert!(
        error.contains("GlobalLpPool") && error.contains("'odd'") && error.contains("--cam eigen"),
        "{error}"
    );
    let head = CamHead::at(&graph, EngineKind::Rten, place, CamMethod::Eigen).unwrap();
    let value = ArrayD::from_shape_fn(IxDyn(&[1, 4, 3, 3]), |at| (at[1] * at[2] + at[3]) as f32);
    assert_eq!(head.cam(&value, 0).unwrap().state, CamState::Usable);
}

#[test]
fn a_tap_that_is_not_finite_is_told_apart() {
    let golden = golden("squeezenet");
    let classifier = open("squeezenet", golden.size, Some(golden.layer));
    let head = CamHead::new(&classifier, CamMethod::Grad).unwrap();
    let mut tap = classifier.forward(&image(golden.size), true).unwrap().tap.unwrap();
    tap[[0, 3, 2, 2]] = f32::NAN;
    assert_eq!(head.cam(&tap, golden.target).unwrap().state, CamState::NotFinite);
}

#[derive(Deserialize)]
struct Real {
    tolerance: f32,
    models: std::collections::BTreeMap<String, RealModel>,
}

#[derive(Deserialize)]
struct RealModel {
    size: usize,
    layer: String,
    amplitude: f64,
    offset: f64,
    grid: [usize; 2],
    maps: Vec<RealMap>,
}

#[derive(Deserialize)]
struct RealMap {
    target: usize,
    zero: bool,
    cam: Vec<f32>,
}

#[test]
fn real_models_agree_with_their_heads_in_pytorch() {
    let text = std::fs::read_to_string(folder().join("real.json")).unwrap();
    let real: Real = serde_json::from_str(&text).unwrap();
    assert_eq!(real.models.len(), 2);
    for (name, model) in real.models {
        let Some(path) = data(&format!("models/{name}.onnx")) else { return };
        // Their files declare no types for inner values: a cut has to, for engines that ask.
        for engine in EngineKind::ALL.into_iter().filter(|engine| engine.available().is_ok()) {
            let classifier = Classifier::open(&path, &Overrides::default(), engine).unwrap();
            assert_eq!(classifier.cam_layer(), Some(model.layer.as_str()));
            let x = wave(3 * model.size * model.size, model.amplitude, model.offset);
            let tap = classifier.forward(&x, true).unwrap().tap.unwrap();
            let head = CamHead::new(&classifier, CamMethod::Grad).unwrap();
            for expected in &model.maps {
                let what = format!("{name} {} on {}", expected.target, engine.name());
                let cam = head.cam(&tap, expected.target).unwrap();
                assert_eq!([cam.height, cam.width], model.grid, "{what}");
                assert_eq!(cam.state == CamState::Zero, expected.zero, "{what}");
                let error = largest_difference(&cam.map, &expected.cam);
                assert!(error < real.tolerance, "{what}: {error}");
            }
        }
    }
}

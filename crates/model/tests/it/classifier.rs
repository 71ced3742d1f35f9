//! Real models against ONNX Runtime, cards, labels, and the shapes of models that exporters write.
use crate::models::{self, Made};
use crate::support::{data, engines, wave};
use rightly_model::{Classifier, EngineKind, Overrides};
use std::path::Path;

fn open(path: &Path) -> Classifier {
    Classifier::open(path, &Overrides::default(), EngineKind::Rten).unwrap()
}

/// Largest difference as a share of the largest value.
fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0_f32, |largest, v| largest.max(v.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

#[test]
fn real_models_agree_with_onnx_runtime() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../golden/logits/logits.json")).unwrap();
    for case in golden["models"].as_array().unwrap() {
        let Some(path) = data(&format!("models/{}", case["model"].as_str().unwrap())) else {
            return;
        };
        let classifier = open(&path);
        assert!(classifier.has_labels());
        assert_eq!(classifier.outputs(), 1000);
        let [height, width] = classifier.input_size();
        let input = wave(
            3 * height * width,
            case["amplitude"].as_f64().unwrap(),
            case["offset"].as_f64().unwrap(),
        );
        let forward = classifier.forward(&input, true).unwrap();
        let expected: Vec<f32> =
            case["logits"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        let difference = relative(&forward.logits, &expected);
        assert!(difference < 1e-4, "{}: {difference}", case["model"]);
        assert_eq!(classifier.tap_tensor(), case["tap"].as_str());
        let tap = forward.tap.unwrap();
        assert_eq!(serde_json::json!(tap.shape()), case["tap_shape"]);
        let mean = tap.iter().map(|&v| f64::from(v)).sum::<f64>() / tap.len() as f64;
        let wanted = case["tap_mean"].as_f64().unwrap();
        assert!((mean - wanted).abs() < 1e-4 * wanted.abs(), "{mean} {wanted}");
        assert!(classifier.forward(&input, false).unwrap().tap.is_none());
    }
}

#[test]
fn guesses_agree_with_the_cards_of_real_models() {
    for (file, layer) in
        [("squeezenet-1.0", "f9"), ("efficientnet-lite0", "/_swish_1/Clip_output_0")]
    {
        let Some(path) = data(&format!("models/{file}.onnx")) else { return };
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("m.onnx");
        std::fs::copy(path, &copy).unwrap();
        let classifier = open(&copy);
        assert_eq!(classifier.card().cam_layer.as_deref(), Some(layer));
        assert_eq!(classifier.card().feature_layer.as_deref(), Some(layer));
        assert!(!classifier.has_labels());
        assert_eq!(classifier.labels()[7], "7");
        assert!(classifier.notes().iter().any(|note| note.contains("guessed")));
        assert_eq!(classifier.card().preprocess.output_size(), Some(classifier.input_size()));
    }
}

#[test]
fn the_same_bytes_from_any_number_of_threads() {
    let Some(path) = data("models/squeezenet-1.0.onnx") else { return };
    let classifier = open(&path);
    let inputs: Vec<Vec<f32>> = (0..4).map(|i| wave(3 * 227 * 227, 100.0, f64::from(i))).collect();
    let alone: Vec<Vec<f32>> =
        inputs.iter().map(|x| classifier.forward(x, false).unwrap().logits).collect();
    let together: Vec<Vec<f32>> = std::thread::scope(|scope| {
        let handles: Vec<_> = inputs
            .iter()
            .map(|x| scope.spawn(|| classifier.forward(x, false).unwrap().logits))
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
    // Asking for the tap changes what is fetched, not what is computed.
    assert_eq!(classifier.forward(&inputs[0], true).unwrap().logits, alone[0]);
}

#[test]
fn labels_of_another_length_are_an_error_that_names_the_shift() {
    let Some(path) = data("models/efficientnet-lite0.onnx") else { return };
    let overrides =
        Overrides { labels: data("models/imagenet_labels.txt"), ..Overrides::default() };
    let message = Classifier::open(&path, &overrides, EngineKind::Rten).unwrap_err().to_string();
    assert!(message.contains("1001 labels") && message.contains("1000 outputs"), "{message}");
    assert!(message.contains("background"), "{message}");
}

fn logits(made: Made) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, made.bytes()).unwrap();
    let classifier = open(&path);
    let [h, w] = classifier.input_size();
    classifier.forward(&wave(3 * h * w, 1.0, 0.0), false).unwrap().logits
}

fn close(a: &[f32], b: &[f32], tolerance: f32) {
    let difference = relative(a, b);
    assert!(difference <= tolerance, "{difference}: {a:?} {b:?}");
}

#[test]
fn every_way_of_writing_one_network_gives_its_logits() {
    let reference = logits(Made::default());
    for opset in [9, 11, 13, 17, 18, 20, 21] {
        close(&logits(Made { opset, ..Made::default() }), &reference, 1e-6);
        close(&logits(Made { opset, softmax: true, ..Made::default() }), &reference, 1e-6);
    }
    close(&logits(Made { log_softmax: true, ..Made::default() }), &reference, 1e-6);
    close(&logits(Made { batch: Some(1), ..Made::default() }), &reference, 1e-6);
    close(&logits(Made { bare: true, ..Made::default() }), &reference, 1e-6);
    close(&logits(Made { nhwc: true, ..Made::default() }), &reference, 1e-6);
    close(&logits(Made { shape_chain: true, ..Made::default() }), &reference, 1e-6);
    close(&logits(Made { dropout: true, ..Made::default() }), &reference, 1e-6);
    close(&logits(Made { half: true, ..Made::default() }), &reference, 2e-3);
    close(&logits(Made { function: true, ..Made::default() }), &reference, 1e-6);
    // A fixed batch of 4, flattened with the batch written into a constant.
    close(&logits(Made { batch: Some(4), ..Made::default() }), &reference, 1e-6);
    close(
        &logits(Made { batch: Some(4), fixed_reshape: true, ..Made::default() }),
        &reference,
        1e-6,
    );
}

#[test]
fn a_batch_that_cannot_be_changed_is_filled() {
    let reference = logits(Made::default());
    let made = Made { batch: Some(2), batch_bound: true, ..Made::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, made.bytes()).unwrap();
    let classifier = open(&path);
    assert!(classifier.notes().iter().any(|note| note.contains("2 times over")));
    let [h, w] = classifier.input_size();
    let forward = classifier.forward(&wave(3 * h * w, 1.0, 0.0), true).unwrap();
    close(&forward.logits, &reference, 1e-6);
    assert_eq!(forward.tap.unwrap().shape()[0], 1);
}

#[test]
fn engines_agree_on_real_models() {
    for (file, amplitude, tolerance) in
        [("models/squeezenet-1.0.onnx", 128.0, 2e-5), ("models/efficientnet-lite0.onnx", 1.0, 1e-4)]
    {
        let Some(path) = data(file) else { return };
        let logits: Vec<(EngineKind, Vec<f32>)> = engines()
            .map(|engine| {
                let classifier = Classifier::open(&path, &Overrides::default(), engine).unwrap();
                let [h, w] = classifier.input_size();
                let forward = classifier.forward(&wave(3 * h * w, amplitude, 0.0), true).unwrap();
                assert_eq!(forward.logits.len(), 1000);
                (engine, forward.logits)
            })
            .collect();
        for (engine, found) in &logits {
            let difference = relative(found, &logits[0].1);
            assert!(difference <= tolerance, "{engine}: {difference}");
        }
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, Made::default().bytes()).unwrap();
    let with = |overrides: Overrides| {
        Classifier::open(&path, &overrides, EngineKind::Rten).unwrap_err().to_string()
    };
    let message = with(Overrides { crop: Some("20".into()), ..Overrides::default() });
    assert!(message.contains("16 x 16") && message.contains("20 x 20"), "{message}");
    let message = with(Overrides { cam_layer: Some("conv".into()), ..Overrides::default() });
    assert!(message.contains("no value 'conv'"), "{message}");
    let message = with(Overrides { input: Some("image2".into()), ..Overrides::default() });
    assert!(message.contains("image: float32"), "{message}");
    let message = with(Overrides { layout: Some("chwn".into()), ..Overrides::default() });
    assert!(message.contains("expected nchw or nhwc"), "{message}");
    let classifier = open(&path);
    let message = classifier.forward(&[0.0; 5], false).unwrap_err().to_string();
    assert!(message.contains("3 x 16 x 16 = 768"), "{message}");
    let bytes = models::with_operator("NoSuchOperator");
    std::fs::write(&path, bytes).unwrap();
    let message =
        Classifier::open(&path, &Overrides::default(), EngineKind::Rten).unwrap_err().to_string();
    assert!(message.contains("NoSuchOperator") && message.contains("'strange'"), "{message}");
}

#[test]
fn several_outputs_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    let made = Made { second_output: true, ..Made::default() };
    std::fs::write(&path, made.bytes()).unwrap();
    let classifier = open(&path);
    assert_eq!(classifier.card().logits, "logits");
    assert!(classifier.notes().iter().any(|note| note.starts_with("outputs:")));
}

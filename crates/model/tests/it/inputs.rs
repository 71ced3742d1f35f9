//! Inputs and outputs of other types than single precision, against ONNX Runtime (`tests/golden/inputs/make.py`).
use crate::support::engines;
use rightly_data::Planes;
use rightly_model::{Classifier, Description, Encoder, EngineKind, ModelError, Overrides};
use std::path::{Path, PathBuf};

const SIDE: usize = 16;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/inputs").join(name)
}

fn exact() -> Overrides {
    Overrides { resize: Some(format!("exact={SIDE}x{SIDE}")), ..Overrides::default() }
}

/// Pixels as they are.
fn plain() -> Overrides {
    Overrides { scale: Some(255.0), mean: Some([0.0; 3]), std: Some([1.0; 3]), ..exact() }
}

/// The picture of the script: (37 y + 91 x + 53 c + 11 x y) mod 256, in 0..1.
fn picture() -> Planes {
    let mut data = Vec::new();
    for c in 0..3 {
        for y in 0..SIDE {
            for x in 0..SIDE {
                data.push(((37 * y + 91 * x + 53 * c + 11 * x * y) % 256) as f32 / 255.0);
            }
        }
    }
    Planes { width: SIDE, height: SIDE, data }
}

fn models() -> Vec<(String, String, bool, Vec<f32>)> {
    let text = std::fs::read_to_string(golden("outputs.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["models"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, model)| {
            let output = model["output"].as_array().unwrap().iter();
            (
                name.clone(),
                model["type"].as_str().unwrap().to_owned(),
                model["softmax"].as_bool().unwrap(),
                output.map(|value| value.as_f64().unwrap() as f32).collect(),
            )
        })
        .collect()
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all: Vec<f32> = logits.iter().map(|value| (value - most).exp()).collect();
    let sum: f32 = all.iter().sum();
    all.into_iter().map(|value| value / sum).collect()
}

#[test]
fn every_type_of_input_and_output_gives_what_onnx_runtime_gives() {
    assert_eq!(models().len(), 11);
    for (name, kind, normalised, expected) in models() {
        let whole = kind.contains("int");
        for engine in engines() {
            // Without a card the scale follows from the type; floats need to be told.
            let overrides = if whole { exact() } else { plain() };
            let file = golden(&format!("{name}.onnx"));
            let classifier = Classifier::open(&file, &overrides, engine)
                .unwrap_or_else(|error| panic!("{name}, {engine}: {error}"));
            let input = classifier.card().preprocess.normalise(&picture());
            let logits = classifier.forward(&input, true).unwrap().logits;
            let found = if normalised { softmax(&logits) } else { logits };
            // Half precision is computed in single precision here: its rounding is the difference.
            let allowed =
                if kind == "float16" || name.contains("out-float16") { 8e-3 } else { 2e-5 };
            for (found, expected) in found.iter().zip(&expected) {
                let off = (found - expected).abs() / expected.abs().max(1.0);
                assert!(off < allowed, "{name}, {engine}: {found} for {expected}");
            }
            // Features see the same.
            let encoder = Encoder::of(&classifier).unwrap();
            let again = encoder.encode(&input, false).unwrap().logits.unwrap();
            let again = if normalised { softmax(&again) } else { again };
            assert!(again.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-5), "{name}");
        }
    }
}

#[test]
fn what_was_assumed_of_whole_numbers_is_said() {
    for (name, kind, said) in [
        ("uint8", "uint8", "pixels as they are, 0..255"),
        ("int8", "int8", "pixels - 128"),
        ("int32", "int32", "pixels as they are, 0..255"),
        ("int64", "int64", "pixels as they are, 0..255"),
    ] {
        let file = golden(&format!("{name}.onnx"));
        let found = Description::read(&file, &exact(), EngineKind::Rten).unwrap();
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        assert!(found.preprocess_source.contains(said), "{}", found.preprocess_source);
        assert!(found.preprocess_source.contains(kind), "{}", found.preprocess_source);
        let rounded = format!("takes {kind}; values are rounded to whole numbers");
        assert!(found.notes.iter().any(|note| note.contains(&rounded)), "{:?}", found.notes);
        assert_eq!(found.preprocess.std, [1.0; 3]);
    }
    let float = Description::read(&golden("float16.onnx"), &exact(), EngineKind::Rten).unwrap();
    assert!(float.preprocess_source.contains("guessed"), "{}", float.preprocess_source);
}

/// Values that a type can't hold, or that would be a handful of whole numbers, are an error and no silent zeros.
#[test]
fn preprocessing_that_rounding_would_ruin_is_refused() {
    let ruined = [
        Overrides { preset: Some("imagenet".into()), ..exact() },
        Overrides { scale: Some(1.0), ..plain() },
        Overrides { mean: Some([128.0; 3]), ..plain() },
        Overrides { scale: Some(510.0), ..plain() },
    ];
    for overrides in ruined {
        let error = Classifier::open(&golden("uint8.onnx"), &overrides, EngineKind::Rten);
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains("uint8 (0 to 255)") && message.contains("scale = 255.0"),
            "{message}"
        );
    }
    // The same values are right for wider types.
    let shifted = Overrides { mean: Some([128.0; 3]), ..plain() };
    Classifier::open(&golden("int32.onnx"), &shifted, EngineKind::Rten).unwrap();
}

#[test]
fn inputs_that_take_no_pixels_are_refused() {
    use prost::Message as _;
    use rightly_onnx::graph::proto::data_type;
    for (kind, name) in [(data_type::STRING, "string"), (data_type::BOOL, "bool")] {
        let mut model = crate::models::Made::default().model();
        let input = &mut model.graph.as_mut().unwrap().input[0];
        *input = crate::models::value("image", kind, &[None, Some(3), Some(16), Some(16)]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        std::fs::write(&file, model.encode_to_vec()).unwrap();
        let error = Classifier::open(&file, &exact(), EngineKind::Rten).unwrap_err();
        assert!(matches!(error, ModelError::Invalid { .. }));
        assert!(error.to_string().contains(&format!("takes {name}, expected pixels")), "{error}");
    }
}

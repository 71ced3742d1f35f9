//! `rightly model DIR` of an image-text model.

use std::path::{Path, PathBuf};

use crate::support::{code, rightly, stderr, stdout};

fn towers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../planted/assets/towers")
}

#[test]
fn the_pair_is_described_and_its_pictures_are_scored() {
    let out = rightly().arg("model").arg(towers()).output().unwrap();
    let text = stdout(&out);
    assert_eq!(code(&out), 0, "{}", stderr(&out));
    for part in ["vision_model.onnx", "text_model.onnx", "up to 32 tokens", "48 x 48", "places"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let names = ["mug", "bucket", "vase", "car", "van", "bus", "umbrella", "mushroom"];
    let mut command = rightly();
    command.arg("model").arg(towers()).args(["--data", "planted:subgroups", "--format", "json"]);
    let out = command.args(["--try", &names.join(", ")]).output().unwrap();
    assert_eq!(code(&out), 0, "{}", stderr(&out));
    let shown: serde_json::Value = serde_json::from_str(&stdout(&out)).unwrap();
    let pictures = shown["pictures"].as_array().unwrap();
    assert_eq!(pictures.len(), 12);
    let mut right = 0;
    for picture in pictures {
        let all = picture["probabilities"].as_array().unwrap();
        let shares: Vec<f64> = all.iter().map(|p| p.as_f64().unwrap()).collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{picture}");
        let own = names.iter().position(|n| picture["class"] == *n).unwrap();
        right += usize::from(shares.iter().all(|share| shares[own] >= *share));
    }
    assert!(right >= 10, "{right} of 12: {shown}");
}

#[test]
fn what_it_can_not_do_it_says() {
    let file = towers().join("vision_model.onnx");
    for (model, more, part) in [
        (towers(), &["--try", "red,blue"][..], "--data"),
        (towers(), &["--data", "planted:null"], "--try"),
        (towers(), &["--data", "planted:null", "--try", "red"], "two or more"),
        (file, &["--try", "red,blue"], "one network"),
        (towers().join(".."), &[], "vision_model.onnx"),
    ] {
        let out = rightly().arg("model").arg(model).args(more).output().unwrap();
        assert_eq!(code(&out), 2, "{more:?}: {}", stderr(&out));
        assert!(stderr(&out).contains(part), "{part}: {}", stderr(&out));
    }
}

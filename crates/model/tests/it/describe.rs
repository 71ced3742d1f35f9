//! `rightly model FILE` on real files, classifiers and others.
use crate::support::data;
use rightly_model::{Description, EngineKind, ModelError, Overrides};

fn read(file: &str) -> Option<Result<Description, ModelError>> {
    let path = data(file)?;
    Some(Description::read(&path, &Overrides::default(), EngineKind::Rten))
}

#[test]
fn a_classifier() {
    let Some(found) = read("models/efficientnet-lite0.onnx") else { return };
    let found = found.unwrap();
    assert_eq!((found.opset, found.ir_version), (17, 8));
    assert!(found.producer.starts_with("pytorch"), "{}", found.producer);
    assert_eq!(found.inputs[0].shape.as_ref().unwrap().join(","), "batch,3,224,224");
    assert_eq!((found.classes, found.labels), (Some(1000), Some(1000)));
    assert!((4_600_000..4_700_000).contains(&found.parameters), "{}", found.parameters);
    let cam = found.cam_layer.unwrap();
    assert_eq!(
        (cam.name.as_str(), cam.shape.as_slice()),
        ("/_swish_1/Clip_output_0", &[1, 1280, 7, 7][..])
    );
    assert!(found.layers.len() > 100 && found.warnings.is_empty(), "{:?}", found.warnings);
    assert!(serde_json::to_string(&found.layers[0]).unwrap().contains("shape"));
}

#[test]
fn an_encoder_and_a_segmenter_are_described_as_far_as_it_goes() {
    let Some(found) = read("models/dinov2-small-int8w.onnx") else { return };
    let found = found.unwrap();
    assert_eq!(found.feature_layer.unwrap().shape, [1, 384]);
    let found = read("models/u2netp.onnx").unwrap().unwrap();
    assert_eq!(found.input_size, Some([320, 320]));
    assert_eq!(found.outputs.len(), 7);
    assert!(
        found.warnings.iter().any(|warning| warning.contains("7 outputs")),
        "{:?}",
        found.warnings
    );
    assert!(!found.layers.is_empty());
}

//! Real ImageNet models on real photographs, held against the independent Python reference
//! (`reference/davis_reference.json`: onnxruntime, Pillow, PyTorch).

use std::{fs, path::Path};

use rightly_audit::{
    InputOptions, Metric,
    evaluate::{EvaluateOptions, MeasureName},
    measures::noise::Level,
    metrics::{MEAN, POOLED, find},
};
use serde_json::Value;

use crate::support::{real_data, run};

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/davis_reference.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn davis(data: &Path, model: &str, table: &Path) -> InputOptions {
    let mut options = InputOptions::new(
        data.join(format!("models/{model}.onnx")),
        table.to_string_lossy().into_owned(),
    );
    options.label_map = Some(data.join("davis/label-map.csv"));
    options
}

fn options(data: &Path, measures: &[MeasureName]) -> EvaluateOptions {
    EvaluateOptions {
        measures: measures.to_vec(),
        overlays: vec![(
            "watermark".to_owned(),
            data.join("imagenet-w/imagenet_w_overlay_224.png"),
        )],
        resamples: 100,
        ..EvaluateOptions::default()
    }
}

fn value(metrics: &[Metric], metric: &str, condition: Option<&str>) -> f64 {
    find(metrics, metric, condition, POOLED).and_then(|m| m.value).unwrap()
}

/// Runs a model over DAVIS and holds the accuracies under `conditions` (ours, the reference's) against the reference; they
/// may differ by `margin` images.
fn check(
    model: &str,
    table: &Path,
    data: &Path,
    measures: &[MeasureName],
    conditions: &[(&str, &str)],
    margin: f64,
) -> Vec<Metric> {
    let out = tempfile::tempdir().unwrap();
    let record = run(davis(data, model, table), &options(data, measures), out.path()).unwrap();
    let reference = &reference()["models"][model];
    for (ours, theirs) in conditions {
        let correct = 212.0 * value(&record.metrics, "accuracy", Some(ours));
        let expected = reference["conditions"][theirs]["correct"].as_f64().unwrap();
        assert!(
            (correct - expected).abs() <= margin + 1e-6,
            "{model} {ours}: {correct} right, the reference has {expected}"
        );
    }
    let objects = &reference["objects"];
    near(&record.metrics, "object-share-crop", None, &objects["object_share_crop"], 1e-9);
    near(&record.metrics, "object-kept", None, &objects["object_kept"], 2e-3);
    record.metrics
}

fn near(
    metrics: &[Metric],
    metric: &str,
    condition: Option<&str>,
    expected: &Value,
    tolerance: f64,
) {
    let (ours, theirs) = (value(metrics, metric, condition), expected.as_f64().unwrap());
    assert!((ours - theirs).abs() <= tolerance, "{metric}: {ours} against {theirs}");
}

#[test]
fn models_on_jpegs_are_within_three_images_of_the_reference() {
    let Some(data) = real_data() else { return };
    let table = data.join("davis/dataset.csv");
    for model in ["squeezenet-1.0", "efficientnet-lite0"] {
        check(model, &table, &data, &[MeasureName::Objects], &[("none", "none")], 3.0);
    }
}

/// With the pixels that Pillow saw (`reference/png_copies.py`), accuracies agree exactly.
fn png_copies() -> Option<std::path::PathBuf> {
    let table = std::env::var_os("RIGHTLY_PNG_COPIES").map(std::path::PathBuf::from);
    let table = table.filter(|t| t.is_file());
    if table.is_none() {
        crate::support::note("skipped: RIGHTLY_PNG_COPIES names no table of PNG copies");
    }
    table
}

/// Every measure but noise.
fn check_all(model: &str) {
    let (Some(data), Some(table)) = (real_data(), png_copies()) else { return };
    let measures =
        [MeasureName::Ablation, MeasureName::Saliency, MeasureName::Objects, MeasureName::Overlay];
    let conditions = [
        ("none", "none"),
        ("gray", "gray"),
        ("gray-box", "gray-box"),
        ("overlay/watermark", "overlay"),
    ];
    let metrics = check(model, &table, &data, &measures, &conditions, 0.0);
    let cam = &reference()["models"][model]["cam"];
    near(&metrics, "cam-iou", Some("gradcam"), &cam["iou"], 1e-3);
    near(&metrics, "cam-iou-median", Some("gradcam"), &cam["iou_median"], 2e-3);
    near(&metrics, "cam-delta-density", Some("gradcam"), &cam["delta_density"], 1e-3);
    if model == "efficientnet-lite0" {
        let rise = metrics.iter().find(|m| m.metric == "logit-rise").unwrap();
        assert_eq!(rise.class.as_deref(), Some("carton"), "{rise:?}");
    }
}

#[test]
fn squeezenet_on_png_copies_agrees_exactly() {
    check_all("squeezenet-1.0");
}

#[test]
fn efficientnet_on_png_copies_agrees_exactly() {
    check_all("efficientnet-lite0");
}

/// Noise is drawn anew here, so figures agree within the spread of the draws, which the reference measured over
/// repeated sets of three trials.
#[test]
fn squeezenet_under_noise_agrees_with_the_reference_within_the_spread_of_draws() {
    let Some(data) = real_data() else { return };
    let out = tempfile::tempdir().unwrap();
    let levels = ["linf/0.25"];
    let options = EvaluateOptions {
        measures: vec![MeasureName::Noise],
        noise_levels: levels.iter().map(|l| l.parse::<Level>().unwrap()).collect(),
        resamples: 100,
        ..EvaluateOptions::default()
    };
    let inputs = davis(&data, "squeezenet-1.0", &data.join("davis/dataset.csv"));
    let record = run(inputs, &options, out.path()).unwrap();
    let reference = &reference()["models"]["squeezenet-1.0"]["noise"];
    for level in levels {
        for class in [POOLED, MEAN] {
            for (ours, theirs) in [("rfs", "rfs"), ("noise-gap", "noise_gap")] {
                let ours = find(&record.metrics, ours, Some(level), class).unwrap();
                let theirs = &reference[level][class][theirs];
                let number = |key: &str| theirs[key].as_f64().unwrap();
                // Both sides are drawn: the difference of two draws, four deviations wide.
                let spread = 4.0 * 2.0_f64.sqrt() * number("monte_carlo_sd");
                let difference = ours.value.unwrap() - number("value");
                assert!(difference.abs() <= spread, "{level} {class}: {ours:?} against {theirs}");
                assert_eq!(ours.n, 212);
            }
        }
        let control = find(&record.metrics, "rfs-control", Some(level), POOLED).unwrap();
        assert!(control.value.is_some(), "{control:?}");
    }
}

//! Guessed layers against the usual choice for each family (models and layers of `golden/cam`).
use rightly_model::{Classifier, EngineKind, Overrides};
use rightly_onnx::graph::layers::Layout;
use std::path::PathBuf;

#[test]
fn the_cam_layer_of_each_family_is_the_usual_one() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cam"));
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "onnx"))
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    let mut wrong = Vec::new();
    for path in names {
        let golden: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path.with_extension("json")).unwrap())
                .unwrap();
        let classifier = Classifier::open(&path, &Overrides::default(), EngineKind::Rten)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let usual = golden["layer"].as_str();
        let grid = [0, 1].map(|at| golden["grid"][at].as_u64().unwrap() as usize);
        let layout = match golden["layout"].as_str() {
            Some("nchw") => Layout::Nchw,
            Some("nhwc") => Layout::Nhwc,
            _ => Layout::Tokens {
                prefix: golden["layout"]["prefix"].as_u64().unwrap() as usize,
                grid,
            },
        };
        if classifier.cam_layer() != usual || classifier.cam_layout() != Some(layout) {
            wrong.push(format!(
                "{}: {:?} {:?} instead of {usual:?} {layout:?}",
                path.file_stem().unwrap().display(),
                classifier.cam_layer(),
                classifier.cam_layout()
            ));
        }
        assert_eq!(classifier.outputs(), golden["logits"].as_array().unwrap().len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

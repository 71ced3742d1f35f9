//! One process at a time, one model and dataset a run.

use rightly::RunDir;

use crate::support::{inputs, open, quick, quickstart, run};

#[test]
fn a_second_process_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let held = RunDir::new(out.path()).lock().unwrap();
    let error = RunDir::new(out.path()).lock().unwrap_err().to_string();
    assert!(error.contains("another rightly process"), "{error}");
    drop(held);
    RunDir::new(out.path()).lock().unwrap();
}

#[test]
fn a_run_of_another_model_is_refused_unless_forced() {
    let out = tempfile::tempdir().unwrap();
    run(inputs(), &quick(), out.path()).unwrap();
    let other = out.path().join("other.onnx");
    let mut bytes = std::fs::read(quickstart("model.onnx")).unwrap();
    // Another producer name of the same length: another file, the same network.
    let at = bytes.windows(7).position(|w| w == b"pytorch").unwrap();
    bytes[at..at + 7].copy_from_slice(b"pytorcH");
    std::fs::write(&other, bytes).unwrap();
    for file in ["model.toml", "labels.txt"] {
        let to = if file == "model.toml" { "other.toml" } else { file };
        std::fs::copy(quickstart(file), out.path().join(to)).unwrap();
    }
    let mut options = inputs();
    options.model = other;
    let error = run(options.clone(), &quick(), out.path()).unwrap_err().to_string();
    assert!(error.contains("another model") && error.contains("--force"), "{error}");
    let inputs = open(options).unwrap();
    inputs.claim(&RunDir::new(out.path()), true).unwrap();
    assert!(!out.path().join("metrics.json").exists(), "the old run is gone");
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let error = RunDir::open(out.path()).unwrap_err().to_string();
    assert!(error.contains("not a run directory"), "{error}");
}

#[test]
fn a_run_on_a_planted_world_is_refused_once_the_world_s_file_changed() {
    let folder = tempfile::tempdir().unwrap();
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/worlds.md");
    let text = std::fs::read_to_string(docs).unwrap();
    let world = text.split("```toml\n").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let (file, map) = (folder.path().join("posts.toml"), folder.path().join("map.csv"));
    std::fs::write(&map, "class,output\nsign,0\nflag,1\n").unwrap();
    let claim = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut options = inputs();
        options.data = format!("planted:{}", file.display());
        options.label_map = Some(map.clone());
        let inputs = open(options).unwrap();
        inputs.claim(&RunDir::new(folder.path().join("run")), false).map_err(|e| e.to_string())
    };
    claim(world).unwrap();
    claim(world).unwrap();
    // The same images by name, class and split, in another colour.
    let refused = claim(&world.replace("#c8322b", "#2bc832")).unwrap_err();
    assert!(refused.contains("other data"), "{refused}");
}

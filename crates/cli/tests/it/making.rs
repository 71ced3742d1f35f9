//! `rightly train` and `rightly demo` on small inputs.

use std::{fs, path::Path};

use crate::support::{code, quickstart, rightly, stderr, stdout};

fn train(out: &Path, more: &[&str]) -> std::process::Output {
    let mut command = rightly();
    command
        .args(["train", "--arch", "resnet8", "--size", "16", "--epochs", "2", "--quiet", "--data"]);
    command.arg(quickstart("table.csv")).arg("--out").arg(out).args(more).output().unwrap()
}

#[test]
fn a_trained_model_is_audited_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let (model, run) = (folder.path().join("model"), folder.path().join("run"));
    let output = train(&model, &["--threads", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("training loss"), "{}", stdout(&output));
    for file in ["model.onnx", "model.toml", "labels.txt", "dynamics.parquet"] {
        assert!(model.join(file).is_file(), "{file}");
    }
    // Again it is left as it is; with other options it is refused, with --force replaced.
    let before = fs::metadata(model.join("model.onnx")).unwrap().modified().unwrap();
    assert_eq!(code(&train(&model, &["--threads", "2"])), 0);
    assert_eq!(fs::metadata(model.join("model.onnx")).unwrap().modified().unwrap(), before);
    let refused = train(&model, &["--seed", "1"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("another"), "{}", stderr(&refused));
    let forced = train(&model, &["--seed", "1", "--force"]);
    assert_eq!(code(&forced), 0, "{}", stderr(&forced));

    let mut command = rightly();
    command.args(["evaluate", "--quick", "--quiet", "--model"]).arg(model.join("model.onnx"));
    command.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(&run);
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(fs::read_to_string(run.join("metrics.json")).unwrap().contains("cam-iou"));
}

#[test]
fn what_can_not_be_trained_on_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (more, expected) in [
        (&["--arch", "resnet9"][..], "resnet9"),
        (&["--schedule", "sine"], "sine"),
        (&["--size", "4"], "--size 4"),
        (&["--epochs", "0"], "epochs is 0"),
        (&["--protocol", "dim"], "--protocol"),
    ] {
        let mut command = rightly();
        command.args(["train", "--quiet", "--data"]).arg(quickstart("table.csv"));
        let output = command.arg("--out").arg(folder.path().join("m")).args(more).output().unwrap();
        assert_eq!(code(&output), 2, "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{more:?}: {}", stderr(&output));
    }
}

/// The world that docs/worlds.md shows, with fewer images.
fn world(folder: &Path) -> std::path::PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/worlds.md");
    let text = fs::read_to_string(docs).unwrap();
    let from = text.find("```toml\n").unwrap() + 8;
    let world = &text[from..from + text[from..].find("```").unwrap()];
    let path = folder.join("posts.toml");
    fs::write(&path, world.replace("train = 120", "train = 40").replace("test = 80", "test = 60"))
        .unwrap();
    path
}

#[test]
fn a_demo_leaves_what_is_promised_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (world, out) = (world(folder.path()), folder.path().join("demo"));
    let demo = |more: &[&str]| {
        let mut command = rightly();
        command.args(["demo", "--quiet", "--world"]).arg(&world).arg("--out").arg(&out).args(more);
        command.output().unwrap()
    };
    let first = demo(&[]);
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    assert!(stdout(&first).contains("of 2 planted truths found"), "{}", stdout(&first));
    for file in [
        "data/dataset.csv",
        "data/attributes.csv",
        "model/model.onnx",
        "model/model.toml",
        "model/dynamics.parquet",
        "image-text/vision_model.onnx",
        "image-text/tokenizer.json",
        "run/interpret/names.parquet",
        "run/metrics.json",
        "run/dynamics.parquet",
        "run/report.html",
        "truth.json",
        "demo.json",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let read = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(out.join(file)).unwrap()).unwrap()
    };
    let truths = read("truth.json");
    let truths = truths.as_array().unwrap();
    assert_eq!(truths.len(), 2);
    for key in ["kind", "class", "attribute", "value", "strength", "gap", "low", "high", "n", "ids"]
    {
        assert!(truths.iter().all(|t| t.get(key).is_some()), "{key}");
    }
    assert!(truths[0]["gap"].is_number() && !truths[0]["ids"].as_array().unwrap().is_empty());
    let verdict = read("demo.json");
    let count = |side: &str| verdict[side].as_array().unwrap().len();
    assert_eq!(count("found") + count("missed"), 2);
    let report = fs::read_to_string(out.join("run/report.html")).unwrap();
    assert!(report.contains("What was planted") && report.contains("yard"));
    assert!(report.contains("Training dynamics") && report.contains("training images"));

    let again = demo(&[]);
    assert_eq!((code(&again), stdout(&again)), (0, stdout(&first)));
    let other = demo(&["--seed", "1"]);
    assert_eq!(code(&other), 2);
    assert!(stderr(&other).contains("holds another demo"), "{}", stderr(&other));
    let with = demo(&["--with-attributes", "--force"]);
    assert_eq!(code(&with), 0, "{}", stderr(&with));
}

#[test]
fn a_folder_that_no_demo_made_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("data");
    fs::create_dir(&mine).unwrap();
    let mut command = rightly();
    let output = command.args(["demo", "--quiet", "--force", "--out"]).arg(folder.path()).output();
    let output = output.unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no rightly demo made"), "{}", stderr(&output));
    assert!(mine.is_dir());
}

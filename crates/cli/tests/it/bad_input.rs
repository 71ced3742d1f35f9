//! Bad input: one message that names the file and what to do, exit code 2, no panic.

use std::fs;

use crate::support::{code, evaluate, quickstart, rightly, stderr};

fn refused(command: &mut std::process::Command, words: &[&str]) {
    let output = command.output().unwrap();
    let text = stderr(&output);
    assert_eq!(code(&output), 2, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

#[test]
fn a_model_that_is_missing_empty_or_noise() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let with = |model: &std::path::Path| {
        let mut command = rightly();
        command.arg("evaluate").arg("--model").arg(model).arg("--out").arg(&run);
        command.arg("--data").arg(quickstart("table.csv"));
        command
    };
    refused(&mut with(&folder.path().join("none.onnx")), &["none.onnx"]);
    let empty = folder.path().join("empty.onnx");
    fs::write(&empty, b"").unwrap();
    refused(&mut with(&empty), &["empty.onnx"]);
    let noise = folder.path().join("noise.onnx");
    fs::write(&noise, (0..4096).map(|i| (i * 197 % 251) as u8).collect::<Vec<_>>()).unwrap();
    refused(&mut with(&noise), &["noise.onnx"]);
    refused(rightly().arg("model").arg(&noise), &["noise.onnx"]);
}

#[test]
fn data_that_is_missing_or_lacks_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let with = |data: &std::path::Path| {
        let mut command = rightly();
        command.arg("evaluate").arg("--model").arg(quickstart("model.onnx"));
        command.arg("--data").arg(data).arg("--out").arg(&run);
        command
    };
    refused(&mut with(&folder.path().join("nothing")), &["nothing"]);
    let table = folder.path().join("table.csv");
    fs::write(&table, "file,label\na.jpg,b\n").unwrap();
    refused(&mut with(&table), &["table.csv", "image", "file"]);
}

#[test]
fn a_labels_file_with_background_first() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.txt");
    fs::write(&labels, "background\ncross\nring\nstar\nwedge\n").unwrap();
    let run = folder.path().join("run");
    refused(
        &mut evaluate(&run, &["--labels", labels.to_str().unwrap()]),
        &["labels.txt", "5", "4"],
    );
}

#[test]
fn options_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    refused(&mut evaluate(&run, &["--measures", "ablation,colour"]), &["colour", "saliency"]);
    refused(&mut evaluate(&run, &["--noise-levels", "l3/1"]), &["l3/1"]);
    refused(&mut evaluate(&run, &["--overlay", "watermark"]), &["NAME=FILE"]);
    refused(&mut evaluate(&run, &["--overlay", "x=missing.png"]), &["missing.png"]);
    refused(&mut evaluate(&run, &["--cluster", "video"]), &["video", "background"]);
    refused(&mut evaluate(&run, &["--split", "holdout"]), &["holdout"]);
    refused(&mut evaluate(&run, &["--trials", "0"]), &["--trials"]);
    refused(&mut evaluate(&run, &["--cam-layer", "nowhere"]), &["nowhere"]);
    refused(&mut evaluate(&run, &["--config", "absent.toml"]), &["absent.toml"]);
    refused(rightly().args(["evaluate", "--data", "x"]), &["--model"]);
}

#[test]
fn a_folder_that_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    refused(rightly().arg("metrics").arg(folder.path()), &["not a run directory"]);
    refused(rightly().arg("report").arg(folder.path()), &["not a run directory"]);
}

#[test]
fn what_the_data_does_not_have_names_the_data() {
    let folder = tempfile::tempdir().unwrap();
    for (command, more, words) in [
        ("evaluate", ["--split", "nosuch"], "--split nosuch: no image has this split"),
        ("evaluate", ["--cluster", "nosuch"], "--cluster nosuch: the data has no such column"),
        ("rank", ["--fit-split", "nosuch"], "--fit-split nosuch: no image has this split"),
        ("discover", ["--confirm-split", "nosuch"], "--confirm-split nosuch: no image has this"),
        ("evaluate", ["--protocol", "dim"], "--protocol only fits cifar-100:"),
    ] {
        let mut call = rightly();
        call.arg(command).arg("--model").arg(quickstart("model.onnx"));
        call.arg("--data").arg(quickstart("table.csv")).args(more);
        call.arg("--out").arg(folder.path().join("run"));
        refused(&mut call, &["table.csv: ", words]);
    }
}

/// A reader that gives up on a file says so once, as an error.
#[test]
fn a_table_on_which_its_reader_gives_up() {
    let golden =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/golden/tables/damaged-levels.parquet");
    refused(rightly().arg("data").arg(golden), &["damaged-levels.parquet", "it is damaged"]);
}

#[test]
fn a_limit_that_keeps_a_model_from_running_names_its_option() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    refused(&mut evaluate(&run, &["--max-memory", "10KiB"]), &["model.onnx", "--max-memory SIZE"]);
}

#[test]
fn three_numbers_are_one_word() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let numbers = ["--mean", "0.5,0.5,0.5", "--std=0.25,0.25,0.25", "--background", "30,0,0"];
    let more = ["--measures", "objects", "--limit", "2"];
    let output = evaluate(&run, &[&numbers[..], &more[..]].concat()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = fs::read_to_string(run.join("run.toml")).unwrap();
    assert!(text.contains("0.25"), "{text}");
    refused(&mut evaluate(&run, &["--mean", "0,0"]), &["--mean"]);
}

#[test]
fn what_would_clash_or_never_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    refused(&mut evaluate(&run, &["--trials", "1000000000"]), &["--trials", "1000"]);
    let overlay = format!("w/control={}", quickstart("images/cross-000.jpg").display());
    refused(&mut evaluate(&run, &["--overlay", &overlay]), &["'w/control'", "slash"]);
}

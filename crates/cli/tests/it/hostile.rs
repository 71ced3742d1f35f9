//! Names in data and models can't steer the terminal, and no spreadsheet computes them.

use std::{fs, path::Path, process::Output};

use crate::support::{code, quickstart, rightly, stderr, stdout};

/// Clears the screen, rings, moves up, turns the direction of text, forges a line.
const HOSTILE: &str = "a\u{1b}[2J\u{7}\u{9b}1A\u{202e}b\nerror: forged";

/// Whether both streams are free of what a terminal obeys, and the name is there all the same.
fn shown(output: &Output) -> String {
    let text = format!("{}{}", stdout(output), stderr(output));
    let obeyed = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(obeyed), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("error: forged")), "{text}");
    text
}

fn copy(from: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(quickstart(from), to).unwrap();
}

#[test]
#[cfg(unix)]
fn classes_files_splits_and_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(HOSTILE);
    for (class, image) in [(HOSTILE, "cross-000"), ("ring", "ring-001")] {
        copy(&format!("images/{image}.jpg"), &data.join(class).join(format!("{HOSTILE}.jpg")));
        fs::write(data.join(class).join(format!("broken{HOSTILE}.jpg")), "no picture").unwrap();
    }
    let output = rightly().args(["data", "--read"]).arg(&data).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = shown(&output);
    assert!(text.contains("\\u{1b}[2J\\u{7}\\u{9b}1A\\u{202e}b\\nerror: forged"), "{text}");
    let output = rightly().args(["data", "--format", "json"]).arg(&data).output().unwrap();
    shown(&output);
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(value["classes"].as_array().unwrap().iter().any(|c| c == HOSTILE));
    // A class that the model does not have is an error with its name.
    let mut command = rightly();
    command.args(["evaluate", "--model"]).arg(quickstart("model.onnx")).arg("--data").arg(&data);
    let output = command.arg("--out").arg(folder.path().join("run")).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(shown(&output).contains("\\u{1b}[2J"), "{}", stderr(&output));
    // So are a folder and a flag.
    let output = rightly().arg("metrics").arg(folder.path().join("x\u{1b}[2Jy")).output().unwrap();
    assert!(shown(&output).contains("x\\u{1b}[2Jy"));
    let output = rightly().args(["metrics", "x", "--format", "\u{1b}[2J"]).output().unwrap();
    shown(&output);
    let output = rightly().args(["metrics", "x", "--\u{1b}[2J"]).output().unwrap();
    shown(&output);
    let config = folder.path().join("c.toml");
    fs::write(&config, "\"\u{202e}x\" = \"y\"\n").unwrap();
    let output = rightly().args(["evaluate", "--config"]).arg(&config).output().unwrap();
    shown(&output);
}

#[test]
fn tensors_and_labels() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    let mut bytes = fs::read(quickstart("model.onnx")).unwrap();
    let (from, to) = (b"/3/MaxPool_output_0", b"/3/Max\x1b[2J\x07\ntput_0");
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|&at| bytes[at..at + to.len()].copy_from_slice(to));
    fs::write(&model, bytes).unwrap();
    copy("model.toml", &folder.path().join("model.toml"));
    fs::write(folder.path().join("labels.txt"), "cross\u{1b}[2J\nring\u{202e}\nstar\nwedge\n")
        .unwrap();
    let output = rightly().arg("model").arg(&model).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = shown(&output);
    assert!(text.contains("/3/Max\\u{1b}[2J\\u{7}\\ntput_0"), "{text}");
    shown(&rightly().args(["model", "--format", "json"]).arg(&model).output().unwrap());
    let mut command = rightly();
    command.args(["evaluate", "--model"]).arg(&model).arg("--data").arg(quickstart("table.csv"));
    let output = command.arg("--out").arg(folder.path().join("run")).output().unwrap();
    assert_eq!(code(&output), 2);
    shown(&output);
}

#[test]
fn cells_that_a_spreadsheet_would_compute() {
    let folder = tempfile::tempdir().unwrap();
    let (run, table) = (folder.path().join("run"), folder.path().join("table.csv"));
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let at = |file: &str| quickstart(file).display().to_string();
    let mut rows: String = text.lines().next().unwrap().to_owned() + "\n";
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let class = if cells[1] == "ring" { "=1+1" } else { cells[1] };
        rows += &format!("{},{class},{},{}\n", at(cells[0]), at(cells[2]), cells[3]);
    }
    rows += "\"=HYPERLINK(\"\"http://x\"\")\",star,,dots\n@SUM(1).jpg,star,,dots\n";
    fs::write(&table, rows).unwrap();
    let map = folder.path().join("map.csv");
    fs::write(&map, "class,output\n=1+1,1\ncross,0\nstar,2\nwedge,3\n").unwrap();
    let mut command = rightly();
    command.args(["evaluate", "--quick", "--measures", "objects", "--model"]);
    command.arg(quickstart("model.onnx")).arg("--data").arg(&table).arg("--out").arg(&run);
    command.arg("--label-map").arg(&map);
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let problems = fs::read_to_string(run.join("problems.csv")).unwrap();
    assert!(
        problems.contains("\n\"'=HYPERLINK(") && problems.contains("\n'@SUM(1).jpg,"),
        "{problems}"
    );
    // What reads it back has the names.
    let report = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(report.contains("@SUM(1).jpg") && !report.contains("'@SUM(1).jpg"));

    // So has what prints figures.
    let output = rightly().args(["metrics", "--format", "csv"]).arg(&run).output().unwrap();
    let csv = stdout(&output);
    assert!(csv.contains(",'=1+1,") && !csv.contains(",=1+1,"), "{csv}");
}

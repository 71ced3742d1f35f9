//! `rightly rank` and `rightly classes`.

use std::{path::Path, process::Output};

use crate::support::{code, quickstart, real_data, rightly, stderr, stdout};

/// Label of each class of Hard ImageNet: its output and wnid.
const HARD: [(usize, &str); 15] = [
    (379, "n02492660"),
    (416, "n02777292"),
    (433, "n02807133"),
    (537, "n03218198"),
    (602, "n03535780"),
    (655, "n03770439"),
    (706, "n03899768"),
    (746, "n04019541"),
    (785, "n04162706"),
    (795, "n04228054"),
    (801, "n04251144"),
    (810, "n04264628"),
    (837, "n04356056"),
    (890, "n04540053"),
    (981, "n09835506"),
];

#[test]
fn the_votes_give_the_classes_of_hard_imagenet() {
    let Some(data) = real_data() else { return };
    let votes = data.join("salient-imagenet-votes.csv");
    let run = |at_least: &str, format: &str| {
        let mut command = rightly();
        command
            .args(["classes", "--at-least", at_least, "--format", format, "--votes"])
            .arg(&votes);
        let output = command.output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let expected: String = HARD.iter().map(|(index, wnid)| format!("{index},{wnid},5\n")).collect();
    assert_eq!(run("5", "csv").0, format!("class_index,wnid,spurious\n{expected}"));
    let (all, said) = run("1", "table");
    assert_eq!(all.lines().count(), 358);
    assert!(said.contains("357 of 1000 classes") && said.contains("(630 pairs)"), "{said}");
    let json: Vec<serde_json::Value> = serde_json::from_str(&run("5", "json").0).unwrap();
    assert_eq!((json.len(), &json[0]["class_index"]), (15, &serde_json::json!(379)));
}

/// `rightly rank` on the quickstart into `out`.
fn rank(out: &Path, more: &[&str]) -> Output {
    let mut command = rightly();
    command.args(["rank", "--quiet", "--model"]).arg(quickstart("model.onnx"));
    command.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(out).args(more);
    command.output().unwrap()
}

#[test]
fn ranking_alone_ends_in_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = rank(&out, &["--k", "10,20"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let printed = stdout(&output);
    assert!(printed.contains("gap") && printed.contains("k=20"), "{printed}");
    let report = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("Cues beside the object"));
}

#[test]
fn what_can_not_be_ranked_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, value) in [
        ("--top", "0"),
        ("--k", "0"),
        ("--votes", "nowhere.csv"),
        ("--ranks", "nowhere.pkl"),
        ("--encoder", "nowhere.onnx"),
        ("--features", "nowhere.npy"),
        ("--fit-split", "nowhere"),
    ] {
        let output = rank(&folder.path().join("bad"), &[flag, value]);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{flag}: {said}");
        let named = if value == "0" { flag } else { value };
        assert!(said.contains(named), "{flag}: {said}");
    }
}

#[test]
fn interpret_names_what_it_finds_or_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |table: &Path, out: &str| {
        let mut command = rightly();
        command.args(["interpret", "--quiet", "--model"]);
        command.arg(quickstart("model.onnx")).arg("--data").arg(table);
        command.arg("--out").arg(folder.path().join(out)).output().unwrap()
    };
    // Discovery has not run: it does, and what it finds is looked at.
    let output = run(&quickstart("table.csv"), "run");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let printed = stdout(&output);
    assert!(printed.starts_with("No words hold for any group.\n"), "{printed}: few images a class");
    for file in ["interpret/names.parquet", "discover/groups.parquet", "report.html"] {
        assert!(folder.path().join("run").join(file).is_file(), "{file}");
    }
    // A table without a word.
    let text = std::fs::read_to_string(quickstart("table.csv")).unwrap();
    let bare: String = text
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            let image = if at == 0 { cells[0].into() } else { quickstart(cells[0]) };
            format!("{},{}\n", image.display(), cells[1])
        })
        .collect();
    let table = folder.path().join("bare.csv");
    std::fs::write(&table, bare).unwrap();
    let output = run(&table, "bare");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("neither captions"), "{}", stderr(&output));
}

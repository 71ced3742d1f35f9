//! `rightly compare` as a user runs it.

use std::{fs, path::Path};

use crate::support::{code, evaluate, quickstart, rightly, stderr, stdout};

fn compare(a: &Path, b: &Path, more: &[&str]) -> std::process::Output {
    rightly().arg("compare").arg(a).arg(b).args(more).output().unwrap()
}

#[test]
fn two_runs_become_a_table_and_a_run_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "ab"].map(|name| folder.path().join(name));
    let quick = ["--quick", "--quiet", "--measures", "ablation"];
    assert_eq!(code(&evaluate(&a, &quick).output().unwrap()), 0);
    let darker = evaluate(&b, &quick).args(["--scale", "0.55"]).output().unwrap();
    assert_eq!(code(&darker), 0, "{}", stderr(&darker));

    let output = compare(&a, &b, &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("Paired: both runs are about the same 120 images"));
    let text = stdout(&output);
    let head: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head[..5], ["metric", "condition", "class", "A", "B"], "{text}");
    assert!(!text.contains("ring"), "classes are not asked for: {text}");
    let output = compare(&a, &b, &["--class", "ring", "--quiet", "--format", "csv"]);
    assert!(stderr(&output).is_empty());
    let text = stdout(&output);
    assert!(
        text.lines().skip(1).all(|line| line.starts_with("compare,") && line.contains(",ring,"))
    );
    let output = compare(&a, &b, &["--class", "bear"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("cross"), "{}", stderr(&output));

    let with = out.to_str().unwrap();
    let output = compare(&a, &b, &["--out", with, "--format", "json", "--quiet"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let rows: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(rows[0]["stage"], "compare");
    assert!(rows[0]["condition"].as_str().unwrap().starts_with("A|B/"));
    let report = fs::read(out.join("report.html")).unwrap();
    let output = rightly().arg("report").arg(&out).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(report, fs::read(out.join("report.html")).unwrap());
    let output = rightly().args(["metrics", "--condition", "A|B/none"]).arg(&out).output().unwrap();
    assert!(stdout(&output).contains("accuracy"), "{}", stdout(&output));

    // Another pair of runs is refused there, and a run is no place for its own comparison.
    let output = compare(&b, &a, &["--out", with]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(code(&compare(&b, &a, &["--out", with, "--force"])), 0);
    assert_eq!(code(&compare(&a, &b, &["--out", a.to_str().unwrap(), "--force"])), 2);
    assert!(a.join("metrics.json").is_file());
    let mut again = rightly();
    again.arg("evaluate").arg("--model").arg(quickstart("model.onnx"));
    again.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(&out);
    let output = again.output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("compares two others"), "{}", stderr(&output));
}

/// Two runs that can't be compared: no folder is left, at any depth; an empty one stays as it was.
#[test]
fn a_comparison_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    let quick = ["--quick", "--quiet", "--measures", "objects", "--limit", "2"];
    assert_eq!(code(&evaluate(&a, &quick).output().unwrap()), 0);
    fs::create_dir(&b).unwrap();
    fs::copy(a.join("run.toml"), b.join("run.toml")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for out in ["new", "new/deep/er", "empty"] {
        let out = folder.path().join(out);
        let output = compare(&a, &b, &["--out", out.to_str().unwrap()]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(!folder.path().join("new").exists(), "{}", stderr(&output));
    }
    assert_eq!(fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
}

#[test]
fn what_is_no_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = compare(folder.path(), &folder.path().join("b"), &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("not a run directory"), "{}", stderr(&output));
}

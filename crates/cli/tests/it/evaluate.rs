//! A whole run, killed and resumed, and what reads it.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use crate::support::{code, evaluate, rightly, stderr, stdout};

fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    [
        "samples.parquet",
        "predictions.parquet",
        "measures/ablation.parquet",
        "measures/noise.parquet",
        "measures/saliency.parquet",
        "measures/cam.parquet",
        "measures/objects.parquet",
        "measures/mean-mask.parquet",
        "metrics.json",
        "findings.json",
        "problems.csv",
        "verdict.json",
        "metrics.parquet",
        "images.parquet",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), fs::read(run.join(name)).unwrap()))
    .collect()
}

#[test]
fn a_run_leaves_what_is_promised_and_metrics_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let output = evaluate(&run, &["--quick", "--format", "json"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let headline: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(headline.as_array().unwrap().iter().any(|m| m["metric"] == "drop"));
    files(&run);
    for file in ["run.toml", "report.html"] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let rows: serde_json::Value =
        serde_json::from_slice(&fs::read(run.join("metrics.json")).unwrap()).unwrap();
    for key in ["stage", "metric", "condition", "class", "group", "value", "low", "high", "n"] {
        assert!(rows[0].get(key).is_some(), "{key}: {}", rows[0]);
    }

    // People get the answer of verdict.json.
    let output = evaluate(&run, &["--quick"]).output().unwrap();
    let verdict: serde_json::Value =
        serde_json::from_slice(&fs::read(run.join("verdict.json")).unwrap()).unwrap();
    let printed = stdout(&output);
    let sentence = verdict["sentence"].as_str().unwrap();
    assert!(printed.contains(&format!("\n{sentence}\n")), "{printed}");
    let box_gray = &verdict["figures"][1];
    let row = |m: &&serde_json::Value| {
        m["metric"] == "accuracy" && m["condition"] == "gray-box" && m["class"] == "*"
    };
    let row = rows.as_array().unwrap().iter().find(row).unwrap();
    assert_eq!((&box_gray["value"], &box_gray["low"]), (&row["value"], &row["low"]));
    assert!(printed.contains("  the object's box gray"), "{printed}");
    assert!(printed.ends_with(&format!("  report    {}\n", run.join("report.html").display())));

    let output = rightly()
        .args(["metrics", "--metric", "rfs", "--class", "mean", "--format", "csv"])
        .arg(&run)
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let mut lines = text.lines();
    let head = "stage,metric,condition,class,group,value,low,high,n,clusters,p,q";
    assert_eq!(lines.next(), Some(head));
    assert!(lines.next().unwrap().starts_with("evaluate,rfs,linf/0.25,mean,,"), "{text}");

    let output = rightly().args(["metrics", "--metric", "nonsense"]).arg(&run).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("cam-iou"), "{}", stderr(&output));

    fs::remove_file(run.join("report.html")).unwrap();
    let output = rightly().arg("report").arg(&run).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(run.join("report.html").is_file());
}

#[test]
fn killed_at_any_moment_and_started_again_the_tables_have_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let flags = ["--noise-levels", "linf/0.25", "--trials", "2", "--threads", "2"];
    let output = evaluate(&whole, &flags).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for wait in [50, 200, 500, 900, 1500] {
        let mut child = evaluate(&broken, &flags).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = evaluate(&broken, &flags).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let (whole, broken) = (files(&whole), files(&broken));
    for (name, bytes) in &whole {
        assert!(broken[name] == *bytes, "{name} differs");
    }
}

#[test]
fn a_second_process_on_the_same_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut first = evaluate(&run, &["--trials", "60"]).spawn().unwrap();
    // The first process holds the lock from the moment run.toml exists.
    for _ in 0..600 {
        if run.join("run.toml").is_file() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let second = evaluate(&run, &["--quick"]).output().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(code(&second), 2, "{}", stderr(&second));
    assert!(stderr(&second).contains("another rightly process"), "{}", stderr(&second));
}

#[test]
fn flags_can_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("audit.toml");
    fs::write(&config, "quick = true\nmeasures = [\"objects\"]\nformat = \"csv\"\n").unwrap();
    let run = folder.path().join("run");
    let output =
        evaluate(&run, &["--config", config.to_str().unwrap(), "--quiet"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("stage,metric,"), "{}", stdout(&output));
    assert!(!run.join("measures/noise.parquet").exists());
    assert_eq!(stderr(&output), "", "--quiet");
}

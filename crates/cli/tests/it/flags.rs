//! Flags that a command does not use, that contradict each other or do nothing: refused by name before anything runs.

use std::fs;

use crate::support::{code, quickstart, rightly, stderr};

/// A stage on the quickstart with more flags: it ends with exit code 2, says all of `words` and leaves nothing.
fn refused(command: &str, more: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut call = rightly();
    call.arg(command);
    match command {
        "data" => _ = call.arg(quickstart("table.csv")),
        "train" => _ = call.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(&out),
        _ => {
            call.arg("--model").arg(quickstart("model.onnx"));
            call.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(&out);
        }
    }
    let output = call.args(more).output().unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{command} {more:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{command} {more:?}: '{word}' is not in: {said}");
    }
    assert!(!out.exists(), "{command} {more:?} left {}", out.display());
}

#[test]
fn a_flag_of_another_stage() {
    let votes = ["--repair", "dfr", "--votes", "nosuch.csv"];
    refused("evaluate", &votes, &["--repair", "'audit' and 'mitigate'"]);
    for (command, more, takers) in [
        ("evaluate", ["--votes", "x.csv"], "'rank'"),
        ("evaluate", ["--method", "dim"], "'discover'"),
        ("evaluate", ["--encoder", "x.onnx"], "'rank'"),
        ("evaluate", ["--k", "10"], "'rank'"),
        ("evaluate", ["--pool", "x"], "'mitigate'"),
        ("evaluate", ["--epochs", "3"], "'train'"),
        ("rank", ["--trials", "3"], "'evaluate'"),
        ("rank", ["--cam", "grad"], "'evaluate'"),
        ("rank", ["--dynamics", "x"], "'discover'"),
        ("rank", ["--components", "4"], "'discover'"),
        ("discover", ["--measures", "noise"], "'evaluate'"),
        ("discover", ["--top", "5"], "'rank'"),
        ("discover", ["--image-text", "x"], "'interpret'"),
        ("interpret", ["--max-cost", "0"], "'mitigate'"),
        ("interpret", ["--overlay", "a=b.png"], "'evaluate'"),
        ("mitigate", ["--phrases", "x"], "'interpret'"),
        ("mitigate", ["--noise-levels", "l2/60"], "'evaluate'"),
        ("train", ["--label-map", "x"], "'evaluate'"),
        ("data", ["--mask-sampling", "paper"], "'evaluate'"),
    ] {
        let flag = more[0];
        refused(command, &more, &[&format!("{flag} is no flag of 'rightly {command}'"), takers]);
    }
}

#[test]
fn a_flag_that_does_nothing_or_contradicts() {
    for (command, more, words) in [
        ("evaluate", &["--measures", "ablation", "--noise-levels", "l2/60"][..], "--noise-levels"),
        ("evaluate", &["--measures", "noise", "--cam", "eigen"], "--cam has no effect"),
        ("evaluate", &["--measures", "overlay"], "--overlay NAME=FILE"),
        ("evaluate", &["--threads", "0"], "--threads"),
        ("evaluate", &["--limit", "0"], "--limit"),
        ("rank", &["--features", "table.csv", "--encoder", "m.onnx"], "--encoder"),
        ("discover", &["--components", "3"], "--components has no effect"),
        ("discover", &["--method", "slices", "--components", "3"], "--components has no effect"),
        ("mitigate", &["--pool-labels", "predicted"], "there is no --pool"),
        ("mitigate", &["--repair", "dim", "--budget", "10"], "--budget has no effect"),
        (
            "mitigate",
            &["--repair", "dim", "--domain-heads", "copies"],
            "--domain-heads has no effect",
        ),
        ("mitigate", &["--groups", "background", "--method", "dim"], "--method has no effect"),
        ("mitigate", &["--groups", "kmeans", "--method", "dim"], "does not find them"),
        ("train", &["--optimizer", "adamw", "--momentum", "0.5"], "--momentum has no effect"),
        ("data", &["--max-pixels", "5"], "--max-pixels has no effect"),
    ] {
        refused(command, more, &[words]);
    }
}

#[test]
fn a_file_that_is_not_there() {
    for (command, flag) in [
        ("evaluate", "--labels"),
        ("evaluate", "--card"),
        ("evaluate", "--masks"),
        ("evaluate", "--label-map"),
        ("evaluate", "--dynamics"),
        ("audit", "--votes"),
        ("audit", "--encoder"),
        ("audit", "--features"),
        ("audit", "--phrases"),
        ("interpret", "--image-text"),
        ("interpret", "--captioner"),
        ("train", "--init"),
        ("train", "--jtt"),
        ("train", "--groups"),
        ("data", "--masks"),
    ] {
        let image_text = quickstart("images");
        let mut more = vec![flag, "no-such-file"];
        if flag == "--phrases" {
            more.extend(["--image-text", image_text.to_str().unwrap()]);
        }
        refused(command, &more, &[flag, "no-such-file"]);
    }
    refused("mitigate", &["--groups", "no/such.csv"], &["--groups no/such.csv"]);
    refused("audit", &["--groups", "such.parquet"], &["--groups such.parquet"]);
    refused("evaluate", &["--overlay", "x=no-such.png"], &["--overlay", "no-such.png"]);
}

#[test]
fn keys_of_a_file_are_flags_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.toml");
    let config = ["--config", file.to_str().unwrap()];
    for (text, words) in [
        ("votes = 'x.csv'\n", &["audit.toml", "'votes'", "'rank'"][..]),
        ("repair = ['dfr']\n", &["audit.toml", "'repair'", "'mitigate'"]),
        ("qick = true\n", &["audit.toml", "'qick'", "nor of any other"]),
        ("votes = false\n", &["audit.toml", "'votes'"]),
        ("measures = ['ablation']\ntrials = 3\n", &["--trials has no effect"]),
        ("seed = \n", &["audit.toml", "line 1"]),
    ] {
        fs::write(&file, text).unwrap();
        refused("evaluate", &config, words);
    }
    // A flag that takes true or false gets what stands in the file.
    fs::write(&file, "softmax = false\n").unwrap();
    let output =
        rightly().arg("model").arg(quickstart("model.onnx")).args(config).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--config is no flag of 'rightly model'"));
}

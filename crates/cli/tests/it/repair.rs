//! `rightly mitigate`, and what its files are for.

use std::{fs, path::Path};

use crate::support::{code, quickstart, rightly, stderr, stdout};

fn mitigate(run: &Path, more: &[&str]) -> std::process::Output {
    let mut command = rightly();
    command.args(["mitigate", "--quiet", "--controls", "1", "--model"]);
    command.arg(quickstart("model.onnx")).arg("--data").arg(quickstart("table.csv"));
    command.arg("--out").arg(run).args(more).output().unwrap()
}

#[test]
fn a_repaired_model_is_evaluated_and_its_groups_train_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let output = mitigate(&run, &["--groups", "background", "--repair", "group-dro"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("worst-group-accuracy") && text.contains("after/group-dro"), "{text}");
    assert!(fs::read_to_string(run.join("report.html")).unwrap().contains("id=\"repair\""));

    let mut command = rightly();
    command.args(["evaluate", "--quick", "--quiet", "--measures", "ablation", "--model"]);
    command.arg(run.join("mitigate/group-dro/repaired.onnx"));
    command.arg("--data").arg(quickstart("table.csv"));
    let output = command.arg("--out").arg(folder.path().join("again")).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));

    let groups = run.join("mitigate/groups.parquet");
    let groups = groups.to_str().unwrap();
    let first = folder.path().join("dim");
    let train = |more: &[&str], out: &str| {
        let mut command = rightly();
        command.args(["train", "--arch", "resnet8", "--size", "16", "--epochs", "1", "--quiet"]);
        command
            .arg("--data")
            .arg(quickstart("table.csv"))
            .arg("--out")
            .arg(folder.path().join(out));
        command.args(more).output().unwrap()
    };
    let from = first.to_str().unwrap();
    for (more, out) in [
        (&["--groups", groups][..], "dim"),
        (&["--groups", groups, "--group-method", "rwg-soft"], "rwg-soft"),
        (&["--groups", groups, "--group-method", "di-soft", "--init", from], "di-soft"),
        (&["--jtt", from, "--jtt-epoch", "0"], "jtt"),
    ] {
        let output = train(more, out);
        assert_eq!(code(&output), 0, "{more:?}: {}", stderr(&output));
    }
    for (more, expected) in [
        (
            &["--groups", groups, "--group-method", "magic"][..],
            "there are dim, group-dro, rwg-soft",
        ),
        (&["--jtt", from, "--jtt-epoch", "7"], "has the epochs 0 to 0"),
        (&["--init", "nowhere"], "--init nowhere"),
    ] {
        let output = train(more, "refused");
        assert_eq!(code(&output), 2, "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{more:?}: {}", stderr(&output));
    }
}

/// Which of two groups is meant is not for the tool to guess; the same group twice is one.
#[test]
fn an_image_of_a_groups_file_has_one_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("groups.csv");
    let table = fs::read_to_string(quickstart("table.csv")).unwrap();
    let rows: Vec<String> = table
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{}", cells[0], cells[3])
        })
        .collect();
    let own = rows[0].split_once(',').unwrap();
    for (more, refused) in [(rows[0].clone(), false), (format!("{},other", own.0), true)] {
        fs::write(&file, format!("id,group\n{}\n{more}\n", rows.join("\n"))).unwrap();
        let out = folder.path().join(if refused { "refused" } else { "run" });
        let more = ["--groups", file.to_str().unwrap(), "--repair", "group-dro"];
        let output = mitigate(&out, &more);
        let said = stderr(&output);
        assert_eq!(code(&output), if refused { 2 } else { 0 }, "{said}");
        let expected =
            format!("groups.csv: '{}' is in the groups '{}' and 'other'; give one", own.0, own.1);
        assert!(!refused || said.contains(&expected), "{said}");
    }
}

#[test]
fn a_pool_needs_something_that_looks_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = rightly();
    command.args(["interpret", "--quiet", "--pool"]).arg(quickstart("images")).arg("--model");
    command.arg(quickstart("model.onnx")).arg("--data").arg(quickstart("table.csv"));
    let output = command.arg("--out").arg(folder.path().join("run")).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("give --image-text"), "{}", stderr(&output));
}

#[test]
fn what_can_not_be_repaired_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (more, expected) in [
        (&["--repair", "magic"][..], "'magic' is no way to repair; there are dim"),
        (&["--max-cost", "2"], "--max-cost 2"),
        (&["--budget", "0"], "--budget 0"),
        (&["--groups", "weather"], "--groups weather"),
        (&["--groups", "background", "--repair", "intervention"], "--pool DATA"),
        (&["--groups", "background", "--pool", "nowhere"], "nowhere"),
    ] {
        let output = mitigate(&folder.path().join("run"), more);
        assert_eq!(code(&output), 2, "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{more:?}: {}", stderr(&output));
    }
}

//! What is not ours is never written among, replaced or removed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{code, evaluate, quickstart, rightly, stderr};

/// Every file below a folder with its bytes, every folder with none; links are not followed.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            out.extend(tree(&path));
            out.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            out.insert(path, Some(bytes));
        }
    }
    out
}

/// Every command that writes a folder, on data that it could use.
fn writers(data: &Path, out: &Path) -> Vec<Command> {
    let mut all = Vec::new();
    for stage in ["audit", "evaluate", "rank", "discover", "interpret", "mitigate"] {
        let mut command = rightly();
        command.args([stage, "--model"]).arg(quickstart("model.onnx"));
        command.arg("--data").arg(data).arg("--out").arg(out);
        all.push(command);
    }
    let mut train = rightly();
    train.args(["train", "--epochs", "1", "--data"]).arg(data).arg("--out").arg(out);
    let mut reproduce = rightly();
    reproduce.args(["reproduce", "dim-cifar100", "--encoder"]).arg(quickstart("model.onnx"));
    reproduce.arg("--data").arg(data).arg("--out").arg(out);
    all.extend([train, reproduce]);
    all
}

fn refused(mut command: Command, expected: &str) {
    let output = command.output().unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{command:?}: {said}");
    assert!(said.contains(expected), "'{expected}' is not in: {said} ({command:?})");
}

#[test]
fn a_folder_of_somebody_else_is_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let theirs: [(&str, &[(&str, &str)]); 8] = [
        ("photos", &[("cat/1.jpg", "a"), ("dog/2.jpg", "b")]),
        ("hidden", &[(".config", "x")]),
        ("hydra", &[("run.toml", "[run]\nname = 'x'\n"), ("features/mine.npy", "x")]),
        ("version", &[("run.toml", "version = '1'\n"), ("measures/mine.csv", "x")]),
        ("json", &[("train.json", "{\"loss\": 1}"), ("model.onnx", "mine")]),
        ("work", &[(".work/mine.txt", "x")]),
        ("demo", &[(".demo", "my demo"), ("data/mine.csv", "x")]),
        ("named", &[("data/mine.csv", "x"), ("model/mine.onnx", "x")]),
    ];
    for (name, files) in theirs {
        let out = folder.path().join(name);
        for (file, text) in files {
            fs::create_dir_all(out.join(file).parent().unwrap()).unwrap();
            fs::write(out.join(file), text).unwrap();
        }
        let before = tree(&out);
        let mut commands = writers(&quickstart("table.csv"), &out);
        let mut demo = rightly();
        demo.args(["demo", "--out"]).arg(&out);
        commands.push(demo);
        for mut command in commands {
            if !format!("{command:?}").contains("reproduce") {
                command.arg("--force");
            }
            refused(command, "made this folder");
        }
        assert!(tree(&out) == before, "{name}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    writers(&quickstart("table.csv"), &file).into_iter().for_each(|c| refused(c, "file"));
}

/// Class folders with a few pictures.
fn class_folders(data: &Path) {
    for class in ["cross", "ring", "star", "wedge"] {
        fs::create_dir_all(data.join(class)).unwrap();
        let first = ["cross-000", "ring-001", "star-002", "wedge-003"];
        let image = first.iter().find(|name| name.starts_with(class)).unwrap();
        let file = format!("{image}.jpg");
        fs::copy(quickstart("images").join(&file), data.join(class).join(&file)).unwrap();
    }
}

#[test]
#[cfg(unix)]
fn nothing_is_written_inside_data_on_any_way_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("photos");
    class_folders(&data);
    fs::create_dir(data.join("empty")).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&data, &link).unwrap();
    let inner = folder.path().join("inner");
    std::os::unix::fs::symlink(data.join("empty"), &inner).unwrap();
    let dangling = folder.path().join("dangling");
    std::os::unix::fs::symlink(data.join("nowhere"), &dangling).unwrap();
    let before = tree(folder.path());
    for (data, out, expected) in [
        (&data, data.join("run"), "inside the data"),
        (&data, data.join("a/b/c"), "inside the data"),
        (&data, data.join("empty"), "inside the data"),
        (&data, data.clone(), "inside the data"),
        (&data, link.join("run"), "inside the data"),
        (&link, data.join("run"), "inside the data"),
        (&data, inner.clone(), "inside the data"),
        (&data, inner.join("run"), "inside the data"),
        // The system takes the parent of what the link leads to.
        (&data, inner.join("../run"), "inside the data"),
        (&data, folder.path().join("new/../photos/run"), "'..' behind a folder"),
        (&data, dangling.clone(), "link to nothing"),
    ] {
        for command in writers(data, &out) {
            refused(command, expected);
        }
    }
    assert!(tree(folder.path()) == before);
    // Beside it, and where the way leads out again, is fine.
    for out in [folder.path().join("run"), data.join("../second")] {
        let mut command = rightly();
        command.args(["evaluate", "--quick", "--quiet", "--measures", "objects", "--model"]);
        command.arg(quickstart("model.onnx")).arg("--data").arg(&data).arg("--out").arg(&out);
        let output = command.output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
}

#[test]
fn pictures_of_a_table_are_data_and_the_folder_beside_the_table_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("set");
    class_folders(&data.join("pictures"));
    let rows: String = ["cross-000", "ring-001", "star-002", "wedge-003"]
        .iter()
        .map(|name| {
            let class = name.split('-').next().unwrap();
            format!("pictures/{class}/{name}.jpg,{class}\n")
        })
        .collect();
    fs::write(data.join("table.csv"), format!("image,class\n{rows}")).unwrap();
    let run = |out: &str| {
        let mut command = rightly();
        command.args(["evaluate", "--quick", "--quiet", "--measures", "objects", "--model"]);
        command.arg(quickstart("model.onnx")).arg("--data").arg(data.join("table.csv"));
        command.arg("--out").arg(data.join(out));
        command
    };
    refused(run("pictures/ring/run"), "inside the pictures in");
    assert!(!data.join("pictures/ring/run").exists());
    let output = run("run").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn force_clears_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let quick = ["--quick", "--quiet", "--measures", "objects"];
    let output = evaluate(&run, &quick).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for (from, to) in
        [("model.onnx", "model.onnx"), ("model.toml", "model.toml"), ("labels.txt", "labels.txt")]
    {
        fs::copy(quickstart(from), run.join(to)).unwrap();
    }
    class_folders(&run.join("photos"));
    let before = tree(&run);
    let with = |model: &Path, data: &Path| {
        let mut command = rightly();
        command.args(["evaluate", "--force", "--model"]).arg(model).arg("--data").arg(data);
        command.args(quick).arg("--out").arg(&run);
        command
    };
    refused(with(&run.join("model.onnx"), &quickstart("table.csv")), "would remove the model");
    refused(with(&quickstart("model.onnx"), &run.join("photos")), "would remove the data");
    let mut labels = with(&quickstart("model.onnx"), &quickstart("table.csv"));
    labels.arg("--labels").arg(run.join("labels.txt"));
    refused(labels, "would remove --labels");
    // What a pattern, an overlay and a list of groups name is read as well.
    fs::create_dir(run.join("ckpt")).unwrap();
    for name in ["epoch-1.onnx", "epoch-2.onnx"] {
        fs::copy(quickstart("model.onnx"), run.join("ckpt").join(name)).unwrap();
    }
    fs::write(run.join("groups.csv"), "id,group\n").unwrap();
    let before_more = tree(&run);
    let audit = |flags: &[&str]| {
        let mut command = rightly();
        command.arg("audit").arg("--force").arg("--model").arg(quickstart("model.onnx"));
        command.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(&run).args(flags);
        command
    };
    let at = |name: &str| run.join(name).to_str().unwrap().to_owned();
    refused(audit(&["--checkpoints", &at("ckpt/*.onnx")]), "would remove --checkpoints");
    refused(
        audit(&["--overlay", &format!("cue={}", at("photos/ring/ring-001.jpg"))]),
        "would remove --overlay",
    );
    let mut mitigate = rightly();
    mitigate.args(["mitigate", "--force", "--model"]).arg(quickstart("model.onnx"));
    mitigate.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(&run);
    mitigate.args(["--groups", &at("groups.csv")]);
    refused(mitigate, "would remove --groups");
    // A pattern that goes into every folder would read what is written there.
    for (pattern, out, expected) in [
        ("**/epoch-*.onnx", "ckpt/new", "inside --checkpoints"),
        ("ckpt/*.onnx", "ckpt", "made this folder"),
    ] {
        let mut command = rightly();
        command.args(["discover", "--model"]).arg(quickstart("model.onnx"));
        command.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(run.join(out));
        command.args(["--checkpoints", &at(pattern)]);
        refused(command, expected);
    }
    assert!(tree(&run) == before_more);
    fs::remove_dir_all(run.join("ckpt")).unwrap();
    fs::remove_file(run.join("groups.csv")).unwrap();
    assert!(tree(&run) == before);
    // What people put beside a run stays when the run is replaced.
    let photos = folder.path().join("photos");
    class_folders(&photos);
    let output = with(&quickstart("model.onnx"), &photos).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for file in ["model.onnx", "photos/ring/ring-001.jpg"] {
        assert!(run.join(file).is_file(), "{file}");
    }
}

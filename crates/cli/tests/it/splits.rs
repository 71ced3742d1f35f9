//! Folders of splits from the command line: none is ever trained on as a class.

use std::{fs, path::Path};

use crate::support::{code, quickstart, rightly, stderr, stdout};

/// Two pictures in each of these folders.
fn folders(root: &Path, names: &[&str]) {
    let pictures: Vec<_> =
        fs::read_dir(quickstart("images")).unwrap().map(|e| e.unwrap().path()).collect();
    for (at, name) in names.iter().enumerate() {
        fs::create_dir_all(root.join(name)).unwrap();
        for (i, picture) in pictures.iter().cycle().skip(2 * at).take(2).enumerate() {
            fs::copy(picture, root.join(name).join(format!("{i}.jpg"))).unwrap();
        }
    }
}

fn train(data: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let mut command = rightly();
    command
        .args(["train", "--arch", "resnet8", "--size", "8", "--epochs", "1", "--quiet", "--data"]);
    command.arg(data).arg("--out").arg(out).args(more).output().unwrap()
}

#[test]
fn a_folder_of_unlabelled_images_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("d");
    folders(&root, &["train/cat", "train/dog", "test"]);
    let output = rightly().arg("data").arg(&root).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("cat") && said.contains("dog"), "{said}");
    assert!(said.contains("without class folders"), "{said}");
    let output = train(&root, &folder.path().join("m"), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let labels = fs::read_to_string(folder.path().join("m/labels.txt")).unwrap();
    assert_eq!(labels.lines().collect::<Vec<_>>(), ["cat", "dog"]);
}

#[test]
fn training_against_a_split_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    folders(&at("flat"), &["train", "test"]);
    folders(&at("two-ways"), &["cat", "dog", "test"]);
    folders(&at("one"), &["cat"]);
    let mut table = String::from("image,class\n");
    for (class, name) in
        [("train", "train/0.jpg"), ("train", "train/1.jpg"), ("test", "test/0.jpg")]
    {
        table += &format!("flat/{name},{class}\n");
    }
    fs::write(at("t.csv"), table).unwrap();
    for (name, part) in [
        ("flat", "no image has a class"),
        ("two-ways", "with --splits on"),
        ("one", "the only class is 'cat'"),
        ("t.csv", "called as splits"),
    ] {
        let output = train(&at(name), &at("m"), &[]);
        assert_eq!(code(&output), 2, "{name}: {}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(part) && said.contains(name), "{name}: {said}");
        assert!(!at("m").exists(), "{name}");
    }
    for (splits, labels) in [("on", &["cat", "dog"][..]), ("off", &["cat", "dog", "test"])] {
        let out = at(splits);
        let output = train(&at("two-ways"), &out, &["--splits", splits]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = fs::read_to_string(out.join("labels.txt")).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), labels);
    }
}

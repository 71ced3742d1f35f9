//! Files that are no files, and tables without end.
use crate::dataset_tree::{Tree, problems};
use rightly_data::dataset::{OpenOptions, TextTable};
use std::{fs::File, io::Write as _, path::Path};

#[cfg(unix)]
fn fifo(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn special_files_are_refused_by_name() {
    let tree = Tree::new();
    tree.images(["d/a/1.jpg", "d/a/2.jpg", "d/b/1.jpg", "d/b/2.jpg"]);
    fifo(&tree.path("d/a/3.jpg"));
    fifo(&tree.path("d/a/unknown"));
    std::os::unix::fs::symlink("/dev/zero", tree.path("d/b/3.jpg")).unwrap();
    let data = tree.open("d");
    assert_eq!(data.samples.len(), 4);
    let found = problems(&data);
    for name in ["a/3.jpg", "a/unknown", "b/3.jpg"] {
        let expected =
            format!("{name}: is a special file (a FIFO, socket or device), no picture -> left out");
        assert!(found.contains(&expected), "{found:?}");
    }
    // As a table, as an image of a table, as a table of votes.
    for ending in ["csv", "tsv", "jsonl", "parquet"] {
        let name = format!("t.{ending}");
        fifo(&tree.path(&name));
        let said = tree.error(&name, &OpenOptions::default());
        assert!(said.contains("is a FIFO") && said.contains(&name), "{said}");
        let said = TextTable::read(&tree.path(&name)).unwrap_err().to_string();
        assert!(said.contains("is a FIFO") && said.contains(&name), "{said}");
    }
    tree.write("ok.csv", "image,class\nd/a/3.jpg,x\nd/a/1.jpg,x\n");
    let data = tree.open("ok.csv");
    let said = data.samples[0].image.load(&Default::default()).unwrap_err().to_string();
    assert!(said.contains("is a FIFO") && said.contains("a/3.jpg"), "{said}");
}

fn refused(path: &Path, part: &str) {
    let said = TextTable::read(path).unwrap_err().to_string();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(said.contains(part) && said.contains(name), "{said}");
}

#[test]
fn text_tables_without_end_are_refused() {
    let tree = Tree::new();
    let wide: Vec<String> = (0..1_000_000).map(|i| format!("c{i}")).collect();
    tree.write("wide.csv", wide.join(","));
    refused(&tree.path("wide.csv"), "1000000 columns, the limit is 65536");
    // Of a line without end no more than the bound is read.
    for name in ["line.csv", "line.jsonl"] {
        let mut file = File::create(tree.path(name)).unwrap();
        file.write_all(b"image,class\n\"a").unwrap();
        file.set_len(200 << 30).unwrap();
    }
    refused(&tree.path("line.csv"), "line 2: a row of more than 64 MiB");
    tree.write("head.jsonl", "{\"image\": \"a\"}\n");
    let mut file = File::options().append(true).open(tree.path("head.jsonl")).unwrap();
    file.write_all(b"{\"image\": \"").unwrap();
    file.set_len(200 << 30).unwrap();
    refused(&tree.path("head.jsonl"), "line 2: a row of more than 64 MiB");
    let mut keys = String::from("{");
    keys.extend((0..70_000).map(|i| format!("\"k{i}\":1,")));
    tree.write("keys.jsonl", keys + "\"image\":\"a\"}\n");
    refused(&tree.path("keys.jsonl"), "columns, the limit is 65536");
    let deep = format!("{{\"image\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    tree.write("deep.jsonl", deep);
    refused(&tree.path("deep.jsonl"), "line 1: recursion limit");
    tree.write(
        "twice.jsonl",
        "{\"image\":\"a\",\"class\":\"x\"}\n{\"image\":\"b\",\"class\":\"x\",\"class\":\"y\"}\n",
    );
    refused(&tree.path("twice.jsonl"), "line 2 has the key 'class' twice");
    tree.write("list.jsonl", "[1]\n");
    refused(&tree.path("list.jsonl"), "line 1 is no JSON object");
}

#[test]
fn an_endless_file_that_is_no_array_is_refused_at_once() {
    let tree = Tree::new();
    File::create(tree.path("zeros.npy")).unwrap().set_len(200 << 30).unwrap();
    let said = rightly_data::npy::Matrix::read(&tree.path("zeros.npy")).unwrap_err().to_string();
    assert!(said.contains("zeros.npy: not a .npy file"), "{said}");
}

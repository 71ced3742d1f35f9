//! Training dynamics from tables and from checkpoints.

use std::{fmt::Write, fs, sync::atomic::AtomicBool};

use rightly::dynamics::{expand, measure, read};
use rightly_data::table::{Columns, write};

use crate::support::{inputs, open, quickstart};

#[test]
fn rows_are_matched_by_id_or_path_whatever_their_order() {
    let inputs = open(inputs()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<&str> = inputs.dataset.samples.iter().take(4).map(|s| s.id.as_str()).collect();
    let mut by_id = "epoch,id,loss,other\n".to_owned();
    let mut by_path = "image,loss,epoch\n".to_owned();
    for epoch in [3, 1] {
        for (at, id) in ids.iter().enumerate().rev() {
            writeln!(by_id, "{epoch},{id},{}.5,x", 10 * epoch + at).unwrap();
            let path = quickstart(id);
            writeln!(by_path, "{},{}.5,{epoch}", path.display(), 10 * epoch + at).unwrap();
        }
    }
    writeln!(by_id, "1,a stranger,1.0,x").unwrap();
    fs::write(folder.path().join("id.csv"), by_id).unwrap();
    fs::write(folder.path().join("path.csv"), by_path).unwrap();
    let first = read(&folder.path().join("id.csv"), &inputs.dataset).unwrap();
    let second = read(&folder.path().join("path.csv"), &inputs.dataset).unwrap();
    assert_eq!(first, second);
    assert_eq!((first.epochs(), first.len()), (&[1, 3][..], 4));
    assert_eq!(first.losses(ids[2]), Some(&[12.5, 32.5][..]));
    let copy = folder.path().join("copy.parquet");
    first.write(&copy).unwrap();
    assert_eq!(read(&copy, &inputs.dataset).unwrap(), first);
}

#[test]
fn incomplete_images_are_named_and_left_out() {
    let inputs = open(inputs()).unwrap();
    let ids: Vec<&str> = inputs.dataset.samples.iter().take(3).map(|s| s.id.as_str()).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    let batch = Columns::new()
        .utf8("id", [ids[0], ids[0], ids[1], ids[2], ids[2]])
        .i64("epoch", [0, 1, 0, 0, 1])
        .f64("loss", [1.0, 0.5, 1.0, 1.0, f64::INFINITY])
        .batch()
        .unwrap();
    write(&path, &batch).unwrap();
    let dynamics = read(&path, &inputs.dataset).unwrap();
    assert_eq!(dynamics.iter().map(|(id, _)| id).collect::<Vec<_>>(), [ids[0]]);
    let said: Vec<String> =
        dynamics.problems.iter().map(|p| format!("{}: {}", p.image, p.problem)).collect();
    assert!(said.contains(&format!("{}: no loss in epoch 1", ids[1])), "{said:?}");
    assert!(said.contains(&format!("{}: loss inf in epoch 1", ids[2])), "{said:?}");
}

#[test]
fn bad_tables_are_refused_in_words() {
    let inputs = open(inputs()).unwrap();
    let id = inputs.dataset.samples[0].id.clone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.csv");
    for (text, expected) in [
        ("id,loss\n".to_owned(), "expected the columns id (or image), epoch and loss"),
        ("id,epoch,loss\n".to_owned(), "the table has no rows"),
        ("id,epoch,loss\nnobody,0,1\n".to_owned(), "the table has 'nobody'"),
        (format!("id,epoch,loss\n{id},0,abc\n"), "line 2: loss is 'abc'"),
        (format!("id,epoch,loss\n{id},half,1\n"), "line 2: epoch is 'half'"),
        (format!("id,epoch,loss\n{id},0.5,1\n"), "expected a whole number"),
        (format!("id,epoch,loss\n{id},0,1\n{id},0,2\n"), "two losses of"),
        (format!("id,epoch,loss\n{id},0,\n"), "no image has a finite loss"),
    ] {
        fs::write(&path, &text).unwrap();
        let message = read(&path, &inputs.dataset).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}

#[test]
fn checkpoints_are_measured_in_the_order_of_their_numbers() {
    let inputs = open(inputs()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["epoch-10.onnx", "epoch-9.onnx"] {
        fs::copy(quickstart("model.onnx"), folder.path().join(name)).unwrap();
    }
    let pattern = folder.path().join("*.onnx");
    let files = expand(&pattern.to_string_lossy()).unwrap();
    let names: Vec<_> = files.iter().map(|f| f.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(names, ["epoch-9.onnx", "epoch-10.onnx"]);
    let samples: Vec<usize> = (0..10).collect();
    let stop = AtomicBool::new(false);
    let one = measure(&files, &inputs, &samples, 1, &stop, &|_| ()).unwrap();
    let two = measure(&files, &inputs, &samples, 3, &stop, &|_| ()).unwrap();
    assert_eq!(one, two);
    assert_eq!((one.len(), one.epochs()), (10, &[0, 1][..]));
    // Both checkpoints are the audited model, so both losses are.
    for (_, losses) in one.iter() {
        assert_eq!(losses[0], losses[1]);
        assert!(losses[0].is_finite() && losses[0] >= 0.0);
    }
    assert!(expand("/nowhere/*.onnx").unwrap_err().to_string().contains("0 files match"));
}

//! Training dynamics from tables and from checkpoints.

use std::{
    fmt::Write,
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use rightly_audit::{
    Context, Error, Event, RunDir,
    dynamics::{Source, TABLE, expand, gather, measure, read},
};
use rightly_data::table::{Columns, write};

use crate::support::{context_on, inputs, open, quickstart};

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
    rightly_data::table::write(&copy, &first.table().unwrap()).unwrap();
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
    let run = RunDir::new(folder.path().join("watched"));
    let store = |name| RunDir::new(folder.path().join(name)).shards("dynamics", "key");
    let one = measure(&files, &inputs, &samples, &store("a"), &context_on(&run, 1)).unwrap();
    let two = measure(&files, &inputs, &samples, &store("b"), &context_on(&run, 3)).unwrap();
    assert_eq!(one, two);
    assert_eq!((one.len(), one.epochs()), (10, &[0, 1][..]));
    // Both checkpoints are the audited model, so both losses are.
    for (_, losses) in one.iter() {
        assert_eq!(losses[0], losses[1]);
        assert!(losses[0].is_finite() && losses[0] >= 0.0);
    }
    assert!(expand("/nowhere/*.onnx").unwrap_err().to_string().contains("0 files match"));
}

#[test]
fn a_run_gathers_dynamics_once_and_goes_on_after_an_interruption() {
    let inputs = open(inputs()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["e1.onnx", "e2.onnx"] {
        fs::copy(quickstart("model.onnx"), folder.path().join(name)).unwrap();
    }
    let source = Source::Checkpoints(folder.path().join("e*.onnx").to_string_lossy().into_owned());
    let gather_into = |name: &str, most: usize| {
        let run = RunDir::new(folder.path().join(name));
        inputs.claim(&run, false).unwrap();
        let stop = AtomicBool::new(false);
        let seen = AtomicUsize::new(0);
        let sink = |event| {
            if matches!(event, Event::Image) && seen.fetch_add(1, Ordering::Relaxed) + 1 >= most {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let watched = Context { stop: &stop, sink: &sink, ..context_on(&run, 2) };
        let result = gather(&inputs, &source, &watched);
        (result, seen.load(Ordering::Relaxed), run)
    };
    let (whole, all, run) = gather_into("whole", usize::MAX);
    let whole = whole.unwrap();
    assert_eq!(all, inputs.dataset.samples.len());
    let first = inputs.dataset.samples.len() / 2 + 10;
    let (cut, seen, _) = gather_into("cut", first);
    assert!(matches!(cut, Err(Error::Interrupted)) && seen < all, "{seen} of {all}");
    let (resumed, seen, again) = gather_into("cut", usize::MAX);
    assert_eq!(resumed.unwrap(), whole);
    assert!(seen < all, "{seen}: nothing was kept");
    let bytes = |run: &RunDir| fs::read(run.path(TABLE)).unwrap();
    assert_eq!(bytes(&run), bytes(&again));
    let (unchanged, seen, _) = gather_into("whole", 1);
    assert_eq!((unchanged.unwrap(), seen), (whole.clone(), 0));

    // The mean of the table is the figure.
    let table = rightly_data::table::Table::load(&run.path(TABLE)).unwrap();
    let (epochs, losses) = (table.integers("epoch").unwrap(), table.floats("loss").unwrap());
    let of_first: Vec<f64> =
        epochs.iter().zip(losses).filter(|(e, _)| **e == Some(0)).filter_map(|(_, l)| l).collect();
    let mean = of_first.iter().sum::<f64>() / of_first.len() as f64;
    let row = &whole.metrics[0];
    assert_eq!((row.metric.as_str(), row.n), ("loss", of_first.len()));
    assert!(row.condition.as_deref().unwrap().ends_with("epoch=0"), "{row:?}");
    assert!((row.value.unwrap() - mean).abs() < 1e-9, "{row:?}");
    assert!(row.low.unwrap() < mean && mean < row.high.unwrap(), "{row:?}");
    assert!(run.metrics().unwrap().contains(row));
}

#[test]
fn an_unreadable_image_says_so_and_no_checkpoint_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cut.png"), b"no picture").unwrap();
    let table = fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut text = "image,class\ncut.png,ring\n".to_owned();
    for line in table.lines().skip(1).step_by(20) {
        let cells: Vec<&str> = line.split(',').collect();
        writeln!(text, "{},{}", quickstart(cells[0]).display(), cells[1]).unwrap();
    }
    let data = folder.path().join("table.csv");
    fs::write(&data, text).unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    let inputs = open(options).unwrap();
    let all: Vec<usize> = (0..inputs.dataset.samples.len()).collect();
    let store = |name| RunDir::new(folder.path().join(name)).shards("dynamics", "key");
    let run = RunDir::new(folder.path().join("watched"));
    let files = [quickstart("model.onnx"), quickstart("model.onnx")];
    let dynamics = measure(&files, &inputs, &all, &store("a"), &context_on(&run, 2)).unwrap();
    assert_eq!(dynamics.len(), all.len() - 1);
    let [problem] = &dynamics.problems[..] else { panic!("{:?}", dynamics.problems) };
    assert_eq!(problem.image, "cut.png");
    assert!(problem.problem.starts_with("can't be read: "), "{problem:?}");
    // The shards say the same.
    let again = measure(&files, &inputs, &all, &store("a"), &context_on(&run, 2)).unwrap();
    assert_eq!(again, dynamics);
    let none = measure(&[], &inputs, &all, &store("b"), &context_on(&run, 2));
    assert!(none.unwrap_err().to_string().contains("need a checkpoint"));
}

//! Discovery as a stage, on copies of the quickstart's pictures: its model leans on backgrounds, so that the images of a
//! class on another background are a subgroup that fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rightly_audit::{
    Error, InputOptions, RunDir,
    discover::{Components, DiscoverOptions, Method, discover},
    features::Source,
    findings::Kind,
    run::StageRecord,
};
use rightly_data::table::Table;

use crate::support::{context, context_on, open, quickstart};

/// Eight copies of every picture; `columns(copy, background)` gives what follows image, class and group.
pub(crate) fn data(
    folder: &Path,
    header: &str,
    columns: impl Fn(usize, &str) -> String,
) -> PathBuf {
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut table = format!("image,class,group{header}\n");
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (image, class, background) = (cells[0], cells[1], cells[3]);
        for copy in 0..8 {
            let name = format!("{copy}-{}", image.rsplit('/').next().unwrap());
            fs::copy(quickstart(image), folder.join(&name)).unwrap();
            table += &format!("{name},{class},{background}{}\n", columns(copy, background));
        }
    }
    let path = folder.join("table.csv");
    fs::write(&path, table).unwrap();
    path
}

pub(crate) fn options() -> DiscoverOptions {
    DiscoverOptions { draws: 999, resamples: 200, min_effect: 0.02, ..DiscoverOptions::default() }
}

pub(crate) fn inputs(table: &Path) -> InputOptions {
    InputOptions::new(quickstart("model.onnx"), table.to_string_lossy().into_owned())
}

pub(crate) fn run(
    inputs: InputOptions,
    options: &DiscoverOptions,
    out: &Path,
) -> Result<StageRecord, Error> {
    run_on(inputs, options, out, 2)
}

fn run_on(
    inputs: InputOptions,
    options: &DiscoverOptions,
    out: &Path,
    threads: usize,
) -> Result<StageRecord, Error> {
    let inputs = open(inputs)?;
    let run = RunDir::new(out);
    let _lock = run.lock()?;
    inputs.claim(&run, false)?;
    discover(&inputs, options, &context_on(&run, threads))
}

const TABLES: [&str; 4] =
    ["discover/groups.parquet", "discover/directions.parquet", "metrics.json", "findings.json"];

#[test]
fn a_subgroup_that_fails_is_found_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let table = data(folder.path(), "", |_, _| String::new());
    let out = folder.path().join("run");
    let record = run(inputs(&table), &options(), &out).unwrap();
    let said = record.notes.join("\n");
    assert!(said.contains("one half of 'all'") && said.contains("linear probe"), "{said}");
    assert!(said.contains("tested against the rest of their classes"), "{said}");

    let groups = Table::load(&out.join(TABLES[0])).unwrap();
    assert_eq!(groups.rows(), 960, "every image of both halves, once");
    let parts = groups.texts("part").unwrap();
    let fitted = parts.iter().filter(|p| p.as_deref() == Some("fit")).count();
    assert!((430..=530).contains(&fitted), "{fitted}");
    let soft = groups.lists_f32("soft").unwrap();
    assert!(soft.iter().flatten().all(|s| (s.iter().sum::<f32>() - 1.0).abs() < 1e-3));
    let directions = Table::load(&out.join(TABLES[1])).unwrap();
    let vectors = directions.lists_f32("vector").unwrap();
    assert!(!vectors.is_empty());
    // Fitted on all images, they are not those of the half's groups.
    assert!(directions.integers("group").unwrap().iter().all(Option::is_none));
    for vector in vectors.into_iter().flatten() {
        let length: f32 = vector.iter().map(|v| v * v).sum();
        assert!((length - 1.0).abs() < 1e-4);
    }

    let found: Vec<_> =
        record.findings.iter().filter(|f| f.kind == Kind::FailingSubgroup).collect();
    assert!(!found.is_empty(), "{:?}", record.metrics);
    for finding in &found {
        assert!(finding.group.as_deref().is_some_and(|g| g.starts_with("slices/")));
        assert!(finding.n >= 20 && finding.images.len() >= 10);
        assert!(finding.low.unwrap() >= 0.02 && finding.q.unwrap() <= 0.05);
        assert!(finding.evidence.iter().any(|m| m.metric == "subgroup-gap"));
    }
    for metric in ["subgroup-accuracy", "subgroup-gap", "detectable-gap", "precision-at-10"] {
        assert!(record.metrics.iter().any(|m| m.metric == metric), "{metric}");
    }

    let bytes: Vec<Vec<u8>> = TABLES.map(|t| fs::read(out.join(t)).unwrap()).into();
    let again = run(inputs(&table), &options(), &out).unwrap();
    assert_eq!(again, record, "what is there is not computed again");
    let other = folder.path().join("one-thread");
    run_on(inputs(&table), &options(), &other, 1).unwrap();
    for (name, expected) in TABLES.iter().zip(&bytes) {
        assert!(fs::read(other.join(name)).unwrap() == *expected, "{name}");
    }
}

#[test]
fn the_published_form_has_exactly_its_components() {
    let folder = tempfile::tempdir().unwrap();
    let table = data(folder.path(), ",split", |copy, _| {
        format!(",{}", if copy % 2 == 0 { "val" } else { "test" })
    });
    let out = folder.path().join("run");
    let options = DiscoverOptions {
        methods: vec![Method::Dim],
        components: Components::Fixed(3),
        paper_compat: true,
        ..options()
    };
    let record = run(inputs(&table), &options, &out).unwrap();
    assert!(record.notes.iter().any(|n| n.contains("in 'val' and confirmed on 'test'")));
    let directions = Table::load(&out.join(TABLES[1])).unwrap();
    assert_eq!(directions.rows(), 4 * 3);
    assert!(directions.texts("method").unwrap().iter().all(|m| m.as_deref() == Some("dim")));
    assert!(directions.texts("pole").unwrap().iter().all(|p| p.as_deref() == Some("+-")));
    let components = directions.integers("component").unwrap();
    let mut of_first: Vec<i64> = components.into_iter().take(3).flatten().collect();
    of_first.sort_unstable();
    assert_eq!(of_first, [1, 2, 3]);
    assert!(directions.integers("group").unwrap().iter().all(Option::is_some));
}

#[test]
fn features_losses_and_attributes_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let table = data(folder.path(), ",split,background", |copy, background| {
        format!(",{},{background}", if copy % 2 == 0 { "val" } else { "test" })
    });
    // One value an image and its copy's number: enough to be divided by, not enough to mean anything.
    let text = fs::read_to_string(&table).unwrap();
    let (mut losses, mut n) = ("id,epoch,loss\n".to_owned(), 0);
    let mut vectors = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let bad = f64::from(u8::from(cells[2] == "checks"));
        for epoch in 0..3 {
            losses += &format!("{},{epoch},{}\n", cells[0], bad + 0.01 * f64::from(epoch + n % 7));
        }
        vectors.extend([bad as f32, (n % 11) as f32 / 11.0, 1.0].map(f32::to_le_bytes).concat());
        n += 1;
    }
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, 3), }}");
    let padded = format!("{header:<117}\n");
    npy.extend((padded.len() as u16).to_le_bytes());
    npy.extend(padded.as_bytes());
    npy.extend(vectors);
    let features = folder.path().join("x.npy");
    fs::write(&features, npy).unwrap();
    let dynamics = folder.path().join("losses.csv");
    fs::write(&dynamics, losses).unwrap();

    let out = folder.path().join("run");
    let opened = open(inputs(&table)).unwrap();
    let dir = RunDir::new(&out);
    let lock = dir.lock().unwrap();
    opened.claim(&dir, false).unwrap();
    let source = rightly_audit::dynamics::Source::Table(dynamics);
    rightly_audit::dynamics::gather(&opened, &source, &context(&dir)).unwrap();
    drop(lock);
    let options = DiscoverOptions {
        features: Source::File(features),
        methods: vec![Method::Dim, Method::Attributes],
        components: Components::Fixed(5),
        ..options()
    };
    let record = run(inputs(&table), &options, &out).unwrap();
    let said = record.notes.join("\n");
    assert!(said.contains("losses of 3 epochs"), "{said}");
    // Three columns, one of them constant: fewer components, and it is said.
    assert!(said.contains("constant") || said.contains("components"), "{said}");
    let by_attributes: Vec<&str> = record
        .findings
        .iter()
        .filter(|f| f.group.as_deref().is_some_and(|g| g.starts_with("attributes/")))
        .map(|f| f.title.as_str())
        .collect();
    assert!(!by_attributes.is_empty(), "{said}");
    assert!(by_attributes.iter().all(|title| title.contains("background is")), "{by_attributes:?}");
    let groups = Table::load(&out.join(TABLES[0])).unwrap();
    let methods = groups.texts("method").unwrap();
    assert!(methods.iter().any(|m| m.as_deref() == Some("attributes")), "{said}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let table = data(folder.path(), ",split,scene", |copy, background| {
        format!(",{},{background}", if copy % 2 == 0 { "val" } else { "test" })
    });
    let out = folder.path().join("run");
    let refused = |inputs: InputOptions, options: DiscoverOptions| {
        run(inputs, &options, &out).unwrap_err().to_string()
    };
    let confirm = Some("later".to_owned());
    let why = refused(inputs(&table), DiscoverOptions { confirm_split: confirm, ..options() });
    assert!(why.contains("--confirm-split later") && why.contains("test, val"), "{why}");
    let all = InputOptions { split: Some("all".to_owned()), ..inputs(&table) };
    let fit = Some("all".to_owned());
    let why = refused(all, DiscoverOptions { fit_split: fit, ..options() });
    assert!(why.contains("'all' and 'test' share 480 images"), "{why}");
    let clustered = InputOptions { cluster: Some("scene".to_owned()), ..inputs(&table) };
    let why = refused(clustered, options());
    assert!(why.contains("--cluster scene") && why.contains("'val'"), "{why}");
    assert!("pls".parse::<Method>().is_err_and(|e| e.to_string().contains("slices, dim")));
    assert!("0".parse::<Components>().is_err() && "auto".parse::<Components>().is_ok());
}

#[test]
fn a_run_in_which_nothing_can_be_divided_has_empty_tables() {
    let folder = tempfile::tempdir().unwrap();
    let table = data(folder.path(), "", |_, _| String::new());
    let few = InputOptions { limit: Some(12), ..inputs(&table) };
    let out = folder.path().join("run");
    let record = run(few.clone(), &options(), &out).unwrap();
    let note = record.notes.iter().find(|n| n.starts_with("Not tested")).unwrap();
    assert!(note.contains("in 20 images or more: '"), "{note}");
    assert!(note.ends_with(" The run takes at most 12 images a class."), "{note}");
    assert!(!record.notes.iter().any(|n| n.starts_with("0 ")), "{:?}", record.notes);
    for name in &TABLES[..2] {
        assert_eq!(Table::load(&out.join(name)).unwrap().rows(), 0, "{name}");
    }
    assert_eq!(run(few, &options(), &out).unwrap(), record);
}

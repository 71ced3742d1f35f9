//! A file of a run that is not as it was written is computed again and named, or refused; never believed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use rightly_audit::{
    Context, Error, Event, InputOptions, Inputs, RunDir,
    discover::{self, DiscoverOptions},
    dynamics::{self, Source},
    evaluate::{self, EvaluateOptions},
    interpret::{self, InterpretOptions},
    rank::{self, RankOptions},
};

use crate::support::{context, inputs, open, quick, quickstart};

/// What a call of every stage said and did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Files that were not as they were written.
    pub(crate) named: Vec<String>,
    /// Stages that computed anything.
    pub(crate) computed: Vec<&'static str>,
}

/// Runs the stages of an audit on the quickstart, those that need no repair.
pub(crate) fn audit(inputs: &Inputs, out: &Path) -> Result<Done, Error> {
    let run = RunDir::new(out);
    let _lock = run.lock()?;
    let done = Mutex::new(Done::default());
    done.lock().unwrap().named.extend(inputs.claim(&run, false)?);
    let sink = |event: Event| match event {
        Event::Damaged(text) => done.lock().unwrap().named.push(text),
        Event::Finished { stage, unchanged: false, .. } => {
            done.lock().unwrap().computed.push(stage);
        }
        _ => {}
    };
    let losses = losses(inputs, out);
    let rank = RankOptions { ks: vec![5], resamples: 50, draws: 99, ..RankOptions::default() };
    let discover = DiscoverOptions { draws: 99, resamples: 50, ..DiscoverOptions::default() };
    let evaluate = EvaluateOptions { resamples: 50, ..quick() };
    let context = Context { sink: &sink, ..context(&run) };
    dynamics::gather(inputs, &Source::Table(losses), &context)?;
    evaluate::evaluate(inputs, &evaluate, &context)?;
    rank::rank(inputs, &rank, &context)?;
    discover::discover(inputs, &discover, &context)?;
    interpret::interpret(inputs, &InterpretOptions::default(), &context)?;
    Ok(done.into_inner().unwrap())
}

/// A table of losses beside the run.
fn losses(inputs: &Inputs, out: &Path) -> PathBuf {
    let path = out.with_extension("losses.csv");
    let mut text = String::from("id,epoch,loss\n");
    for (at, sample) in inputs.dataset.samples.iter().enumerate() {
        for epoch in 0..3 {
            text += &format!("{},{epoch},{}\n", sample.id, ((at * 7 + epoch) % 11) as f64 / 11.0);
        }
    }
    if !path.is_file() {
        fs::write(&path, text).unwrap();
    }
    path
}

/// Every file of a run by its name, the lock excepted.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if name == ".work/lock" => {}
                false => drop(out.insert(name, fs::read(path).unwrap())),
            }
        }
    }
    out
}

/// What users read: everything but the work.
fn promised(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<&str, &[u8]> {
    let own = files.iter().filter(|(name, _)| !name.starts_with(".work/"));
    own.map(|(name, bytes)| (name.as_str(), &bytes[..])).collect()
}

fn restore(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        fs::write(root.join(name), bytes).unwrap();
    }
}

fn with_bit_flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at] ^= 1 << (at % 8);
    out
}

/// Lists for people and hands of people: nothing reads them again.
const READ_BY_NONE: [&str; 4] = [
    "rank/spuriosity.csv",
    "rank/balanced-subset.csv",
    "rank/votes.csv",
    "rank/paths_by_rank.json",
];

#[test]
fn a_flipped_bit_anywhere_never_gives_other_figures() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let inputs = open(inputs()).unwrap();
    audit(&inputs, &out).unwrap();
    let whole = files(&out);
    let again = audit(&inputs, &out).unwrap();
    assert!(again.named.is_empty() && again.computed.is_empty(), "{again:?}");
    assert_eq!(promised(&whole), promised(&files(&out)));
    let mut refused = 0;
    let read = whole.iter().filter(|(name, bytes)| {
        !READ_BY_NONE.contains(&name.as_str())
            && !name.starts_with(".work/shards/")
            && !bytes.is_empty()
    });
    for (name, bytes) in read {
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            fs::write(out.join(name), with_bit_flipped(bytes, at)).unwrap();
            match audit(&inputs, &out) {
                Ok(done) => {
                    let named = done.named.iter().any(|text| text.contains(name));
                    assert!(named, "{name}, byte {at}: nothing was said");
                    assert_eq!(promised(&whole), promised(&files(&out)), "{name}, byte {at}");
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains(name.as_str()), "{name}, byte {at}: {error}");
                    refused += 1;
                }
            }
            restore(&out, &whole);
        }
    }
    assert!(refused <= 3, "only run.toml can't be made again: {refused}");
}

#[test]
fn a_damaged_shard_is_measured_again_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let inputs = open(inputs()).unwrap();
    audit(&inputs, &out).unwrap();
    let whole = files(&out);
    let shards: Vec<&String> = whole.keys().filter(|n| n.starts_with(".work/shards/")).collect();
    assert!(shards.len() > 20, "{shards:?}");
    for (at, name) in shards.into_iter().enumerate().step_by(5) {
        let bytes = &whole[name];
        fs::write(out.join(name), with_bit_flipped(bytes, (at * 97) % bytes.len())).unwrap();
        // Tables that have to be written again read the shards.
        for table in ["samples.parquet", "features/model.parquet"] {
            fs::remove_file(out.join(table)).unwrap();
        }
        let done = audit(&inputs, &out).unwrap();
        assert!(done.named.iter().any(|text| text.contains(name.as_str())), "{name}: {done:?}");
        assert_eq!(promised(&whole), promised(&files(&out)), "{name}");
    }
}

#[test]
fn what_was_edited_or_exchanged_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let inputs = open(inputs()).unwrap();
    audit(&inputs, &out).unwrap();
    let whole = files(&out);
    // An accuracy of 7.5 in a stage's record.
    let record = out.join(".work/stages/evaluate.json");
    let text = fs::read_to_string(&record).unwrap();
    let at = text.find("\"value\":0.").unwrap();
    fs::write(&record, format!("{}\"value\":7.{}", &text[..at], &text[at + 10..])).unwrap();
    let error = RunDir::new(&out).stage(evaluate::STAGE).unwrap_err().to_string();
    assert!(error.contains("evaluate.json: was changed"), "{error}");
    let done = audit(&inputs, &out).unwrap();
    assert!(done.named[0].contains("evaluate.json"), "{done:?}");
    assert_eq!(promised(&whole), promised(&files(&out)));
    // A table in the place of another, one that is gone, one that nobody wrote.
    for (table, other) in [
        ("measures/noise.parquet", Some("measures/ablation.parquet")),
        ("discover/groups.parquet", Some("discover/directions.parquet")),
        ("features/model-outcomes.parquet", None),
        ("rank/examples.parquet", None),
        ("metrics.json", Some("findings.json")),
        ("findings.json", None),
    ] {
        match other {
            Some(other) => drop(fs::copy(out.join(other), out.join(table)).unwrap()),
            None => fs::remove_file(out.join(table)).unwrap(),
        }
        let error = RunDir::new(&out).checked(table).unwrap_err().to_string();
        assert!(error.contains(table), "{error}");
        let done = audit(&inputs, &out).unwrap();
        assert!(done.named.iter().any(|text| text.contains(table)), "{table}: {done:?}");
        assert_eq!(promised(&whole), promised(&files(&out)), "{table}");
    }
    fs::write(out.join("dynamics-of-mine.parquet"), b"x").unwrap();
    assert!(RunDir::new(&out).existing("dynamics-of-mine.parquet").is_err());
}

#[test]
fn a_run_without_its_checksums_is_refused_by_name_and_keeps_its_work_where_they_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let inputs = open(inputs()).unwrap();
    audit(&inputs, &out).unwrap();
    let whole = files(&out);
    let ledger = out.join(".work/files.ledger");
    // Half of it, as a disk that is full may leave it.
    fs::write(&ledger, &whole[".work/files.ledger"][..100]).unwrap();
    let error = RunDir::new(&out).metrics().unwrap_err().to_string();
    assert!(error.contains("metrics.json") && error.contains("files.ledger"), "{error}");
    let done = audit(&inputs, &out).unwrap();
    assert!(done.named[0].contains("files.ledger"), "{done:?}");
    assert_eq!(promised(&whole), promised(&files(&out)));
    // None at all: a version that had none.
    fs::remove_file(&ledger).unwrap();
    for error in [
        audit(&inputs, &out).unwrap_err().to_string(),
        RunDir::new(&out).metrics().unwrap_err().to_string(),
    ] {
        assert!(error.contains("kept no checksums") && error.contains("--force"), "{error}");
    }
    inputs.claim(&RunDir::new(&out), true).unwrap();
    audit(&inputs, &out).unwrap();
    assert_eq!(promised(&whole), promised(&files(&out)));
}

#[test]
fn options_that_were_stopped_while_tables_were_written_leave_no_mixture() {
    let folder = tempfile::tempdir().unwrap();
    let (out, other) = (folder.path().join("run"), folder.path().join("other"));
    let inputs = open(inputs()).unwrap();
    audit(&inputs, &out).unwrap();
    let whole = files(&out);
    // Another run, whose table is put in place as a write that was stopped before its record would.
    let options = EvaluateOptions { resamples: 51, trials: 2, ..quick() };
    let run = RunDir::new(&other);
    inputs.claim(&run, false).unwrap();
    evaluate::evaluate(&inputs, &options, &context(&run)).unwrap();
    RunDir::new(&out).adopt(&run, "measures/noise.parquet").unwrap();
    let done = audit(&inputs, &out).unwrap();
    assert_eq!(done.computed, [evaluate::STAGE], "{done:?}");
    assert!(done.named.is_empty(), "nothing was damaged: {done:?}");
    assert_eq!(promised(&whole), promised(&files(&out)));
}

#[test]
fn a_changed_algorithm_computes_anew_with_what_stands_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut inputs = open(inputs()).unwrap();
    audit(&inputs, &out).unwrap();
    let (e, d, f, r) = (evaluate::STAGE, dynamics::STAGE, "features", rank::STAGE);
    let (g, i) = (discover::STAGE, interpret::STAGE);
    let expected = |name: &str| match name {
        "inputs" => vec![d, e, r, g, i],
        "clean" | "ablation" | "background" | "noise" | "saliency" | "objects" | "thumbnail" => {
            vec![e]
        }
        // Nothing is laid over the pictures here, no part has a mask, and nothing is repaired or compared.
        "overlay" | "parts" | "mitigate" | "compare" => vec![],
        name if name == f => vec![r, g, i],
        name if name == e => vec![e],
        name if name == d => vec![d, g, i],
        name if name == r => vec![r, i],
        name if name == g => vec![g, i],
        name if name == i => vec![i],
        other => panic!("{other}: which stages stand on it?"),
    };
    let names: Vec<&str> = inputs.revisions.names().collect();
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        inputs.revisions = inputs.revisions.clone().with(name, 1_000);
        let done = audit(&inputs, &out).unwrap();
        assert_eq!(done.computed, expected(name), "{name}");
        assert!(done.named.is_empty(), "{name}: {done:?}");
    }
}

/// The quickstart's pictures and masks in a folder of their own.
fn copied(folder: &Path) -> InputOptions {
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut table = String::from("image,class,mask,background\n");
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let place = |cell: &str| {
            let name = cell.replace('/', "-");
            fs::copy(quickstart(cell), folder.join(&name)).unwrap();
            name
        };
        let (image, mask) = (place(cells[0]), place(cells[2]));
        table += &format!("{image},{},{mask},{}\n", cells[1], cells[3]);
    }
    let data = folder.join("table.csv");
    fs::write(&data, table).unwrap();
    InputOptions::new(quickstart("model.onnx"), data.to_string_lossy().into_owned())
}

/// Replaces a file by another of the same size and the same time of its last change.
fn exchange(path: &Path, bytes: &[u8]) {
    let before = path.metadata().unwrap();
    let mut bytes = bytes.to_vec();
    bytes.resize(before.len() as usize, 0);
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    let times = fs::FileTimes::new().set_modified(before.modified().unwrap());
    file.set_times(times).unwrap();
    let after = path.metadata().unwrap();
    assert_eq!(
        (before.len(), before.modified().unwrap()),
        (after.len(), after.modified().unwrap())
    );
}

#[test]
fn a_picture_that_was_replaced_by_one_of_equal_size_and_time_is_noticed() {
    for verify in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let out = folder.path().join("run");
        let options = InputOptions { verify, ..copied(&data) };
        audit(&open(options.clone()).unwrap(), &out).unwrap();
        let first = open(options.clone()).unwrap();
        let ids: Vec<String> = first.dataset.samples.iter().map(|s| s.id.clone()).collect();
        let picture = |at: usize| data.join(&ids[at]);
        // A larger one cut to its size would be no picture: take the smaller of two.
        let size = |at: usize| picture(at).metadata().unwrap().len();
        let (small, large) = if size(0) <= size(1) { (0, 1) } else { (1, 0) };
        exchange(&picture(large), &fs::read(picture(small)).unwrap());
        let done = audit(&open(options.clone()).unwrap(), &out).unwrap();
        assert!(done.named[0].contains(&ids[large]), "{done:?}");
        assert!(!done.named[0].contains(&ids[small]), "{done:?}");
        assert_eq!(done.computed.len(), 5, "{done:?}");
        // The same as a run that never saw the old picture.
        let fresh = folder.path().join("fresh");
        audit(&open(options.clone()).unwrap(), &fresh).unwrap();
        let figures = |run: &Path| fs::read(run.join("metrics.json")).unwrap();
        assert_eq!(figures(&out), figures(&fresh));
        // Another file with the same content: contents are the same.
        let bytes = fs::read(picture(small)).unwrap();
        fs::remove_file(picture(small)).unwrap();
        fs::write(picture(small), bytes).unwrap();
        let done = audit(&open(options).unwrap(), &out).unwrap();
        assert_eq!(done.computed.is_empty(), verify, "{done:?}");
        assert_eq!(figures(&out), figures(&fresh));
    }
}

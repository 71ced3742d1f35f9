//! Small audits for tests.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use rightly_audit::{
    Context, Error, Event, InputOptions, Inputs, RunDir,
    evaluate::{EvaluateOptions, evaluate},
    run::StageRecord,
};
use rightly_model::Overrides;

pub(crate) fn quickstart(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart").join(file)
}

/// Inputs of the quickstart; its cluster column is the background.
pub(crate) fn inputs() -> InputOptions {
    InputOptions::new(
        quickstart("model.onnx"),
        quickstart("table.csv").to_string_lossy().into_owned(),
    )
}

/// All measures, one noise level and one trial.
pub(crate) fn quick() -> EvaluateOptions {
    EvaluateOptions { resamples: 200, ..EvaluateOptions::default().quick() }
}

/// Two threads, nobody who watches.
pub(crate) fn context(run: &RunDir) -> Context<'_> {
    context_on(run, 2)
}

pub(crate) fn context_on(run: &RunDir, threads: usize) -> Context<'_> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    Context { run, threads, stop: &NEVER, sink: &|_| () }
}

pub(crate) fn open(options: InputOptions) -> Result<Inputs, Error> {
    Inputs::open(options, &Overrides::default())
}

/// Evaluates into `out`; stops after `stop_after` images where given.
pub(crate) fn run_until(
    inputs: InputOptions,
    options: &EvaluateOptions,
    out: &Path,
    stop_after: Option<usize>,
    threads: usize,
) -> Result<StageRecord, Error> {
    let inputs = open(inputs)?;
    let run = RunDir::new(out);
    let _lock = run.lock()?;
    inputs.claim(&run, false)?;
    let stop = AtomicBool::new(false);
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let sink = |event| {
        if matches!(event, Event::Image) {
            let n = 1 + seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if stop_after.is_some_and(|after| n >= after) {
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
    };
    evaluate(&inputs, options, &Context { run: &run, threads, stop: &stop, sink: &sink })
}

pub(crate) fn run(
    inputs: InputOptions,
    options: &EvaluateOptions,
    out: &Path,
) -> Result<StageRecord, Error> {
    run_until(inputs, options, out, None, 2)
}

/// Every promised file of a run with its bytes (not run.toml, whose paths and options may differ).
pub(crate) fn tables(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    for name in [
        "samples.parquet",
        "predictions.parquet",
        "measures/ablation.parquet",
        "measures/background.parquet",
        "measures/noise.parquet",
        "measures/saliency.parquet",
        "measures/cam.parquet",
        "measures/objects.parquet",
        "measures/mean-mask.parquet",
        "metrics.json",
        "findings.json",
        "problems.csv",
    ] {
        out.insert(
            name.to_owned(),
            fs::read(run.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")),
        );
    }
    out
}

/// Names of the files that differ.
pub(crate) fn differences(
    a: &BTreeMap<String, Vec<u8>>,
    b: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    a.iter().filter(|(name, bytes)| b.get(*name) != Some(bytes)).map(|(n, _)| n.clone()).collect()
}

/// The folder of real data, or `None` with a line that says so.
pub(crate) fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("RIGHTLY_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.join("davis/dataset.csv").is_file() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none(),
        "RIGHTLY_REQUIRE_DATA is set, but {} holds no davis/dataset.csv",
        folder.display()
    );
    note(&format!("skipped: no real data at {} (set RIGHTLY_DATA)", folder.display()));
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// A folder of tiny networks for texts and pictures, untrained.
pub(crate) fn network(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/text").join(name)
}

/// Rows of `d` numbers as a `.npy` file.
pub(crate) fn npy_bytes(d: usize, values: &[f32]) -> Vec<u8> {
    let rows = values.len() / d;
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {d}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

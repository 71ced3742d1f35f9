//! Times of partial least squares and of the mixture, as JSON; `bench/discover.py` runs it beside scikit-learn,
//! `bench/domino_package.py` beside Domino's own package.
//!
//! ```text
//! discovery_speed pls FILE ROWS X Y COMPONENTS ROUNDS THREADS
//! discovery_speed mixture FILE ROWS COLUMNS COMPONENTS ITERATIONS ROUNDS THREADS
//! discovery_speed kmeans FILE ROWS COLUMNS CLUSTERS ROUNDS THREADS
//! discovery_speed svm FILE ROWS COLUMNS ROUNDS
//! discovery_speed domino FILE ROWS FITTED X CLASSES AXES COMPONENTS SEED THREADS
//! discovery_speed stream FILE ROWS X Y COMPONENTS THREADS
//! ```
//! A file holds rows of single precision (little-endian), X before Y. Those of `domino` are features, the label as one-hot
//! and the prediction's probabilities; the first FITTED rows are fitted on, and FILE.out gets the responsibilities of all
//! rows, then the components' labels and predictions. `stream` writes its file if it is not there (not
//! timed) and reads it in blocks.

#![expect(clippy::print_stdout, reason = "an example that prints its result")]

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
    time::Instant,
};

use ndarray::{Array2, ArrayView2, s};
use rightly_stats::{
    cluster::{KMeansOptions, kmeans},
    gram::Gram,
    mixture::{Evidence, Mixture, MixtureOptions, Start},
    pca::Pca,
    pls::{Pls, Target},
    rng::{keyed, standard_normal_fill},
    svm::{LinearSvm, SvmOptions},
};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rows that are read at a time.
const BLOCK: usize = 8192;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [verb, file, numbers @ ..] = arguments.as_slice() else {
        return Err("see the first lines of the source".into());
    };
    let numbers: Vec<usize> =
        numbers.iter().map(|n| n.parse()).collect::<std::result::Result<_, _>>()?;
    let file = Path::new(file);
    let result = match (verb.as_str(), numbers.as_slice()) {
        ("pls", &[rows, x, y, components, rounds, threads]) => {
            pls(&read(file, rows, x + y)?, x, components, rounds, threads)?
        }
        ("mixture", &[rows, columns, components, iterations, rounds, threads]) => {
            mixture(&read(file, rows, columns)?, components, iterations, rounds, threads)?
        }
        ("kmeans", &[rows, columns, clusters, rounds, threads]) => {
            let rows = read(file, rows, columns)?;
            let options = KMeansOptions { threads, starts: 1, ..KMeansOptions::new(clusters) };
            timed(rounds, || Ok(kmeans(rows.view(), None, &options)?.iterations))?
        }
        ("svm", &[rows, columns, rounds]) => {
            let rows = read(file, rows, columns)?;
            let positive: Vec<bool> =
                rows.outer_iter().map(|row| row[0] + row[1] + 0.5 * row[2] > 0.5).collect();
            let options = SvmOptions { c: 0.01, balanced: true, ..SvmOptions::default() };
            timed(rounds, || Ok(LinearSvm::fit(rows.view(), &positive, &options)?.steps))?
        }
        ("domino", &[rows, fitted, x, classes, axes, components, seed, threads]) => {
            let rows = read(file, rows, x + 2 * classes)?;
            let sizes = Sizes { fitted, x, axes, components };
            domino(&rows, sizes, classes, seed as u64, threads, &file.with_extension("out"))?
        }
        ("stream", &[rows, x, y, components, threads]) => {
            if !file.exists() {
                write(file, rows, x + y)?;
            }
            rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
            stream(file, rows, x, y, components)?
        }
        _ => return Err("see the first lines of the source".into()),
    };
    println!("{result}");
    Ok(())
}

/// Seconds of each round, and the iterations of the last.
fn timed(rounds: usize, mut work: impl FnMut() -> Result<usize>) -> Result<Value> {
    let (mut seconds, mut iterations) = (Vec::new(), 0);
    for _ in 0..rounds {
        let start = Instant::now();
        iterations = work()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok(json!({"seconds": seconds, "iterations": iterations}))
}

/// Y is what follows X, and X itself.
fn targets(x: usize, columns: usize) -> Vec<Target> {
    (x..columns).chain(0..x).map(|column| Target { column, weight: 1.0 }).collect()
}

fn pls(
    rows: &Array2<f32>,
    x: usize,
    components: usize,
    rounds: usize,
    threads: usize,
) -> Result<Value> {
    let (mut grams, mut fits, mut directions) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let start = Instant::now();
        let gram = Gram::of(rows.view(), None, threads);
        grams.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let pls = Pls::fit_weighted(&gram, 0..x, &targets(x, rows.ncols()), components)?;
        fits.push(start.elapsed().as_secs_f64());
        directions = pls.directions().outer_iter().map(|row| row.to_vec()).collect();
    }
    Ok(json!({"gram": grams, "fit": fits, "directions": directions}))
}

/// Seconds of one iteration.
fn mixture(
    rows: &Array2<f32>,
    components: usize,
    iterations: usize,
    rounds: usize,
    threads: usize,
) -> Result<Value> {
    let dealt = (0..rows.nrows()).map(|i| i % components).collect();
    let options = MixtureOptions {
        start: Start::Assignment(dealt),
        iterations: 0,
        threads,
        ..MixtureOptions::new(components)
    };
    let start = Mixture::fit(rows.view(), None, &options)?;
    let options = MixtureOptions { iterations, tolerance: 0.0, ..options };
    let (mut seconds, mut likelihood) = (Vec::new(), 0.0);
    for _ in 0..rounds {
        let begin = Instant::now();
        let mixture = start.fit_on(rows.view(), None, &options)?;
        seconds.push(begin.elapsed().as_secs_f64() / mixture.iterations as f64);
        likelihood = mixture.log_likelihood;
    }
    Ok(json!({"iteration": seconds, "log_likelihood": likelihood}))
}

struct Sizes {
    fitted: usize,
    x: usize,
    axes: usize,
    components: usize,
}

/// Domino's error-aware mixture with its published settings, from features to slices.
fn domino(
    rows: &Array2<f32>,
    sizes: Sizes,
    classes: usize,
    seed: u64,
    threads: usize,
    out: &Path,
) -> Result<Value> {
    let Sizes { fitted, x, axes, components } = sizes;
    let start = Instant::now();
    let fit = rows.slice(s![..fitted, ..x]);
    let pca = Pca::of_rows(fit, axes).ok_or("nothing varies")?;
    let scores = |from: usize, to: usize| {
        pca.scores_of(rows.slice(s![from..to, ..x]), false).mapv(|v| v as f32)
    };
    let evidence = |from: usize, to: usize| Evidence {
        label: rows.slice(s![from..to, x..x + classes]),
        prediction: rows.slice(s![from..to, x + classes..]),
    };
    let projected = start.elapsed().as_secs_f64();
    // The package weighs evidence by 1, not by the 10 of the paper.
    let options = MixtureOptions {
        gamma: 1.0,
        start: Start::Confusion,
        seed,
        threads,
        ..MixtureOptions::new(components)
    };
    let mixture = Mixture::fit(scores(0, fitted).view(), Some(evidence(0, fitted)), &options)?;
    let seconds = start.elapsed().as_secs_f64();
    let shares =
        mixture.responsibilities(scores(0, rows.nrows()).view(), Some(evidence(0, rows.nrows())));
    let mut file = BufWriter::new(File::create(out)?);
    for value in shares.iter().chain(&mixture.label).chain(&mixture.prediction) {
        file.write_all(&(*value as f32).to_le_bytes())?;
    }
    file.flush()?;
    Ok(json!({
        "seconds": seconds,
        "pca": projected,
        "iterations": mixture.iterations,
        "log_likelihood": mixture.log_likelihood,
    }))
}

fn stream(file: &Path, rows: usize, x: usize, y: usize, components: usize) -> Result<Value> {
    let columns = x + y;
    let start = Instant::now();
    let mut gram = Gram::new(columns);
    let mut input = File::open(file)?;
    let mut bytes = vec![0; BLOCK * columns * 4];
    let mut left = rows;
    while left > 0 {
        let block = left.min(BLOCK);
        let bytes = &mut bytes[..block * columns * 4];
        input.read_exact(bytes)?;
        let values = numbers(bytes);
        gram.add_f32(ArrayView2::from_shape((block, columns), &values)?, None);
        left -= block;
    }
    let pls = Pls::fit_weighted(&gram, 0..x, &targets(x, columns), components)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(json!({
        "seconds": seconds,
        "components": pls.components(),
        "peak_megabytes": peak_megabytes(),
    }))
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn read(file: &Path, rows: usize, columns: usize) -> Result<Array2<f32>> {
    Ok(Array2::from_shape_vec((rows, columns), numbers(&std::fs::read(file)?))?)
}

/// Rows of drawn normals. A pool of them is used again and again from other places, since drawing takes longer than
/// writing.
fn write(file: &Path, rows: usize, columns: usize) -> Result<()> {
    let mut pool = vec![0_f32; 1 << 22];
    standard_normal_fill(&mut keyed(0, "bench", "", 0), &mut pool);
    let mut out = BufWriter::new(File::create(file)?);
    for row in 0..rows {
        let from = row.wrapping_mul(2_654_435_761) % (pool.len() - columns);
        for value in &pool[from..from + columns] {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(out.flush()?)
}

/// Largest memory of this process so far, where the system tells it.
fn peak_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

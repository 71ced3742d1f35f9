//! Seconds to train a head on stored features; the Rust side of `bench/heads.py`.
//!
//! `head_speed [--rows N] [--features D] [--classes C] [--epochs E] [--batch B] [--method M] [--settings S] [--threads T]
//! [--rounds R]` prints one JSON line. Features are made beforehand: a class's own direction and noise. With `--settings` above
//! 1 as many recipes of different rates are trained on the same matrix.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use ndarray::Array2;
use rand::RngExt as _;
use rightly_model::ModelError;
use rightly_model::heads::robust::{Groups, HeadTraining, Measure, Method, TrainingData, sweep};
use rightly_model::heads::{Features, Head, HeadOptions, Optimizer};
use rightly_stats::rng::{keyed, standard_normal_fill};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

struct Options {
    rows: usize,
    features: usize,
    classes: usize,
    epochs: usize,
    batch: usize,
    settings: usize,
    threads: usize,
    rounds: usize,
    method: Method,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        rows: 20_000,
        features: 2048,
        classes: 100,
        epochs: 15,
        batch: 128,
        settings: 1,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        rounds: 1,
        method: Method::Erm,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let place = match word.as_str() {
            "--rows" => &mut options.rows,
            "--features" => &mut options.features,
            "--classes" => &mut options.classes,
            "--epochs" => &mut options.epochs,
            "--batch" => &mut options.batch,
            "--settings" => &mut options.settings,
            "--threads" => &mut options.threads,
            "--rounds" => &mut options.rounds,
            "--method" => {
                options.method = value.parse()?;
                continue;
            }
            _ => return Err(format!("{word}: unexpected")),
        };
        *place = match value.parse() {
            Ok(0) | Err(_) => return Err(format!("{value}: expected a number above 0")),
            Ok(number) => number,
        };
    }
    Ok(options)
}

/// Every value is noise of deviation 1, plus 0.1 or -0.1 by the signs of the row's class.
fn problem(options: &Options) -> (Array2<f32>, Vec<usize>) {
    let (n, d, classes) = (options.rows, options.features, options.classes);
    let mut noise = vec![0.0; n * d];
    standard_normal_fill(&mut keyed(1, "head speed", "noise", 0), &mut noise);
    let mut rng = keyed(1, "head speed", "centres", 0);
    let centres: Vec<f32> =
        (0..classes * d).map(|_| if rng.random::<bool>() { 0.1 } else { -0.1 }).collect();
    let labels: Vec<usize> = (0..n).map(|row| row % classes).collect();
    let values = Array2::from_shape_fn((n, d), |(row, feature)| {
        noise[row * d + feature] + centres[labels[row] * d + feature]
    });
    (values, labels)
}

fn run(options: &Options) -> Result<(Vec<f64>, f64), ModelError> {
    let (values, labels) = problem(options);
    let groups: Vec<usize> =
        (0..options.rows).map(|row| labels[row] * 2 + usize::from(row % 7 == 0)).collect();
    let groups = Groups::hard(&groups, options.classes * 2)?;
    let features = Features {
        values: values.view(),
        labels: &labels,
        weights: None,
        classes: options.classes,
    };
    let material = TrainingData { groups: Some(&groups), ..TrainingData::of(features) };
    let recipes: Vec<HeadTraining> = (0..options.settings)
        .map(|setting| HeadTraining {
            method: options.method.clone(),
            options: HeadOptions {
                hidden: None,
                epochs: options.epochs,
                batch: Some(options.batch),
                rate: 5e-4 * (1.0 + setting as f32),
                optimizer: Optimizer::Adam { weight_decay: 1e-4 },
                seed: 1,
            },
        })
        .collect();
    let mut seconds = Vec::new();
    let mut accuracy = 0.0;
    for _ in 0..options.rounds {
        let start = Instant::now();
        // A sweep keeps the epoch of the highest score, and the first of equals: the last epoch is to be kept.
        let epochs = AtomicU32::new(0);
        let last = |_: &Head| Ok(f64::from(epochs.fetch_add(1, Ordering::Relaxed)));
        let swept = sweep(&material, &recipes, last);
        seconds.push(start.elapsed().as_secs_f64());
        for one in swept {
            let logits = one?.trained.head.logits(values.view())?;
            accuracy = Measure::of(logits.view(), &labels, &groups, 1.0)?.accuracy;
        }
    }
    Ok((seconds, accuracy))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    let (seconds, accuracy) = pool.install(|| run(&options))?;
    println!("{}", serde_json::json!({ "seconds": seconds, "accuracy": accuracy }));
    Ok(())
}

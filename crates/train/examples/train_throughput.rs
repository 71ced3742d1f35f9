//! Images a second of a training step; the Rust side of `bench/train.py`.
//!
//! `train_throughput [--arch resnet20] [--batch 128] [--side 32] [--classes 20] [--steps 20] [--threads 0]
//! [--replicas 1] [--device cpu|cuda|libtorch]` prints one JSON line. A step takes crops and flips of 8-bit images,
//! goes forward and back and updates the weights (SGD with momentum). The first three steps are not counted.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use rand::RngExt as _;
use rightly_data::Preprocess;
use rightly_data::preprocess::Resize;
use rightly_stats::rng::keyed;
use rightly_train::{Arch, Device, TrainEvent, TrainOptions, TrainingSet, train};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::time::Instant;

/// Steps before the clock runs.
const WARM_UP: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut flags = BTreeMap::new();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        flags.insert(word, value);
    }
    let text = |flag: &str, default: &str| -> String {
        flags.get(flag).cloned().unwrap_or_else(|| default.to_owned())
    };
    let number = |flag: &str, default: &str| text(flag, default).parse::<usize>();
    let (batch, side) = (number("--batch", "128")?, number("--side", "32")?);
    let (classes, steps) = (number("--classes", "20")?, number("--steps", "20")?);
    let arch: Arch = text("--arch", "resnet20").parse()?;
    let device = match text("--device", "cpu").as_str() {
        "cpu" => Device::Cpu,
        "cuda" => Device::Cuda,
        "libtorch" => Device::LibTorch,
        other => return Err(format!("--device {other}: expected cpu, cuda or libtorch").into()),
    };
    let count = batch * (WARM_UP + steps);
    let mut rng = keyed(0, "throughput", "", 0);
    let set = TrainingSet {
        ids: (0..count).map(|id| format!("{id:06}")).collect(),
        labels: (0..count).map(|id| id % classes).collect(),
        pixels: (0..count * 3 * side * side).map(|_| rng.random()).collect(),
        size: [side; 2],
    };
    let preprocess = Preprocess {
        resize: Some(Resize::Exact([side; 2])),
        ..Preprocess::preset("cifar").ok_or("no preset")?
    };
    let names = (0..classes).map(|class| class.to_string()).collect();
    let options = TrainOptions {
        batch,
        threads: number("--threads", "0")?,
        replicas: number("--replicas", "1")?,
        device,
        ..TrainOptions::new(arch, names, preprocess, 1)
    };
    let out = std::env::temp_dir().join(format!("rightly-throughput-{}", std::process::id()));
    let times = Mutex::new(Vec::new());
    let measure = Mutex::new(0.0);
    train(&set, None, &options, &out, &|event| match event {
        TrainEvent::Step { .. } => {
            if let Ok(mut times) = times.lock() {
                times.push(Instant::now());
            }
        }
        TrainEvent::EpochEnded { measure_seconds, .. } => {
            if let Ok(mut measure) = measure.lock() {
                *measure = measure_seconds;
            }
        }
        _ => {}
    })?;
    std::fs::remove_dir_all(&out)?;
    let times = times.into_inner().map_err(|_| "a step failed")?;
    let (first, last) = (times[WARM_UP - 1], times[times.len() - 1]);
    let seconds = (last - first).as_secs_f64();
    let measure = measure.into_inner().map_err(|_| "measuring failed")?;
    println!(
        "{}",
        serde_json::json!({
            "arch": arch.name(), "batch": batch, "side": side, "replicas": options.replicas,
            "images_per_second": (batch * steps) as f64 / seconds,
            "evaluated_per_second": count as f64 / measure,
        })
    );
    Ok(())
}

//! Bare forward and GradCAM rate of one model on one engine; the Rust side of `bench/compare.py`.
//!
//! `throughput MODEL.onnx [--engine rten|onnxruntime] [--images N] [--threads T] [--cam]` prints one JSON line.
//! Each worker runs batch 1 on one core. Inputs are made beforehand, by the formula of `bench/python_baseline.py`.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use rightly_model::cam::{CamHead, CamMethod};
use rightly_model::{Classifier, EngineKind, ModelError, Overrides};
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const USAGE: &str =
    "usage: throughput MODEL.onnx [--engine rten|onnxruntime] [--images N] [--threads T] [--cam]";
/// Distinct inputs kept in memory; larger runs take them in turn.
const POOL: usize = 64;
/// Untimed passes of each worker.
const WARM_UP: usize = 2;

struct Options {
    model: PathBuf,
    engine: EngineKind,
    images: usize,
    threads: usize,
    cam: bool,
}

fn options() -> Result<Options, String> {
    let mut model = None;
    let mut engine = EngineKind::Rten;
    let (mut images, mut cam) = (64, false);
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
        let count = |text: String| match text.parse() {
            Ok(0) | Err(_) => Err(format!("{text}: expected a number above 0\n{USAGE}")),
            Ok(number) => Ok(number),
        };
        match word.as_str() {
            "--cam" => cam = true,
            "--images" => images = count(value()?)?,
            "--threads" => threads = count(value()?)?,
            "--engine" => {
                let name = value()?;
                engine = [EngineKind::Rten, EngineKind::OnnxRuntime]
                    .into_iter()
                    .find(|kind| kind.name() == name)
                    .ok_or_else(|| format!("{name}: unknown engine\n{USAGE}"))?;
            }
            _ if model.is_none() && !word.starts_with("--") => model = Some(PathBuf::from(word)),
            _ => return Err(format!("{word}: unexpected\n{USAGE}")),
        }
    }
    let model = model.ok_or_else(|| USAGE.to_owned())?;
    Ok(Options { model, engine, images, threads, cam })
}

/// Values in -2..2 from a multiplicative hash of position and image number.
fn input(number: usize, length: usize) -> Vec<f32> {
    let offset = (number as u32).wrapping_mul(40_503);
    (0..length as u32)
        .map(|index| index.wrapping_mul(2_654_435_761).wrapping_add(offset))
        .map(|value| (f64::from(value) / f64::from(1 << 30) - 2.0) as f32)
        .collect()
}

/// Images a second of `step(image number)`, from the first timed pass of any worker to the last.
fn rate(
    images: usize,
    threads: usize,
    step: impl Fn(usize) -> Result<(), ModelError> + Sync,
) -> Result<f64, ModelError> {
    let (next, barrier) = (AtomicUsize::new(0), Barrier::new(threads));
    let worker = || -> Result<(Instant, Instant), ModelError> {
        let warm = (0..WARM_UP).try_for_each(&step);
        barrier.wait(); // reached on failure too: the others wait for all
        let start = Instant::now();
        warm?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= images {
                return Ok((start, Instant::now()));
            }
            step(number)?;
        }
    };
    let spans: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<_, _>>()
    })?;
    let first = spans.iter().map(|span| span.0).min();
    let last = spans.iter().map(|span| span.1).max();
    let seconds = match (first, last) {
        (Some(first), Some(last)) => (last - first).as_secs_f64(),
        _ => f64::NAN,
    };
    Ok(images as f64 / seconds)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let classifier = Classifier::open(&options.model, &Overrides::default(), options.engine)?;
    let [height, width] = classifier.input_size();
    let pool: Vec<Vec<f32>> =
        (0..options.images.min(POOL)).map(|number| input(number, 3 * height * width)).collect();
    let image = |number: usize| pool[number % pool.len()].as_slice();

    let forward = rate(options.images, options.threads, |number| {
        classifier.forward(image(number), false).map(drop)
    })?;
    let mut report = serde_json::json!({
        "model": options.model.file_stem().map(|stem| stem.to_string_lossy()),
        "engine": options.engine.name(),
        "threads": options.threads,
        "images": options.images,
        "forward_images_per_second": forward,
    });
    if options.cam {
        let head = CamHead::new(&classifier, CamMethod::Grad)?;
        let tapped = rate(options.images, options.threads, |number| {
            classifier.forward(image(number), true).map(drop)
        })?;
        let gradcam = rate(options.images, options.threads, |number| {
            let result = classifier.forward(image(number), true)?;
            let Some(activation) = result.tap else {
                return Err(ModelError::Invalid {
                    path: options.model.clone(),
                    message: "the forward pass gave no CAM layer; name one in the card".into(),
                });
            };
            let map = head.cam(&activation, number % classifier.outputs())?;
            std::hint::black_box(map.upsample(height, width));
            Ok(())
        })?;
        report["cam_layer"] = head.layer().into();
        report["tapped_forward_images_per_second"] = tapped.into();
        report["gradcam_images_per_second"] = gradcam.into();
    }
    println!("{report}");
    Ok(())
}

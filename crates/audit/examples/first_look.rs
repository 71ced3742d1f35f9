//! Seconds that a first look takes; the Rust side of `bench/first_look.py`.
//!
//! `first_look MODEL.onnx DATA [rten|onnxruntime|auto]` prints one JSON line: `open`, the model opened on the engine that
//! is taken in the end, which a run needs anyway, and `look`, everything from the file to the end of the look.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use std::path::PathBuf;
use std::time::Instant;

use rightly_audit::InputOptions;
use rightly_audit::first_look::{AUTO, Opening};
use rightly_model::{Classifier, Overrides};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [model, data, rest @ ..] = words.as_slice() else {
        return Err("usage: first_look MODEL.onnx DATA [rten|onnxruntime|auto]".into());
    };
    let engine = rest.first().map_or(AUTO, String::as_str);
    let options = InputOptions::new(model, data);
    let dataset = options.open_dataset()?;
    let samples: Vec<_> = dataset.samples.iter().collect();
    let (model, overrides) = (PathBuf::from(model), Overrides::default());
    let begun = Instant::now();
    let opening = Opening::new(&model, &overrides, engine)?;
    let looked = opening.look(&samples, &options.decode_options(), true)?;
    let look = begun.elapsed().as_secs_f64();
    let engine = looked.classifier.engine();
    let begun = Instant::now();
    Classifier::open(&model, &overrides, engine)?;
    let open = begun.elapsed().as_secs_f64();
    println!("{{\"engine\": \"{engine}\", \"look\": {look}, \"open\": {open}}}");
    Ok(())
}

//! What a GradCAM costs beside a forward pass, on one core: `cargo run --release -p rightly-model --example cam_cost --
//! MODEL.onnx...`
#![expect(clippy::print_stdout, reason = "a program that prints its measurements")]
use rightly_model::cam::CamMethod;
use rightly_model::{CamHead, Classifier, EngineKind, Overrides};
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;

/// The median.
fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let classifier =
            Classifier::open(Path::new(&path), &Overrides::default(), EngineKind::Rten)?;
        let [height, width] = classifier.input_size();
        let image: Vec<f32> = (0..3 * height * width).map(|at| (at as f32 * 0.37).sin()).collect();
        let start = Instant::now();
        let head = CamHead::new(&classifier, CamMethod::Grad)?;
        let load = start.elapsed();
        let (mut forwards, mut taps, mut cams) = (Vec::new(), Vec::new(), Vec::new());
        // Turn by turn, so that a busy machine slows all alike; the first round prepares.
        for round in 0..=ROUNDS {
            let start = Instant::now();
            classifier.forward(&image, false)?;
            let forward = start.elapsed();
            let start = Instant::now();
            let tap = classifier.forward(&image, true)?.tap.ok_or("no tap")?;
            let tapped = start.elapsed();
            let start = Instant::now();
            head.cam(&tap, 7)?;
            let cam = start.elapsed();
            if round > 0 {
                forwards.push(forward);
                taps.push(tapped);
                cams.push(cam);
            }
        }
        let (forward, tapped, cam) = (middle(forwards), middle(taps), middle(cams));
        println!(
            "{path}: layer {}, forward {forward:.2} ms, with tap {tapped:.2} ms, CAM {cam:.2} ms: {:.3} forwards in all \
             (prepared in {:.0} ms)",
            head.layer(),
            (tapped + cam) / forward,
            load.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

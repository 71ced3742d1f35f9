//! The learning rate of each step.
use crate::options::{Schedule, TrainOptions};

/// Rate of a step, counted from 0 over all epochs.
///
/// Warm-up: `rate (step + 1) / warm` during the first `warm` steps; a cosine then starts where it ends.
pub(crate) fn rate(options: &TrainOptions, step: usize, steps_per_epoch: usize) -> f32 {
    let full = f64::from(options.rate);
    let warm = (f64::from(options.warmup) * steps_per_epoch as f64).round();
    let at = step as f64;
    if at < warm {
        return (full * (at + 1.0) / warm) as f32;
    }
    let value = match &options.schedule {
        Schedule::Constant => full,
        Schedule::Cosine => {
            let whole = (options.epochs * steps_per_epoch) as f64 - warm;
            let share = ((at - warm) / whole.max(1.0)).clamp(0.0, 1.0);
            full * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
        }
        Schedule::Step { epochs, factor } => {
            let epoch = step / steps_per_epoch.max(1);
            let passed = epochs.iter().filter(|&&start| epoch >= start).count();
            full * f64::from(*factor).powi(passed as i32)
        }
    };
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use rightly_data::Preprocess;

    fn options(schedule: Schedule, warmup: f32) -> TrainOptions {
        let preprocess = Preprocess::preset("cifar").unwrap();
        let classes = vec!["a".into(), "b".into()];
        let new = TrainOptions::new(Arch::Resnet8, classes, preprocess, 10);
        TrainOptions { rate: 0.1, schedule, warmup, ..new }
    }

    #[test]
    fn rates_go_as_they_are_named() {
        let cosine = options(Schedule::Cosine, 0.0);
        assert_eq!(rate(&cosine, 0, 10), 0.1);
        assert!((rate(&cosine, 50, 10) - 0.05).abs() < 1e-7);
        assert!(rate(&cosine, 99, 10) > 0.0 && rate(&cosine, 99, 10) < 1e-4);
        let step = options(Schedule::Step { epochs: vec![3, 6], factor: 0.1 }, 0.0);
        let rates: Vec<f32> = [29, 30, 59, 60].iter().map(|&s| rate(&step, s, 10)).collect();
        let close = |(found, expected): (&f32, f32)| (found - expected).abs() < 1e-8;
        assert!(rates.iter().zip([0.1, 0.01, 0.01, 0.001]).all(close), "{rates:?}");
        let warm = options(Schedule::Constant, 0.5);
        let rates: Vec<f32> = (0..6).map(|s| rate(&warm, s, 10)).collect();
        assert!(rates.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!((rates[0] - 0.02).abs() < 1e-7 && rates[4] == 0.1 && rates[5] == 0.1);
    }
}

//! From a dataset to what a network is trained on.

use std::sync::atomic::AtomicBool;

use anyhow::bail;
use rightly::{Error, workers};
use rightly_data::{
    Dataset, Preprocess, Problem,
    dataset::deal,
    pixels::DecodeOptions,
    preprocess::{Channels, Resize},
    resize::Filter,
};
use rightly_train::{
    TrainError, TrainEvent, TrainOptions, Trained, TrainingSet, Watch, train::total_steps,
    train_watched,
};

use crate::{output, progress::Progress};

/// Share of the images that validate where the data has no such split.
const VALIDATION: f64 = 0.1;

/// Which images of a dataset train and which validate.
pub(crate) struct Parts {
    train: Vec<usize>,
    val: Vec<usize>,
    /// How they were chosen, in words.
    pub(crate) note: String,
}

/// Training and validation images with the preprocessing that made them.
pub(crate) struct Sets {
    pub(crate) train: TrainingSet,
    pub(crate) val: TrainingSet,
    pub(crate) preprocess: Preprocess,
    /// Images that can't be read.
    pub(crate) problems: Vec<Problem>,
}

impl Parts {
    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.train.len() + self.val.len()
    }
}

/// The splits `train` and `val`; where there is no `val`, a tenth of the training images, dealt by a
/// hash of their ids and the seed, validates.
///
/// # Errors
/// The data has splits but no `train`.
pub(crate) fn parts(dataset: &Dataset, seed: u64) -> anyhow::Result<Parts> {
    let splits = dataset.splits();
    let of = |name: &str| -> Vec<usize> {
        let is = |&i: &usize| dataset.samples[i].split.as_deref() == Some(name);
        (0..dataset.samples.len()).filter(is).collect()
    };
    let (pool, words) = if splits.is_empty() {
        ((0..dataset.samples.len()).collect(), "the data has no splits")
    } else if !splits.contains_key("train") {
        let listed: Vec<&str> = splits.into_keys().collect();
        bail!("no image has the split 'train'; the data has {}", listed.join(", "));
    } else if splits.contains_key("val") {
        let (train, val) = (of("train"), of("val"));
        let note = format!("train: {} images, val: {}", train.len(), val.len());
        return Ok(Parts { train, val, note });
    } else {
        (of("train"), "the data has no split 'val'")
    };
    let ids: Vec<&str> = pool.iter().map(|&i| dataset.samples[i].id.as_str()).collect();
    let dealt = deal(&ids, seed, &[1.0 - VALIDATION, VALIDATION]);
    let part = |wanted: usize| -> Vec<usize> {
        pool.iter().zip(&dealt).filter(|(_, part)| **part == wanted).map(|(&i, _)| i).collect()
    };
    let (train, val) = (part(0), part(1));
    let note = format!(
        "{words}: {} images train and {} validate, dealt by a hash of their ids",
        train.len(),
        val.len()
    );
    Ok(Parts { train, val, note })
}

/// Decodes and resizes the training and validation images of a dataset to `size` (`[H, W]`).
/// Channels are normalised by the mean and deviation of the training pixels.
///
/// # Errors
/// A part has no readable image.
pub(crate) fn load(
    dataset: &Dataset,
    parts: &Parts,
    size: [usize; 2],
    decode: &DecodeOptions,
    threads: usize,
    tick: &(dyn Fn() + Sync),
) -> anyhow::Result<Sets> {
    let mut preprocess = Preprocess {
        resize: Some(Resize::Exact(size)),
        crop: None,
        interpolation: Filter::Bilinear,
        channels: Channels::Rgb,
        scale: 1.0,
        mean: [0.0; 3],
        std: [1.0; 3],
    };
    let mut problems = Vec::new();
    let mut read = |members: &[usize]| {
        let geometry = |image: &_| preprocess.crop_image(image);
        read(dataset, members, decode, threads, &geometry, tick, &mut problems)
    };
    let (train, val) = (read(&parts.train)?, read(&parts.val)?);
    for (set, name) in [(&train, "train"), (&val, "validate")] {
        if set.is_empty() {
            bail!("no image can be read to {name} on");
        }
    }
    (preprocess.mean, preprocess.std) = moments(&train);
    Ok(Sets { train, val, preprocess, problems })
}

fn read(
    dataset: &Dataset,
    members: &[usize],
    decode: &DecodeOptions,
    threads: usize,
    geometry: &(dyn Fn(&rightly_data::RgbImage) -> rightly_data::RgbImage + Sync),
    tick: &(dyn Fn() + Sync),
    problems: &mut Vec<Problem>,
) -> Result<TrainingSet, Error> {
    let pictures = workers::ordered(members.len(), threads, &AtomicBool::new(false), |at| {
        let decoded = dataset.samples[members[at]].image.load(decode);
        tick();
        Ok(decoded.map(|d| geometry(&d.image)))
    })?;
    let mut set =
        TrainingSet { ids: Vec::new(), labels: Vec::new(), pixels: Vec::new(), size: [0, 0] };
    for (&member, picture) in members.iter().zip(pictures) {
        let sample = &dataset.samples[member];
        match picture {
            Ok(image) => {
                set.size = [image.height, image.width];
                set.ids.push(sample.id.clone());
                set.labels.push(sample.class);
                for channel in 0..3 {
                    set.pixels.extend(image.data.iter().skip(channel).step_by(3));
                }
            }
            Err(error) => problems.push(Problem {
                image: sample.id.clone(),
                stage: "train".to_owned(),
                problem: format!("can't be read: {error}"),
                action: "left out".to_owned(),
            }),
        }
    }
    Ok(set)
}

/// Mean and deviation of each channel in 0..1, to three digits: they stand in the card.
fn moments(set: &TrainingSet) -> ([f32; 3], [f32; 3]) {
    let plane = set.size[0] * set.size[1];
    let mut sums = [(0_u64, 0_u64); 3];
    for (at, values) in set.pixels.chunks_exact(plane).enumerate() {
        let (sum, squares) = &mut sums[at % 3];
        *sum += values.iter().map(|&v| u64::from(v)).sum::<u64>();
        *squares += values.iter().map(|&v| u64::from(v) * u64::from(v)).sum::<u64>();
    }
    let n = (set.ids.len() * plane) as f64;
    let round = |v: f64| ((v * 1000.0).round() / 1000.0) as f32;
    let mean = sums.map(|(sum, _)| sum as f64 / n / 255.0);
    let std: Vec<f32> = sums
        .iter()
        .zip(mean)
        .map(|((_, squares), mean)| {
            let variance = *squares as f64 / n / (255.0 * 255.0) - mean * mean;
            // A channel that is constant is left as it is.
            if variance < 1e-6 { 1.0 } else { round(variance.sqrt()) }
        })
        .collect();
    (mean.map(round), [std[0], std[1], std[2]])
}

/// Trains into `out`; a training that was interrupted there goes on.
///
/// # Errors
/// As [`rightly_train::train_watched`].
pub(crate) fn train(
    sets: &Sets,
    options: &TrainOptions,
    out: &std::path::Path,
    stop: &AtomicBool,
    progress: &Progress,
) -> Result<Trained, TrainError> {
    let steps = total_steps(sets.train.len(), options);
    progress.during("training", "steps", steps, &|tick| {
        let tell = |event: TrainEvent| match event {
            TrainEvent::Step { .. } => tick(),
            TrainEvent::Resumed { epoch, step } => {
                progress.note(&format!("training goes on with step {step} of epoch {epoch}"));
                (0..epoch * steps / options.epochs.max(1) + step).for_each(|_| tick());
            }
            TrainEvent::EpochEnded { record, .. } => progress.note(&format!(
                "epoch {}/{}: training loss {:.3}, accuracy on val {}",
                record.epoch + 1,
                options.epochs,
                record.train_loss,
                record.val_accuracy.map_or_else(|| "–".to_owned(), |a| format!("{a:.3}")),
            )),
            TrainEvent::StoppedEarly { best } => {
                progress.note(&format!("stopped early; epoch {best} is kept"));
            }
            _ => {}
        };
        let watch = Watch::new(stop);
        train_watched(&sets.train, Some(&sets.val), options, out, watch, &tell)
    })
}

/// Problems shown one by one; the rest is counted.
const SHOWN: usize = 5;

/// Says which images can't be used.
pub(crate) fn say_problems(problems: &[Problem]) {
    for p in problems.iter().take(SHOWN) {
        output::say(&format!("problem: {}: {}; {}", p.image, p.problem, p.action));
    }
    if problems.len() > SHOWN {
        output::say(&format!("and {} more images like these", problems.len() - SHOWN));
    }
}

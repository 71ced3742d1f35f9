//! Dynamics measured on checkpoints: one ONNX file an epoch.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use rightly_data::{Planes, Problem};
use rightly_model::Classifier;
use serde::{Deserialize, Serialize};

use super::Dynamics;
use crate::{Context, Error, Event, Inputs, predictor::Predictor, run::ShardStore, workers};

/// Images in a shard.
const SHARD: usize = 64;

/// One image: its loss under each checkpoint, or why it can't be read.
#[derive(Serialize, Deserialize)]
enum Measured {
    Losses(Vec<f64>),
    Unreadable(String),
}

/// Files that a pattern such as `ckpt/*.onnx` names, ordered by the numbers in their names
/// (`epoch-2` before `epoch-10`), so that their order is that of training.
///
/// # Errors
/// The pattern can't be read, or fewer than two files match.
pub fn expand(pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let usage = |why: String| Error::Usage(format!("--checkpoints {pattern}: {why}"));
    let mut files = glob::glob(pattern)
        .map_err(|e| usage(e.to_string()))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| usage(e.to_string()))?;
    files.retain(|f| f.is_file());
    files.sort_by_cached_key(|f| natural(&f.to_string_lossy()));
    if files.len() < 2 {
        return Err(usage(format!("{} files match; training dynamics need two", files.len())));
    }
    Ok(files)
}

/// A name cut into text and numbers, so that numbers compare by their value.
fn natural(name: &str) -> Vec<(String, u128)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let digits =
            rest[text..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| text + n);
        // A number too long for 38 digits still compares by its leading ones.
        let number = rest[text..digits].get(..38).unwrap_or(&rest[text..digits]);
        parts.push((rest[..text].to_owned(), number.parse().unwrap_or(0)));
        rest = &rest[digits..];
    }
    parts
}

/// Measures the loss of `samples` (indices into the dataset) under each checkpoint: un-augmented,
/// evaluation semantics, with the card of the audited model. Epochs count from 0 in the order of
/// `files`. An image that can't be read is a problem. Finished shards of images are kept in `store`
/// and not measured again.
///
/// # Errors
/// There is no checkpoint, one can't be opened or has another number of outputs than the audited
/// model; the engine fails; `stop` was set.
pub fn measure(
    files: &[PathBuf],
    inputs: &Inputs,
    samples: &[usize],
    store: &ShardStore,
    &Context { threads, stop, sink, .. }: &Context<'_>,
) -> Result<Dynamics, Error> {
    let models = files.iter().map(|file| open(file, inputs)).collect::<Result<Vec<_>, _>>()?;
    let probe = Predictor::new(inputs);
    let measure = |at: usize| -> Result<Measured, Error> {
        let sample = &inputs.dataset.samples[at];
        let loaded = inputs.loader.load(sample);
        sink(Event::Image);
        let picture = match loaded {
            Ok(picture) => picture,
            Err(error) => return Ok(Measured::Unreadable(error.to_string())),
        };
        let input = inputs.loader.preprocess().normalise(&Planes::from(&picture.crop));
        models
            .iter()
            .map(|model| {
                let answer = model.forward(&input, false)?.into();
                let outcome = probe.judge(sample.class, &answer);
                Ok(outcome.map_or(f64::NAN, |o| f64::from(o.loss)))
            })
            .collect::<Result<_, _>>()
            .map(Measured::Losses)
    };
    let shards: Vec<&[usize]> = samples.chunks(SHARD).collect();
    let missing = store.missing(shards.len(), sink)?;
    let (left, seconds) = estimate(&models, inputs, &shards, &missing, threads)?;
    sink(Event::Started {
        stage: super::STAGE,
        images: samples.len(),
        done: samples.len() - left,
        forwards: models.len(),
        seconds,
    });
    let mut measured = Vec::with_capacity(samples.len());
    for (index, shard) in shards.iter().enumerate() {
        if !missing.contains(&index) {
            measured.extend(store.read::<Vec<Measured>>(index)?);
        } else {
            let new = workers::ordered(shard.len(), threads, stop, |i| measure(shard[i]))?;
            store.write(index, &new)?;
            measured.extend(new);
        }
    }
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for (&at, measured) in samples.iter().zip(measured) {
        let id = &inputs.dataset.samples[at].id;
        match measured {
            Measured::Losses(losses) => rows.extend(
                losses
                    .into_iter()
                    .enumerate()
                    .map(|(epoch, loss)| (id.clone(), epoch as i64, loss)),
            ),
            Measured::Unreadable(why) => unreadable.push(Problem {
                image: id.clone(),
                stage: super::STAGE.to_owned(),
                problem: format!("can't be read: {why}"),
                action: super::LEFT_OUT.to_owned(),
            }),
        }
    }
    let mut dynamics =
        Dynamics::collect(rows).map_err(|why| Error::Usage(format!("--checkpoints: {why}")))?;
    dynamics.problems.splice(0..0, unreadable);
    Ok(dynamics)
}

/// Images that are not measured yet, and about how many seconds they will take.
fn estimate(
    models: &[Classifier],
    inputs: &Inputs,
    shards: &[&[usize]],
    missing: &[usize],
    threads: usize,
) -> Result<(usize, f64), Error> {
    let left: usize = missing.iter().map(|&index| shards[index].len()).sum();
    if left == 0 {
        return Ok((0, 0.0));
    }
    let Some(model) = models.first() else {
        return Err(Error::Usage("training dynamics need a checkpoint".to_owned()));
    };
    let [height, width] = model.input_size();
    let gray = Planes { width, height, data: vec![0.5; 3 * height * width] };
    let input = inputs.loader.preprocess().normalise(&gray);
    // The first pass also prepares the engine.
    model.forward(&input, false)?;
    let start = Instant::now();
    model.forward(&input, false)?;
    let images = left as f64 / threads.max(1) as f64;
    Ok((left, start.elapsed().as_secs_f64() * images * models.len() as f64))
}

fn open(file: &Path, inputs: &Inputs) -> Result<Classifier, Error> {
    let model = inputs.classifier_of(file)?;
    if model.outputs() != inputs.classifier.outputs() {
        return Err(Error::Usage(format!(
            "{}: the checkpoint has {} outputs, the model {}",
            file.display(),
            model.outputs(),
            inputs.classifier.outputs()
        )));
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_compare_by_value() {
        let mut names = ["e10.onnx", "e9.onnx", "e1.onnx", "e010b.onnx"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(names, ["e1.onnx", "e9.onnx", "e10.onnx", "e010b.onnx"]);
    }
}

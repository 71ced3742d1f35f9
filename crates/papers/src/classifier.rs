//! The classifier that is audited: what it makes of the images, and what it made of them while it was trained.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use ndarray::{Array2, ArrayView2};
use rightly_audit::{
    Error, dynamics,
    features::{Outcome, WrongAnswers},
    workers,
};
use rightly_data::{Dataset, Planes, pixels::DecodeOptions};
use rightly_model::{
    Classifier, EngineKind, Overrides,
    heads::{Features, Head, HeadOptions, Optimizer, Standard, cross_entropy},
};

/// Why a network could not be trained.
pub type TrainerError = Box<dyn std::error::Error + Send + Sync>;

/// Trains a network from scratch; the binary joins this to `rightly-train`.
pub trait Trainer: Sync {
    /// Trains on the split `train` into `out`, which then holds `model.onnx`, its card, and `dynamics.parquet` of the splits
    /// `train` and `val`: for the mean loss, or for groups (GroupDRO). A training that is done, or was stopped there, goes on.
    ///
    /// # Errors
    /// Whatever stops a training.
    fn train(
        &self,
        seed: u64,
        out: &Path,
        groups: Option<&SoftGroups>,
    ) -> Result<PathBuf, TrainerError>;

    /// Its network, for the table.
    fn name(&self) -> String;
}

/// Groups of the training images.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftGroups {
    /// Step of the groups' weights.
    pub eta: f64,
    /// Number of groups.
    pub count: usize,
    /// Groups of each image with its shares, by its id.
    pub of: BTreeMap<String, Vec<(usize, f32)>>,
}

/// What the protocol needs of a classifier.
pub(crate) struct Classified {
    /// Losses of the validation images after each epoch, `[n, epochs]`.
    pub(crate) losses: Array2<f64>,
    pub(crate) val: Vec<Outcome>,
    pub(crate) test: Vec<Outcome>,
}

/// Features and labels of one part.
#[derive(Clone, Copy)]
pub(crate) struct Labelled<'a> {
    pub(crate) values: ArrayView2<'a, f32>,
    pub(crate) labels: &'a [usize],
}

/// A linear head on standardised features: softmax regression, AdamW, batches of 128.
///
/// # Errors
/// The training diverges.
pub(crate) fn head(
    train: Labelled<'_>,
    val: Labelled<'_>,
    test: Labelled<'_>,
    classes: usize,
    epochs: usize,
    seed: u64,
) -> Result<Classified, Error> {
    let standard = Standard::of(train.values);
    let scaled = |part: Labelled<'_>| {
        let mut values = part.values.to_owned();
        standard.apply(values.view_mut());
        values
    };
    let (fit, held, last) = (scaled(train), scaled(val), scaled(test));
    let data = Features { values: fit.view(), labels: train.labels, weights: None, classes };
    let options = HeadOptions {
        hidden: None,
        epochs,
        batch: Some(128),
        rate: 1e-3,
        optimizer: Optimizer::AdamW { weight_decay: 1e-4 },
        seed,
    };
    let mut losses = Array2::zeros((val.labels.len(), epochs));
    let (head, _) = Head::train_observed(data, &options, |epoch, head| {
        let logits = head.logits(held.view())?;
        for ((row, &label), loss) in
            logits.rows().into_iter().zip(val.labels).zip(losses.column_mut(epoch))
        {
            *loss = cross_entropy(&row.to_vec(), label);
        }
        Ok(())
    })?;
    let outcomes = |values: &Array2<f32>, labels: &[usize]| -> Result<Vec<Outcome>, Error> {
        let logits = head.logits(values.view())?;
        Ok(logits
            .rows()
            .into_iter()
            .zip(labels)
            .map(|(row, &y)| outcome(&row.to_vec(), y))
            .collect())
    };
    let (val, test) = (outcomes(&held, val.labels)?, outcomes(&last, test.labels)?);
    Ok(Classified { losses, val, test })
}

/// A network that was trained from scratch, in the folder that its [`Trainer`] left.
///
/// # Errors
/// The model or its dynamics can't be read or lack an image; `stop` was set.
pub(crate) fn network(
    dataset: &Dataset,
    val: &[usize],
    test: &[usize],
    folder: &Path,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Classified, Error> {
    let table = folder.join("dynamics.parquet");
    let dynamics = dynamics::read(&table, dataset)?;
    let mut losses = Array2::zeros((val.len(), dynamics.epochs().len()));
    for (mut row, &at) in losses.rows_mut().into_iter().zip(val) {
        let id = &dataset.samples[at].id;
        let own = dynamics
            .losses(id)
            .ok_or_else(|| Error::run(&table, format!("no losses of '{id}'; train it again")))?;
        row.assign(&ndarray::ArrayView1::from(own));
    }
    let model = folder.join("model.onnx");
    let classifier = Classifier::open(&model, &Overrides::default(), EngineKind::Rten)?;
    let preprocess = &classifier.card().preprocess;
    let decode = DecodeOptions::default();
    let outcomes = |samples: &[usize]| {
        workers::ordered(samples.len(), threads, stop, |at| {
            let sample = &dataset.samples[samples[at]];
            let decoded = sample.image.load(&decode)?;
            let crop = preprocess.crop_image(&decoded.image);
            let input = preprocess.normalise(&Planes::from(&crop));
            Ok(outcome(&classifier.forward(&input, false)?.logits, sample.class))
        })
    };
    Ok(Classified { losses, val: outcomes(val)?, test: outcomes(test)? })
}

fn outcome(logits: &[f32], label: usize) -> Outcome {
    let mut output = 0;
    for (at, value) in logits.iter().enumerate() {
        if *value > logits[output] {
            output = at;
        }
    }
    let top = f64::from(logits[output]);
    let mut shares: Vec<f64> = logits.iter().map(|&l| (f64::from(l) - top).exp()).collect();
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|p| *p /= sum);
    let wrong = WrongAnswers::of(&shares, &[label]);
    Outcome { output, correct: output == label, loss: cross_entropy(logits, label) as f32, wrong }
}

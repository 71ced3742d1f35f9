//! How much each feature speaks for a class: the last layer above the features (the audited model's own, or that of the
//! encoder), or a linear probe; and whose answers count as right where features are chosen.

use ndarray::Array2;
use rightly_model::{
    LabelMap,
    heads::{Features, Head, HeadOptions, Optimizer, Standard},
};
use rightly_onnx::graph::layers::LinearHead;

use super::images::{Population, Row};
use crate::{
    Error, Inputs,
    features::{FeatureSet, rows_of},
    inputs::Outputs,
};

/// Images of a class that a probe is trained on at most, so that any dataset fits in memory.
const PROBED: usize = 500;
/// Passes of the probe over its images.
const EPOCHS: usize = 40;

/// Weights of the features, and who says what is right where they are chosen.
pub(super) struct Weights<'a> {
    /// `[classes, d]`; a class of several outputs has the mean of their rows.
    pub(super) values: Array2<f32>,
    pub(super) judge: Judge<'a>,
    /// What they are, sentences.
    pub(super) words: Vec<String>,
}

/// Whose right answers choose features.
pub(super) enum Judge<'a> {
    /// The audited model's.
    Model,
    /// Those of the encoder's own last layer, which follow from the features.
    Encoder {
        head: &'a LinearHead,
        /// Outputs of each class.
        outputs: Vec<Vec<usize>>,
        /// Outputs that take part.
        among: Vec<usize>,
    },
}

impl Judge<'_> {
    /// `model` or `encoder`, as tables have it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Encoder { .. } => "encoder",
        }
    }

    /// In a sentence.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Model => "the audited model",
            Self::Encoder { .. } => "the encoder's own last layer",
        }
    }

    /// Whether an image of these features counts as right.
    pub(super) fn right(&self, row: &Row, vector: &[f32]) -> bool {
        let (head, outputs, among) = match self {
            Self::Model => return row.correct,
            Self::Encoder { head, outputs, among } => (head, outputs, among),
        };
        let logit = |output: usize| {
            let weight = head.weight.row(output);
            let sum: f64 =
                weight.iter().zip(vector).map(|(&w, &v)| f64::from(w) * f64::from(v)).sum();
            sum + f64::from(head.bias[output])
        };
        // The first of equal ones, as for the audited model.
        let best = among.iter().fold(None, |best: Option<(usize, f64)>, &output| {
            let own = logit(output);
            if best.is_some_and(|(_, most)| most >= own) { best } else { Some((output, own)) }
        });
        best.is_some_and(|(output, _)| outputs[row.class].contains(&output))
    }
}

/// The weights of the features, from the best source at hand.
///
/// # Errors
/// A probe that can't be trained; features that can't be read.
pub(super) fn class_weights<'a>(
    inputs: &Inputs,
    set: &'a FeatureSet,
    population: &Population<'_>,
    threads: usize,
) -> Result<Weights<'a>, Error> {
    let encoder = set.encoder.as_ref();
    let Some((encoder, head)) = encoder.and_then(|e| Some((e, e.head()?))) else {
        let why = "the features have no last layer above them";
        return probe(inputs, set, population, why, threads);
    };
    if encoder.has_logits() {
        let outputs = &inputs.label_map.outputs;
        let what = match head.exact {
            true => "Weights: the model's own last layer.",
            false => {
                "Weights: the model's last convolution, before its scores are cut at zero and pooled."
            }
        };
        let values = rows_of_classes(head, outputs);
        return Ok(Weights { values, judge: Judge::Model, words: vec![what.to_owned()] });
    }
    let outputs = match outputs_of(inputs, head, encoder.labels(), encoder.path()) {
        Ok(outputs) => outputs,
        Err(why) => {
            let why =
                format!("the outputs of the encoder's own last layer belong to no class: {why}");
            return probe(inputs, set, population, &why, threads);
        }
    };
    let values = rows_of_classes(head, &outputs);
    let mut words = vec![format!("Weights: the last layer of {}.", encoder.path().display())];
    let judge = if head.exact {
        let mut among: Vec<usize> = match inputs.options.outputs {
            Outputs::All => (0..head.weight.nrows()).collect(),
            Outputs::Mapped => outputs.iter().flatten().copied().collect(),
        };
        among.sort_unstable();
        among.dedup();
        Judge::Encoder { head, outputs, among }
    } else {
        words.push(
            "The encoder's answers do not follow from its features; where features are chosen the audited model says what is \
             right."
                .to_owned(),
        );
        Judge::Model
    };
    words.push("Right and wrong of the ranked images are the audited model's.".to_owned());
    Ok(Weights { values, judge, words })
}

fn rows_of_classes(head: &LinearHead, outputs: &[Vec<usize>]) -> Array2<f32> {
    let mut weights = Array2::zeros((outputs.len(), head.weight.ncols()));
    for (class, outputs) in outputs.iter().enumerate() {
        for &output in outputs {
            weights.row_mut(class).scaled_add(1.0 / outputs.len() as f32, &head.weight.row(output));
        }
    }
    weights
}

/// Outputs of another network for each class of the data, or why they are not known.
fn outputs_of(
    inputs: &Inputs,
    head: &LinearHead,
    labels: Option<&[String]>,
    path: &std::path::Path,
) -> Result<Vec<Vec<usize>>, String> {
    let (dataset, count) = (&inputs.dataset, head.weight.nrows());
    if let (None, Some(outputs), 1000) = (labels, &dataset.outputs, count) {
        return Ok(outputs.clone());
    }
    let found = LabelMap::by_name(&dataset.classes, labels, count, path);
    found.map(|map| map.outputs).map_err(|error| error.to_string())
}

/// Softmax regression from standardised features to the classes of the data, on the images that features are chosen on.
fn probe<'a>(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    why: &str,
    threads: usize,
) -> Result<Weights<'a>, Error> {
    let classes = inputs.dataset.classes.len();
    let mut taken = vec![0; classes];
    let chosen: Vec<bool> = population
        .rows
        .iter()
        .map(|row| {
            let count = &mut taken[row.class];
            *count += usize::from(row.fit);
            row.fit && *count <= PROBED
        })
        .collect();
    let (rows, mut values) =
        rows_of(set, threads, |id| population.find(id).filter(|&at| chosen[at]))?;
    let labels: Vec<usize> = rows.iter().map(|&at| population.rows[at].class).collect();
    let n = labels.len();
    let standard = Standard::of(values.view());
    standard.apply(values.view_mut());
    let options = HeadOptions {
        hidden: None,
        epochs: EPOCHS,
        batch: Some(256),
        rate: 0.01,
        optimizer: Optimizer::AdamW { weight_decay: 0.05 },
        seed: inputs.options.seed,
    };
    let data = Features { values: values.view(), labels: &labels, weights: None, classes };
    let (head, _) = Head::train(data, &options)?;
    let logits = head.logits(values.view())?;
    let right = logits.rows().into_iter().zip(&labels).filter(|(row, label)| {
        let best = row
            .iter()
            .enumerate()
            .fold((0, f32::NEG_INFINITY), |best, (at, &v)| if v > best.1 { (at, v) } else { best });
        best.0 == **label
    });
    let what = format!(
        "Weights: a linear probe trained on {n} images of '{}' (right on {:.0} % of them), since {why}.",
        population.fit_split,
        100.0 * right.count() as f64 / n.max(1) as f64
    );
    let mut weights = Array2::zeros((classes, set.dim));
    if let Some((layer, _)) = head.layers().next() {
        weights.assign(&layer);
    }
    for (mut column, &scale) in weights.columns_mut().into_iter().zip(standard.scale()) {
        column.mapv_inplace(|w| w * scale as f32);
    }
    Ok(Weights { values: weights, judge: Judge::Model, words: vec![what] })
}

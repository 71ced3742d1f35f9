//! How much each feature speaks for a class: the audited model's own last layer, or a linear probe.

use ndarray::Array2;
use rightly_model::heads::{Features, Head, HeadOptions, Optimizer, Standard};

use super::population::Population;
use crate::{
    Error, Inputs,
    features::{FeatureSet, rows_of},
};

/// Images of a class that a probe is trained on at most, so that any dataset fits in memory.
const PROBED: usize = 500;
/// Passes of the probe over its images.
const EPOCHS: usize = 40;

/// `[classes, d]`, and what they are in words. A class of several outputs gets the mean of their rows.
pub(super) fn class_weights(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    threads: usize,
) -> Result<(Array2<f32>, String), Error> {
    let Some(head) = set.encoder.as_ref().and_then(|encoder| encoder.head()) else {
        return probe(inputs, set, population, threads);
    };
    let mut weights = Array2::zeros((inputs.dataset.classes.len(), set.dim));
    for (class, outputs) in inputs.label_map.outputs.iter().enumerate() {
        for &output in outputs {
            weights.row_mut(class).scaled_add(1.0 / outputs.len() as f32, &head.weight.row(output));
        }
    }
    let what = if head.exact {
        "Weights: the model's own last layer.".to_owned()
    } else {
        "Weights: the model's last convolution, before its scores are cut at zero and pooled."
            .to_owned()
    };
    Ok((weights, what))
}

/// Softmax regression from standardised features to the classes of the data, on the images that features are chosen on.
fn probe(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    threads: usize,
) -> Result<(Array2<f32>, String), Error> {
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
        "Weights: a linear probe trained on {n} images of '{}' (right on {:.0} % of them), since the features have no \
         last layer of the model above them.",
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
    Ok((weights, what))
}

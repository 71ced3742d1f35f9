//! How much each feature speaks for a class: the audited model's own last layer, or a linear probe.

use ndarray::Array2;

use super::population::Population;
use crate::{Error, Inputs, features::FeatureSet};

/// `[classes, d]`, and what they are in words. A class of several outputs gets the mean of their rows.
pub(super) fn class_weights(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    threads: usize,
) -> Result<(Array2<f32>, String), Error> {
    let Some(head) = set.encoder.as_ref().and_then(|encoder| encoder.head()) else {
        return Err(Error::Usage(format!("no head {} {threads}", population.rows.len())));
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
        "Weights: the model's last convolution, before the scores are cut at zero and pooled.".to_owned()
    };
    Ok((weights, what))
}

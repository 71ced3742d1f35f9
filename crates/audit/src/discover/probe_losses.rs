//! Training dynamics where a single model is all there is: those of a linear probe, cross-fitted.

use std::collections::HashMap;

use ndarray::Array2;
use rightly_data::dataset::deal;
use rightly_model::heads::{Features, Head, HeadOptions, Optimizer, Standard, cross_entropy};

use super::material::Members;
use crate::{
    Error, Inputs,
    features::{FeatureSet, fold, rows_of},
};

/// Passes of each probe, and so the losses of an image. Few and slow: what is learnt early tells most.
pub(super) const EPOCHS: usize = 10;
/// Parts of the images; each is measured by the probe of the others.
const FOLDS: usize = 5;
/// Images of a class that a probe is trained on at most, and values of all of them together.
const PROBED: (usize, usize) = (500, 64 << 20);

/// The loss of each image of the fitting part after each epoch of a probe that has not seen it (nor its cluster).
///
/// # Errors
/// The features can't be read.
pub(super) fn dynamics(
    inputs: &Inputs,
    set: &FeatureSet,
    members: &[Members],
    threads: usize,
) -> Result<HashMap<usize, Vec<f64>>, Error> {
    let fitted: Vec<usize> = members.iter().flat_map(|m| m.fit.iter().copied()).collect();
    let keys: Vec<String> = match inputs.clusters_of(&fitted)? {
        Some(clusters) => clusters.iter().map(u32::to_string).collect(),
        None => fitted.iter().map(|&at| inputs.dataset.samples[at].id.clone()).collect(),
    };
    let folds = deal(&keys, inputs.options.seed, &[1.0; FOLDS]);
    let place: HashMap<&str, usize> = fitted
        .iter()
        .enumerate()
        .map(|(at, &sample)| (inputs.dataset.samples[sample].id.as_str(), at))
        .collect();
    let class = |at: usize| inputs.dataset.samples[fitted[at]].class;

    let classes = members.len();
    let most = PROBED.0.min((PROBED.1 / (classes * set.dim).max(1)).max(2));
    let mut taken = vec![0; classes];
    let trained: Vec<bool> = (0..fitted.len())
        .map(|at| {
            taken[class(at)] += 1;
            taken[class(at)] <= most
        })
        .collect();
    let (rows, mut values) =
        rows_of(set, threads, |id| place.get(id).copied().filter(|&at| trained[at]))?;
    let standard = Standard::of(values.view());
    standard.apply(values.view_mut());

    let mut heads: Vec<Vec<Head>> = Vec::with_capacity(FOLDS);
    for fold in 0..FOLDS {
        let keep: Vec<usize> = (0..rows.len()).filter(|&r| folds[rows[r]] != fold).collect();
        let labels: Vec<usize> = keep.iter().map(|&r| class(rows[r])).collect();
        let chosen = values.select(ndarray::Axis(0), &keep);
        let data = Features { values: chosen.view(), labels: &labels, weights: None, classes };
        let options = HeadOptions {
            hidden: None,
            epochs: EPOCHS,
            batch: Some(128),
            rate: 0.001,
            optimizer: Optimizer::AdamW { weight_decay: 0.01 },
            seed: inputs.options.seed,
        };
        let mut seen = Vec::with_capacity(EPOCHS);
        if !keep.is_empty() {
            Head::train_observed(data, &options, |_, head| {
                seen.push(head.clone());
                Ok(())
            })?;
        }
        heads.push(seen);
    }
    drop(values);

    let mut losses: Vec<Vec<f64>> = vec![Vec::new(); fitted.len()];
    let measure =
        |rows: &[usize], values: Vec<f32>, out: &mut Vec<Vec<f64>>| -> Result<(), Error> {
            let mut values = matrix(rows.len(), set.dim, values)?;
            standard.apply(values.view_mut());
            for (fold, heads) in heads.iter().enumerate() {
                let own: Vec<usize> = (0..rows.len()).filter(|&r| folds[rows[r]] == fold).collect();
                let chosen = values.select(ndarray::Axis(0), &own);
                for head in heads {
                    let logits = head.logits(chosen.view())?;
                    for (row, &at) in logits.rows().into_iter().zip(&own) {
                        let row = row.to_vec();
                        out[rows[at]].push(cross_entropy(&row, class(rows[at])));
                    }
                }
            }
            Ok(())
        };
    let mut failed = None;
    let last = fold(
        &set.path,
        "vector",
        threads,
        Block::default,
        |block: &mut Block, id, vector| {
            if let Some(&at) = place.get(id) {
                block.rows.push(at);
                block.values.extend_from_slice(vector);
            }
            Ok(())
        },
        |_, block| {
            if failed.is_none() {
                failed = measure(&block.rows, block.values, &mut losses).err();
            }
        },
    )?;
    debug_assert!(last.rows.is_empty(), "every block is measured when it is merged");
    match failed {
        Some(error) => Err(error),
        None => Ok(fitted.iter().copied().zip(losses).collect()),
    }
}

/// Rows of the features file with their vectors one after another.
#[derive(Default)]
struct Block {
    rows: Vec<usize>,
    values: Vec<f32>,
}

fn matrix(n: usize, d: usize, values: Vec<f32>) -> Result<Array2<f32>, Error> {
    Array2::from_shape_vec((n, d), values).map_err(|e| Error::Usage(format!("features: {e}")))
}

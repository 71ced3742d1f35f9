//! Images that could be added to the training: a split of the data, or other data.

use std::{collections::HashMap, path::Path};

use ndarray::Array2;
use rightly_data::dataset::unlabelled;

use super::{MitigateOptions, PoolLabels, STAGE, intervention::Choice, material::Rows};
use crate::{
    Context, Error, Inputs, RunDir,
    features::{self, Outcomes, Source, rows_of},
    run::Key,
};

/// Split of the data that is a pool where no other is given.
const SPLIT: &str = "intervention";

/// Images to choose from.
pub(super) struct Pool {
    /// Samples are positions in the pool.
    pub(super) rows: Rows,
    pub(super) ids: Vec<String>,
    /// Loss of the audited model for the label.
    pub(super) losses: Vec<f32>,
    /// What it is, a sentence.
    pub(super) words: String,
    /// Changes with it.
    pub(super) key: String,
}

impl Pool {
    /// Images that were chosen. They are no samples of the data.
    pub(super) fn chosen(&self, choice: &Choice) -> Rows {
        let rows = self.rows.select(&choice.rows);
        Rows { samples: vec![usize::MAX; rows.len()], ..rows }
    }
}

/// Whether there is one.
pub(super) fn exists(inputs: &Inputs, options: &MitigateOptions) -> bool {
    options.pool.is_some() || inputs.dataset.splits().contains_key(SPLIT)
}

/// The pool with features of the audited model; `None` where there is none.
///
/// # Errors
/// It can't be read, or holds no image of the data's classes; as [`features::gather`].
pub(super) fn open(
    inputs: &Inputs,
    options: &MitigateOptions,
    context: &Context<'_>,
) -> Result<Option<Pool>, Error> {
    let gather = |inputs: &Inputs, run: &RunDir, split: &str| {
        features::gather(inputs, &Source::Model, &[split], &[], &context.within(run))
    };
    let &Context { run, threads, .. } = context;
    let Some(path) = &options.pool else {
        if !exists(inputs, options) {
            return Ok(None);
        }
        let set = gather(inputs, run, SPLIT)?;
        let words = format!("Pool: the {} images of '{SPLIT}'", inputs.samples_of(SPLIT).len());
        return read((inputs, options), &set, (inputs, SPLIT), words, threads).map(Some);
    };
    let other = match options.pool_labels {
        PoolLabels::Given => inputs.with_data(path)?,
        PoolLabels::Predicted => inputs.with_unlabelled(unlabelled(Path::new(path))?, path)?,
    };
    let own = RunDir::new(run.path(&format!("{STAGE}/pool")));
    let set = gather(&other, &own, "all")?;
    let words = format!("Pool: the {} images of {path}", other.dataset.samples.len());
    read((inputs, options), &set, (&other, "all"), words, threads).map(Some)
}

fn read(
    (inputs, options): (&Inputs, &MitigateOptions),
    set: &features::FeatureSet,
    (of, split): (&Inputs, &str),
    words: String,
    threads: usize,
) -> Result<Pool, Error> {
    let outcomes = Outcomes::read(&set.outcomes)?;
    let predicted = options.pool_labels == PoolLabels::Predicted;
    let class_of: HashMap<usize, usize> = inputs
        .label_map
        .outputs
        .iter()
        .enumerate()
        .flat_map(|(class, outputs)| outputs.iter().map(move |&output| (output, class)))
        .collect();
    let by_name: HashMap<&str, usize> =
        inputs.dataset.classes.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let (mut ids, mut labels, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for sample in of.samples_of(split) {
        let sample = &of.dataset.samples[sample];
        let Some(outcome) = outcomes.of(&sample.id) else { continue };
        let label = match predicted {
            true => class_of.get(&outcome.output),
            false => by_name.get(of.dataset.classes[sample.class].as_str()),
        };
        let Some(&label) = label else { continue };
        ids.push(sample.id.clone());
        labels.push(label);
        losses.push(outcome.loss);
    }
    if ids.is_empty() {
        return Err(Error::Usage(format!("{words}: none of them is of a class of the data")));
    }
    let place: HashMap<&str, usize> =
        ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let (found, vectors) = rows_of(set, threads, |id| place.get(id).copied())?;
    if found.len() != ids.len() {
        return Err(Error::run(&set.path, "images are missing; remove this folder and run again"));
    }
    let mut values = Array2::zeros((ids.len(), set.dim));
    for (row, vector) in found.into_iter().zip(vectors.outer_iter()) {
        values.row_mut(row).assign(&vector);
    }
    let named = if predicted { ", with the classes that the model gives them" } else { "" };
    Ok(Pool {
        rows: Rows { samples: (0..ids.len()).collect(), values, labels },
        words: format!("{words}{named}; {} can be used.", ids.len()),
        ids,
        losses,
        key: Key::new("pool of a repair", of.revisions.of(STAGE))
            .with("features", &set.key)?
            .with("labels", &predicted)?
            .with("budget", &options.budget)?
            .finish(),
    })
}

//! Features, labels and groups of the images that heads are trained, chosen and reported on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ndarray::{Array2, Axis};
use rightly_data::dataset::deal;

use super::{MitigateOptions, grouping::Grouping};
use crate::{
    Error, Inputs,
    features::{FeatureSet, Outcomes, rows_of},
};

/// Bytes of training features at most; of more images a part is taken.
const HELD: usize = 2 << 30;
/// Images up to which there are more folds, and folds up to there and beyond.
const MANY: usize = 10_000;
const FOLDS: [usize; 2] = [5, 2];

/// Which images serve what, as samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Division {
    /// Images that the model was trained on.
    pub(super) train: Vec<usize>,
    /// Held-out images, in which subgroups were looked for: to choose on, and to train on.
    pub(super) held: Vec<usize>,
    /// Fold of each held-out image.
    pub(super) folds: Vec<usize>,
    /// Images to report on.
    pub(super) report: Vec<usize>,
    /// Training images whose cluster chooses or is reported on: no cluster may do both.
    pub(super) left_out: usize,
}

impl Division {
    /// Deals the images in which subgroups were looked for into folds, whole clusters: each is chosen on by heads that were
    /// trained on the others.
    ///
    /// # Errors
    /// A split that no image has, or that shares images with the others; the cluster column can't be read.
    pub(super) fn new(
        inputs: &Inputs,
        options: &MitigateOptions,
        grouping: &Grouping,
        outcomes: &Outcomes,
    ) -> Result<Self, Error> {
        let known = |at: &usize| outcomes.of(&inputs.dataset.samples[*at].id).is_some();
        let usable = |all: &[usize]| all.iter().copied().filter(known).collect::<Vec<_>>();
        let fit = usable(&grouping.fit);
        let keys: Vec<String> = match inputs.clusters_of(&fit)? {
            Some(clusters) => clusters.iter().map(u32::to_string).collect(),
            None => fit.iter().map(|&at| inputs.dataset.samples[at].id.clone()).collect(),
        };
        let train = match train_split(inputs, options, grouping)? {
            Some(split) => usable(&inputs.samples_of(&split)),
            None => Vec::new(),
        };
        let report = usable(&grouping.report);
        let (train, left_out) = apart(inputs, train, [&fit, &report])?;
        let count = if train.len() + fit.len() <= MANY { FOLDS[0] } else { FOLDS[1] };
        let folds = deal(&keys, inputs.options.seed, &vec![1.0; count]);
        Ok(Self { train, held: fit, folds, report, left_out })
    }
}

/// Images whose cluster holds none of the others', and how many there are that share one.
fn apart(
    inputs: &Inputs,
    train: Vec<usize>,
    others: [&[usize]; 2],
) -> Result<(Vec<usize>, usize), Error> {
    let all = [&train[..], others[0], others[1]].concat();
    let Some(clusters) = inputs.clusters_of(&all)? else { return Ok((train, 0)) };
    let (own, taken) = clusters.split_at(train.len());
    let taken: BTreeSet<u32> = taken.iter().copied().collect();
    let kept: Vec<usize> =
        train.iter().zip(own).filter(|(_, c)| !taken.contains(c)).map(|(&at, _)| at).collect();
    let left_out = train.len() - kept.len();
    Ok((kept, left_out))
}

impl Division {
    /// Which images serve what, in words.
    pub(super) fn words(&self, grouping: &Grouping) -> String {
        let train = match self.train.len() {
            0 => String::new(),
            n => format!("{n} images of the model's training split and "),
        };
        let report = match grouping.splits[0] == grouping.splits[1] {
            true => "the other half".to_owned(),
            false => format!("'{}'", grouping.splits[1]),
        };
        let left_out = match self.left_out {
            0 => String::new(),
            n => format!(
                " {n} training images are left out: their cluster is chosen or reported on."
            ),
        };
        format!(
            "Heads are trained on {train}{} held-out images of '{}', in which subgroups were looked for. These are dealt into \
             {} folds by a hash of their ids (of their clusters) and the seed; what is chosen is chosen on each fold by heads \
             that were trained on the others. Reported are {} images of {report}.{left_out}",
            self.held.len(),
            grouping.splits[0],
            self.folds.iter().max().map_or(0, |most| most + 1),
            self.report.len()
        )
    }
}

/// The split to train on; none where there is none beside those that hold the groups.
///
/// # Errors
/// A split that no image has, or one of the others.
pub(super) fn train_split(
    inputs: &Inputs,
    options: &MitigateOptions,
    grouping: &Grouping,
) -> Result<Option<String>, Error> {
    let there = inputs.dataset.splits();
    let taken = |name: &str| grouping.splits.iter().any(|split| split == name || split == "all");
    match options.train_split.as_deref() {
        Some(name) if taken(name) => Err(Error::Usage(format!(
            "--train-split {name}: subgroups were looked for or confirmed in it, and no image may both train and judge"
        ))),
        Some(name) if !there.contains_key(name) => Err(Error::Usage(format!(
            "{}: --train-split {name}: no image has this split; the data has {}",
            inputs.dataset.given.display(),
            there.keys().copied().collect::<Vec<_>>().join(", ")
        ))),
        Some(name) => Ok(Some(name.to_owned())),
        None => Ok((there.contains_key("train") && !taken("train")).then(|| "train".to_owned())),
    }
}

/// Images with their features.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) samples: Vec<usize>,
    /// `[n, d]`.
    pub(super) values: Array2<f32>,
    /// Class of each.
    pub(super) labels: Vec<usize>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Both, one after the other.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut values = self.values.clone();
        // Both have the same columns.
        let _ = values.append(Axis(0), other.values.view());
        Self {
            samples: [&self.samples[..], &other.samples].concat(),
            values,
            labels: [&self.labels[..], &other.labels].concat(),
        }
    }

    /// Some of them.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self {
            samples: rows.iter().map(|&row| self.samples[row]).collect(),
            values: self.values.select(Axis(0), rows),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
        }
    }
}

/// The images of a division with their features.
#[derive(Debug, Clone, Default)]
pub(super) struct Material {
    pub(super) train: Rows,
    pub(super) held: Rows,
    /// Fold of each held-out image.
    pub(super) folds: Vec<usize>,
    pub(super) report: Rows,
}

impl Material {
    /// Reads the features of all in one pass.
    ///
    /// # Errors
    /// The table can't be read, or lacks an image.
    pub(super) fn read(
        inputs: &Inputs,
        set: &FeatureSet,
        division: &Division,
        threads: usize,
    ) -> Result<Self, Error> {
        let parts = [&division.train, &division.held, &division.report];
        let mut out = parts.map(|samples| empty(inputs, samples, set.dim));
        let mut place: HashMap<&str, (usize, usize)> = HashMap::new();
        for (part, samples) in parts.into_iter().enumerate() {
            for (row, &sample) in samples.iter().enumerate() {
                place.insert(&inputs.dataset.samples[sample].id, (part, row));
            }
        }
        let (found, vectors) = rows_of(set, threads, |id| place.get(id).copied())?;
        if found.len() != place.len() {
            return Err(Error::run(
                &set.path,
                "images are missing; remove the folder features/ of the run and run again",
            ));
        }
        for ((part, row), vector) in found.into_iter().zip(vectors.outer_iter()) {
            out[part].values.row_mut(row).assign(&vector);
        }
        let [train, held, report] = out;
        Ok(Self { train, held, folds: division.folds.clone(), report })
    }

    /// The model's training images, held-out ones, those that are reported on.
    pub(super) fn parts(&self) -> [&Rows; 3] {
        [&self.train, &self.held, &self.report]
    }
}

fn empty(inputs: &Inputs, samples: &[usize], dim: usize) -> Rows {
    Rows {
        samples: samples.to_vec(),
        values: Array2::zeros((samples.len(), dim)),
        labels: samples.iter().map(|&at| inputs.dataset.samples[at].class).collect(),
    }
}

/// Leaves as many training images as fit into memory, dealt by their ids; a sentence where some are left out.
pub(super) fn cut(inputs: &Inputs, division: &mut Division, dim: usize) -> Option<String> {
    let most = HELD / (4 * dim.max(1));
    let all = division.train.len();
    if all <= most {
        return None;
    }
    let keys: Vec<&str> =
        division.train.iter().map(|&at| inputs.dataset.samples[at].id.as_str()).collect();
    let shares = [most as f64, (all - most) as f64];
    let dealt = deal(&keys, inputs.options.seed, &shares);
    let kept = division.train.iter().zip(dealt).filter(|(_, part)| *part == 0);
    division.train = kept.map(|(&at, _)| at).collect();
    Some(format!(
        "Of {all} training images {} are used, dealt by a hash of their ids: their features take 2 GiB.",
        division.train.len()
    ))
}

/// Rows of each class.
pub(super) fn by_class(labels: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut out: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        out.entry(label).or_default().push(row);
    }
    out
}

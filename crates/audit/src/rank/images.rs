//! The images that take part: those on which features are chosen, and those that are ranked.

use std::collections::{BTreeSet, HashMap};

use crate::{
    Error, Inputs,
    features::{FeatureSet, Outcomes},
};

/// One image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Index into the dataset.
    pub(super) sample: usize,
    pub(super) class: usize,
    /// Whether the audited model is right.
    pub(super) correct: bool,
    /// Features are chosen and judged on it.
    pub(super) fit: bool,
    /// It is ranked.
    pub(super) evaluated: bool,
}

/// Images that have features, in the order of the dataset.
pub(super) struct Population<'a> {
    pub(super) rows: Vec<Row>,
    index: HashMap<&'a str, usize>,
    /// The split on which features are chosen; the evaluated one where there is no other.
    pub(super) fit_split: String,
}

/// The split on which features are chosen: what was asked for, else `val`, else `train`, else the evaluated one.
pub(super) fn fit_split(inputs: &Inputs, asked: Option<&str>) -> Result<String, Error> {
    let splits = inputs.dataset.splits();
    if let Some(name) = asked {
        if name == inputs.split() || splits.contains_key(name) {
            return Ok(name.to_owned());
        }
        let found: Vec<&str> = splits.keys().copied().collect();
        return Err(Error::Usage(format!(
            "{}: --fit-split {name}: no image has this split; the data has {}",
            inputs.dataset.given.display(),
            if found.is_empty() { "no splits".to_owned() } else { found.join(", ") }
        )));
    }
    // 'all' holds every image, those of the other splits too.
    let other = |name: &&str| {
        inputs.split() != "all" && inputs.split() != *name && splits.contains_key(*name)
    };
    Ok(["val", "train"].into_iter().find(other).unwrap_or(inputs.split()).to_owned())
}

impl<'a> Population<'a> {
    pub(super) fn read(
        inputs: &'a Inputs,
        set: &FeatureSet,
        fit_split: String,
    ) -> Result<Self, Error> {
        let outcomes = Outcomes::read(&set.outcomes)?;
        let fit: BTreeSet<usize> = inputs.samples_of(&fit_split).into_iter().collect();
        let evaluated: BTreeSet<usize> = inputs.selected.iter().copied().collect();
        let mut rows = Vec::new();
        let mut index = HashMap::new();
        for &sample in fit.union(&evaluated) {
            let s = &inputs.dataset.samples[sample];
            let Some(correct) = outcomes.correct(&s.id) else { continue };
            index.insert(s.id.as_str(), rows.len());
            rows.push(Row {
                sample,
                class: s.class,
                correct,
                fit: fit.contains(&sample),
                evaluated: evaluated.contains(&sample),
            });
        }
        Ok(Self { rows, index, fit_split })
    }

    /// Whether some images are both chosen on and ranked.
    pub(super) fn overlaps(&self) -> bool {
        self.rows.iter().any(|row| row.fit && row.evaluated)
    }

    /// Position of an image, `None` where it takes no part.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Rows of each class that `keep` holds for.
    pub(super) fn by_class(&self, classes: usize, keep: impl Fn(&Row) -> bool) -> Vec<Vec<usize>> {
        let mut out = vec![Vec::new(); classes];
        for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| keep(row)) {
            out[row.class].push(at);
        }
        out
    }
}

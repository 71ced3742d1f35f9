//! The images in which subgroups are looked for, and those on which they are confirmed.

use std::collections::BTreeSet;

use rightly_data::dataset::deal;

use crate::{Error, Inputs};

/// Two sets of images that share none (nor a cluster).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FitConfirm {
    /// Samples, ascending.
    pub(crate) fit: Vec<usize>,
    /// Samples, ascending.
    pub(crate) confirm: Vec<usize>,
    /// Where the parts come from, a sentence.
    pub(crate) words: String,
    /// Split of each; the same where one split was dealt.
    pub(crate) splits: [String; 2],
}

impl FitConfirm {
    /// The splits that were asked for; else `val` (or `train`) and `test` (or the run's split); where that is one split,
    /// its two halves, dealt by a hash of the id (of the cluster).
    ///
    /// # Errors
    /// A split that no image has; images or clusters that stand in both parts.
    pub(crate) fn choose(
        inputs: &Inputs,
        fit_split: Option<&str>,
        confirm_split: Option<&str>,
    ) -> Result<Self, Error> {
        let there = inputs.dataset.splits();
        let known = |flag: &str, name: &str| {
            if there.contains_key(name) || name == inputs.split() {
                return Ok(name.to_owned());
            }
            let found: Vec<&str> = there.keys().copied().collect();
            let found = if found.is_empty() { "no splits".to_owned() } else { found.join(", ") };
            let data = inputs.dataset.given.display();
            Err(Error::Usage(format!(
                "{data}: {flag} {name}: no image has this split; the data has {found}"
            )))
        };
        let first = |names: &[&'static str], not: &str| {
            names.iter().copied().find(|name| *name != not && there.contains_key(name))
        };
        let confirm = match confirm_split {
            Some(name) => known("--confirm-split", name)?,
            None => first(&["test"], "").unwrap_or(inputs.split()).to_owned(),
        };
        let fit = match fit_split {
            Some(name) => known("--fit-split", name)?,
            // 'all' holds every image, those of the other splits too.
            None if confirm == "all" => confirm.clone(),
            None => first(&["val", "train"], &confirm).unwrap_or(&confirm).to_owned(),
        };
        if fit != confirm {
            let parts = Self {
                fit: inputs.samples_of(&fit),
                confirm: inputs.samples_of(&confirm),
                words: format!("Subgroups are looked for in '{fit}' and confirmed on '{confirm}'."),
                splits: [fit, confirm],
            };
            parts.check(inputs)?;
            return Ok(parts);
        }
        let all = inputs.samples_of(&fit);
        let keys: Vec<String> = match inputs.clusters_of(&all)? {
            Some(clusters) => clusters.iter().map(u32::to_string).collect(),
            None => all.iter().map(|&at| inputs.dataset.samples[at].id.clone()).collect(),
        };
        let dealt = deal(&keys, inputs.options.seed, &[1.0, 1.0]);
        let part = |wanted: usize| {
            all.iter().zip(&dealt).filter(|(_, p)| **p == wanted).map(|(&at, _)| at).collect()
        };
        let of = match &inputs.options.cluster {
            Some(column) => format!("their '{column}'"),
            None => "their id".to_owned(),
        };
        Ok(Self {
            fit: part(0),
            confirm: part(1),
            words: format!(
                "Subgroups are looked for in one half of '{fit}' and confirmed on the other; images are dealt by a hash of \
                 {of} and the seed."
            ),
            splits: [fit.clone(), fit],
        })
    }

    /// Whether one split was dealt into two halves.
    pub(crate) fn dealt(&self) -> bool {
        self.splits[0] == self.splits[1]
    }

    /// Images, or images of one cluster, in both parts would confirm what they helped to find.
    fn check(&self, inputs: &Inputs) -> Result<(), Error> {
        let fit: BTreeSet<usize> = self.fit.iter().copied().collect();
        let shared = self.confirm.iter().filter(|at| fit.contains(at)).count();
        if shared > 0 {
            return Err(Error::Usage(format!(
                "'{}' and '{}' share {shared} images; what is found on an image can't be confirmed on it. Give two splits \
                 that share none, or the same one twice: it is dealt into two halves then",
                self.splits[0], self.splits[1]
            )));
        }
        let Some(column) = &inputs.options.cluster else { return Ok(()) };
        let both: Vec<usize> = self.fit.iter().chain(&self.confirm).copied().collect();
        let Some(clusters) = inputs.clusters_of(&both)? else { return Ok(()) };
        let (fit, confirm) = clusters.split_at(self.fit.len());
        let fit: BTreeSet<u32> = fit.iter().copied().collect();
        let shared = confirm.iter().filter(|c| fit.contains(c)).collect::<BTreeSet<_>>().len();
        if shared == 0 {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "--cluster {column}: {shared} clusters have images in '{}' and in '{}'; what is found in one can't be \
             confirmed on the other. Give every cluster one split, or leave the split column out: whole clusters are \
             dealt then",
            self.splits[0], self.splits[1]
        )))
    }
}

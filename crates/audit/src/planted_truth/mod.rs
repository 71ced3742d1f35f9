//! What is known to be wrong with a model, and whether the findings say so.
//!
//! In a planted world the cues and the failing subgroups are known (`truth.json`). Each is held
//! against the findings of a run: found or missed; a finding that matches none is a false alarm.

mod matching;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rightly_data::table::Table;
use rightly_stats::proportion::newcombe;
use serde::{Deserialize, Serialize};

pub use matching::{Match, Verdict, compare};

use crate::{
    Error, RunDir,
    findings::Kind,
    run::{read_json, write_json_rows},
};

/// One row of `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// `spurious-cue` or `failing-subgroup`.
    pub kind: Kind,
    /// Class name.
    pub class: String,
    /// Attribute that carries it (`background`, `variant`, …).
    pub attribute: String,
    /// The value: a plain lower-case word that captions use.
    pub value: String,
    /// How strongly it was planted: a cue's share of the class's training images, 1 minus a
    /// variant's share in training over that in the held-out parts.
    pub strength: f64,
    /// What it costs the trained model on the test split: accuracy of the class's other images
    /// minus that of `ids`. `null` before a model is measured.
    pub gap: Option<f64>,
    /// Lower bound of the gap's 95 % interval (Newcombe).
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Images of `ids` behind the gap.
    pub n: usize,
    /// Images of the class, in all splits, that carry the variant, or that lack the class's cue.
    pub ids: Vec<String>,
}

impl Truth {
    /// Measures what the truth costs a model. `right` says for each image of the class on the
    /// split that is reported whether the model is right.
    pub fn measure(&mut self, right: &BTreeMap<&str, bool>) {
        let ids: BTreeSet<&str> = self.ids.iter().map(String::as_str).collect();
        // [others, members]: images, right ones
        let mut counts = [[0_usize; 2]; 2];
        for (id, &right) in right {
            let side = &mut counts[usize::from(ids.contains(id))];
            side[0] += 1;
            side[1] += usize::from(right);
        }
        let [[others, others_right], [members, members_right]] = counts;
        self.n = members;
        let share = |hits: usize, n: usize| hits as f64 / n as f64;
        let interval = newcombe(others_right, others, members_right, members);
        self.gap = interval.map(|_| share(others_right, others) - share(members_right, members));
        self.low = interval.map(|i| i.0);
        self.high = interval.map(|i| i.1);
    }
}

/// Reads a `truth.json`.
///
/// # Errors
/// Where the file is missing or holds something else.
pub fn read(path: &Path) -> Result<Vec<Truth>, Error> {
    read_json(path)
}

/// Writes a `truth.json`, one truth a line.
///
/// # Errors
/// Where the file can't be written.
pub fn write(path: &Path, truths: &[Truth]) -> Result<(), Error> {
    write_json_rows(path, truths)
}

/// Whether the model is right on each image of the split that a run reports, without any change to
/// the picture.
///
/// # Errors
/// Where the run has no predictions.
pub fn outcomes(run: &RunDir) -> Result<BTreeMap<String, bool>, Error> {
    let table = Table::load(&run.checked("predictions.parquet")?)?;
    let clean = table.texts("id")?.into_iter().zip(table.texts("condition")?);
    let rows = clean.zip(table.texts("correct")?);
    Ok(rows
        .filter(|((_, condition), _)| condition.as_deref() == Some("none"))
        .filter_map(|((id, _), correct)| Some((id?, correct? == "true")))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_others_minus_members_on_the_split_that_is_given() {
        let mut truth = Truth {
            kind: Kind::FailingSubgroup,
            class: "boat".to_owned(),
            attribute: "variant".to_owned(),
            value: "raft".to_owned(),
            strength: 0.9,
            gap: None,
            low: None,
            high: None,
            n: 0,
            ids: ["a", "b", "only-in-train"].map(str::to_owned).to_vec(),
        };
        let right = BTreeMap::from([("a", false), ("b", true), ("c", true), ("d", true)]);
        truth.measure(&right);
        assert_eq!((truth.gap, truth.n), (Some(0.5), 2));
        assert!(truth.low < truth.gap && truth.gap < truth.high);
        truth.measure(&BTreeMap::from([("c", true)]));
        assert_eq!((truth.gap, truth.n), (None, 0));
    }
}

//! What a stage of an audit is, the list of all of them, and the one way in which they run.
//!
//! To add a stage: a module with a type that implements [`Stage`], and its line in [`STAGES`].

use std::time::Instant;

use rightly_data::Problem;

use crate::{
    Context, Error, Event, Finding, Inputs, Metric, compare, discover, dynamics, evaluate,
    features, inputs, interpret, mitigate, rank, run::StageRecord, verdict,
};

/// A stage as files and keys know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageInfo {
    /// Its name, in files and on the command line.
    pub name: &'static str,
    /// Which revision of its code computes: part of every key.
    pub revision: u32,
    /// Whether it leaves a record that joins `metrics.json`, `findings.json` and `problems.csv`.
    pub records: bool,
    /// What it leaves in the run directory: files, and folders with a slash at their end.
    pub leaves: &'static [&'static str],
}

/// All stages, in the order in which they run and in which their records are joined.
pub const STAGES: [StageInfo; 9] = [
    StageInfo { name: inputs::NAME, revision: inputs::REVISION, records: false, leaves: &[] },
    of::<evaluate::Evaluate<'_>>(&[
        "samples.parquet",
        "predictions.parquet",
        "images.parquet",
        "measures/",
    ]),
    of::<dynamics::Gather<'_>>(&["dynamics.parquet"]),
    StageInfo {
        name: features::STAGE,
        revision: features::REVISION,
        records: false,
        leaves: &["features/"],
    },
    of::<rank::Rank<'_>>(&["rank/"]),
    of::<discover::Discover<'_>>(&["discover/"]),
    of::<interpret::Interpret<'_>>(&["interpret/"]),
    of::<mitigate::Mitigate<'_>>(&["mitigate/"]),
    StageInfo {
        name: compare::STAGE,
        revision: compare::REVISION,
        records: true,
        leaves: &["compare/"],
    },
];

const fn of<'a, S: Stage<'a>>(leaves: &'static [&'static str]) -> StageInfo {
    StageInfo { name: S::NAME, revision: S::REVISION, records: true, leaves }
}

/// Names of the stages that leave a record.
pub(crate) fn recorded() -> impl Iterator<Item = &'static str> {
    STAGES.iter().filter(|stage| stage.records).map(|stage| stage.name)
}

/// What a stage computed.
#[derive(Debug, Default)]
pub(crate) struct Computed {
    pub(crate) metrics: Vec<Metric>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) problems: Vec<Problem>,
    /// What was understood and decided, a sentence each.
    pub(crate) notes: Vec<String>,
    /// The options in force, for `run.toml`.
    pub(crate) options: toml::Table,
}

/// A stage with its inputs open: from options to a key to what it leaves.
pub(crate) trait Stage<'a>: Sized {
    /// The stage's name in files and on the command line.
    const NAME: &'static str;
    /// Changes with the code that decides what the stage leaves: what was computed before is computed anew.
    const REVISION: u32;
    /// What the user can choose.
    type Options;

    /// Opens what the stage stands on: features, tables of earlier stages, models.
    ///
    /// # Errors
    /// What is missing or can't be used.
    fn prepare(
        inputs: &'a Inputs,
        options: &'a Self::Options,
        context: &Context<'_>,
    ) -> Result<Self, Error>;

    /// A key of everything that decides what the stage leaves.
    ///
    /// # Errors
    /// Where a part of it can't be read or written out.
    fn key(&self, context: &Context<'_>) -> Result<String, Error>;

    /// Whether a record under this key is all that can be had.
    fn is_complete(&self, _record: &StageRecord) -> bool {
        true
    }

    /// Computes and writes the tables; the run knows the key.
    ///
    /// # Errors
    /// An engine fails, a table can't be written, or the stage was stopped.
    fn compute(self, context: &Context<'_>) -> Result<Computed, Error>;
}

/// Runs a stage: what a finished one left under the same key stays, else it is computed, recorded and joined.
pub(crate) fn run<'a, S: Stage<'a>>(
    inputs: &'a Inputs,
    options: &'a S::Options,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    let start = Instant::now();
    let stage = S::prepare(inputs, options, context)?;
    let key = stage.key(context)?;
    if let Some(record) = context.run.finished(S::NAME, &key, context.sink)?
        && stage.is_complete(&record)
    {
        verdict::renew(context)?;
        context.say(Event::finished(S::NAME, start, true));
        return Ok(record);
    }
    let run = context.run.keyed(&key);
    let Computed { metrics, findings, problems, notes, options } =
        stage.compute(&context.within(&run))?;
    let record = StageRecord { key, metrics, findings, problems, notes };
    run.finish_stage_of(S::NAME, options, &record)?;
    verdict::follow(context.run)?;
    context.say(Event::finished(S::NAME, start, false));
    Ok(record)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_so_is_what_stages_leave() {
        let names: BTreeSet<&str> = STAGES.iter().map(|stage| stage.name).collect();
        assert_eq!(names.len(), STAGES.len());
        let leaves: Vec<&str> = STAGES.iter().flat_map(|stage| stage.leaves).copied().collect();
        assert_eq!(leaves.iter().collect::<BTreeSet<_>>().len(), leaves.len());
        assert!(STAGES.iter().all(|stage| stage.revision > 0));
    }
}

//! Which stages an audit runs, in which order, and which it leaves out and why.

use serde::{Deserialize, Serialize};

use crate::{
    Context, Error, Event, Inputs, RunDir,
    discover::{self, DiscoverOptions},
    dynamics,
    evaluate::{self, EvaluateOptions},
    features,
    findings::Kind,
    images,
    interpret::{self, InterpretOptions},
    mitigate::{self, MitigateOptions},
    rank::{self, RankOptions},
    verdict,
};

/// The stages that are wanted, each with its options.
#[derive(Debug, Clone, Default)]
pub struct Stages {
    /// A whole audit: what the inputs don't allow is left out, and said. Else it is an error.
    pub whole: bool,
    /// Where training dynamics are.
    pub dynamics: Option<dynamics::Source>,
    /// Reliance on the object.
    pub evaluate: Option<EvaluateOptions>,
    /// Images ranked by their cues.
    pub rank: Option<RankOptions>,
    /// Subgroups that fail.
    pub discover: Option<DiscoverOptions>,
    /// Words for cues and subgroups.
    pub interpret: Option<InterpretOptions>,
    /// A repaired model.
    pub mitigate: Option<MitigateOptions>,
}

impl Stages {
    /// Every stage of an audit with its default options.
    pub fn all() -> Self {
        Self {
            whole: true,
            dynamics: None,
            evaluate: Some(EvaluateOptions::default()),
            rank: Some(RankOptions::default()),
            discover: Some(DiscoverOptions::default()),
            interpret: Some(InterpretOptions::default()),
            mitigate: Some(MitigateOptions::default()),
        }
    }
}

/// A stage that an audit did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub stage: String,
    /// What it lacks, a sentence.
    pub why: String,
}

/// Runs the wanted stages on a claimed run; gives those that were left out. What is finished stays.
///
/// # Errors
/// As the stages; what a stage lacks is one only where the audit is not a whole one.
pub fn run(inputs: &Inputs, stages: &Stages, context: &Context<'_>) -> Result<Vec<LeftOut>, Error> {
    let mut out = Vec::new();
    let mut leave = |stage: &'static str, why: String| {
        context.say(Event::Note(format!("{stage}: left out: {why}")));
        out.push(LeftOut { stage: stage.to_owned(), why });
    };
    // First, since a table that can't be read should not wait for forward passes.
    if let Some(source) = &stages.dynamics {
        dynamics::gather(inputs, source, context)?;
    }
    if let Some(options) = &stages.evaluate {
        evaluate::evaluate(inputs, options, context)?;
    }
    let without_features = |source: &features::Source| {
        features::possible(inputs, source).err().filter(|_| stages.whole)
    };
    if let Some(options) = &stages.rank {
        match without_features(&options.features) {
            Some(why) => leave(rank::STAGE, why.to_string()),
            None => drop(rank::rank(inputs, options, context)?),
        }
    }
    if let Some(options) = &stages.discover {
        match without_features(&options.features) {
            Some(why) => leave(discover::STAGE, why.to_string()),
            None => drop(discover::discover(inputs, options, context)?),
        }
    }
    if let Some(options) = &stages.interpret {
        match unnamed(inputs, options, context.run)?.filter(|_| stages.whole) {
            Some(why) => leave(interpret::STAGE, why),
            None => drop(interpret::interpret(inputs, options, context)?),
        }
    }
    if let Some(options) = &stages.mitigate {
        match unrepaired(options, context.run)?.filter(|_| stages.whole) {
            Some(why) => leave(mitigate::STAGE, why.to_owned()),
            None => match mitigate::mitigate(inputs, options, context) {
                // A head that can't be replaced is no reason to lose an audit.
                Err(Error::Model(why)) if stages.whole => leave(mitigate::STAGE, why.to_string()),
                done => drop(done?),
            },
        }
    }
    context.run.leave_out(&out)?;
    images::write(inputs, context.run)?;
    verdict::write(context.run)?;
    Ok(out)
}

/// Why an audit gives no names.
fn unnamed(
    inputs: &Inputs,
    options: &InterpretOptions,
    run: &RunDir,
) -> Result<Option<String>, Error> {
    if run.stage(rank::STAGE)?.is_none() && run.stage(discover::STAGE)?.is_none() {
        return Ok(Some("there are neither ranks nor subgroups to name".to_owned()));
    }
    Ok(interpret::possible(inputs, options).err().map(|why| why.to_string()))
}

/// Why an audit does not repair.
fn unrepaired(options: &MitigateOptions, run: &RunDir) -> Result<Option<&'static str>, Error> {
    if !options.wants_subgroups() {
        return Ok(None);
    }
    let Some(record) = run.stage(discover::STAGE)? else {
        return Ok(Some("there are no subgroups"));
    };
    let fails = record.findings.iter().any(|finding| finding.kind == Kind::FailingSubgroup);
    Ok((!fails).then_some("no subgroup was found on which the model fails"))
}

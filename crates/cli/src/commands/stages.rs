//! `rightly audit` and `rightly evaluate`: stages of a run, then its report.

use rightly::{
    Inputs, RunDir,
    dynamics::{self, Source},
    evaluate::{self, EvaluateOptions},
    metrics::POOLED,
    run::StageRecord,
};

use super::metrics;
use crate::{
    args::{Format, StageArgs},
    interrupt::Interrupt,
    options, output,
    progress::Progress,
};

pub(crate) fn run(args: &StageArgs) -> anyhow::Result<()> {
    let options = options::evaluate(&args.measures, args.run.threads)?;
    let inputs = Inputs::open(options::inputs(args)?, &options::overrides(&args.model.card)?)?;
    let run = RunDir::new(&args.run.out);
    let _lock = run.lock()?;
    let interrupt = Interrupt::install()?;
    let progress = Progress::new(args.run.quiet);
    let dynamics = options::dynamics(&args.dynamics);
    let claim = Claim { inputs: &inputs, run: &run, force: args.run.force };
    let record = audit(claim, &options, dynamics.as_ref(), &interrupt, &progress)?;
    let report = rightly_report::write(run.root())?;
    output::print(&headline(&record, args.run.format)?)?;
    if !args.run.quiet {
        output::say(&format!("report: {}", report.display()));
    }
    Ok(())
}

/// A run that this process holds, and what it is about.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) run: &'a RunDir,
    /// Replace a run of other inputs.
    pub(super) force: bool,
}

/// Every stage that exists; dynamics first, since a table that can't be read should not wait for
/// forward passes.
pub(super) fn audit(
    Claim { inputs, run, force }: Claim<'_>,
    options: &EvaluateOptions,
    dynamics: Option<&Source>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> anyhow::Result<StageRecord> {
    inputs.claim(run, force)?;
    Ok(interrupt.listening(|stop| {
        if let Some(source) = dynamics {
            let sink = |event| progress.take(event);
            dynamics::gather(inputs, source, run, options.threads, stop, &sink)?;
        }
        evaluate::evaluate(inputs, options, run, stop, &|event| progress.take(event))
    })?)
}

/// The figures that are printed at the end.
fn headline(record: &StageRecord, format: Format) -> anyhow::Result<String> {
    let rows: Vec<_> = record
        .metrics
        .iter()
        .filter(|m| m.class.as_deref() == Some(POOLED) || m.metric.ends_with("-rise"))
        .filter(|m| !m.condition.as_deref().unwrap_or("").starts_with("noise-"))
        .collect();
    metrics::format(&rows, format)
}

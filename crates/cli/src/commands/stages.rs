//! `rightly audit` and `rightly evaluate`: stages of a run, then its report.

use rightly::{
    Inputs, RunDir,
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
    let record = audit(&inputs, &options, &run, args.run.force, &interrupt, &progress)?;
    let report = rightly_report::write(run.root())?;
    output::print(&headline(&record, args.run.format)?)?;
    if !args.run.quiet {
        output::say(&format!("report: {}", report.display()));
    }
    Ok(())
}

/// Every stage that exists, into a run that this process holds.
pub(super) fn audit(
    inputs: &Inputs,
    options: &EvaluateOptions,
    run: &RunDir,
    force: bool,
    interrupt: &Interrupt,
    progress: &Progress,
) -> anyhow::Result<StageRecord> {
    inputs.claim(run, force)?;
    Ok(interrupt.listening(|stop| {
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

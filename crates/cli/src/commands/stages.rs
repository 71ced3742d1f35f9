//! `rightly audit` and `rightly evaluate`: stages of a run, then its report.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rightly::{Inputs, RunDir, evaluate, metrics::POOLED};

use super::metrics;
use crate::{args::StageArgs, options, output, progress::Progress};

pub(crate) fn run(args: &StageArgs) -> anyhow::Result<()> {
    let options = options::evaluate(&args.measures, args.run.threads)?;
    let inputs = Inputs::open(options::inputs(args)?, &options::overrides(&args.model.card)?)?;
    let run = RunDir::new(&args.run.out);
    let _lock = run.lock()?;
    inputs.claim(&run, args.run.force)?;
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    // The first Ctrl-C ends the run after the images in work; a second one ends it at once.
    ctrlc::set_handler(move || {
        if handler.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
    })?;
    let progress = Progress::new(args.run.quiet);
    let record = evaluate::evaluate(&inputs, &options, &run, &stop, &|event| progress.take(event))?;
    let report = rightly_report::write(run.root())?;
    let headline: Vec<_> = record
        .metrics
        .iter()
        .filter(|m| m.class.as_deref() == Some(POOLED) || m.metric.ends_with("-rise"))
        .filter(|m| !m.condition.as_deref().unwrap_or("").starts_with("noise-"))
        .collect();
    output::print(&metrics::format(&headline, args.run.format)?)?;
    if !args.run.quiet {
        output::say(&format!("report: {}", report.display()));
    }
    Ok(())
}

//! The first stage: how far does a classifier rely on the object?
//!
//! ```text
//! samples ─► passes (one file a measure) ─► shards ─► tables (Parquet) + columns ─► figures ─► findings
//! ```
//! Measures of the Hard ImageNet paper (Moayeri, Singla, Feizi; NeurIPS 2022): ablation, noise,
//! saliency, objects; beside them suspected cues laid over the picture.

mod columns;
mod figures;
pub mod findings;
mod options;
mod passes;
mod pipeline;
pub mod rows;
mod tables;

use std::{sync::atomic::AtomicBool, time::Instant};

pub(crate) use passes::REVISIONS as MEASURE_REVISIONS;

pub use figures::SAME_MAP;
pub(crate) use figures::{FEW_RIGHT, share_kept, with_honest_bounds};
pub use options::{EvaluateOptions, MeasureName, Target, cam_name};

use crate::{
    Error, Event, Inputs, RunDir, Sink,
    predictor::Predictor,
    run::{Key, StageRecord},
};

/// The stage's name in files and on the command line.
pub const STAGE: &str = "evaluate";
/// Changes with the code that decides what the stage leaves: what was computed before is computed anew.
pub(crate) const REVISION: u32 = 5;

/// Runs the stage into `run`. What is already computed for these inputs and options stays.
///
/// `stop` may be set from another thread (or a signal handler): the stage ends after the images
/// in work with [`Error::Interrupted`]; the next call goes on.
///
/// # Errors
/// Where the run can't be written, an engine fails, or options don't fit the inputs. Images that
/// can't be used are rows of `problems.csv`, not errors.
pub fn evaluate(
    inputs: &Inputs,
    options: &EvaluateOptions,
    run: &RunDir,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<StageRecord, Error> {
    let start = Instant::now();
    let probe = Predictor::new(inputs);
    let (measures, skipped) = passes::plan(&probe, options)?;
    let plan = pipeline::Plan::new(inputs, run, &measures)?;
    let key = Key::new(STAGE, inputs.revisions.of(STAGE))
        .with("measures", plan.keys())?
        .with("options", &(options.resamples, options.min_effect, options.quick))?
        .with("seed", &inputs.options.seed)?
        .with("cluster", &inputs.options.cluster)?
        .with("skipped", &skipped)?
        .with("problems", &inputs.dataset.problems)?
        .finish();
    inputs.notes.iter().chain(&skipped).for_each(|note| sink(Event::Note(note.clone())));
    if let Some(record) = run.finished(STAGE, &key, sink)? {
        sink(Event::finished(STAGE, start, true));
        return Ok(record);
    }
    let run = &run.keyed(&key);
    plan.compute(&probe, options.threads, stop, sink)?;
    sink(Event::Summarising { stage: STAGE });
    some_image(inputs, &plan)?;
    let problems = tables::write(inputs, options, &plan, run)?;
    let columns = columns::Columns::read(inputs, options, &plan)?;
    let (metrics, known) = figures::compute(inputs, options, &plan, &columns)?;
    known.iter().for_each(|note| sink(Event::Note(note.clone())));
    let findings = findings::find_all(inputs, options, &columns, &metrics, &problems);
    let mut notes = inputs.notes.clone();
    notes.extend(skipped.into_iter().chain(known));
    let record = StageRecord { key, metrics, findings, problems, notes };
    run.finish_stage_of(STAGE, options.to_table(), &record)?;
    sink(Event::finished(STAGE, start, false));
    Ok(record)
}

/// Figures over no image at all are no result.
fn some_image(inputs: &Inputs, plan: &pipeline::Plan<'_>) -> Result<(), Error> {
    let clean = plan.position("clean").expect("every run has the clean pass: by construction");
    let mut first = None;
    for shard in 0..plan.shards() {
        for entry in plan.read(clean, shard)? {
            if entry.row.is_some() {
                return Ok(());
            }
            first = first.or(entry.problems.into_iter().next());
        }
    }
    let first =
        first.map_or_else(String::new, |p| format!("; the first: {}: {}", p.image, p.problem));
    Err(Error::Usage(format!(
        "none of the {} images of split '{}' could be measured{first}",
        inputs.selected.len(),
        inputs.split()
    )))
}

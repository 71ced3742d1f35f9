//! The measures of the audit on a repaired model, held against those of the model as it was.

use rightly_model::LabelMap;

use super::{MitigateOptions, Repair, STAGE, figures::after, output::path};
use crate::{
    Context, Error, Event, Inputs, Metric, RunDir,
    compare::{self, CompareOptions},
    evaluate::{self, EvaluateOptions, MeasureName},
    metrics::{MEAN, POOLED},
};

/// Measures whose changes are figures of the stage; the others stand in the comparison.
const SHOWN: [&str; 6] = ["accuracy", "drop", "rfs", "noise-gap", "cam-iou", "cam-delta-density"];

/// What the run measured and a repair can change; none where nothing was, or nothing is to be measured again.
///
/// # Errors
/// `run.toml` can't be read.
pub(super) fn measures(
    options: &MitigateOptions,
    run: &RunDir,
) -> Result<Option<EvaluateOptions>, Error> {
    if !options.measure_again || run.stage(evaluate::STAGE)?.is_none() {
        return Ok(None);
    }
    let manifest = run.manifest()?;
    let table = manifest.stages.get(evaluate::STAGE).ok_or_else(|| {
        Error::run(run.root(), "run.toml lacks the options of evaluate; run evaluate again")
    })?;
    let mut out = EvaluateOptions::from_table(table)?;
    // Sizes and places of objects are the data's.
    out.measures.retain(|measure| *measure != MeasureName::Objects);
    Ok(Some(out))
}

/// Changes with what was measured of the model as it is, and is measured again; none where nothing is.
///
/// # Errors
/// The stage's record can't be read.
pub(super) fn key(
    measures: Option<&EvaluateOptions>,
    run: &RunDir,
) -> Result<Option<(String, toml::Table)>, Error> {
    let Some(measures) = measures else { return Ok(None) };
    Ok(run.stage(evaluate::STAGE)?.map(|record| (record.key, measures.to_table())))
}

/// Measures a repaired model (with the outputs that are right for each class) into `mitigate/METHOD/run`, compares it with the run into `mitigate/METHOD/comparison`, and
/// gives the paired changes over all images.
///
/// # Errors
/// As [`evaluate::evaluate`] and [`compare::compare`].
pub(super) fn measure(
    inputs: &Inputs,
    (repair, label_map): (Repair, LabelMap),
    measures: &EvaluateOptions,
    options: &MitigateOptions,
    context: &Context<'_>,
) -> Result<Vec<Metric>, Error> {
    let &Context { run, threads, stop, sink } = context;
    let own = inputs.with_model(&run.path(&path(repair, "repaired.onnx")), label_map)?;
    let again = RunDir::new(run.path(&path(repair, "run")));
    let _lock = again.lock()?;
    for text in own.claim(&again, true)? {
        sink(Event::Damaged(text));
    }
    // What is to be said of the data has been said.
    let quiet = |event: Event| match event {
        Event::Note(_) | Event::Problem(_) => {}
        other => sink(other),
    };
    evaluate::evaluate(&own, measures, &Context { run: &again, threads, stop, sink: &quiet })?;
    let compared =
        CompareOptions { seed: inputs.options.seed, resamples: options.resamples, threads };
    let comparison = compare::compare(run.root(), again.root(), &compared, stop)?;
    comparison.write(&RunDir::new(run.path(&path(repair, "comparison"))), true)?;
    let condition = after(repair);
    let shown = |row: &&compare::Row| {
        let metric = &row.b;
        metric.stage == evaluate::STAGE
            && SHOWN.contains(&metric.metric.as_str())
            && metric.class.as_deref().is_some_and(|class| [POOLED, MEAN].contains(&class))
    };
    let change = |row: &compare::Row| {
        let under = row.b.condition.as_deref().unwrap_or("");
        Metric {
            stage: STAGE.to_owned(),
            metric: format!("{}-change", row.b.metric),
            condition: Some(format!("{condition}/{under}")),
            ..row.difference.clone()
        }
    };
    Ok(comparison.rows.iter().filter(shown).map(change).collect())
}

//! Shards joined into the Parquet tables of a run, in shard order, one shard in memory at a time.

mod conditions;
mod objects;
mod predictions;

use rightly_data::{Problem, Sample, table::Columns};

use super::{
    options::EvaluateOptions,
    pipeline::Plan,
    rows::{Entry, Row},
};
use crate::{Error, Inputs, RunDir, picture::MaskState};

/// The tables that a measure promises.
fn promised(measure: &str) -> &'static [&'static str] {
    match measure {
        "clean" => &["samples.parquet", "predictions.parquet"],
        "ablation" => &["measures/ablation.parquet"],
        "background" => &["measures/background.parquet"],
        "noise" => &["measures/noise.parquet"],
        "saliency" => &["measures/saliency.parquet", "measures/cam.parquet"],
        "objects" => &["measures/objects.parquet", "measures/mean-mask.parquet"],
        "overlay" => &["measures/overlay.parquet"],
        _ => &[],
    }
}

const MEASURES: [&str; 8] =
    ["clean", "ablation", "background", "parts", "noise", "saliency", "objects", "overlay"];

/// Reads the shards of one measure in order.
fn each_shard<'a>(
    inputs: &'a Inputs,
    plan: &Plan<'_>,
    measure: &str,
    mut f: impl FnMut(Vec<(&'a Sample, Entry)>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(position) = plan.position(measure) else { return Ok(()) };
    for shard in 0..plan.shards() {
        let start = plan.start(shard);
        let entries = plan.read(position, shard)?;
        let samples =
            inputs.selected[start..].iter().map(|&i| &inputs.dataset.samples[i]).zip(entries);
        f(samples.collect())?;
    }
    Ok(())
}

/// Writes every table; returns what could not be used, in a fixed order.
pub(super) fn write(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<Vec<Problem>, Error> {
    let mut problems = inputs.dataset.problems.clone();
    for measure in MEASURES {
        each_shard(inputs, plan, measure, |rows| {
            rows.into_iter().for_each(|(_, entry)| problems.extend(entry.problems));
            Ok(())
        })?;
        // A table of an earlier call with other measures would be stale.
        if plan.position(measure).is_none() {
            for table in promised(measure) {
                run.remove(table)?;
            }
        }
    }
    samples(inputs, plan, run)?;
    predictions::predictions(inputs, options, plan, run)?;
    conditions::ablation(inputs, plan, run)?;
    conditions::background(inputs, plan, run)?;
    conditions::noise(inputs, options, plan, run)?;
    objects::saliency(inputs, plan, run)?;
    objects::objects(inputs, plan, run)?;
    conditions::overlay(inputs, options, plan, run)?;
    Ok(problems)
}

fn samples(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut table = run.table("samples.parquet");
    let dataset = &inputs.dataset;
    each_shard(inputs, plan, "clean", |rows| {
        let clean = |entry: &Entry| match &entry.row {
            Some(Row::Clean(row)) => Some(row.clone()),
            _ => None,
        };
        let rows: Vec<_> = rows.into_iter().map(|(s, e)| (s, clean(&e))).collect();
        let captions = rows.iter().map(|(s, _)| match s.captions.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            several => serde_json::to_string(several).map(Some),
        });
        let captions: Vec<Option<String>> = captions
            .collect::<Result<_, _>>()
            .map_err(|e| Error::run(&run.path("samples.parquet"), e.to_string()))?;
        let mut batch = Columns::new()
            .utf8("id", rows.iter().map(|(s, _)| &s.id))
            .utf8("image", rows.iter().map(|(s, _)| crate::inputs::image_path(s)))
            .utf8("class", rows.iter().map(|(s, _)| &dataset.classes[s.class]))
            .utf8_opt("split", rows.iter().map(|(s, _)| s.split.as_ref()))
            .i64_opt("width", rows.iter().map(|(_, r)| r.as_ref().map(|r| i64::from(r.width))))
            .i64_opt("height", rows.iter().map(|(_, r)| r.as_ref().map(|r| i64::from(r.height))))
            .utf8(
                "mask",
                rows.iter().map(|(s, r)| match r {
                    Some(r) => r.mask.name(),
                    None if s.mask.is_none() => MaskState::None.name(),
                    None => "unknown",
                }),
            )
            .utf8_opt("group", rows.iter().map(|(s, _)| s.group.as_ref()))
            .utf8_opt("caption", captions);
        const TAKEN: [&str; 9] =
            ["id", "image", "class", "split", "width", "height", "mask", "group", "caption"];
        for (at, name) in dataset.attributes.iter().enumerate() {
            let values = rows.iter().map(|(s, _)| s.attributes[at].as_ref());
            let clash = TAKEN.contains(&name.as_str());
            let column = if clash { format!("attribute/{name}") } else { name.clone() };
            batch = batch.utf8_opt(&column, values);
        }
        table.add(&batch.batch()?)
    })?;
    table.finish()
}

/// Rows of one kind with their ids.
fn of_kind<'a, R>(
    rows: &'a [(&'a Sample, Entry)],
    pick: impl Fn(&'a Row) -> Option<&'a R>,
) -> Vec<(&'a str, &'a R)> {
    rows.iter()
        .filter_map(|(s, e)| e.row.as_ref().and_then(&pick).map(|r| (s.id.as_str(), r)))
        .collect()
}

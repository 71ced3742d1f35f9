//! `measures/ablation.parquet`, `measures/noise.parquet`, `measures/overlay.parquet`: what each
//! condition did to each image.

use rightly_data::table::Columns;

use super::{each_shard, of_kind};
use crate::{
    Error, Inputs, RunDir,
    evaluate::{
        columns::controls,
        options::EvaluateOptions,
        pipeline::Plan,
        rows::{AblationRow, BACKGROUNDS, Outcome, Row},
    },
};

pub(super) fn ablation(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut table = run.table("measures/ablation.parquet");
    each_shard(inputs, plan, "ablation", |rows| {
        let rows = of_kind(&rows, |r| match r {
            Row::Ablation(row) => Some(row),
            _ => None,
        });
        let correct = |f: fn(&AblationRow) -> Option<Outcome>| {
            rows.iter().map(move |(_, r)| f(r).map(|o| o.correct)).collect::<Vec<_>>()
        };
        let confidence = |f: fn(&AblationRow) -> Option<Outcome>| {
            rows.iter().map(move |(_, r)| f(r).map(|o| o.confidence)).collect::<Vec<_>>()
        };
        let batch = Columns::new()
            .utf8("id", rows.iter().map(|(id, _)| id))
            .f64("area", rows.iter().map(|(_, r)| r.area))
            .bool_opt("gray_correct", correct(|r| r.gray))
            .f32_opt("gray_confidence", confidence(|r| r.gray))
            .bool_opt("gray_box_correct", correct(|r| r.gray_box))
            .f32_opt("gray_box_confidence", confidence(|r| r.gray_box))
            .bool_opt("tile_correct", correct(|r| r.tile))
            .f32_opt("tile_confidence", confidence(|r| r.tile))
            .bool_opt("gray_control_correct", correct(|r| r.control))
            .f32_opt("gray_control_confidence", confidence(|r| r.control))
            .f64_opt("control_overlap", rows.iter().map(|(_, r)| r.control_overlap));
        table.add(&batch.batch()?)
    })?;
    table.finish()
}

/// One row for each image and condition, with the image that lent its surroundings.
pub(super) fn background(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut table = run.table("measures/background.parquet");
    each_shard(inputs, plan, "background", |rows| {
        let (mut id, mut condition, mut from) = (Vec::new(), Vec::new(), Vec::new());
        let mut sides = [Vec::new(), Vec::new()];
        let rows = of_kind(&rows, |r| match r {
            Row::Background(row) => Some(row),
            _ => None,
        });
        for (image, row) in &rows {
            let donors = [None, None, row.same_donor.as_deref(), row.other_donor.as_deref()];
            for ((name, pair), donor) in BACKGROUNDS.iter().zip(row.pairs()).zip(donors) {
                id.push(*image);
                condition.push(*name);
                from.push(donor);
                sides.iter_mut().zip(pair).for_each(|(side, outcome)| side.push(outcome));
            }
        }
        let [object, control] = &sides;
        let correct = |side: &[Option<Outcome>]| -> Vec<Option<bool>> {
            side.iter().map(|o| o.map(|o| o.correct)).collect()
        };
        let confidence = |side: &[Option<Outcome>]| -> Vec<Option<f32>> {
            side.iter().map(|o| o.map(|o| o.confidence)).collect()
        };
        let batch = Columns::new()
            .utf8("id", id)
            .utf8("condition", condition)
            .utf8_opt("surroundings_of", from)
            .bool_opt("correct", correct(object))
            .f32_opt("confidence", confidence(object))
            .bool_opt("control_correct", correct(control))
            .f32_opt("control_confidence", confidence(control));
        table.add(&batch.batch()?)
    })?;
    table.finish()
}

/// One row for each image, level and region: shares of trials and mean confidence.
pub(super) fn noise(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<(), Error> {
    let mut table = run.table("measures/noise.parquet");
    let controls = controls(options);
    each_shard(inputs, plan, "noise", |rows| {
        let (mut id, mut level, mut region) = (Vec::new(), Vec::new(), Vec::new());
        let (mut trials, mut correct, mut confidence) = (Vec::new(), Vec::new(), Vec::new());
        for (sample, entry) in &rows {
            let Some(Row::Noise(row)) = &entry.row else { continue };
            for (name, sides, levels) in [
                ("foreground", &row.foreground, &options.noise_levels),
                ("background", &row.background, &options.noise_levels),
                ("control-foreground", &row.control_foreground, &controls),
                ("control-background", &row.control_background, &controls),
            ] {
                for (l, outcomes) in levels.iter().zip(sides) {
                    let usable: Vec<_> = outcomes.iter().flatten().collect();
                    let n = usable.len() as f32;
                    id.push(sample.id.as_str());
                    level.push(l.to_string());
                    region.push(name);
                    trials.push(usable.len() as i64);
                    let right = usable.iter().filter(|o| o.correct).count() as f32;
                    let sum: f32 = usable.iter().map(|o| o.confidence).sum();
                    correct.push((n > 0.0).then_some(right / n));
                    confidence.push((n > 0.0).then_some(sum / n));
                }
            }
        }
        let batch = Columns::new()
            .utf8("id", id)
            .utf8("level", level)
            .utf8("region", region)
            .i64("trials", trials)
            .f32_opt("correct", correct)
            .f32_opt("confidence", confidence);
        table.add(&batch.batch()?)
    })?;
    table.finish()
}

/// One row for each image and overlay: the output that rose most, pattern and control.
pub(super) fn overlay(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<(), Error> {
    let mut table = run.table("measures/overlay.parquet");
    each_shard(inputs, plan, "overlay", |rows| {
        let (mut id, mut name, mut control) = (Vec::new(), Vec::new(), Vec::new());
        let (mut output, mut rise) = (Vec::new(), Vec::new());
        for (sample, entry) in &rows {
            let Some(Row::Overlay(row)) = &entry.row else { continue };
            for ((overlay, _), pair) in options.overlays.iter().zip(&row.overlays) {
                for (is_control, risen) in [(false, &pair[0]), (true, &pair[1])] {
                    let Some(risen) = risen else { continue };
                    let Some((top, by)) = top(&risen.logits) else { continue };
                    id.push(sample.id.as_str());
                    name.push(overlay.as_str());
                    control.push(is_control);
                    output.push(top as i64);
                    rise.push(by);
                }
            }
        }
        let batch = Columns::new()
            .utf8("id", id)
            .utf8("overlay", name)
            .bool("control", control)
            .i64("output_risen_most", output)
            .f32("logit_rise", rise);
        table.add(&batch.batch()?)
    })?;
    table.finish()
}

fn top(values: &[f32]) -> Option<(usize, f32)> {
    values.iter().copied().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a })
}

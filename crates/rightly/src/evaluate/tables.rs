//! Shards joined into the Parquet tables of a run, in shard order, one shard in memory at a time.

use std::path::Path;

use arrow_array::RecordBatch;
use rightly_data::{
    Problem, Sample,
    table::{Columns, TableWriter},
};

use super::{
    columns::controls,
    options::EvaluateOptions,
    pipeline::Plan,
    rows::{AblationRow, Entry, LayerMap, ObjectRow, Outcome, Row},
};
use crate::{Error, Inputs, RunDir, measures::objects::GRID, subject::MaskState};

/// The tables that a measure promises.
fn promised(measure: &str) -> &'static [&'static str] {
    match measure {
        "clean" => &["samples.parquet", "predictions.parquet"],
        "ablation" => &["measures/ablation.parquet"],
        "noise" => &["measures/noise.parquet"],
        "saliency" => &["measures/saliency.parquet", "measures/cam.parquet"],
        "objects" => &["measures/objects.parquet", "measures/mean-mask.parquet"],
        "overlay" => &["measures/overlay.parquet"],
        _ => &[],
    }
}

const MEASURES: [&str; 6] = ["clean", "ablation", "noise", "saliency", "objects", "overlay"];

/// Whether every table that the plan promises is there.
pub(super) fn all_there(run: &RunDir, plan: &Plan<'_>) -> bool {
    let mut wanted = MEASURES.iter().filter(|m| plan.position(m).is_some());
    wanted.all(|m| promised(m).iter().all(|table| run.path(table).is_file()))
}

/// A table that starts with its first batch.
struct Table {
    path: std::path::PathBuf,
    writer: Option<TableWriter>,
}

impl Table {
    fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), writer: None }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if self.writer.is_none() {
            self.writer = Some(TableWriter::create(&self.path, batch.schema())?);
        }
        if let Some(writer) = &mut self.writer {
            writer.write(batch)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        self.writer.map_or(Ok(()), |writer| Ok(writer.finish()?))
    }
}

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
                let path = run.path(table);
                if path.is_file() {
                    std::fs::remove_file(&path).map_err(Error::io(&path))?;
                }
            }
        }
    }
    samples(inputs, plan, run)?;
    predictions(inputs, options, plan, run)?;
    ablation(inputs, plan, run)?;
    noise(inputs, options, plan, run)?;
    saliency(inputs, plan, run)?;
    objects(inputs, plan, run)?;
    overlay(inputs, options, plan, run)?;
    Ok(problems)
}

fn samples(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut table = Table::new(run.path("samples.parquet"));
    let dataset = &inputs.dataset;
    each_shard(inputs, plan, "clean", |rows| {
        let clean = |entry: &Entry| match &entry.row {
            Some(Row::Clean(row)) => Some(row.clone()),
            _ => None,
        };
        let rows: Vec<_> = rows.into_iter().map(|(s, e)| (s, clean(&e))).collect();
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
            .utf8_opt(
                "caption",
                rows.iter().map(|(s, _)| match s.captions.as_slice() {
                    [] => None,
                    [one] => Some(one.clone()),
                    several => serde_json::to_string(several).ok(),
                }),
            );
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

/// Rows of `predictions.parquet` and of the tables that repeat its columns.
#[derive(Default)]
struct Predictions {
    id: Vec<String>,
    condition: Vec<String>,
    trial: Vec<i64>,
    outcome: Vec<Outcome>,
}

impl Predictions {
    fn add(&mut self, id: &str, condition: &str, trial: usize, outcome: Option<Outcome>) {
        if let Some(outcome) = outcome {
            self.id.push(id.to_owned());
            self.condition.push(condition.to_owned());
            self.trial.push(trial as i64);
            self.outcome.push(outcome);
        }
    }

    fn columns(&self) -> Columns {
        Columns::new()
            .utf8("id", &self.id)
            .utf8("condition", &self.condition)
            .i64("trial", self.trial.iter().copied())
            .i64("output", self.outcome.iter().map(|o| i64::from(o.output)))
            .bool("correct", self.outcome.iter().map(|o| o.correct))
            .f32("confidence", self.outcome.iter().map(|o| o.confidence))
            .f32("loss", self.outcome.iter().map(|o| o.loss))
    }

    fn of(rows: &[(&Sample, Entry)], options: &EvaluateOptions) -> Self {
        let mut out = Self::default();
        for (sample, entry) in rows {
            let id = &sample.id;
            match &entry.row {
                Some(Row::Clean(row)) => out.add(id, "none", 0, Some(row.outcome)),
                Some(Row::Ablation(row)) => {
                    out.add(id, "gray", 0, row.gray);
                    out.add(id, "gray-box", 0, row.gray_box);
                    out.add(id, "tile", 0, row.tile);
                    out.add(id, "gray-control", 0, row.control);
                }
                Some(Row::Noise(row)) => {
                    let controls = controls(options);
                    for (name, sides, levels) in [
                        ("noise-foreground", &row.foreground, &options.noise_levels),
                        ("noise-background", &row.background, &options.noise_levels),
                        ("noise-control-foreground", &row.control_foreground, &controls),
                        ("noise-control-background", &row.control_background, &controls),
                    ] {
                        for (level, trials) in levels.iter().zip(sides) {
                            let condition = format!("{name}/{level}");
                            for (trial, &outcome) in trials.iter().enumerate() {
                                out.add(id, &condition, trial, outcome);
                            }
                        }
                    }
                }
                Some(Row::Overlay(row)) => {
                    for ((name, _), [pattern, control]) in
                        options.overlays.iter().zip(&row.overlays)
                    {
                        let outcome =
                            |r: &Option<super::rows::Risen>| r.as_ref().map(|r| r.outcome);
                        out.add(id, &format!("overlay/{name}"), 0, outcome(pattern));
                        out.add(id, &format!("overlay/{name}/control"), 0, outcome(control));
                    }
                }
                _ => {}
            }
        }
        out
    }
}

fn predictions(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<(), Error> {
    let mut table = Table::new(run.path("predictions.parquet"));
    for measure in ["clean", "ablation", "noise", "overlay"] {
        each_shard(inputs, plan, measure, |rows| {
            table.add(&Predictions::of(&rows, options).columns().batch()?)
        })?;
    }
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

fn ablation(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut table = Table::new(run.path("measures/ablation.parquet"));
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

/// One row for each image, level and region: shares of trials and mean confidence.
fn noise(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<(), Error> {
    let mut table = Table::new(run.path("measures/noise.parquet"));
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

fn saliency(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    let mut figures = Table::new(run.path("measures/saliency.parquet"));
    let mut maps = Table::new(run.path("measures/cam.parquet"));
    each_shard(inputs, plan, "saliency", |rows| {
        let rows: Vec<(&str, u32, &LayerMap)> = of_kind(&rows, |r| match r {
            Row::Saliency(row) => Some(row),
            _ => None,
        })
        .into_iter()
        .flat_map(|(id, row)| row.maps.iter().map(move |map| (id, row.target, map)))
        .collect();
        let ids = || rows.iter().map(|(id, ..)| *id);
        let targets = || rows.iter().map(|(_, target, _)| i64::from(*target));
        let layers = || rows.iter().map(|(.., r)| &r.layer);
        figures.add(
            &Columns::new()
                .utf8("id", ids())
                .i64("target", targets())
                .utf8("layer", layers())
                .utf8("state", rows.iter().map(|(.., r)| &r.state))
                .f64_opt("iou", rows.iter().map(|(.., r)| r.iou))
                .f64_opt("delta_density", rows.iter().map(|(.., r)| r.delta_density))
                .batch()?,
        )?;
        maps.add(
            &Columns::new()
                .utf8("id", ids())
                .i64("target", targets())
                .utf8("layer", layers())
                .i64("height", rows.iter().map(|(.., r)| i64::from(r.height)))
                .i64("width", rows.iter().map(|(.., r)| i64::from(r.width)))
                .list_f32("map", rows.iter().map(|(.., r)| &r.map))
                .batch()?,
        )
    })?;
    figures.finish()?;
    maps.finish()
}

fn objects(inputs: &Inputs, plan: &Plan<'_>, run: &RunDir) -> Result<(), Error> {
    if plan.position("objects").is_none() {
        return Ok(());
    }
    let mut table = Table::new(run.path("measures/objects.parquet"));
    let classes = &inputs.dataset.classes;
    let cells = GRID * GRID;
    let mut sums = vec![(0_i64, vec![0_u64; cells]); classes.len()];
    each_shard(inputs, plan, "objects", |rows| {
        for (sample, entry) in &rows {
            if let Some(Row::Objects(row)) = &entry.row {
                let (n, sum) = &mut sums[sample.class];
                *n += 1;
                sum.iter_mut().zip(&row.grid).for_each(|(s, &g)| *s += u64::from(g));
            }
        }
        let rows: Vec<(&str, &ObjectRow)> = of_kind(&rows, |r| match r {
            Row::Objects(row) => Some(row),
            _ => None,
        });
        table.add(
            &Columns::new()
                .utf8("id", rows.iter().map(|(id, _)| id))
                .f64("share", rows.iter().map(|(_, r)| r.share))
                .f64("share_crop", rows.iter().map(|(_, r)| r.share_crop))
                .f64("share_random_crop", rows.iter().map(|(_, r)| r.share_random_crop))
                .f64("kept", rows.iter().map(|(_, r)| r.kept))
                .f64("distance", rows.iter().map(|(_, r)| r.distance))
                .f64("x", rows.iter().map(|(_, r)| r.centroid[0]))
                .f64("y", rows.iter().map(|(_, r)| r.centroid[1]))
                .batch()?,
        )
    })?;
    table.finish()?;
    let seen = || classes.iter().zip(&sums).filter(|(_, (n, _))| *n > 0);
    let mean = |(n, sum): &(i64, Vec<u64>)| -> Vec<f32> {
        sum.iter().map(|&s| (s as f64 / (255.0 * *n as f64)) as f32).collect()
    };
    let side = GRID as i64;
    let batch = Columns::new()
        .utf8("class", seen().map(|(class, _)| class))
        .i64("n", seen().map(|(_, (n, _))| *n))
        .i64("height", seen().map(|_| side))
        .i64("width", seen().map(|_| side))
        .list_f32("map", seen().map(|(_, s)| mean(s)))
        .batch()?;
    Ok(rightly_data::table::write(&run.path("measures/mean-mask.parquet"), &batch)?)
}

/// One row for each image and overlay: the output that rose most, pattern and control.
fn overlay(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<(), Error> {
    let mut table = Table::new(run.path("measures/overlay.parquet"));
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

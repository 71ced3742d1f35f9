//! `predictions.parquet`: what the model said to every picture under every condition.

use rightly_data::{Sample, table::Columns};

use super::each_shard;
use crate::{
    Error, Inputs, RunDir,
    evaluate::{
        columns::controls,
        options::EvaluateOptions,
        pipeline::Plan,
        rows::{BACKGROUNDS, Entry, Outcome, Risen, Row, part_condition},
    },
};

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

    fn of(rows: &[(&Sample, Entry)], names: &[String], options: &EvaluateOptions) -> Self {
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
                Some(Row::Background(row)) => {
                    for (name, [object, control]) in BACKGROUNDS.iter().zip(row.pairs()) {
                        out.add(id, name, 0, object);
                        out.add(id, &format!("{name}/control"), 0, control);
                    }
                }
                Some(Row::Parts(row)) => {
                    for &(part, [gray, control]) in &row.parts {
                        let name = part_condition(&names[part as usize]);
                        out.add(id, &name, 0, gray);
                        out.add(id, &format!("{name}/control"), 0, control);
                    }
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
                        let outcome = |r: &Option<Risen>| r.as_ref().map(|r| r.outcome);
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

pub(super) fn predictions(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    run: &RunDir,
) -> Result<(), Error> {
    let mut table = run.table("predictions.parquet");
    for measure in ["clean", "ablation", "background", "parts", "noise", "overlay"] {
        each_shard(inputs, plan, measure, |rows| {
            table.add(&Predictions::of(&rows, &inputs.dataset.parts, options).columns().batch()?)
        })?;
    }
    table.finish()
}

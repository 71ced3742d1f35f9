//! The stage: dynamics from where the user has them, into `dynamics.parquet` of the run.

use std::{collections::BTreeMap, path::PathBuf};

use rightly_data::Problem;
use rightly_stats::Design;

use super::{Dynamics, checkpoints, read};
use crate::{
    Context, Error, Event, Inputs, Metric,
    metrics::POOLED,
    run::{Key, StageRecord, hash_file},
    stage::{self, Computed, Stage},
};

/// The stage's name in files.
pub const STAGE: &str = "dynamics";
/// The table that later stages read: id, epoch, loss.
pub const TABLE: &str = "dynamics.parquet";
/// Bootstrap resamples of the mean losses.
const RESAMPLES: usize = 2000;

/// Where dynamics come from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Source {
    /// A table that the training wrote (`--dynamics FILE`).
    Table(PathBuf),
    /// A pattern of ONNX checkpoints (`--checkpoints GLOB`).
    Checkpoints(String),
}

/// Reads or measures the dynamics of every image of the data, in all splits, writes
/// [`TABLE`], and records the mean loss by split and epoch (`loss`, condition `SPLIT/epoch=K`, or
/// `epoch=K` where the data has no splits). What was measured before stays.
///
/// # Errors
/// As [`read`] and [`super::measure`]; the run can't be written.
pub fn gather(
    inputs: &Inputs,
    source: &Source,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    stage::run::<Gather<'_>>(inputs, source, context)
}

/// Where the dynamics come from, with the files that are there.
pub(crate) struct Gather<'a> {
    inputs: &'a Inputs,
    source: &'a Source,
    files: Vec<PathBuf>,
}

impl<'a> Stage<'a> for Gather<'a> {
    const NAME: &'static str = STAGE;
    const REVISION: u32 = 1;
    type Options = Source;

    fn prepare(
        inputs: &'a Inputs,
        source: &'a Source,
        _context: &Context<'_>,
    ) -> Result<Self, Error> {
        let files = match source {
            Source::Table(path) => vec![path.clone()],
            Source::Checkpoints(pattern) => checkpoints::expand(pattern)?,
        };
        Ok(Self { inputs, source, files })
    }

    /// Changes with the content of the files, with the data and, for checkpoints, with the card.
    fn key(&self, _context: &Context<'_>) -> Result<String, Error> {
        let inputs = self.inputs;
        let mut key = Key::new(STAGE, inputs.revisions.of(STAGE))
            .with("source", self.source)?
            .with("inputs", &inputs.key()?)?
            .with("data", inputs.data_key())?;
        // A table has the losses; checkpoints look at the pictures.
        if let Source::Checkpoints(_) = self.source {
            let all: Vec<usize> = (0..inputs.dataset.samples.len()).collect();
            key = key.with("images", &inputs.selection_key(&all)?)?;
        }
        for file in &self.files {
            key = key.with("file", &hash_file(file)?)?;
        }
        Ok(key.finish())
    }

    fn compute(self, context: &Context<'_>) -> Result<Computed, Error> {
        let Self { inputs, source, files } = &self;
        let all: Vec<usize> = (0..inputs.dataset.samples.len()).collect();
        let dynamics = match source {
            Source::Table(path) => read(path, &inputs.dataset)?,
            Source::Checkpoints(_) => {
                let store = context.run.shards(STAGE, context.run.own_key());
                checkpoints::measure(files, inputs, &all, &store, context)?
            }
        };
        context.say(Event::Summarising { stage: STAGE });
        let (metrics, note) = figures(inputs, &all, &dynamics)?;
        context.run.write_table(TABLE, &dynamics.table()?)?;
        context.say(Event::Note(note.clone()));
        let problems: Vec<Problem> = dynamics.problems;
        problems.iter().for_each(|p| context.say(Event::Problem(p.clone())));
        let named: Vec<toml::Value> =
            files.iter().map(|f| f.to_string_lossy().into_owned().into()).collect();
        let name = if matches!(source, Source::Table(_)) { "dynamics" } else { "checkpoints" };
        let options = toml::Table::from_iter([(name.to_owned(), named.into())]);
        Ok(Computed { metrics, problems, notes: vec![note], options, ..Computed::default() })
    }
}

/// Mean loss by split and epoch, and how many images have dynamics.
fn figures(
    inputs: &Inputs,
    all: &[usize],
    dynamics: &Dynamics,
) -> Result<(Vec<Metric>, String), Error> {
    let samples = &inputs.dataset.samples;
    let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &i in all.iter().filter(|&&i| dynamics.losses(&samples[i].id).is_some()) {
        parts.entry(samples[i].split.as_deref().unwrap_or("")).or_default().push(i);
    }
    let mut metrics = Vec::new();
    for (split, members) in &parts {
        let classes = members.iter().map(|&i| samples[i].class as u32).collect();
        let clusters = inputs.clusters_of(members)?;
        let design = Design::new(classes, clusters, inputs.options.seed, RESAMPLES);
        for (at, epoch) in dynamics.epochs().iter().enumerate() {
            let losses: Vec<f64> = members
                .iter()
                .filter_map(|&i| Some(dynamics.losses(&samples[i].id)?[at]))
                .collect();
            let slash = if split.is_empty() { "" } else { "/" };
            let condition = format!("{split}{slash}epoch={epoch}");
            let mut loss = design.mean(&losses);
            // A t interval over few clusters may reach below what a loss can be.
            loss.low = loss.low.map(|low| low.max(0.0));
            metrics.push(Metric::new(STAGE, "loss", Some(&condition), POOLED, loss));
        }
    }
    let note = format!(
        "Training dynamics: {} of {} images, {} epochs.",
        dynamics.len(),
        all.len(),
        dynamics.epochs().len()
    );
    Ok((metrics, note))
}

//! Which features of a class are spurious, how strongly each image carries them, and what accuracy does as they fade.
//!
//! ```text
//! features ─► the most important of each class ─► judged by votes, masks, attributes ─► spuriosity of each image
//!   ─► ranks ─► accuracy of the highest minus that of the lowest ─► findings
//! ```
//! Hard ImageNet (Moayeri, Singla, Feizi; NeurIPS 2022), section 3; Spuriosity Rankings (Moayeri et al.,
//! arXiv 2212.02648). Features are chosen and judged on other images than those that are ranked wherever the data has
//! a second split: choosing them by what was classified right, and testing on the same images, makes a gap out of
//! nothing.

mod bare;
mod choose;
mod class_gap;
mod evidence;
mod examples;
mod figures;
mod findings;
mod images;
mod judge;
mod left;
mod lists;
mod options;
mod ranking;
pub mod spuriosity;
mod tables;
mod weights;

use std::{sync::atomic::AtomicBool, time::Instant};

pub use choose::{Important, most_important};
pub use judge::{Basis, Judgement};
pub use options::RankOptions;
pub(crate) use spuriosity::spuriosity;
pub(crate) use tables::{EVIDENCE, FEATURES, SPURIOSITY};

use crate::{
    Error, Event, Inputs, RunDir, Sink,
    features::{self, FeatureSet},
    run::{Key, StageRecord, hash_file},
};
use images::Population;
use ranking::Ranking;

/// The stage's name in files and on the command line.
pub const STAGE: &str = "rank";
/// Changes with the code that decides what the stage leaves: what was computed before is computed anew.
pub(crate) const REVISION: u32 = 3;

/// Runs the stage into `run`.
///
/// # Errors
/// As [`features::gather`]; votes or ranked lists that can't be used; no head and too few images for a probe.
pub fn rank(
    inputs: &Inputs,
    options: &RankOptions,
    run: &RunDir,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<StageRecord, Error> {
    let start = Instant::now();
    let finished = |unchanged| Event::finished(STAGE, start, unchanged);
    let fit_split = images::fit_split(inputs, options.fit_split.as_deref())?;
    let mut splits = vec![inputs.split()];
    if fit_split != inputs.split() {
        splits.push(&fit_split);
    }
    let set = features::gather(
        inputs,
        &options.features,
        &splits,
        &splits,
        run,
        options.threads,
        stop,
        sink,
    )?;
    let key = key(inputs, options, &set, &fit_split)?;
    if let Some(record) = run.finished(STAGE, &key, sink)? {
        sink(finished(true));
        return Ok(record);
    }
    let run = &run.keyed(&key);
    sink(Event::Summarising { stage: STAGE });
    let population = Population::read(inputs, &set, fit_split)?;
    let mut notes = set.notes.clone();
    let ranking = match &options.ranks {
        Some(path) => {
            let given = lists::read(path, inputs)?;
            notes.push(format!("Ranks: read from {}.", path.display()));
            Ranking::given(inputs, &population, &given)
        }
        None => Ranking::made(inputs, options, &set, &population, &mut notes)?,
    };
    notes.extend(ranking.notes(inputs));
    let figures = figures::compute(inputs, options, &population, &ranking)?;
    let findings = findings::find(inputs, options.min_effect, &population, &ranking, &figures);
    tables::spuriosity(inputs, &population, &ranking, run)?;
    tables::features(inputs, &ranking, run)?;
    tables::evidence(inputs, &ranking, run)?;
    lists::write(inputs, &population, &ranking, run)?;
    examples::write_examples(
        inputs,
        &set,
        &population,
        &ranking,
        &figures,
        run,
        options.threads,
        stop,
    )?;
    notes.iter().for_each(|note| sink(Event::Note(note.clone())));
    let record =
        StageRecord { key, metrics: figures.metrics, findings, problems: set.problems, notes };
    let mut table = options.to_table();
    table.insert("fit_split".into(), population.fit_split.clone().into());
    run.finish_stage_of(STAGE, table, &record)?;
    sink(finished(false));
    Ok(record)
}

/// Changes with the features, with the options and with the files that they name.
fn key(
    inputs: &Inputs,
    options: &RankOptions,
    set: &FeatureSet,
    fit_split: &str,
) -> Result<String, Error> {
    let mut key = Key::new(STAGE, inputs.revisions.of(STAGE))
        .with("features", &set.key)?
        .with("splits", &(inputs.split(), fit_split))?
        .with("seed", &inputs.options.seed)?
        .with("cluster", &inputs.options.cluster)?
        .with("options", &options.to_table())?;
    for path in [&options.votes, &options.ranks].into_iter().flatten() {
        key = key.with("file", &hash_file(path)?)?;
    }
    Ok(key.finish())
}

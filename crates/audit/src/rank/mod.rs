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
mod tables;
mod weights;

pub use choose::{Important, most_important};
pub use judge::{Basis, Judgement};
pub use options::RankOptions;
pub(crate) use tables::{EVIDENCE, FEATURES, SPURIOSITY};

use crate::{
    Context, Error, Event, Inputs,
    features::{self, FeatureSet},
    run::{Key, StageRecord, hash_file},
    stage::{self, Computed, Stage},
};
use images::Population;
use ranking::Ranking;

/// The stage's name in files and on the command line.
pub const STAGE: &str = "rank";

/// Runs the stage: ranks the images of every class by how strongly they carry its spurious features.
///
/// # Errors
/// As [`features::gather`]; votes or ranked lists that can't be used; no head and too few images for a probe.
pub fn rank(
    inputs: &Inputs,
    options: &RankOptions,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    stage::run::<Rank<'_>>(inputs, options, context)
}

/// The features that images are ranked by.
pub(crate) struct Rank<'a> {
    inputs: &'a Inputs,
    options: &'a RankOptions,
    /// Split on which features are chosen and judged.
    fit_split: String,
    set: FeatureSet,
}

impl<'a> Stage<'a> for Rank<'a> {
    const NAME: &'static str = STAGE;
    const REVISION: u32 = 4;
    type Options = RankOptions;

    fn prepare(
        inputs: &'a Inputs,
        options: &'a RankOptions,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let fit_split = images::fit_split(inputs, options.fit_split.as_deref())?;
        let mut splits = vec![inputs.split()];
        if fit_split != inputs.split() {
            splits.push(&fit_split);
        }
        let set = features::gather(inputs, &options.features, &splits, &splits, context)?;
        Ok(Self { inputs, options, fit_split, set })
    }

    /// Changes with the features, with the options and with the files that they name.
    fn key(&self, _context: &Context<'_>) -> Result<String, Error> {
        let Self { inputs, options, fit_split, set } = self;
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

    fn compute(self, context: &Context<'_>) -> Result<Computed, Error> {
        let Self { inputs, options, fit_split, set } = self;
        let run = context.run;
        context.say(Event::Summarising { stage: STAGE });
        let population = Population::read(inputs, &set, fit_split)?;
        let mut notes = set.notes.clone();
        let ranking = match &options.ranks {
            Some(path) => {
                let given = lists::read(path, inputs)?;
                notes.push(format!("Ranks: read from {}.", path.display()));
                Ranking::given(inputs, &population, &given)
            }
            None => Ranking::made(inputs, options, &set, &population, context.threads, &mut notes)?,
        };
        notes.extend(ranking.notes(inputs));
        let figures = figures::compute(inputs, options, &population, &ranking)?;
        let findings = findings::find(inputs, options.min_effect, &population, &ranking, &figures);
        tables::spuriosity(inputs, &population, &ranking, run)?;
        tables::features(inputs, &ranking, run)?;
        tables::evidence(inputs, &ranking, run)?;
        lists::write(inputs, &population, &ranking, run)?;
        examples::write_examples(inputs, &set, &population, &ranking, &figures, context)?;
        notes.iter().for_each(|note| context.say(Event::Note(note.clone())));
        let mut table = options.to_table();
        table.insert("fit_split".into(), population.fit_split.clone().into());
        Ok(Computed {
            metrics: figures.metrics,
            findings,
            problems: set.problems,
            notes,
            options: table,
        })
    }
}

//! A better head for the groups on which the model fails, and whether it is one.
//!
//! ```text
//! groups, features ─► heads trained and chosen on some images ─► judged on others ─► repaired.onnx
//!                                  └─► the same with random groups ┘
//! ```
//! DIM's mitigation (Zhang et al., CVPR 2024) and what else trains a last layer against groups
//! ([`rightly_model::heads::robust`]): model-centric, by weighing groups, and data-centric, by adding images of a pool. The images
//! in which groups were found are dealt into folds: settings and epoch are chosen by the accuracy of the worst group on images of
//! each fold, by heads that were trained on the others; the images that are reported on are looked at once, with the same named
//! groups before and after. Every repair is run as well with random groups of the same sizes (with as many random images): a new
//! head on other images gains by itself, and only what goes beyond that is a repair.

mod assign_groups;
mod changed_pictures;
mod cue_strength;
mod evaluation;
mod figures;
mod fit_head;
mod group_names;
mod grouping;
mod intervention;
mod material;
mod model_selection;
mod options;
mod output;
mod output_map;
mod pipeline;
mod pool;
mod reaudit;
mod search_space;
mod tables;
mod training_rows;
mod verdict;
mod wanted_images;

pub use figures::control_condition;
pub use options::{DomainHeads, MitigateOptions, PoolLabels, Repair};
pub use output::verdicts;
pub use verdict::{Answer, Verdict};

use crate::{
    Context, Error, Event, Inputs,
    evaluate::EvaluateOptions,
    features::{self, FeatureSet, Source},
    interpret,
    run::{Key, StageRecord},
    stage::{self, Computed, Stage},
};
use grouping::Grouping;
use output::Original;
use pipeline::Pipeline;
use pool::Pool;

/// The stage's name in files and on the command line.
pub const STAGE: &str = "mitigate";

/// Runs the stage: repairs the model for the groups that `discover` left in the run, or for known ones.
///
/// # Errors
/// [`Error::Model`] names the node that keeps the head from being replaced; groups, splits or a pool that are not there; too few
/// held-out images; the run can't be written; it was stopped.
pub fn mitigate(
    inputs: &Inputs,
    options: &MitigateOptions,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    stage::run::<Mitigate<'_>>(inputs, options, context)
}

/// The groups, the head that is to be replaced, and the features of all images.
pub(crate) struct Mitigate<'a> {
    inputs: &'a Inputs,
    options: &'a MitigateOptions,
    repairs: Vec<Repair>,
    grouping: Grouping,
    original: Original,
    set: FeatureSet,
    /// Features that training images get their groups from, where these are not the model's own.
    others: Option<FeatureSet>,
    pool: Option<Pool>,
    /// What is measured again of the repaired model.
    measures: Option<EvaluateOptions>,
}

impl<'a> Stage<'a> for Mitigate<'a> {
    const NAME: &'static str = STAGE;
    const REVISION: u32 = 5;
    type Options = MitigateOptions;

    fn prepare(
        inputs: &'a Inputs,
        options: &'a MitigateOptions,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let run = context.run;
        let repairs = repairs(inputs, options)?;
        let wanted = [options.fit_split.as_deref(), options.confirm_split.as_deref()];
        let grouping = Grouping::find(inputs, run, options.groups.as_deref(), wanted)?;
        let original = Original::open(inputs, &grouping.report)?;
        let train = material::train_split(inputs, options, &grouping)?;
        let mut splits: Vec<&str> = grouping.splits.iter().map(String::as_str).collect();
        splits.extend(train.as_deref());
        splits.sort_unstable();
        splits.dedup();
        let gather = |source: &Source| features::gather(inputs, source, &splits, &[], context);
        let set = gather(&Source::Model)?;
        let others = match &options.features {
            Source::Model => None,
            source => Some(gather(source)?),
        };
        let pool = match repairs.iter().any(|repair| repair.adds_images()) {
            true => pool::open(inputs, options, context)?,
            false => None,
        };
        let measures = reaudit::measures(options, run)?;
        Ok(Self { inputs, options, repairs, grouping, original, set, others, pool, measures })
    }

    fn key(&self, context: &Context<'_>) -> Result<String, Error> {
        let Self { inputs, options, repairs, .. } = self;
        let run = context.run;
        Ok(Key::new(STAGE, inputs.revisions.of(STAGE))
            .with("features", &self.set.key)?
            .with("other features", &self.others.as_ref().map(|set| &set.key))?
            .with("pool", &self.pool.as_ref().map(|pool| &pool.key))?
            .with("groups", &self.grouping.key)?
            .with("seed", &inputs.options.seed)?
            .with("cluster", &inputs.options.cluster)?
            .with("measures", &reaudit::key(self.measures.as_ref(), run)?)?
            .with("ranks", &cue_strength::key(repairs, run)?)?
            .with("names", &run.stage(interpret::STAGE)?.map(|record| record.key))?
            .with("options", &options.to_table(repairs))?
            .finish())
    }

    fn compute(self, context: &Context<'_>) -> Result<Computed, Error> {
        let Self { inputs, options, repairs, original, set, measures, .. } = self;
        let pipeline =
            Pipeline { inputs, options, repairs: &repairs, context, original: &original };
        let gathered = pipeline.gather(self.grouping, &set, self.others.as_ref(), self.pool)?;
        tables::write_groups(inputs, context.run, &gathered.grouping, &gathered.material)?;
        let made = pipeline.repair(&gathered)?;
        let mut metrics = made.metrics;
        if let Some(measures) = &measures {
            // The main repair, and others where there is something to look at.
            for (at, (&repair, verdict)) in made.repairs.iter().zip(&made.verdicts).enumerate() {
                if at == 0 || verdict.helps() {
                    let own = (repair, gathered.label_map(inputs));
                    metrics.extend(reaudit::measure(inputs, own, measures, options, context)?);
                }
            }
        }
        let notes = [gathered.notes, made.notes].concat();
        notes.iter().for_each(|note| context.say(Event::Note(note.clone())));
        let options = options.to_table(&made.repairs);
        Ok(Computed { metrics, problems: set.problems, notes, options, ..Computed::default() })
    }
}

/// The repairs that are made.
///
/// # Errors
/// One needs a pool, and there is none.
fn repairs(inputs: &Inputs, options: &MitigateOptions) -> Result<Vec<Repair>, Error> {
    let there = pool::exists(inputs, options);
    if options.repairs.is_empty() {
        let more = there.then_some(Repair::Intervention);
        return Ok([Repair::Dim].into_iter().chain(more).collect());
    }
    match options.repairs.iter().find(|repair| repair.adds_images()) {
        Some(repair) if !there => Err(Error::Usage(format!(
            "'{repair}' adds images and needs some to choose from: --pool DATA, or a split 'intervention' in the data"
        ))),
        _ => Ok(options.repairs.clone()),
    }
}

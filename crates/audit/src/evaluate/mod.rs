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

pub(crate) use passes::REVISIONS as MEASURE_REVISIONS;

pub use figures::SAME_MAP;
pub use options::{EvaluateOptions, MeasureName, Target, cam_name};

use crate::{
    Context, Error, Event, Inputs,
    predictor::Predictor,
    run::{Key, StageRecord},
    stage::{self, Computed, Stage},
};

/// The stage's name in files and on the command line.
pub const STAGE: &str = "evaluate";

/// Runs the stage: every measure over every image of the split, then the figures. What is already computed for these inputs and
/// options stays.
///
/// # Errors
/// Where the run can't be written, an engine fails, no image can be measured, or options don't fit the inputs. Single images that
/// can't be used are rows of `problems.csv`, not errors.
pub fn evaluate(
    inputs: &Inputs,
    options: &EvaluateOptions,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    stage::run::<Evaluate<'_>>(inputs, options, context)
}

/// The units of work of [`evaluate`], for threads, processes or machines that share the run directory.
///
/// Images are measured a shard at a time. A shard is one file for each measure, written whole, and known by everything that
/// decides it: computed twice it is the same bytes. Whoever merges claims the run; workers only need its folder.
pub struct Shards<'a>(Evaluate<'a>);

/// The shards of an evaluation. The same inputs and options give the same shards, wherever they are asked for.
///
/// # Errors
/// As [`evaluate`], before any image is measured.
pub fn plan<'a>(
    inputs: &'a Inputs,
    options: &'a EvaluateOptions,
    context: &Context<'_>,
) -> Result<Shards<'a>, Error> {
    Evaluate::prepare(inputs, options, context).map(Shards)
}

/// Joins the shards of a run into tables, figures and findings: what [`evaluate`] leaves, byte for byte.
///
/// # Errors
/// Where shards are missing; as [`evaluate`].
pub fn merge(
    inputs: &Inputs,
    options: &EvaluateOptions,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    // What there is to say is said when the shards are joined.
    let silent = Context { sink: &|_| (), ..*context };
    let missing = plan(inputs, options, &silent)?.missing(context)?;
    if let Some(first) = missing.first() {
        let why = format!("{} shards are missing, the first is {first}", missing.len());
        return Err(Error::run(context.run.root(), why));
    }
    evaluate(inputs, options, context)
}

impl Shards<'_> {
    /// Number of shards.
    pub fn count(&self) -> usize {
        self.0.plan.shards()
    }

    /// Shards that are not finished. Damaged ones are named.
    ///
    /// # Errors
    /// Where a file is there and can't be read.
    pub fn missing(&self, context: &Context<'_>) -> Result<Vec<usize>, Error> {
        Ok(self.0.plan.missing(context.sink)?.into_iter().map(|(shard, _)| shard).collect())
    }

    /// Measures the images of one shard; what of it is there stays.
    ///
    /// # Errors
    /// An engine fails, a file can't be written, there is no such shard; [`Error::Interrupted`].
    pub fn run_shard(&self, shard: usize, context: &Context<'_>) -> Result<(), Error> {
        if shard >= self.count() {
            return Err(Error::Usage(format!("shard {shard}: there are {}", self.count())));
        }
        self.0.plan.compute_one(shard, &self.0.predictor, context)
    }
}

/// The measures that were asked for, and their shards.
pub(crate) struct Evaluate<'a> {
    inputs: &'a Inputs,
    options: &'a EvaluateOptions,
    predictor: Predictor<'a>,
    plan: pipeline::Plan<'a>,
    /// Measures that the inputs don't allow, a sentence each.
    skipped: Vec<String>,
}

impl<'a> Stage<'a> for Evaluate<'a> {
    const NAME: &'static str = STAGE;
    const REVISION: u32 = 7;
    type Options = EvaluateOptions;

    fn prepare(
        inputs: &'a Inputs,
        options: &'a EvaluateOptions,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let predictor = Predictor::new(inputs);
        let (measures, skipped) = passes::plan(&predictor, options)?;
        let plan = pipeline::Plan::new(inputs, context.run, measures)?;
        inputs.notes.iter().chain(&skipped).for_each(|note| context.say(Event::Note(note.clone())));
        Ok(Self { inputs, options, predictor, plan, skipped })
    }

    fn key(&self, _context: &Context<'_>) -> Result<String, Error> {
        let Self { inputs, options, plan, skipped, .. } = self;
        Ok(Key::new(STAGE, inputs.revisions.of(STAGE))
            .with("measures", plan.keys())?
            .with("options", &(options.resamples, options.min_effect, options.quick))?
            .with("seed", &inputs.options.seed)?
            .with("cluster", &inputs.options.cluster)?
            .with("skipped", skipped)?
            .with("problems", &inputs.dataset.problems)?
            .finish())
    }

    fn compute(self, context: &Context<'_>) -> Result<Computed, Error> {
        let Self { inputs, options, predictor, plan, skipped } = self;
        plan.compute(&predictor, context)?;
        context.say(Event::Summarising { stage: STAGE });
        some_image(inputs, &plan)?;
        let problems = tables::write(inputs, options, &plan, context.run)?;
        let columns = columns::Columns::read(inputs, options, &plan)?;
        let (metrics, known) = figures::compute(inputs, options, &plan, &columns)?;
        known.iter().for_each(|note| context.say(Event::Note(note.clone())));
        let findings = findings::find_all(inputs, options, &columns, &metrics, &problems);
        let notes = [inputs.notes.clone(), skipped, known].concat();
        Ok(Computed { metrics, findings, problems, notes, options: options.to_table() })
    }
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

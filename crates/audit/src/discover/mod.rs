//! Subgroups of a class on which the model fails: looked for on some images, held against others.
//!
//! ```text
//! features, losses ─► a method divides each class ─► groups of other images ─► gaps, corrected ─► findings
//! ```
//! DIM (Zhang et al., CVPR 2024), with what else there is as methods. Whatever the method, an image belongs to a group by
//! its features alone: a group that is chosen by its own errors has a gap by construction. Groups, their order and the side
//! of the test are fixed on the fitting part; the confirming part is looked at once.

mod assignment;
mod figures;
mod findings;
mod gap_test;
mod material;
mod method;
mod options;
mod probe_losses;
#[doc(hidden)] // for rightly-papers
pub mod protocol;
mod quality;
mod second_view;
mod supervision;
mod tables;

use ndarray::Array2;
use rightly_data::dataset::{Attribute, typed_attributes};
use rightly_model::heads::Standard;

pub use options::{Components, DiscoverOptions};

pub use crate::methods::Method;

use crate::{
    Context, Error, Event, Inputs, Metric, RunDir, dynamics,
    features::{self, FeatureSet, Outcomes},
    fit_confirm::FitConfirm,
    prose::shortened,
    run::{Key, StageRecord},
    stage::{self, Computed, Stage},
    workers,
};
use assignment::Grouped;
use gap_test::JudgedClass;
use material::{Material, Members, Part};
use method::{Fit, Slice, Slicer};
use supervision::Supervision;
use tables::Tables;
pub(crate) use tables::{DIRECTIONS, GROUPS};

/// The stage's name in files and on the command line.
pub const STAGE: &str = "discover";

/// Fewest images of a class that subgroups are looked for in.
const FEWEST: usize = 20;

/// Runs the stage: divides every class on some images, and tests the groups on others.
///
/// # Errors
/// As [`features::gather`]; splits that are not there; dynamics that can't be read.
pub fn discover(
    inputs: &Inputs,
    options: &DiscoverOptions,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    stage::run::<Discover<'_>>(inputs, options, context)
}

/// The images in which groups are looked for, and their features.
pub(crate) struct Discover<'a> {
    inputs: &'a Inputs,
    options: &'a DiscoverOptions,
    parts: FitConfirm,
    set: FeatureSet,
    /// Features of another network.
    second: Option<FeatureSet>,
}

impl<'a> Stage<'a> for Discover<'a> {
    const NAME: &'static str = STAGE;
    const REVISION: u32 = 5;
    type Options = DiscoverOptions;

    fn prepare(
        inputs: &'a Inputs,
        options: &'a DiscoverOptions,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let wanted = [options.fit_split.as_deref(), options.confirm_split.as_deref()];
        let parts = FitConfirm::choose(inputs, wanted[0], wanted[1])?;
        let mut splits: Vec<&str> = parts.splits.iter().map(String::as_str).collect();
        splits.dedup();
        let set = features::gather(inputs, &options.features, &splits, &[], context)?;
        let second = match (&options.features, &options.second) {
            (features::Source::Model, Some(source)) => {
                Some(features::gather(inputs, source, &splits, &[], context)?)
            }
            _ => None,
        };
        Ok(Self { inputs, options, parts, set, second })
    }

    fn key(&self, context: &Context<'_>) -> Result<String, Error> {
        let sets = [Some(&self.set), self.second.as_ref()];
        key(self.inputs, self.options, sets, &self.parts, context.run)
    }

    fn compute(self, context: &Context<'_>) -> Result<Computed, Error> {
        let Self { inputs, options, parts, set, second } = self;
        let threads = context.threads;
        context.say(Event::Summarising { stage: STAGE });
        let outcomes = Outcomes::read(&set.outcomes)?;
        let members = Members::by_class(inputs, &parts, &outcomes);
        let trained = supervised(&parts, &members);
        let supervision = Supervision::find(inputs, context, &set, &outcomes, &trained)?;
        let attributes = if options.methods.contains(&Method::Attributes) {
            typed_attributes(&inputs.dataset, inputs.options.cluster.as_deref())
        } else {
            Vec::new()
        };
        let standard = match options.methods.contains(&Method::FailureDirection) {
            true => Some(material::standard(inputs, &set, &members, threads)?),
            false => None,
        };
        let division = Division {
            inputs,
            options,
            set: &set,
            second: second.as_ref(),
            outcomes: &outcomes,
            members: &members,
            attributes: &attributes,
            standard: standard.as_ref(),
        };
        let mut notes = set.notes.clone();
        if let Some(second) = &second {
            notes.extend(second.notes.iter().cloned());
            notes.push(format!(
                "Second view: a subgroup has to show in the {} features of '{}' as well.",
                second.dim, second.name
            ));
        }
        notes.extend([parts.words.clone(), supervision.words.clone()]);
        let All { grouped, mut judged, quality } =
            division.divide(&parts, &supervision, context, &mut notes)?;
        gap_test::correct(&mut judged);
        let mut metrics = figures::compute(&inputs.dataset.classes, options, &grouped, &judged);
        let means = quality::means(&quality, inputs.options.seed, options.resamples);
        metrics.extend(quality.into_iter().chain(means));
        let mut found = Vec::new();
        for (methods, class) in grouped.iter().zip(&judged) {
            let confirm = methods.first().map_or(&[][..], |m| &members[m.class].confirm);
            found.extend(findings::find(inputs, options, confirm, methods, class, &metrics));
        }
        let names = &inputs.dataset.classes;
        notes.extend(figures::edges(names, options, &grouped, &judged));
        notes.extend(figures::power(inputs, options, &parts, &grouped, &judged, found.len()));
        notes.iter().for_each(|note| context.say(Event::Note(note.clone())));
        let mut table = options.to_table();
        table.insert("fit_split".into(), parts.splits[0].clone().into());
        table.insert("confirm_split".into(), parts.splits[1].clone().into());
        table.insert("parts".into(), parts.words.into());
        Ok(Computed { metrics, findings: found, problems: set.problems, notes, options: table })
    }
}

/// Images whose losses are needed: those that are fitted on; where one split was dealt all, for the directions.
fn supervised(parts: &FitConfirm, members: &[Members]) -> Vec<Members> {
    let one = |m: &Members| match parts.dealt() {
        true => m.together(),
        false => m.clone(),
    };
    members.iter().map(one).collect()
}

/// What every class is divided with.
#[derive(Clone, Copy)]
struct Division<'a> {
    inputs: &'a Inputs,
    options: &'a DiscoverOptions,
    set: &'a FeatureSet,
    /// Features of another network.
    second: Option<&'a FeatureSet>,
    outcomes: &'a Outcomes,
    members: &'a [Members],
    /// Read only where a method uses them.
    attributes: &'a [Attribute],
    /// Of the fitted features of all classes; only where a method uses it.
    standard: Option<&'a Standard>,
}

/// A class under every method, its verdicts, directions, and notes.
struct Divided {
    grouped: Vec<Grouped>,
    judged: JudgedClass,
    /// Against known subgroups.
    quality: Vec<Metric>,
    /// Method, its slices, and whether they are those of the groups.
    directions: Vec<(Method, Vec<Slice>, bool)>,
    notes: Vec<String>,
}

/// The classes that were divided.
#[derive(Default)]
struct All {
    grouped: Vec<Vec<Grouped>>,
    judged: Vec<JudgedClass>,
    quality: Vec<Metric>,
}

impl Division<'_> {
    /// Divides every class and writes the tables.
    fn divide(
        &self,
        parts: &FitConfirm,
        supervision: &Supervision,
        &Context { run, threads, stop, .. }: &Context<'_>,
        notes: &mut Vec<String>,
    ) -> Result<All, Error> {
        let mut all = All::default();
        let mut tables = Tables::new(self.inputs, run)?;
        let mut small = Vec::new();
        for batch in material::batches(self.members, self.set.dim) {
            let read = |set: &FeatureSet| {
                material::read(self.inputs, set, self.outcomes, &batch, self.members, threads)
            };
            let materials = read(self.set)?;
            let others = self.second.map(read).transpose()?;
            let divided = workers::ordered(materials.len(), threads, stop, |at| {
                self.class(parts, supervision, &materials[at], others.as_ref().map(|o| &o[at]))
            })?;
            for (material, divided) in materials.iter().zip(divided) {
                let Some(divided) = divided else {
                    let name = &self.inputs.dataset.classes[material.class];
                    small.push(format!("'{name}' has {}", material.fit.len()));
                    continue;
                };
                for one in &divided.grouped {
                    tables.groups(self.inputs, material, one)?;
                }
                let class = &self.inputs.dataset.classes[material.class];
                for (method, slices, of_groups) in &divided.directions {
                    tables.directions(class, *method, slices, *of_groups)?;
                }
                notes.extend(divided.notes);
                all.grouped.push(divided.grouped);
                all.judged.push(divided.judged);
                all.quality.extend(divided.quality);
            }
        }
        tables.finish()?;
        if !small.is_empty() {
            notes.push(format!(
                "Not tested, since subgroups are looked for in {FEWEST} images or more: {}.{}",
                shortened(&small),
                figures::limited(self.inputs, parts)
            ));
        }
        Ok(all)
    }

    /// One class; `None` where it is too small.
    fn class(
        &self,
        parts: &FitConfirm,
        supervision: &Supervision,
        material: &Material,
        other: Option<&Material>,
    ) -> Result<Option<Divided>, Error> {
        let name = &self.inputs.dataset.classes[material.class];
        let mut notes = Vec::new();
        let mut grouped = Vec::new();
        let mut directions = Vec::new();
        let (fit, losses) = material.fit.with_losses(supervision);
        if fit.len() < FEWEST {
            return Ok(None);
        }
        let whole = parts.dealt().then(|| material.together().with_losses(supervision));
        for &method in &self.options.methods {
            let fitted = |part: &Part, losses: &Array2<f64>| {
                let clusters = self.inputs.clusters_of(&part.samples)?;
                let fit = Fit {
                    options: self.options,
                    seed: self.inputs.options.seed,
                    class: name,
                    attributes: self.attributes,
                    part,
                    confirms: material.confirm.len(),
                    clusters: clusters.as_deref(),
                    standard: self.standard,
                    losses: losses.view(),
                };
                Ok::<_, Error>(method::fit(method, fit))
            };
            let slicer: Box<dyn Slicer> = match fitted(&fit, &losses)? {
                Ok(slicer) => slicer,
                Err(why) => {
                    notes.push(format!("'{name}': {method}: {why}"));
                    continue;
                }
            };
            let own = Grouped::new(method, material, &*slicer);
            notes.extend(own.notes.iter().map(|note| format!("'{name}': {method}: {note}")));
            directions.push(match &whole {
                Some((part, losses)) => match fitted(part, losses)? {
                    Ok(slicer) => (method, slicer.slices().to_vec(), false),
                    Err(why) => {
                        notes
                            .push(format!("'{name}': {method}: no direction of all images: {why}"));
                        (method, Vec::new(), false)
                    }
                },
                None => (method, own.slices.clone(), true),
            });
            grouped.push(own);
        }
        let mut judged =
            gap_test::judge(self.inputs, self.options, &material.confirm, &grouped, name)?;
        if let Some(other) = other {
            let clusters = self.inputs.clusters_of(&material.confirm.samples)?;
            let seed = self.inputs.options.seed;
            second_view::look(
                self.options,
                seed,
                clusters.as_deref(),
                &grouped,
                other,
                &mut judged,
            );
        }
        let mut quality = Vec::new();
        for one in &grouped {
            quality.extend(quality::of_class(self.inputs, &material.confirm, one)?);
        }
        Ok(Some(Divided { grouped, judged, quality, directions, notes }))
    }
}

/// Changes with the features, the dynamics, the parts and the options.
fn key(
    inputs: &Inputs,
    options: &DiscoverOptions,
    sets: [Option<&FeatureSet>; 2],
    parts: &FitConfirm,
    run: &RunDir,
) -> Result<String, Error> {
    let dynamics = run.stage(dynamics::STAGE)?.map(|record| record.key);
    let key = Key::new(STAGE, inputs.revisions.of(STAGE))
        .with("features", &sets.map(|set| set.map(|set| set.key.as_str())))?
        .with("dynamics", &dynamics)?
        .with("parts", &parts.words)?
        .with("seed", &inputs.options.seed)?
        .with("cluster", &inputs.options.cluster)?
        .with("options", &options.to_table())?;
    Ok(key.finish())
}

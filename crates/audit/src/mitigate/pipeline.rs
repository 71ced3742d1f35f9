//! What is known of the images, and the repairs that are made with it.

use std::collections::BTreeMap;

use rightly_model::{LabelMap, heads::Head};
use rightly_stats::Design;

use super::{
    DomainHeads, MitigateOptions, Repair, STAGE, Verdict, assign_groups, changed_pictures,
    cue_strength,
    evaluation::{self, Judges, Right},
    figures::{self, Outcome},
    group_names::GroupNames,
    grouping::Grouping,
    intervention::{self, Choice},
    material::{self, Division, Material, Rows},
    model_selection::{self, Chosen, Dealing, Trainer},
    output::{self, Original, Record},
    output_map::Target,
    pool::Pool,
    training_rows::Known,
    wanted_images,
};
use crate::{
    Context, Error, Event, Inputs, Metric,
    features::{FeatureSet, Outcomes},
};

/// What repairs are made with.
#[derive(Clone, Copy)]
pub(super) struct Pipeline<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) options: &'a MitigateOptions,
    pub(super) repairs: &'a [Repair],
    pub(super) context: &'a Context<'a>,
    pub(super) original: &'a Original,
}

/// Everything that is known of the images.
pub(super) struct Gathered {
    pub(super) grouping: Grouping,
    pub(super) material: Material,
    target: Target,
    pool: Option<Pool>,
    known: Known,
    /// Of held-out images, and of those that are reported on.
    before: [Right; 2],
    pub(super) notes: Vec<String>,
}

/// What came of the repairs.
pub(super) struct Made {
    /// Those that could be made.
    pub(super) repairs: Vec<Repair>,
    pub(super) metrics: Vec<Metric>,
    /// One a repair.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) notes: Vec<String>,
}

/// One repair, and its control.
struct Trained {
    chosen: Chosen,
    controls: Vec<Chosen>,
    /// Largest difference of the file's logits.
    off: f32,
}

impl Gathered {
    /// Outputs of a repaired model that are right for each class.
    pub(super) fn label_map(&self, inputs: &Inputs) -> LabelMap {
        self.target.label_map(inputs)
    }
}

impl Pipeline<'_> {
    /// Reads the features of all images, and gives those a group that have none.
    pub(super) fn gather(
        &self,
        mut grouping: Grouping,
        set: &FeatureSet,
        others: Option<&FeatureSet>,
        pool: Option<Pool>,
    ) -> Result<Gathered, Error> {
        let Self { inputs, options, context, .. } = *self;
        let &Context { run, threads, .. } = context;
        let outcomes = Outcomes::read(&set.outcomes)?;
        let mut division = Division::new(inputs, options, &grouping, &outcomes)?;
        let mut notes = vec![grouping.words.clone()];
        notes.extend(material::cut(inputs, &mut division, set.dim));
        if division.held.len() < evaluation::FEWEST {
            return Err(Error::Usage(format!(
                "{} held-out images to choose on; at least {} are needed",
                division.held.len(),
                evaluation::FEWEST
            )));
        }
        notes.push(division.words(&grouping));
        let material = Material::read(inputs, set, &division, threads)?;
        if division.train.iter().any(|at| !grouping.members.contains_key(at)) {
            let apart;
            let by = match others {
                None => &material,
                Some(set) => {
                    apart = Material::read(inputs, set, &division, threads)?;
                    &apart
                }
            };
            if let Some(share) = assign_groups::agreement(&grouping, &by.held, &by.report)? {
                notes.push(format!(
                    "Groups of training images are told from their features; for {:.0} % of the images that are reported on \
                     this gives the group that they have.",
                    100.0 * share
                ));
            }
            assign_groups::place(&mut grouping, &by.held, &[&by.train])?;
        }
        let mut known = Known::default();
        let encoder = &self.original.encoder;
        let division = &division;
        let pass = changed_pictures::Pass { inputs, encoder, division, context };
        if self.repairs.contains(&Repair::BackgroundOnly) {
            known.filled = pass.filled()?;
        }
        if self.repairs.contains(&Repair::CoreNoise) {
            known.noisy = pass.noisy()?;
        }
        if self.repairs.contains(&Repair::Saliency) {
            known.maps = pass.maps()?;
        }
        if cue_strength::needed(self.repairs) {
            known.spuriosity = cue_strength::gather(inputs, run, &material)?;
        }
        let target = Target::of(inputs);
        notes.extend(target.words(inputs));
        notes.extend(pool.as_ref().map(|pool| pool.words.clone()));
        let before = [&material.held, &material.report].map(|rows| {
            let own = &self.original.own;
            let right =
                |&at: &usize| outcomes.correct(&inputs.dataset.samples[at].id) == Some(true);
            let right: Vec<bool> = match target.narrows(inputs) {
                true => target.right_before(own, rows.values.view(), &rows.labels)?,
                false => rows.samples.iter().map(right).collect(),
            };
            Ok::<Right, Error>(right.into_iter().map(|r| f64::from(u8::from(r))).collect())
        });
        let [held, report] = before;
        Ok(Gathered { grouping, material, target, pool, known, before: [held?, report?], notes })
    }

    /// Trains, judges and writes every repair.
    pub(super) fn repair(&self, gathered: &Gathered) -> Result<Made, Error> {
        let Self { inputs, options, context, .. } = *self;
        let run = context.run;
        let Gathered { grouping, material, before: [_, before], .. } = gathered;
        let mut trained: Vec<Trained> = Vec::new();
        let (mut outcomes, mut notes) = (Vec::new(), Vec::new());
        for &repair in self.repairs {
            let one = match repair.adds_images() {
                true => self.with_images(repair, gathered)?,
                false => Some(self.with_groups(repair, gathered)?),
            };
            let Some(one) = one else {
                notes.push(format!(
                    "'{repair}' is left out: no image of the pool belongs to a group on which the model fails."
                ));
                continue;
            };
            let right = |head: &Head| -> Result<Right, Error> {
                let logits = head.logits(material.report.values.view())?;
                Ok(model_selection::right(&logits, &material.report.labels))
            };
            let controls: Vec<Right> = one
                .controls
                .iter()
                .map(|control| right(&control.head))
                .collect::<Result<_, _>>()?;
            outcomes.push(Outcome {
                repair,
                after: right(&one.chosen.head)?,
                control: mean(&controls),
            });
            trained.push(one);
        }
        let judges = self.judges(gathered)?;
        let classes = &inputs.dataset.classes;
        let names = &GroupNames::read(run)?;
        let (metrics, verdicts) = figures::compute(
            (classes, names),
            grouping,
            &judges,
            before,
            &outcomes,
            options.max_cost,
        );
        let report = &material.report.samples;
        let group = |at: &usize| {
            let member = grouping.members.get(at)?;
            grouping.groups[member.group].name.clone()
        };
        let groups: Vec<Option<String>> = report.iter().map(group).collect();
        for ((outcome, verdict), one) in outcomes.iter().zip(&verdicts).zip(&trained) {
            output::predictions(inputs, run, report, &groups, before, outcome)?;
            let record = Record {
                repair: outcome.repair.name(),
                model: inputs.classifier.path().display().to_string(),
                model_hash: inputs.classifier.hash(),
                groups: &grouping.words,
                images: material.parts().map(Rows::len),
                folds: material.folds.iter().max().map_or(0, |most| most + 1),
                least_accuracy: self.least(gathered),
                chosen: one.chosen.chosen,
                tried: &one.chosen.tried,
                controls: one.controls.iter().map(output::chosen).collect(),
                largest_difference: one.off,
                verdict,
            };
            record.write(run, outcome.repair)?;
            let kept = output::chosen(&one.chosen);
            notes.push(format!(
                "'{}': {} heads were tried; the one kept was trained on {} ({} images).",
                outcome.repair,
                one.chosen.tried.len(),
                kept.on.words(),
                kept.images
            ));
            notes.push(verdict.words.clone());
        }
        notes.extend(wanted_images::write_wanted(inputs, run, grouping, &judges, before, names)?);
        let repairs = outcomes.iter().map(|outcome| outcome.repair).collect();
        Ok(Made { repairs, metrics, verdicts, notes })
    }

    /// Weighs groups: those that were found, and random ones.
    fn with_groups(&self, repair: Repair, gathered: &Gathered) -> Result<Trained, Error> {
        let trainer = self.trainer(gathered, &gathered.material.train);
        self.announce(repair, &trainer)?;
        let courses = trainer.courses(repair, Dealing::Found)?;
        let chosen = trainer.choose(repair, Dealing::Found, &courses)?;
        let off = self.write(repair, gathered, &chosen)?;
        let seed = self.inputs.options.seed;
        let control = |draw: u64| {
            let dealing = Dealing::Random { seed, draw };
            // Groups that have no part in training can only decide what is chosen.
            match repair.weighs_groups() {
                true => trainer.train(repair, dealing),
                false => trainer.choose(repair, dealing, &courses),
            }
        };
        let controls = (0..self.options.controls as u64).map(control).collect::<Result<_, _>>()?;
        Ok(Trained { chosen, controls, off })
    }

    /// Adds images: those that are chosen, and as many random ones; `None` where none of the pool is for a group that fails.
    fn with_images(&self, repair: Repair, gathered: &Gathered) -> Result<Option<Trained>, Error> {
        let Self { inputs, options, context, .. } = *self;
        let run = context.run;
        let Gathered { grouping, material, before: [held, _], .. } = gathered;
        let Some(pool) = &gathered.pool else { return Ok(None) };
        let choice = match repair {
            Repair::Hardest => intervention::hardest(pool, options.budget),
            _ => intervention::nearest(grouping, &material.held, held, pool, options.budget)?,
        };
        if choice.rows.is_empty() {
            return Ok(None);
        }
        intervention::write_chosen(inputs, run, repair, grouping, pool, &choice)?;
        let with = |choice: &Choice| material.train.with(&pool.chosen(choice));
        let rows = with(&choice);
        let trainer = self.trainer(gathered, &rows);
        self.announce(repair, &trainer)?;
        let chosen = trainer.train(repair, Dealing::Found)?;
        let off = self.write(repair, gathered, &chosen)?;
        let count = choice.rows.len();
        let controls = (0..options.controls as u64)
            .map(|draw| {
                let random = intervention::random(pool, count, inputs.options.seed, draw);
                self.trainer(gathered, &with(&random)).train(repair, Dealing::Found)
            })
            .collect::<Result<_, _>>()?;
        Ok(Some(Trained { chosen, controls, off }))
    }

    fn trainer<'a>(&'a self, gathered: &'a Gathered, train: &'a Rows) -> Trainer<'a> {
        Trainer {
            train,
            held: &gathered.material.held,
            folds: &gathered.material.folds,
            grouping: &gathered.grouping,
            target: &gathered.target,
            known: &gathered.known,
            own: &self.original.own,
            copies: self.options.domain_heads == DomainHeads::Copies,
            classes: self.inputs.dataset.classes.len(),
            least: self.least(gathered),
            seed: self.inputs.options.seed,
            threads: self.context.threads,
            stop: self.context.stop,
        }
    }

    /// Accuracy on held-out images below which a head costs more than allowed.
    fn least(&self, gathered: &Gathered) -> f64 {
        let held = &gathered.before[0];
        held.iter().sum::<f64>() / held.len().max(1) as f64 - self.options.max_cost
    }

    fn announce(&self, repair: Repair, trainer: &Trainer<'_>) -> Result<(), Error> {
        let (heads, seconds) = trainer.estimate(repair)?;
        let again = repair.weighs_groups() || repair.adds_images();
        let runs = if again { self.options.controls + 1 } else { 1 };
        self.context.say(Event::Note(format!(
            "{STAGE}: '{repair}': {} heads, {} of them for the control; about {:.0} s",
            runs * heads,
            (runs - 1) * heads,
            (runs as f64 * seconds).ceil()
        )));
        Ok(())
    }

    fn write(&self, repair: Repair, gathered: &Gathered, chosen: &Chosen) -> Result<f32, Error> {
        self.original.write(self.inputs, self.context.run, repair, &gathered.target, &chosen.head)
    }

    fn judges(&self, gathered: &Gathered) -> Result<Judges, Error> {
        let Self { inputs, options, .. } = *self;
        let report = &gathered.material.report;
        let clusters = inputs.clusters_of(&report.samples)?;
        let strata = report.labels.iter().map(|&class| class as u32).collect();
        let seed = inputs.options.seed;
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut known: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, at) in report.samples.iter().enumerate() {
            if let Some(member) = gathered.grouping.members.get(at)
                && gathered.grouping.groups[member.group].name.is_some()
            {
                groups.entry(member.group).or_default().push(row);
            }
            let sample = &inputs.dataset.samples[*at];
            if let Some(group) = &sample.group {
                let name = format!("{} {group}", inputs.dataset.classes[sample.class]);
                known.entry(name).or_default().push(row);
            }
        }
        Ok(Judges {
            design: Design::new(strata, clusters.clone(), seed, options.resamples),
            clusters,
            classes: material::by_class(&report.labels).into_iter().collect(),
            groups: groups.into_iter().collect(),
            known: known.into_iter().collect(),
        })
    }
}

/// Mean of several heads, image by image; empty without any.
fn mean(of: &[Right]) -> Right {
    let Some(first) = of.first() else { return Right::new() };
    (0..first.len()).map(|at| of.iter().map(|r| r[at]).sum::<f64>() / of.len() as f64).collect()
}

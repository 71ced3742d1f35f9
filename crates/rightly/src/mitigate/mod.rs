//! A better head for the groups on which the model fails, and whether it is one.
//!
//! ```text
//! groups, features ─► heads trained and chosen on some images ─► judged on others ─► repaired.onnx
//!                                  └─► the same with random groups ┘
//! ```
//! DIM's model-centric mitigation (Zhang et al., CVPR 2024) and what else trains a last layer against groups
//! ([`rightly_model::heads::robust`]). The images in which groups were found are dealt into folds: settings and epoch are chosen by the
//! accuracy of the worst group on images of each fold, by heads that were trained on the others; the images that are reported on
//! are looked at once, with the same named groups before and after. Every repair is run as well with random groups of the same sizes: a new head on other images gains by
//! itself, and only what goes beyond that is a repair.

mod choose;
mod figures;
mod grouping;
mod judged;
mod material;
mod options;
mod placing;
mod remeasured;
mod tables;
mod target;
mod verdict;
mod written;

use std::{collections::BTreeMap, sync::atomic::AtomicBool, time::Instant};

use rightly_model::heads::Head;
use rightly_stats::Design;

pub use options::{MitigateOptions, Repair};
pub use verdict::{Answer, Verdict};
pub use written::verdicts;

use crate::{
    Error, Event, Inputs, Metric, RunDir, Sink,
    features::{self, FeatureSet, Outcomes, Source},
    run::{StageRecord, key_of},
};
use choose::{Chosen, Dealing, Trainer};
use figures::Outcome;
use grouping::Grouping;
use judged::{Judges, Right};
use material::{Division, Material, Rows};
use target::Target;
use written::{Original, Record};

/// The stage's name in files and on the command line.
pub const STAGE: &str = "mitigate";

/// Whether the model has a head that can be replaced.
///
/// # Errors
/// Names the node that keeps it from being.
pub fn possible(inputs: &Inputs) -> Result<(), Error> {
    let encoder = rightly_model::Encoder::of(&inputs.classifier)?;
    let graph = inputs.classifier.graph();
    Ok(graph.head_of(inputs.classifier.logits_tensor(), encoder.layer()).map(drop)?)
}

/// Runs the stage into `run`: repairs the model for the groups that `discover` left there, or for known ones.
///
/// # Errors
/// As [`possible`]; groups or splits that are not there; too few held-out images; the run can't be written; `stop` was set.
pub fn mitigate(
    inputs: &Inputs,
    options: &MitigateOptions,
    run: &RunDir,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<StageRecord, Error> {
    let start = Instant::now();
    let finished = |unchanged| Event::finished(STAGE, start, unchanged);
    let wanted = [options.fit_split.as_deref(), options.confirm_split.as_deref()];
    let grouping = Grouping::find(inputs, run, options.groups.as_deref(), wanted)?;
    let original = Original::open(inputs, &grouping.report)?;
    let train = material::train_split(inputs, options, &grouping)?;
    let mut splits: Vec<&str> = grouping.splits.iter().map(String::as_str).collect();
    splits.extend(train.as_deref());
    splits.sort_unstable();
    splits.dedup();
    let gather = |source: &Source| {
        features::gather(inputs, source, &splits, &[], run, options.threads, stop, sink)
    };
    let set = gather(&Source::Model)?;
    let others = match &options.features {
        Source::Model => None,
        source => Some(gather(source)?),
    };
    let measures = remeasured::measures(options, run)?;
    let key = key_of(&[
        &set.key,
        &others.as_ref().map_or_else(String::new, |set| set.key.clone()),
        &grouping.key,
        &inputs.options.seed.to_string(),
        &format!("{:?} {:?}", inputs.options.cluster, measures),
        &options.to_table().to_string(),
    ]);
    let written = |repair: &Repair| run.path(&written::path(*repair, "repaired.onnx")).is_file();
    if let Some(record) = run.stage(STAGE)?
        && record.key == key
        && options.repairs.iter().all(written)
    {
        sink(finished(true));
        return Ok(record);
    }
    let stage = Stage { inputs, options, run, stop, original: &original };
    let gathered = stage.gather(grouping, &set, others.as_ref())?;
    tables::write_groups(inputs, run, &gathered.grouping, &gathered.material)?;
    let (mut metrics, mut notes) = stage.repair(&gathered, sink)?;
    notes.splice(0..0, gathered.notes);
    if let Some(measures) = &measures {
        for &repair in &options.repairs {
            metrics
                .extend(remeasured::measure(inputs, measures, options, run, repair, stop, sink)?);
        }
    }
    notes.iter().for_each(|note| sink(Event::Note(note.clone())));
    let record = StageRecord { key, metrics, findings: Vec::new(), problems: set.problems, notes };
    run.finish_stage_of(STAGE, options.to_table(), &record)?;
    sink(finished(false));
    Ok(record)
}

/// What a repair is made with.
#[derive(Clone, Copy)]
struct Stage<'a> {
    inputs: &'a Inputs,
    options: &'a MitigateOptions,
    run: &'a RunDir,
    stop: &'a AtomicBool,
    original: &'a Original,
}

/// Everything that is known of the images.
struct Gathered {
    grouping: Grouping,
    material: Material,
    target: Target,
    /// Of held-out images, and of those that are reported on.
    before: [Right; 2],
    notes: Vec<String>,
}

impl Stage<'_> {
    fn gather(
        &self,
        mut grouping: Grouping,
        set: &FeatureSet,
        others: Option<&FeatureSet>,
    ) -> Result<Gathered, Error> {
        let Self { inputs, options, run, .. } = *self;
        let path = run.path(&format!("features/{}-outcomes.parquet", set.name));
        let outcomes = Outcomes::read(&path)?;
        let mut division = Division::new(inputs, options, &grouping, &outcomes)?;
        let mut notes = vec![grouping.words.clone()];
        notes.extend(material::cut(inputs, &mut division, set.dim));
        if division.held.len() < judged::FEWEST {
            return Err(Error::Usage(format!(
                "{} held-out images to choose on; at least {} are needed",
                division.held.len(),
                judged::FEWEST
            )));
        }
        notes.push(division_words(&division, &grouping));
        let material = Material::read(inputs, set, &division, options.threads)?;
        let apart;
        let by = match others {
            None => &material,
            Some(set) => {
                apart = Material::read(inputs, set, &division, options.threads)?;
                &apart
            }
        };
        let unknown = division.train.iter().any(|at| !grouping.members.contains_key(at));
        if unknown {
            if let Some(share) = placing::agreement(&grouping, &by.held, &by.report) {
                notes.push(format!(
                    "Groups of training images are told from their features; for {:.0} % of the images that are reported on \
                     this gives the group that they have.",
                    100.0 * share
                ));
            }
            placing::place(&mut grouping, &by.held, &[&by.train]);
        }
        let target = Target::of(inputs);
        notes.extend(target.words(inputs));
        let before = [&material.held, &material.report].map(|rows| {
            let own = self.original.place.head();
            if target.narrows(inputs) {
                return target.right_before(own, rows.values.view(), &rows.labels);
            }
            let right =
                |&at: &usize| outcomes.correct(&inputs.dataset.samples[at].id) == Some(true);
            Ok(rows.samples.iter().map(right).collect())
        });
        let [held, report] = before;
        let numbers =
            |right: Vec<bool>| right.into_iter().map(|r| f64::from(u8::from(r))).collect();
        let before = [numbers(held?), numbers(report?)];
        Ok(Gathered { grouping, material, target, before, notes })
    }

    /// Trains, judges and writes every repair.
    fn repair(
        &self,
        gathered: &Gathered,
        sink: Sink<'_>,
    ) -> Result<(Vec<Metric>, Vec<String>), Error> {
        let Self { inputs, options, run, .. } = *self;
        let Gathered { grouping, material, target, before: [held, before], .. } = gathered;
        let least = held.iter().sum::<f64>() / held.len().max(1) as f64 - options.max_cost;
        let trainer = Trainer {
            material,
            grouping,
            target,
            own: self.original.place.head(),
            classes: inputs.dataset.classes.len(),
            least,
            seed: inputs.options.seed,
            threads: options.threads,
            stop: self.stop,
        };
        let right = |head: &Head| -> Result<Right, Error> {
            let logits = head.logits(material.report.values.view())?;
            Ok(choose::right(&logits, &material.report.labels))
        };
        let mut made: Vec<(Chosen, Vec<Chosen>, f32)> = Vec::new();
        let mut outcomes = Vec::new();
        for &repair in &options.repairs {
            let (heads, seconds) = trainer.estimate(repair)?;
            let runs = options.controls + 1;
            sink(Event::Note(format!(
                "{STAGE}: '{repair}': {} heads, of them {} for random groups; about {:.0} s",
                runs * heads,
                options.controls * heads,
                (runs as f64 * seconds).ceil()
            )));
            let chosen = trainer.train(repair, Dealing::Found)?;
            let off = self.original.write(inputs, run, repair, target, &chosen.head)?;
            let mut controls = Vec::new();
            let mut control: Right = vec![0.0; before.len()];
            for draw in 0..options.controls as u64 {
                let seed = inputs.options.seed;
                let one = trainer.train(repair, Dealing::Random { seed, draw })?;
                let right = right(&one.head)?;
                control.iter_mut().zip(right).for_each(|(sum, r)| *sum += r);
                controls.push(one);
            }
            control.iter_mut().for_each(|sum| *sum /= options.controls.max(1) as f64);
            if options.controls == 0 {
                control.clear();
            }
            outcomes.push(Outcome { repair, after: right(&chosen.head)?, control });
            made.push((chosen, controls, off));
        }
        let judges = self.judges(gathered)?;
        let names = &inputs.dataset.classes;
        let (metrics, verdicts) =
            figures::compute(names, grouping, &judges, before, &outcomes, options.max_cost);
        let mut notes = Vec::new();
        let report = &material.report.samples;
        let group = |at: &usize| {
            let member = grouping.members.get(at)?;
            grouping.groups[member.group].name.clone()
        };
        let groups: Vec<Option<String>> = report.iter().map(group).collect();
        for ((outcome, verdict), (chosen, controls, off)) in
            outcomes.iter().zip(&verdicts).zip(&made)
        {
            written::predictions(inputs, run, report, &groups, before, outcome)?;
            let record = Record {
                repair: outcome.repair.name(),
                model: inputs.classifier.path().display().to_string(),
                model_hash: inputs.classifier.hash(),
                groups: &grouping.words,
                images: material.parts().map(Rows::len),
                folds: material.folds.iter().max().map_or(0, |most| most + 1),
                least_accuracy: least,
                chosen: chosen.chosen,
                tried: &chosen.tried,
                random_groups: controls.iter().map(written::chosen).collect(),
                largest_difference: *off,
                verdict,
            };
            record.write(run, outcome.repair)?;
            let one = written::chosen(chosen);
            notes.push(format!(
                "'{}': {} heads were tried; the one kept was trained on {} ({} images).",
                outcome.repair,
                chosen.tried.len(),
                one.on.words(),
                one.images
            ));
            notes.push(verdict.words.clone());
        }
        Ok((metrics, notes))
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

fn division_words(division: &Division, grouping: &Grouping) -> String {
    let train = match division.train.len() {
        0 => String::new(),
        n => format!("{n} images of the model's training split and "),
    };
    let report = match grouping.splits[0] == grouping.splits[1] {
        true => "the other half".to_owned(),
        false => format!("'{}'", grouping.splits[1]),
    };
    format!(
        "Heads are trained on {train}{} held-out images of '{}', in which subgroups were looked for. These are dealt into {} \
         folds by a hash of their ids (of their clusters) and the seed; what is chosen is chosen on each fold by heads that \
         were trained on the others. Reported are {} images of {report}.",
        division.held.len(),
        grouping.splits[0],
        division.folds.iter().max().map_or(0, |most| most + 1),
        division.report.len()
    )
}

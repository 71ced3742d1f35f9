//! What a subgroup or a cue is, in words: phrases that go with it, chosen on some images and tested on others.
//!
//! ```text
//! groups, ranks ─► what has no name ─► phrases of each source ─► tested on other images ─► names ─► findings
//!    subjects          material            attributes, captions,       tested, held       role, naming, wording, told
//!                      (models, pictures)  bank
//! ```
//! DIM (Zhang et al., CVPR 2024) names a direction by what a vision-language model says of the images nearest to it. Here a
//! phrase of whatever source is a score of each image, and the question is how well that score alone separates the images
//! that are to be named from the rest of their class. A phrase that does not hold is not said; no words is an answer. What holds
//! is a name where it is true of most of the group, and where the accuracy of all images that have it is that of the group.

mod attributes;
mod bank;
mod caption_tokens;
mod captions;
mod had;
mod held;
#[doc(hidden)] // for rightly-papers
pub mod known;
mod language_titles;
mod material;
mod models;
mod naming;
mod options;
mod outcomes;
mod phrase;
mod phrase_test;
mod pictures;
mod pool;
mod role;
mod tables;
mod unnamed;
mod wording;

use std::collections::BTreeMap;

use rightly_data::{
    Problem,
    dataset::{Attribute, typed_attributes},
};
use rightly_stats::multiple::{families, holm};

pub use options::{InterpretOptions, LEAST_SHARE, LanguageEndpoint};
pub use phrase::Source;
pub(crate) use tables::NAMES;

use crate::{
    Context, Error, Event, Inputs, Metric, discover,
    metrics::POOLED,
    rank,
    run::{Key, StageRecord},
    stage::{self, Computed, Stage},
    workers,
};
use bank::OfClass;
use captions::Index;
use material::Material;
use models::Models;
use naming::Named;
use phrase::Candidate;
use phrase_test::{Right, Tested};
use pictures::Pass;
use unnamed::{CUE, Subject};

/// The stage's name in files and on the command line.
pub const STAGE: &str = "interpret";

/// Whether there is anything that words could come from.
///
/// # Errors
/// Says what is missing.
pub fn possible(inputs: &Inputs, options: &InterpretOptions) -> Result<(), Error> {
    let models = options.image_text.is_some() || options.captioner.is_some();
    let captions = inputs.dataset.samples.iter().any(|s| !s.captions.is_empty());
    let attributes = typed_attributes(&inputs.dataset, inputs.options.cluster.as_deref());
    if models || captions || attributes.iter().any(Attribute::is_used) {
        return Ok(());
    }
    Err(Error::Usage(
        "no words to choose from: the data has neither captions (a column 'caption') nor attributes (other columns), and no \
         model for words was given (--image-text, --captioner)"
            .to_owned(),
    ))
}

/// Runs the stage: names what `discover` and `rank` left in the run.
///
/// # Errors
/// As [`possible`]; neither stage has run; a table of theirs can't be read; a model can't be used; it was stopped.
pub fn interpret(
    inputs: &Inputs,
    options: &InterpretOptions,
    context: &Context<'_>,
) -> Result<StageRecord, Error> {
    stage::run::<Interpret<'_>>(inputs, options, context)
}

/// What earlier stages left, and the models that give words.
pub(crate) struct Interpret<'a> {
    inputs: &'a Inputs,
    options: &'a InterpretOptions,
    earlier: Vec<StageRecord>,
    models: Models,
}

impl<'a> Stage<'a> for Interpret<'a> {
    const NAME: &'static str = STAGE;
    const REVISION: u32 = 7;
    type Options = InterpretOptions;

    fn prepare(
        inputs: &'a Inputs,
        options: &'a InterpretOptions,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        possible(inputs, options)?;
        let earlier: Vec<StageRecord> = [rank::STAGE, discover::STAGE]
            .into_iter()
            .filter_map(|stage| context.run.stage(stage).transpose())
            .collect::<Result<_, _>>()?;
        if earlier.is_empty() {
            return Err(Error::Usage(
                "nothing to name: the run has neither subgroups nor ranks; run discover or rank first"
                    .to_owned(),
            ));
        }
        Ok(Self { inputs, options, earlier, models: Models::open(inputs, options)? })
    }

    fn key(&self, _context: &Context<'_>) -> Result<String, Error> {
        key(self.inputs, self.options, &self.models, &self.earlier)
    }

    fn is_complete(&self, record: &StageRecord) -> bool {
        !language_titles::is_open(record)
    }

    fn compute(self, context: &Context<'_>) -> Result<Computed, Error> {
        let Self { inputs, options, earlier, models } = self;
        let &Context { run, threads, stop, sink } = context;
        let (subjects, small) = unnamed::of_run(inputs, run)?;
        let pass = Pass { inputs, run, threads, stop, sink };
        let right = outcomes::right(inputs, run)?;
        let attributes = typed_attributes(&inputs.dataset, inputs.options.cluster.as_deref());
        let material = Material::gather(models, &subjects, &attributes, &pass)?;
        context.say(Event::Summarising { stage: STAGE });
        let tested = test(&material, &subjects, &attributes, &right, &pass)?;
        let mut named: Vec<Named<'_>> = subjects
            .iter()
            .zip(&tested)
            .map(|(subject, own)| {
                let class = &inputs.dataset.classes[subject.class];
                Named::new(subject, class, phrase_test::that_hold(own), options.least_share)
            })
            .collect();
        let (told, more) = language_titles::tell(inputs, options, &material, &named, &pass)?;
        told.into_iter().for_each(|(at, words)| named[at].told = Some(words));
        tables::write_names(run, &named)?;
        let mut metrics = naming::figures(&named);
        metrics.extend(material.known.asked.iter().map(|asked| {
            let of = Some(asked.kind.as_str());
            Metric::new(STAGE, "zero-shot-accuracy", of, POOLED, asked.accuracy)
        }));
        let found: Vec<_> = earlier.iter().flat_map(|record| record.findings.clone()).collect();
        let problems: Vec<Problem> = material.problems.iter().cloned().chain(more).collect();
        let mut notes = notes(&subjects, &tested, &named, small);
        notes.extend(material.notes.iter().cloned());
        problems.iter().for_each(|problem| context.say(Event::Problem(problem.clone())));
        notes.iter().for_each(|note| context.say(Event::Note(note.clone())));
        let findings = naming::findings(&found, &named, &metrics);
        Ok(Computed { metrics, findings, problems, notes, options: options.to_table() })
    }
}

/// Phrases of every subject, tested and corrected over all of them; of each source in turn, best first.
fn test(
    material: &Material<'_>,
    subjects: &[Subject],
    attributes: &[Attribute],
    right: &Right,
    pass: &Pass<'_>,
) -> Result<Vec<Vec<Tested>>, Error> {
    let inputs = pass.inputs;
    let mut by_class = BTreeMap::<usize, Vec<(usize, &Subject)>>::new();
    subjects
        .iter()
        .enumerate()
        .for_each(|(at, s)| by_class.entry(s.class).or_default().push((at, s)));
    let classes: Vec<(usize, Vec<(usize, &Subject)>)> = by_class.into_iter().collect();
    let banks: Vec<Option<OfClass<'_>>> =
        classes.iter().map(|(class, _)| material.bank(*class, pass)).collect::<Result<_, _>>()?;
    let proposed: Vec<Option<OfClass<'_>>> = subjects
        .iter()
        .enumerate()
        .map(|(at, subject)| material.proposed(at, subject.class, pass))
        .collect::<Result<_, _>>()?;
    let mut images = vec![Vec::new(); inputs.dataset.classes.len()];
    inputs.dataset.samples.iter().enumerate().for_each(|(at, s)| images[s.class].push(at));
    let by_class = workers::ordered(classes.len(), pass.threads, pass.stop, |at| {
        let (class, subjects) = &classes[at];
        let own = images[*class].iter().map(|&i| (i, material.captions(i)));
        let index = Index::new(&inputs.dataset.classes[*class], own);
        let of_subject = |&(place, subject): &(usize, &Subject)| -> Vec<Tested> {
            let is_cue = subject.group == CUE;
            let mut out = yes_or_no(attributes::candidates(attributes, subject), subject, right);
            let said = subject.only(|sample| !material.captions(sample).is_empty());
            if said.usable() {
                out.extend(yes_or_no(captions::candidates(&index, &said), &said, right));
            }
            for bank in proposed[place].iter().chain(&banks[at]) {
                let Some(space) = &material.space else { continue };
                let (seen, found) = bank.candidates(space, &material.known, subject);
                let pair = Candidate::graded_pair(&found, &seen.fit);
                let all = pair.into_iter().chain(found);
                out.extend(all.map(|one| {
                    Tested::graded(one, &seen.confirm).measured(&seen.confirm, right, is_cue)
                }));
            }
            out
        };
        Ok(subjects.iter().map(of_subject).collect::<Vec<_>>())
    })?;
    let mut out = by_class.concat();
    // For each other within a group, then over groups.
    let p = out.iter().map(|own| holm(&own.iter().map(|t| t.p).collect::<Vec<_>>()));
    let p: Vec<Vec<f64>> = p.collect();
    for (own, q) in out.iter_mut().zip(families(&p)) {
        own.iter_mut().zip(q).for_each(|(tested, q)| tested.q = q);
    }
    Ok(out)
}

/// Candidates that an image has or has not, tested; what says most comes first.
fn yes_or_no(candidates: Vec<Candidate>, subject: &Subject, right: &Right) -> Vec<Tested> {
    let is_cue = subject.group == CUE;
    let pair = Candidate::pair(&candidates, &subject.fit);
    let all = pair.into_iter().chain(candidates);
    let tested = |c| Tested::yes_or_no(c, &subject.confirm);
    all.map(|c| tested(c).measured(&subject.confirm, right, is_cue)).collect()
}

fn notes(
    subjects: &[Subject],
    tested: &[Vec<Tested>],
    named: &[Named<'_>],
    small: usize,
) -> Vec<String> {
    let phrases: usize = tested.iter().map(Vec::len).sum();
    let with = named.iter().filter(|n| !n.phrases.is_empty()).count();
    let titled = named.iter().filter(|n| n.role.is_some()).count();
    if subjects.is_empty() {
        return small_groups(small).into_iter().collect();
    }
    let mut out = vec![format!(
        "{with} of {} groups have words that hold on images which had no part in choosing them, {titled} of them a title: words \
         that are true of most of the group; {phrases} phrases were tested.",
        subjects.len()
    )];
    out.extend(small_groups(small));
    out
}

fn small_groups(small: usize) -> Option<String> {
    (small > 0)
        .then(|| format!("{small} groups have too few images on one side to look for words."))
}

/// Changes with what is named, and with the words.
fn key(
    inputs: &Inputs,
    options: &InterpretOptions,
    models: &Models,
    earlier: &[StageRecord],
) -> Result<String, Error> {
    let samples = inputs.dataset.samples.iter();
    let words: Vec<_> = samples.map(|s| (&s.id, &s.captions, &s.attributes)).collect();
    let earlier: Vec<&str> = earlier.iter().map(|record| record.key.as_str()).collect();
    Ok(Key::new(STAGE, inputs.revisions.of(STAGE))
        .with("earlier", &earlier)?
        .with("words", &words)?
        .with("models", &models.key)?
        .with("seed", &inputs.options.seed)?
        .with("cluster", &inputs.options.cluster)?
        .with("options", &options.to_table())?
        .finish())
}

//! What words can come from, for the images that are to be named: captions, and a space of pictures and texts.

use std::collections::{BTreeMap, BTreeSet};

use rightly_data::{Problem, dataset::Attribute, table::Columns};
use rightly_model::Captioner;

use super::{
    STAGE,
    bank::{Knowledge, OfClass, Phrase, Space},
    models::Models,
    phrase::Source,
    pictures::{Entry, Pass, Picture},
    pool::{self, Pool},
    unnamed::{Side, Subject},
};
use crate::{
    Error, Inputs,
    run::{Key, key_of},
};

/// Captions that a captioner made: id, caption.
pub(super) const CAPTIONS: &str = "interpret/captions.parquet";
/// Most images of each kind on each side of a group that a captioner describes: captioners are slow.
const DESCRIBED: usize = 50;

/// Everything that was gathered.
pub(super) struct Material<'a> {
    inputs: &'a Inputs,
    /// Captions that were made, by sample.
    made: BTreeMap<usize, Vec<String>>,
    pub(super) space: Option<Space>,
    /// What the image-text model shows to know.
    pub(super) known: Knowledge,
    pub(super) phrases: Vec<Phrase>,
    /// Phrases that captions of retrieved pictures propose, by subject.
    proposed: BTreeMap<usize, Vec<Phrase>>,
    pub(super) notes: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Material<'a> {
    /// Runs the models over the images of the subjects.
    ///
    /// # Errors
    /// A network fails; the run can't be written; it was stopped. An image that can't be used is a problem.
    pub(super) fn gather(
        models: Models,
        subjects: &[Subject],
        attributes: &[Attribute],
        pass: &Pass<'a>,
    ) -> Result<Self, Error> {
        let mut out = Self {
            inputs: pass.inputs,
            made: BTreeMap::new(),
            space: None,
            known: Knowledge::default(),
            phrases: models.phrases,
            proposed: BTreeMap::new(),
            notes: models.notes,
            problems: Vec::new(),
        };
        if let Some(captioner) = &models.captioner {
            out.describe(captioner, subjects, pass)?;
        }
        if let Some(model) = models.image_text {
            let all: BTreeSet<usize> = subjects.iter().flat_map(samples).collect();
            let all: Vec<usize> = all.into_iter().collect();
            let (space, left_out) = Space::new(model, &all, pass)?;
            left_out.into_iter().for_each(|(sample, why)| out.problem(sample, &why));
            let unknown = out.phrases.iter().filter(|phrase| !space.knows(phrase)).count();
            if unknown > 0 {
                out.notes.push(format!(
                    "{unknown} of {} phrases have words that the image-text model does not know; they are left out.",
                    out.phrases.len()
                ));
            }
            let classes: BTreeSet<usize> = subjects.iter().map(|subject| subject.class).collect();
            let names = classes.iter().map(|&class| pass.inputs.dataset.classes[class].as_str());
            space.prepare(&names.collect::<Vec<_>>(), &out.phrases, pass)?;
            out.known = Knowledge::ask(&space, &out.phrases, attributes, pass)?;
            out.notes.extend(out.known.asked.iter().map(|asked| asked.sentence()));
            if let Some(pool) = models.pool {
                out.retrieve(pool, &space, subjects, models.captioner.as_ref(), pass)?;
            }
            out.space = Some(space);
        }
        Ok(out)
    }

    /// Phrases of the list in the space of one class, where there is one.
    ///
    /// # Errors
    /// A text can't be embedded; the run can't be written; it was stopped.
    pub(super) fn bank(&self, class: usize, pass: &Pass<'_>) -> Result<Option<OfClass<'_>>, Error> {
        let Some(space) = &self.space else { return Ok(None) };
        let class = &self.inputs.dataset.classes[class];
        OfClass::new(space, class, &self.phrases, Source::Phrases, pass).map(Some)
    }

    /// Phrases that captions of retrieved pictures propose for a subject, in the space of its class.
    ///
    /// # Errors
    /// As [`Self::bank`].
    pub(super) fn proposed(
        &self,
        subject: usize,
        class: usize,
        pass: &Pass<'_>,
    ) -> Result<Option<OfClass<'_>>, Error> {
        let own = self.proposed.get(&subject).filter(|own| !own.is_empty());
        let Some((space, own)) = self.space.as_ref().zip(own) else { return Ok(None) };
        OfClass::new(space, &self.inputs.dataset.classes[class], own, Source::Pool, pass).map(Some)
    }

    /// Captions of a sample: the table's, else those that were made.
    pub(super) fn captions(&self, sample: usize) -> &[String] {
        let own = &self.inputs.dataset.samples[sample].captions;
        if own.is_empty() { self.made.get(&sample).map_or(&[], Vec::as_slice) } else { own }
    }

    /// Looks for pictures of the pool that are near to the subjects, and for what is said of them.
    fn retrieve(
        &mut self,
        mut pool: Pool,
        space: &Space,
        subjects: &[Subject],
        captioner: Option<&Captioner>,
        pass: &Pass<'_>,
    ) -> Result<(), Error> {
        for (image, why) in pool.embed(space, pass)? {
            self.problems.push(problem(&image, &why));
        }
        let (found, left_out) = pool::retrieve(&pool, space, subjects, captioner, pass)?;
        pool::write(self.inputs, pass.run, subjects, &found)?;
        self.proposed = pool::phrases(self.inputs, subjects, &found);
        let proposed: usize = self.proposed.values().map(Vec::len).sum();
        self.notes.push(format!(
            "Pool: {} pictures, {left_out} of them without a direction; the captions of those nearest to the groups propose \
             {proposed} phrases ({}).",
            pool.len(),
            pool::RETRIEVED
        ));
        Ok(())
    }

    /// Lets the captioner describe images that have no caption, as many of each kind of each subject as a test needs.
    fn describe(
        &mut self,
        captioner: &Captioner,
        subjects: &[Subject],
        pass: &Pass<'_>,
    ) -> Result<(), Error> {
        let samples = &self.inputs.dataset.samples;
        let seed = self.inputs.options.seed.to_string();
        let mut wanted = BTreeSet::new();
        for side in subjects.iter().flat_map(|s| [&s.fit, &s.confirm]) {
            for inside in [true, false] {
                let own = of_kind(side, inside).filter(|&at| samples[at].captions.is_empty());
                let mut own: Vec<(String, usize)> =
                    own.map(|at| (key_of(&[&seed, &samples[at].id]), at)).collect();
                own.sort_unstable();
                wanted.extend(own.into_iter().take(DESCRIBED).map(|(_, at)| at));
            }
        }
        let wanted: Vec<usize> = wanted.into_iter().collect();
        let entries = describe(captioner, "captions", &pass.samples(&wanted), pass)?;
        for (&sample, entry) in wanted.iter().zip(entries) {
            match entry {
                Ok(caption) => drop(self.made.insert(sample, vec![caption])),
                Err(why) => self.problem(sample, &why),
            }
        }
        self.notes.push(match wanted.len() {
            0 => "Every image has a caption; the captioner had nothing to do.".to_owned(),
            _ => format!("The captioner described {} images.", self.made.len()),
        });
        let rows = || self.made.iter().flat_map(|(at, own)| own.iter().map(move |c| (*at, c)));
        let batch = Columns::new()
            .utf8("id", rows().map(|(at, _)| samples[at].id.as_str()))
            .utf8("caption", rows().map(|(_, caption)| caption))
            .batch()?;
        pass.run.write_table(CAPTIONS, &batch)
    }

    fn problem(&mut self, sample: usize, why: &str) {
        self.problems.push(problem(&self.inputs.dataset.samples[sample].id, why));
    }
}

fn problem(image: &str, why: &str) -> Problem {
    Problem {
        image: image.to_owned(),
        stage: STAGE.to_owned(),
        problem: why.to_owned(),
        action: "left out".to_owned(),
    }
}

/// A captioner's words for some pictures.
///
/// # Errors
/// The captioner fails; the run can't be written; it was stopped.
pub(super) fn describe(
    captioner: &Captioner,
    name: &str,
    pictures: &[Picture<'_>],
    pass: &Pass<'_>,
) -> Result<Vec<Entry<String>>, Error> {
    let search = captioner.search();
    let through = (captioner.preprocess(), captioner.input_size());
    let key = Key::new(name, pass.inputs.revisions.of(STAGE))
        .with("captioner", captioner.hash())?
        .with("search", &search)?
        .finish();
    pass.over(name, &key, through, pictures, |input| {
        Ok(Ok(captioner.caption(input, &search)?.text))
    })
}

/// Images of both sides.
fn samples(subject: &Subject) -> impl Iterator<Item = usize> + '_ {
    let confirm = &subject.confirm;
    subject.fit.images.iter().chain(&confirm.images).chain(&confirm.middle).copied()
}

fn of_kind(side: &Side, inside: bool) -> impl Iterator<Item = usize> + '_ {
    side.images.iter().zip(&side.inside).filter(move |(_, own)| **own == inside).map(|(at, _)| *at)
}

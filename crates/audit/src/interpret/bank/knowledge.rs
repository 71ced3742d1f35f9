//! Which kinds of words an image-text model knows, by its own answers for pictures of which the run knows what they show.
//!
//! The classes are always known: the model is asked for the class of each picture, by the classes' names alone (zero-shot).
//! Values of attributes, and words of the table's captions, say the same of kinds of the list: a picture of which one phrase of
//! a kind is said, and one only, has that phrase. A model that was measured elsewhere says so in its card.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, ArrayView1, Axis};
use rightly_data::dataset::Attribute;
use rightly_stats::{Design, Estimate};

use super::{OfClass, Phrase, Space};
use crate::{
    Error, Inputs,
    interpret::{caption_tokens, pictures::Pass},
};

/// How far the answers have to lie above always saying the commonest, of what is left to be right on (Cohen's kappa takes
/// another chance; Landis and Koch call .2 fair).
const KNOWN: f64 = 0.2;
/// Fewest pictures, and fewest of one answer.
const PICTURES: usize = 40;
const EACH: usize = 5;

/// Answers of a model about one kind.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Asked {
    /// `classes`, or the kind's name.
    pub(in super::super) kind: String,
    /// Share of right answers.
    pub(in super::super) accuracy: Estimate,
    /// Of the commonest answer.
    pub(in super::super) chance: f64,
    /// Different answers.
    pub(in super::super) answers: usize,
}

impl Asked {
    /// `right[i]`, of pictures whose true answers are `truth`.
    fn of(kind: &str, truth: &[usize], right: &[bool], clusters: Option<Vec<u32>>) -> Option<Self> {
        let mut counts = BTreeMap::<usize, usize>::new();
        truth.iter().for_each(|&one| *counts.entry(one).or_default() += 1);
        let most = counts.values().max()?;
        let design = Design::new(vec![0; right.len()], clusters, 0, 0);
        (right.len() >= PICTURES && counts.len() > 1).then(|| Self {
            kind: kind.to_owned(),
            accuracy: design.proportion(right),
            chance: *most as f64 / truth.len() as f64,
            answers: counts.len(),
        })
    }

    fn known(&self) -> bool {
        let least = self.chance + KNOWN * (1.0 - self.chance);
        self.accuracy.low.is_some_and(|low| low > least)
    }

    /// In words.
    pub(in super::super) fn sentence(&self) -> String {
        let percent = |v: Option<f64>| 100.0 * v.unwrap_or(f64::NAN);
        let what = match self.kind.as_str() {
            CLASSES => {
                format!("Of the {} classes the image-text model finds the right one", self.answers)
            }
            kind => format!(
                "Of {} phrases on {kind} the image-text model finds the one that is said of the picture",
                self.answers
            ),
        };
        let so = if self.known() { "" } else { "; it gives no names of this kind" };
        format!(
            "{what} in {:.0} % of {} pictures [{:.0}, {:.0}] (always the commonest: {:.0} %){so}.",
            percent(self.accuracy.value),
            self.accuracy.n,
            percent(self.accuracy.low),
            percent(self.accuracy.high),
            100.0 * self.chance
        )
    }
}

/// The mean picture of each class.
fn means(space: &Space, inputs: &Inputs) -> BTreeMap<usize, Array1<f32>> {
    let mut of = BTreeMap::<usize, Vec<usize>>::new();
    for sample in space.samples() {
        of.entry(inputs.dataset.samples[sample].class).or_default().push(sample);
    }
    of.into_iter()
        .filter_map(|(class, own)| Some((class, space.pictures(&own).mean_axis(Axis(0))?)))
        .collect()
}

/// The classes as a kind.
pub(in super::super) const CLASSES: &str = "classes";

/// What a model knows.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Knowledge {
    pub(in super::super) asked: Vec<Asked>,
    /// Kinds that its card says it knows.
    stated: BTreeSet<String>,
    /// The mean picture of each class that has one.
    means: BTreeMap<usize, Array1<f32>>,
}

impl Knowledge {
    /// Asks the model.
    ///
    /// # Errors
    /// A text can't be embedded; the run can't be written; it was stopped.
    pub(in super::super) fn ask(
        space: &Space,
        phrases: &[Phrase],
        attributes: &[Attribute],
        pass: &Pass<'_>,
    ) -> Result<Self, Error> {
        let mut out = Self {
            asked: Vec::new(),
            stated: space.stated().iter().cloned().collect(),
            means: means(space, pass.inputs),
        };
        out.asked.extend(classes(space, pass)?);
        let by_kind = said(pass.inputs, space, phrases, attributes);
        for (kind, labels) in by_kind {
            out.asked.extend(kinds(space, kind, phrases, labels, pass)?);
        }
        Ok(out)
    }

    /// Whether the mean picture of a class other than `own` is nearer to a text than `mean`, that of a group of `own`: the text
    /// then speaks of that class, whatever it separates here ("tiger" among medium-sized mammals).
    pub(super) fn speaks_of_another(
        &self,
        own: usize,
        text: ArrayView1<'_, f32>,
        mean: &Array1<f32>,
    ) -> bool {
        let score = mean.dot(&text);
        self.means.iter().any(|(class, mean)| *class != own && mean.dot(&text) > score)
    }

    /// Whether the model shows to know a kind of words. A list without kinds is of things, as classes are.
    pub(in super::super) fn of(&self, kind: &str) -> bool {
        let asked = |kind: &str| self.asked.iter().find(|asked| asked.kind == kind);
        let kind = if kind.is_empty() { CLASSES } else { kind };
        asked(kind).map_or_else(|| self.stated.contains(kind), Asked::known)
    }
}

/// Zero-shot answers among the classes.
fn classes(space: &Space, pass: &Pass<'_>) -> Result<Option<Asked>, Error> {
    let inputs = pass.inputs;
    let samples: Vec<usize> = space.samples().collect();
    let shown: BTreeSet<usize> =
        samples.iter().map(|&at| inputs.dataset.samples[at].class).collect();
    let shown: Vec<usize> = shown.into_iter().collect();
    // Identifiers that are no words all have the same text.
    if shown.len() < 2 || shown.iter().any(|&c| !Space::has_word(&inputs.dataset.classes[c])) {
        return Ok(None);
    }
    let names: Vec<&str> = shown.iter().map(|&c| inputs.dataset.classes[c].as_str()).collect();
    let texts = space.classes(&names, pass)?;
    let scores = space.pictures(&samples).dot(&texts.t());
    let truth: Vec<usize> = samples.iter().map(|&at| inputs.dataset.samples[at].class).collect();
    let answers = scores.rows().into_iter().map(|row| shown[best(row.iter().copied())]);
    let right: Vec<bool> = answers.zip(&truth).map(|(answer, truth)| answer == *truth).collect();
    Ok(Asked::of(CLASSES, &truth, &right, inputs.clusters_of(&samples)?))
}

/// The place of the largest.
fn best(scores: impl Iterator<Item = f32>) -> usize {
    let pairs = scores.enumerate();
    pairs.fold((0, f32::NEG_INFINITY), |best, own| if own.1 > best.1 { own } else { best }).0
}

/// The phrase of each kind that is said of each sample, by kind: one only.
fn said<'a>(
    inputs: &Inputs,
    space: &Space,
    phrases: &'a [Phrase],
    attributes: &[Attribute],
) -> BTreeMap<&'a str, BTreeMap<usize, usize>> {
    let mut by_kind = BTreeMap::<&str, Vec<(usize, Vec<String>)>>::new();
    for (at, phrase) in phrases.iter().enumerate().filter(|(_, p)| space.knows(p)) {
        let words = caption_tokens::runs(&phrase.text).concat();
        let words =
            words.into_iter().filter(|t| !caption_tokens::is_stop(&t.written)).map(|t| t.lemma);
        by_kind.entry(&phrase.kind).or_default().push((at, words.collect()));
    }
    by_kind.remove("");
    let mut out = BTreeMap::<&str, BTreeMap<usize, usize>>::new();
    for sample in space.samples() {
        let own = &inputs.dataset.samples[sample];
        let values = attributes
            .iter()
            .filter(|a| a.is_used())
            .filter_map(|a| a.values[sample].map(|value| a.categories[value].as_str()));
        let texts = own.captions.iter().map(String::as_str).chain(values);
        let words: BTreeSet<String> =
            texts.flat_map(|said| caption_tokens::runs(said).concat()).map(|t| t.lemma).collect();
        for (kind, phrases) in &by_kind {
            let mut here = phrases
                .iter()
                .filter(|(_, own)| !own.is_empty() && own.iter().all(|word| words.contains(word)));
            if let (Some((at, _)), None) = (here.next(), here.next()) {
                out.entry(*kind).or_default().insert(sample, *at);
            }
        }
    }
    out
}

/// Answers among the phrases of a kind that are said of pictures.
fn kinds(
    space: &Space,
    kind: &str,
    phrases: &[Phrase],
    mut labels: BTreeMap<usize, usize>,
    pass: &Pass<'_>,
) -> Result<Option<Asked>, Error> {
    let mut counts = BTreeMap::<usize, usize>::new();
    labels.values().for_each(|&phrase| *counts.entry(phrase).or_default() += 1);
    labels.retain(|_, phrase| counts[phrase] >= EACH);
    let own: BTreeSet<usize> = labels.values().copied().collect();
    let own: Vec<usize> = own.into_iter().collect();
    if own.len() < 2 || labels.len() < PICTURES {
        return Ok(None);
    }
    let some: Vec<Phrase> = own.iter().map(|&at| phrases[at].clone()).collect();
    let mut by_class = BTreeMap::<usize, Vec<usize>>::new();
    for &sample in labels.keys() {
        by_class.entry(pass.inputs.dataset.samples[sample].class).or_default().push(sample);
    }
    let (mut samples, mut truth, mut right) = (Vec::new(), Vec::new(), Vec::new());
    for (class, members) in by_class {
        let class = &pass.inputs.dataset.classes[class];
        let bank = OfClass::new(space, class, &some, super::Source::Phrases, pass)?;
        let scores = space.pictures(&members).dot(&bank.texts.t());
        for (sample, row) in members.into_iter().zip(scores.axis_iter(Axis(0))) {
            let of = labels[&sample];
            right.push(own[best(row.iter().copied())] == of);
            truth.push(of);
            samples.push(sample);
        }
    }
    Ok(Asked::of(kind, &truth, &right, pass.inputs.clusters_of(&samples)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_answers_clearly_better_than_the_commonest_one() {
        let truth: Vec<usize> = (0..200).map(|at| at % 4).collect();
        let asked = |right: &dyn Fn(usize) -> bool| {
            let right: Vec<bool> = (0..200).map(right).collect();
            Asked::of("colours", &truth, &right, None).unwrap()
        };
        let good = asked(&|at| at % 10 < 6);
        assert_eq!((good.chance, good.answers, good.accuracy.value), (0.25, 4, Some(0.6)));
        let mut known = Knowledge {
            asked: vec![good.clone()],
            stated: BTreeSet::new(),
            means: BTreeMap::new(),
        };
        assert!(known.of("colours") && !known.of("places") && !known.of(""));
        assert!(
            good.sentence().starts_with(
                "Of 4 phrases on colours the image-text model finds the one that is said of the picture in 60 % of 200 pictures ["
            ),
            "{}",
            good.sentence()
        );
        let classes = Asked { kind: CLASSES.to_owned(), ..good.clone() };
        assert!(
            classes
                .sentence()
                .starts_with("Of the 4 classes the image-text model finds the right one in 60 %")
        );
        // What is measured here wins over what the card says.
        known = Knowledge {
            asked: vec![asked(&|at| at % 10 < 3)],
            stated: ["colours", "places"].map(str::to_owned).into(),
            means: BTreeMap::new(),
        };
        assert!(!known.of("colours") && known.of("places"));
        assert!(known.asked[0].sentence().contains("no names of this kind"));
        assert_eq!(Asked::of("few", &[0, 1], &[true, true], None), None);
    }

    #[test]
    fn a_text_that_another_class_is_nearer_to_speaks_of_that_class() {
        let vector = |values: [f32; 3]| Array1::from(values.to_vec());
        let (cats, dogs) = (vector([0.9, 0.1, 0.0]), vector([0.1, 0.7, 0.3]));
        let known =
            Knowledge { means: BTreeMap::from([(0, cats), (1, dogs)]), ..Knowledge::default() };
        let group = vector([0.6, 0.3, 0.6]);
        let speaks = |text| known.speaks_of_another(0, vector(text).view(), &group);
        assert!(speaks([0.0, 1.0, 0.0]), "dogs are nearer");
        assert!(!speaks([0.0, 0.0, 1.0]), "the group is nearer than any class");
        assert!(!speaks([1.0, 0.0, 0.0]), "its own class does not count");
    }
}

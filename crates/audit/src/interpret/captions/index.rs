//! Which phrases are said of which images of a class.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        caption_tokens::{Token, is_stop, runs},
        phrase::Form,
        unnamed::Side,
    },
    context,
};

/// Words of a phrase.
const WORDS: usize = 3;
/// Images that have a word, over those that have the phrase, up to which the two belong together.
const TOGETHER: f64 = 1.1;
/// Images that chance would bring two phrases together on, from which it says something that they are never said together; and
/// the share of them up to which they are rivals.
const EXPECTED: f64 = 1.0;
const RARELY: f64 = 0.1;
/// Most captions of an image that are read.
const CAPTIONS: usize = 40;

/// Phrases of the captions of one class's images. A phrase is one to three words in a row in their dictionary forms; none of
/// them belongs to the class's name, the outer ones mean something by themselves.
pub(in super::super) struct Index {
    class: BTreeSet<String>,
    phrases: Vec<Phrase>,
    /// Phrases of each image, ascending.
    of_image: BTreeMap<usize, Vec<usize>>,
    /// Those of them that stand before the class's name, ascending: "green" of "a green bucket", not of "among green leaves".
    before_class: BTreeMap<usize, Vec<usize>>,
    captions: BTreeMap<usize, Vec<Vec<Token>>>,
}

struct Phrase {
    words: Vec<String>,
    /// As it is written most often.
    written: String,
    /// Images that have it.
    images: usize,
}

/// What is gathered of a phrase: how often it is written in which way, and the images that have it.
#[derive(Default)]
struct Known {
    ways: BTreeMap<String, usize>,
    images: BTreeSet<usize>,
    before_class: BTreeSet<usize>,
}

impl Index {
    /// Of the images of a class, each with its captions.
    pub(in super::super) fn new<'a>(
        class: &str,
        images: impl Iterator<Item = (usize, &'a [String])>,
    ) -> Self {
        let class: BTreeSet<String> = runs(class).concat().into_iter().map(|t| t.lemma).collect();
        let mut captions = BTreeMap::<usize, Vec<Vec<Token>>>::new();
        // Dictionary form: how often it is written in which way, and the images that have it.
        let mut known = BTreeMap::<Vec<String>, Known>::new();
        for (image, texts) in images {
            let own: Vec<Vec<Token>> = texts.iter().take(CAPTIONS).flat_map(|t| runs(t)).collect();
            for (run, (words, end)) in
                own.iter().flat_map(|run| phrases(run, &class).map(move |phrase| (run, phrase)))
            {
                let key: Vec<String> = words.iter().map(|t| t.lemma.clone()).collect();
                let written: Vec<&str> = words.iter().map(|t| t.written.as_str()).collect();
                let entry = known.entry(key).or_default();
                *entry.ways.entry(written.join(" ")).or_default() += 1;
                entry.images.insert(image);
                if stands_before(&run[end..], &class) {
                    entry.before_class.insert(image);
                }
            }
            captions.insert(image, own);
        }
        let mut of_image = BTreeMap::<usize, Vec<usize>>::new();
        let mut before_class = BTreeMap::<usize, Vec<usize>>::new();
        let mut out = Vec::with_capacity(known.len());
        for (words, Known { ways, images, before_class: before }) in known {
            let most = ways.iter().max_by_key(|(way, n)| (**n, std::cmp::Reverse((*way).clone())));
            let Some((written, _)) = most else { continue };
            images.iter().for_each(|&image| of_image.entry(image).or_default().push(out.len()));
            before.iter().for_each(|&image| before_class.entry(image).or_default().push(out.len()));
            out.push(Phrase { words, written: written.clone(), images: images.len() });
        }
        Self { class, phrases: out, of_image, before_class, captions }
    }

    /// Images inside and outside that have each phrase.
    pub(super) fn counts(&self, side: &Side) -> Vec<[f64; 2]> {
        let mut out = vec![[0.0; 2]; self.phrases.len()];
        for (image, &inside) in side.images.iter().zip(&side.inside) {
            for &phrase in self.of_image.get(image).into_iter().flatten() {
                out[phrase][usize::from(!inside)] += 1.0;
            }
        }
        out
    }

    /// Whether a phrase is said of an image.
    fn says(&self, image: usize, phrase: usize) -> bool {
        said(&self.of_image, image, phrase)
    }

    /// Of each image whether it has the phrase, as captions join it to the class; `None` where they say neither the phrase nor
    /// another one in its place.
    pub(super) fn had(&self, phrase: usize, form: &Form) -> impl Fn(usize) -> Option<bool> + '_ {
        let of_image = match form {
            Form::Before => &self.before_class,
            _ => &self.of_image,
        };
        let rivals = self.rivals(phrase, of_image);
        move |image| {
            let own = said(of_image, image, phrase);
            let known = own || rivals.iter().any(|&rival| said(of_image, image, rival));
            known.then_some(own)
        }
    }

    /// Phrases that are said in the place of this one: of the same image hardly ever both, though chance alone would bring
    /// them together. "Violet" and "red" are rivals, "violet" and "small" are not. They tell an image of which something else
    /// is said from one whose captions leave the matter out.
    fn rivals(&self, phrase: usize, of_image: &BTreeMap<usize, Vec<usize>>) -> Vec<usize> {
        let mut count = vec![0_usize; self.phrases.len()];
        of_image.values().flatten().for_each(|&phrase| count[phrase] += 1);
        let mut together = vec![0_usize; self.phrases.len()];
        for said in of_image.values().filter(|said| said.binary_search(&phrase).is_ok()) {
            said.iter().for_each(|&other| together[other] += 1);
        }
        let images = self.captions.len().max(1) as f64;
        let own = &self.phrases[phrase].words;
        let rival = |other: &usize| {
            let expected = count[phrase] as f64 * count[*other] as f64 / images;
            let apart = !self.phrases[*other].words.iter().any(|word| own.contains(word));
            apart && expected >= EXPECTED && together[*other] as f64 <= RARELY * expected
        };
        (0..self.phrases.len()).filter(rival).collect()
    }

    /// Dictionary forms.
    pub(super) fn words(&self, phrase: usize) -> &[String] {
        &self.phrases[phrase].words
    }

    /// Number of words that hardly occur without the rest of the phrase; 0 where one of them does.
    pub(super) fn bound(&self, phrase: usize) -> usize {
        let Phrase { words, images, .. } = &self.phrases[phrase];
        let alone = |word: &String| {
            // In the order of their words.
            let at = self
                .phrases
                .binary_search_by(|p| p.words.as_slice().cmp(std::slice::from_ref(word)));
            at.map_or(0, |at| self.phrases[at].images)
        };
        let bound = words.iter().all(|word| alone(word) as f64 <= TOGETHER * *images as f64);
        if bound { words.len() } else { 0 }
    }

    /// As captions have it.
    pub(super) fn written(&self, phrase: usize) -> &str {
        &self.phrases[phrase].written
    }

    /// 1 for images of which the phrase is said.
    pub(super) fn scores(&self, phrase: usize, images: &[usize]) -> Vec<f64> {
        images.iter().map(|&image| f64::from(u8::from(self.says(image, phrase)))).collect()
    }

    /// How captions join the phrase to the class, on the images that have more of it.
    pub(super) fn form(&self, phrase: usize, side: &Side, present: bool) -> Form {
        let own = side.images.iter().zip(&side.inside).filter(|(_, inside)| **inside == present);
        let captions = own.filter_map(|(image, _)| self.captions.get(image)).flatten();
        context::form(captions, &self.phrases[phrase].words, |word| self.class.contains(word))
    }
}

fn said(of_image: &BTreeMap<usize, Vec<usize>>, image: usize, phrase: usize) -> bool {
    of_image.get(&image).is_some_and(|own| own.binary_search(&phrase).is_ok())
}

/// Whether the class's name follows, with one other word of meaning between at most.
fn stands_before(rest: &[Token], class: &BTreeSet<String>) -> bool {
    let named = rest.iter().take(context::BETWEEN + 1).position(|t| class.contains(&t.lemma));
    named.is_some_and(|at| rest[..at].iter().all(|t| !is_stop(&t.written)))
}

/// Phrases of a run of words, each with the place where it ends.
fn phrases<'r>(
    run: &'r [Token],
    class: &BTreeSet<String>,
) -> impl Iterator<Item = (&'r [Token], usize)> + use<'r> {
    let named: Vec<bool> = run.iter().map(|t| class.contains(&t.lemma)).collect();
    let stop: Vec<bool> = run.iter().map(|t| is_stop(&t.written)).collect();
    (0..run.len()).flat_map(move |from| {
        let ends = from + 1..=(from + WORDS).min(run.len());
        let fits = |to: &usize| {
            !stop[from] && !stop[to - 1] && !named[from..*to].iter().any(|&named| named)
        };
        ends.filter(fits).map(|to| (&run[from..to], to)).collect::<Vec<_>>()
    })
}

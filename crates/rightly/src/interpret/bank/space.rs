//! Pictures and texts in the space of an image-text model.

use std::{collections::BTreeMap, time::Instant};

use ndarray::{Array2, Axis};
use rightly_model::{ImageTextModel, text::image_text::unit};

use super::list::Phrase;
use crate::{
    Error, Event, Inputs,
    interpret::{
        STAGE,
        pictures::{Entry, Pass, Picture},
        subjects::Side,
    },
    run::Key,
};

/// What a class is called where its name is no word.
const ANYTHING: &str = "thing";
/// The sentence around a name, where the model's card has none.
const SENTENCE: &str = "a photo of a {}";
/// Texts of a shard.
const SHARD: usize = 256;
/// Seconds from which an estimate is given.
const WORTH_SAYING: f64 = 5.0;

/// An image-text model with the pictures of a run in its space.
pub(in super::super) struct Space {
    model: ImageTextModel,
    /// Row of each sample.
    rows: BTreeMap<usize, usize>,
    /// `[n, d]`, of unit length.
    pictures: Array2<f32>,
}

impl Space {
    /// Embeds these samples; with those that can't be, and why.
    ///
    /// # Errors
    /// The network fails; the run can't be written; it was stopped.
    pub(in super::super) fn new(
        model: ImageTextModel,
        samples: &[usize],
        pass: &Pass<'_>,
    ) -> Result<(Self, Vec<(usize, String)>), Error> {
        let empty = Array2::zeros((0, model.dim()));
        let mut out = Self { model, rows: BTreeMap::new(), pictures: empty };
        let (mut values, mut left_out) = (Vec::new(), Vec::new());
        for (&sample, entry) in samples.iter().zip(out.embed(&pass.samples(samples), pass)?) {
            match entry {
                Ok(vector) => {
                    out.rows.insert(sample, out.rows.len());
                    values.extend(vector);
                }
                Err(why) => left_out.push((sample, why)),
            }
        }
        out.pictures = matrix(values, out.model.dim())?;
        Ok((out, left_out))
    }

    /// Unit vectors of any pictures.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(in super::super) fn embed(
        &self,
        pictures: &[Picture<'_>],
        pass: &Pass<'_>,
    ) -> Result<Vec<Entry<Vec<f32>>>, Error> {
        let encoder = self.model.image();
        let key = Key::new("embeddings", pass.inputs.revisions.of(STAGE))
            .with("network", self.model.hash())?
            .with("reading", &encoder.reading())?
            .finish();
        let through = (encoder.preprocess(), encoder.input_size());
        pass.over("pictures", &key, through, pictures, |input| {
            let vector = encoder.encode(input, false)?.vector;
            Ok(unit(&vector).ok_or_else(|| "its embedding is zero or not finite".to_owned()))
        })
    }

    /// The vectors of a few samples, by id.
    pub(in super::super) fn some(&self, n: usize, inputs: &Inputs) -> BTreeMap<String, Vec<f32>> {
        let samples = &inputs.dataset.samples;
        let own = self.rows.iter().take(n);
        own.map(|(&at, &row)| (samples[at].id.clone(), self.pictures.row(row).to_vec())).collect()
    }

    /// Length of the vectors.
    pub(in super::super) fn dim(&self) -> usize {
        self.model.dim()
    }

    /// The unit vector from the mean of the pictures outside to that of those inside, on the samples that have one; `None` where
    /// the two are the same, or a side is empty.
    pub(in super::super) fn contrast(&self, side: &Side) -> Option<Vec<f32>> {
        let mean = |inside: bool| -> Option<Vec<f64>> {
            let own = side.images.iter().zip(&side.inside).filter(|(_, own)| **own == inside);
            let rows: Vec<usize> =
                own.filter_map(|(sample, _)| self.rows.get(sample)).copied().collect();
            let mut sum = vec![0.0; self.dim()];
            for &row in &rows {
                let values = self.pictures.row(row);
                sum.iter_mut().zip(values).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            (!rows.is_empty()).then(|| sum.iter().map(|v| v / rows.len() as f64).collect())
        };
        let (inside, outside) = (mean(true)?, mean(false)?);
        let difference: Vec<f32> =
            inside.iter().zip(outside).map(|(a, b)| (a - b) as f32).collect();
        unit(&difference)
    }

    /// Whether a sample has a vector.
    pub(super) fn has(&self, sample: usize) -> bool {
        self.rows.contains_key(&sample)
    }

    /// Vectors `[samples, d]`, of samples that have one.
    pub(super) fn pictures(&self, samples: &[usize]) -> Array2<f32> {
        let rows: Vec<usize> = samples.iter().filter_map(|s| self.rows.get(s)).copied().collect();
        self.pictures.select(Axis(0), &rows)
    }

    /// Whether the text tower knows every word of a phrase.
    pub(in super::super) fn knows(&self, phrase: &Phrase) -> bool {
        self.model.tokenizer().knows(&phrase.text)
    }

    /// The directions in which phrases lead away from a class's name, `[phrases, d]`: the text with the phrase less the text
    /// without. What all pictures of the class have in common falls out. Kept in the run.
    ///
    /// # Errors
    /// A text can't be embedded; the run can't be written; it was stopped.
    pub(super) fn directions(
        &self,
        class: &str,
        phrases: &[&Phrase],
        pass: &Pass<'_>,
    ) -> Result<Array2<f32>, Error> {
        let class = word_of(class);
        let mut names: Vec<String> = phrases.iter().map(|phrase| phrase.said_of(&class)).collect();
        names.push(class);
        let vectors = self.texts(&names, pass)?;
        let (rows, base) = vectors.view().split_at(Axis(0), phrases.len());
        Ok(&rows - &base)
    }

    /// The unit vector of a class's name.
    ///
    /// # Errors
    /// As [`Self::directions`].
    pub(in super::super) fn class(&self, class: &str, pass: &Pass<'_>) -> Result<Vec<f32>, Error> {
        Ok(self.texts(&[word_of(class)], pass)?.row(0).to_vec())
    }

    /// Unit vectors of names in sentences, `[n, d]`, from the run where they are kept.
    fn texts(&self, names: &[String], pass: &Pass<'_>) -> Result<Array2<f32>, Error> {
        let plain = self.model.templates() == ["{}"];
        let sentence =
            |name: &String| if plain { SENTENCE.replace("{}", name) } else { name.clone() };
        let names: Vec<String> = names.iter().map(sentence).collect();
        let key = Key::new("texts", pass.inputs.revisions.of(STAGE))
            .with("network", self.model.hash())?
            .with("templates", self.model.templates())?
            .with("names", &names)?
            .with("texts of a shard", &SHARD)?
            .finish();
        let store = pass.run.shards("interpret-texts", &key);
        let missing = store.missing(names.len().div_ceil(SHARD), pass.sink)?;
        let chunks = names.chunks(SHARD).enumerate();
        let left: usize =
            chunks.filter(|(at, _)| missing.contains(at)).map(|(_, names)| names.len()).sum();
        if left > 1 {
            let start = Instant::now();
            self.model.embed_names(&names[..1], 1)?;
            let seconds = start.elapsed().as_secs_f64() * left as f64 / pass.threads.max(1) as f64;
            if seconds >= WORTH_SAYING {
                let text = format!("{left} texts go through the text tower, about {seconds:.0} s.");
                (pass.sink)(Event::Note(text));
            }
        }
        let mut values = Vec::with_capacity(names.len() * self.model.dim());
        for (at, names) in names.chunks(SHARD).enumerate() {
            if pass.stop.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if missing.contains(&at) {
                let own = self.model.embed_names(names, pass.threads)?;
                store.write(at, &own.into_raw_vec_and_offset().0)?;
            }
            values.extend(store.read::<Vec<f32>>(at)?);
        }
        matrix(values, self.model.dim())
    }
}

/// Rows of `d` values.
fn matrix(values: Vec<f32>, d: usize) -> Result<Array2<f32>, Error> {
    Array2::from_shape_vec((values.len() / d.max(1), d), values)
        .map_err(|error| Error::Usage(error.to_string()))
}

/// The name in words; "thing" where it is none, as a number or an identifier.
fn word_of(class: &str) -> String {
    let spaced = class.replace(['_', '-'], " ");
    if spaced.chars().any(|c| c.is_ascii_digit()) { ANYTHING.to_owned() } else { spaced }
}

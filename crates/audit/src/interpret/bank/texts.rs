//! Names in the space of an image-text model: each in the sentences of its card, embedded once, all together.

use std::{collections::BTreeSet, sync::PoisonError, time::Instant};

use ndarray::{Array1, Array2, Axis};
use rightly_model::text::image_text::unit;

use super::{
    list::{ANYTHING, Phrase},
    space::{Space, matrix},
};
use crate::{
    Error, Event,
    interpret::{STAGE, pictures::Pass},
    prose::{sentence, singular, with_article},
    run::Key,
};

/// The sentence around a name, where the model's card has none.
const SENTENCE: &str = "a photo of a {}";
/// Texts of a shard.
const SHARD: usize = 256;
/// Texts that tell how long one takes.
const PROBED: usize = 8;

impl Space {
    /// Kinds of words that the model's card says it knows.
    pub(super) fn stated(&self) -> &[String] {
        self.model.knows()
    }

    /// Whether a class's name can be said.
    pub(super) fn has_word(class: &str) -> bool {
        singular(class).is_some()
    }

    /// The unit vectors of phrases, `[phrases, d]`, and the vector of what all pictures of the class have in common, `[d]`: each
    /// the mean of the text with the class's name and of the text without it. What a phrase adds to the class is the
    /// difference of the two. Kept in the run.
    ///
    /// # Errors
    /// A text can't be embedded; the run can't be written; it was stopped.
    pub(super) fn texts_of(
        &self,
        class: &str,
        phrases: &[&Phrase],
        pass: &Pass<'_>,
    ) -> Result<(Array2<f32>, Array1<f32>), Error> {
        let class = singular(class);
        let names = names_of(class.as_deref(), phrases);
        let vectors = self.vectors(&names, pass)?;
        let (with, alone) = vectors.view().split_at(Axis(0), phrases.len() + 1);
        let mut mean = (&with + &alone) * 0.5;
        let base = mean.row(phrases.len()).to_owned();
        mean = mean.slice_move(ndarray::s![..phrases.len(), ..]);
        for mut row in mean.rows_mut() {
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
            row.mapv_inplace(|v| if length > 0.0 { v / length } else { 0.0 });
        }
        Ok((mean, base))
    }

    /// The unit vector of a class's name.
    ///
    /// # Errors
    /// As [`Self::texts_of`].
    pub(in super::super) fn class(&self, class: &str, pass: &Pass<'_>) -> Result<Vec<f32>, Error> {
        Ok(self.classes(&[class], pass)?.row(0).to_vec())
    }

    /// The unit vectors of classes' names, `[classes, d]`.
    ///
    /// # Errors
    /// As [`Self::texts_of`].
    pub(super) fn classes(&self, classes: &[&str], pass: &Pass<'_>) -> Result<Array2<f32>, Error> {
        let names = classes
            .iter()
            .map(|class| with_article(&singular(class).unwrap_or_else(|| ANYTHING.to_owned())));
        self.vectors(&names.collect::<Vec<_>>(), pass)
    }

    /// Embeds the texts of these classes with these phrases, all of them together.
    ///
    /// # Errors
    /// As [`Self::texts_of`].
    pub(in super::super) fn prepare(
        &self,
        classes: &[&str],
        phrases: &[Phrase],
        pass: &Pass<'_>,
    ) -> Result<(), Error> {
        let known: Vec<&Phrase> = phrases.iter().filter(|p| self.knows(p)).collect();
        let of = |class: &&str| names_of(singular(class).as_deref(), &known);
        self.embed_names(classes.iter().flat_map(of).collect(), pass)
    }

    /// Unit vectors of names, `[n, d]`.
    fn vectors(&self, names: &[String], pass: &Pass<'_>) -> Result<Array2<f32>, Error> {
        self.embed_names(names.iter().cloned().collect(), pass)?;
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = names.iter().filter_map(|name| texts.get(name));
        matrix(rows.flatten().copied().collect(), self.dim())
    }

    /// Embeds those of some names that are not yet: each in the sentences of the model's card, whose unit vectors are averaged.
    /// Texts go through the tower in an order that depends on nothing but themselves, and are kept in the run.
    fn embed_names(&self, names: BTreeSet<String>, pass: &Pass<'_>) -> Result<(), Error> {
        let missing: Vec<String> = {
            let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
            names.into_iter().filter(|name| !texts.contains_key(name)).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let plain = self.model.templates() == ["{}"];
        let templates: Vec<&str> = match plain {
            true => vec![SENTENCE],
            false => self.model.templates().iter().map(String::as_str).collect(),
        };
        let key = Key::new("texts", pass.inputs.revisions.of(STAGE))
            .with("network", self.model.hash())?
            .with("templates", &templates)?
            .with("names", &missing)?
            .with("texts of a shard", &SHARD)?
            .finish();
        let store = pass.run.shards("interpret-texts", &key);
        let todo = store.missing(missing.len().div_ceil(SHARD), pass.sink)?;
        let shards: Vec<&[String]> = missing.chunks(SHARD).collect();
        let left: usize = todo.iter().map(|&at| shards[at].len()).sum();
        let embed = |names: &[String], threads: usize| -> Result<Vec<f32>, Error> {
            let sentences: Vec<String> = names
                .iter()
                .flat_map(|name| templates.iter().map(move |template| sentence(template, name)))
                .collect();
            let vectors = self.model.embed_texts(&sentences, threads)?;
            let mut out = Vec::with_capacity(names.len() * self.dim());
            for (name, rows) in names.iter().zip(vectors.axis_chunks_iter(Axis(0), templates.len()))
            {
                let mut sum = vec![0.0_f64; self.dim()];
                for row in rows.rows() {
                    let own = directed(&row.to_vec(), name)?;
                    sum.iter_mut().zip(own).for_each(|(sum, v)| *sum += f64::from(v));
                }
                let sum: Vec<f32> = sum.into_iter().map(|v| v as f32).collect();
                out.extend(directed(&sum, name)?);
            }
            Ok(out)
        };
        if left > PROBED {
            let some = &shards[todo[0]];
            let start = Instant::now();
            embed(&some[..some.len().min(PROBED)], 1)?;
            let seconds =
                start.elapsed().as_secs_f64() * left as f64 / (PROBED * pass.threads.max(1)) as f64;
            (pass.sink)(Event::Note(format!("{left} texts go through the text tower.")));
            let (images, done) = (missing.len(), missing.len() - left);
            (pass.sink)(Event::Started { stage: STAGE, images, done, forwards: 1, seconds });
        }
        for &at in &todo {
            if pass.stop.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            store.write(at, &embed(shards[at], pass.threads)?)?;
            if left > PROBED {
                shards[at].iter().for_each(|_| (pass.sink)(Event::Image));
            }
        }
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, names) in shards.iter().enumerate() {
            let values = store.read::<Vec<f32>>(at)?;
            for (name, vector) in names.iter().zip(values.chunks_exact(self.dim())) {
                texts.insert(name.clone(), vector.to_vec());
            }
        }
        Ok(())
    }
}

/// The names of phrases with a class and of the class, then of the same without it.
fn names_of(class: Option<&str>, phrases: &[&Phrase]) -> Vec<String> {
    let class = class.unwrap_or(ANYTHING);
    let with = phrases.iter().map(|phrase| phrase.said_of(class)).chain([with_article(class)]);
    let alone = phrases.iter().map(|phrase| phrase.said_alone());
    with.chain(alone).chain([with_article(ANYTHING)]).collect()
}

fn directed(vector: &[f32], name: &str) -> Result<Vec<f32>, Error> {
    unit(vector).ok_or_else(|| {
        Error::Usage(format!(
            "the image-text model gives '{name}' a vector that is zero or not finite"
        ))
    })
}

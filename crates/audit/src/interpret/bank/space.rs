//! Pictures and texts in the space of an image-text model.

use std::{collections::BTreeMap, sync::Mutex};

use ndarray::{Array2, Axis};
use rightly_model::{ImageTextModel, text::image_text::unit};

use super::list::Phrase;
use crate::{
    Error, Inputs,
    interpret::{
        STAGE,
        pictures::{Entry, Pass, Picture},
        unnamed::Side,
    },
    run::Key,
};

/// An image-text model with the pictures of a run in its space.
pub(in super::super) struct Space {
    pub(super) model: ImageTextModel,
    /// Row of each sample.
    rows: BTreeMap<usize, usize>,
    /// `[n, d]`, of unit length.
    pictures: Array2<f32>,
    /// Unit vectors of names that were embedded.
    pub(super) texts: Mutex<BTreeMap<String, Vec<f32>>>,
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
        let texts = Mutex::new(BTreeMap::new());
        let mut out = Self { model, rows: BTreeMap::new(), pictures: empty, texts };
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
            // Of the picture's tower alone: other texts leave pictures as they are.
            .with("network", encoder.hash())?
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

    /// Samples that have a vector, ascending.
    pub(super) fn samples(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows.keys().copied()
    }
}

/// Rows of `d` values.
pub(super) fn matrix(values: Vec<f32>, d: usize) -> Result<Array2<f32>, Error> {
    Array2::from_shape_vec((values.len() / d.max(1), d), values)
        .map_err(|error| Error::Usage(error.to_string()))
}

//! Two towers that embed pictures and texts in one space: CLIP, OpenCLIP, SigLIP.
mod open;

pub use open::ImageTextFiles;

use super::parallel;
use super::tokenizer::{Tokenizer, Tokens};
use super::tower::TextTower;
use crate::{Encoder, ModelError};
use ndarray::{Array2, ArrayView2};
use std::path::Path;

/// A picture's tower, a text's tower and their tokenizer; shared by all worker threads.
///
/// The picture's tower is an [`Encoder`] whose layer is the embedding, so that pictures' vectors are features like any
/// other. They are as the network gives them; [`unit()`] scales them as the texts' are.
pub struct ImageTextModel {
    image: Encoder,
    text: TextTower,
    tokenizer: Tokenizer,
    hash: String,
    normalise: bool,
    logit_scale: f32,
    logit_bias: f32,
    templates: Vec<String>,
    knows: Vec<String>,
    notes: Vec<String>,
}

impl std::fmt::Debug for ImageTextModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageTextModel")
            .field("image", &self.image)
            .field("text", &self.text.path())
            .field("context", &self.text.context())
            .finish_non_exhaustive()
    }
}

impl ImageTextModel {
    /// The picture's tower; its features are the embeddings before they are scaled to unit length.
    #[must_use]
    pub fn image(&self) -> &Encoder {
        &self.image
    }

    /// The picture's tower alone.
    #[must_use]
    pub fn into_image(self) -> Encoder {
        self.image
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The text tower's file.
    #[must_use]
    pub fn text_path(&self) -> &Path {
        self.text.path()
    }

    /// Length of the vectors of both towers.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.image.dim()
    }

    /// Tokens of a text, marks included; longer texts are cut.
    #[must_use]
    pub fn context(&self) -> usize {
        self.text.context()
    }

    /// What a cosine is multiplied by to be a logit.
    #[must_use]
    pub fn logit_scale(&self) -> f32 {
        self.logit_scale
    }

    /// What is added to a logit then; 0 for CLIP.
    #[must_use]
    pub fn logit_bias(&self) -> f32 {
        self.logit_bias
    }

    /// The card's sentences with `{}` in the place of a name; `{}` alone where it has none.
    #[must_use]
    pub fn templates(&self) -> &[String] {
        &self.templates
    }

    /// Kinds of words that the card says the model was measured to know.
    #[must_use]
    pub fn knows(&self) -> &[String] {
        &self.knows
    }

    /// blake3, hex, of the files of both towers and the tokenizer, and of what decides a text's vector beside them.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Guesses and decisions, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Vectors of texts, `[n, d]`, of unit length unless the card says `normalise = false`. Texts of one length run together
    /// and without padding where the network takes them so (which is tried when it is opened). The same bytes for any number
    /// of threads; which other texts are asked for may turn the last digits.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] for an id beyond the network's table and for a vector without a direction;
    /// [`crate::OnnxError::Engine`].
    pub fn embed_texts(&self, texts: &[String], threads: usize) -> Result<Array2<f32>, ModelError> {
        let rows = self.raw(texts, threads)?;
        let mut vectors = Array2::zeros((texts.len(), self.dim()));
        for ((mut row, vector), text) in vectors.rows_mut().into_iter().zip(&rows).zip(texts) {
            let own = if self.normalise { &self.directed(vector, text)? } else { vector };
            row.assign(&ndarray::aview1(own));
        }
        Ok(vectors)
    }

    /// Vectors as the network gives them, in the order of the texts.
    fn raw(&self, texts: &[String], threads: usize) -> Result<Vec<Vec<f32>>, ModelError> {
        let tokens = parallel::each(texts.len(), threads, |at| self.tokenizer.encode(&texts[at]))?;
        let mut order: Vec<(usize, usize)> =
            tokens.iter().enumerate().map(|(at, one)| (self.text.needed(one), at)).collect();
        order.sort_unstable();
        let runs: Vec<&[(usize, usize)]> = order
            .chunk_by(|a, b| a.0 == b.0)
            .flat_map(|same| same.chunks(self.text.together()))
            .collect();
        let found = parallel::each(runs.len(), threads, |run| {
            let own: Vec<&Tokens> = runs[run].iter().map(|&(_, at)| &tokens[at]).collect();
            self.text.run(&own, runs[run][0].0)
        })?;
        let mut out = vec![Vec::new(); texts.len()];
        for (&(_, at), vector) in order.iter().zip(found.into_iter().flatten()) {
            out[at] = vector;
        }
        Ok(out)
    }

    /// Vectors of names, `[n, d]`, of unit length: the mean over [`Self::templates`] of the sentences' unit vectors.
    ///
    /// # Errors
    /// As [`Self::embed_texts`].
    pub fn embed_names(&self, names: &[String], threads: usize) -> Result<Array2<f32>, ModelError> {
        let count = self.templates.len();
        let texts: Vec<String> = names
            .iter()
            .flat_map(|name| self.templates.iter().map(move |t| t.replace("{}", name)))
            .collect();
        let rows = self.raw(&texts, threads)?;
        let mut vectors = Array2::zeros((names.len(), self.dim()));
        for (at, mut row) in vectors.rows_mut().into_iter().enumerate() {
            let mut sum = vec![0_f64; self.dim()];
            for sentence in at * count..(at + 1) * count {
                for (sum, value) in
                    sum.iter_mut().zip(self.directed(&rows[sentence], &texts[sentence])?)
                {
                    *sum += f64::from(value) / count as f64;
                }
            }
            let mean: Vec<f32> = sum.into_iter().map(|value| value as f32).collect();
            row.assign(&ndarray::aview1(&self.directed(&mean, &names[at])?));
        }
        Ok(vectors)
    }

    /// Logits of pictures against texts, `[pictures, texts]`, of unit vectors `[pictures, d]` and `[texts, d]`.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where the vectors' lengths differ.
    pub fn logits(
        &self,
        pictures: ArrayView2<'_, f32>,
        texts: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, ModelError> {
        if pictures.ncols() != texts.ncols() {
            return Err(self.invalid(format!(
                "vectors of pictures have {} numbers, those of texts {}",
                pictures.ncols(),
                texts.ncols()
            )));
        }
        let (scale, bias) = (f64::from(self.logit_scale), f64::from(self.logit_bias));
        Ok(Array2::from_shape_fn((pictures.nrows(), texts.nrows()), |(p, t)| {
            let pairs = pictures.row(p).into_iter().zip(texts.row(t));
            let cosine: f64 = pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            (cosine * scale + bias) as f32
        }))
    }

    fn directed(&self, vector: &[f32], text: &str) -> Result<Vec<f32>, ModelError> {
        unit(vector).ok_or_else(|| {
            let text: String = text.chars().take(80).collect();
            self.invalid(format!("the vector of the text '{text}' is zero or not finite"))
        })
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.text.path().to_owned(), message }
    }
}

/// A vector scaled to unit length, in double precision inside; `None` where it is zero or not finite.
#[must_use]
pub fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
    let fine = length.is_finite() && length > 0.0;
    fine.then(|| vector.iter().map(|&v| (f64::from(v) / length) as f32).collect())
}

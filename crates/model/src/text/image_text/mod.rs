//! Two towers that embed pictures and texts in one space: CLIP, OpenCLIP, SigLIP.
mod open;

pub use open::ImageTextFiles;

use super::parallel;
use super::tokenizer::Tokenizer;
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

    /// Vectors of texts, `[n, d]`, of unit length unless the card says `normalise = false`. The same bytes for any
    /// number of threads; each text is a run of its own.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] for an id beyond the network's table and for a vector without a direction;
    /// [`ModelError::Engine`].
    pub fn embed_texts(&self, texts: &[String], threads: usize) -> Result<Array2<f32>, ModelError> {
        let rows = parallel::each(texts.len(), threads, |at| {
            let vector = self.text.embed(&self.tokenizer.encode(&texts[at])?)?;
            if self.normalise { self.directed(&vector, &texts[at]) } else { Ok(vector) }
        })?;
        let mut vectors = Array2::zeros((texts.len(), self.dim()));
        for (mut row, vector) in vectors.rows_mut().into_iter().zip(&rows) {
            row.assign(&ndarray::aview1(vector));
        }
        Ok(vectors)
    }

    /// Vectors of names, `[n, d]`, of unit length: the mean over [`Self::templates`] of the sentences' unit vectors.
    ///
    /// # Errors
    /// As [`Self::embed_texts`].
    pub fn embed_names(&self, names: &[String], threads: usize) -> Result<Array2<f32>, ModelError> {
        let count = self.templates.len();
        let rows = parallel::each(names.len(), threads, |at| {
            let mut sum = vec![0_f64; self.dim()];
            for template in &self.templates {
                let text = template.replace("{}", &names[at]);
                let vector = self.text.embed(&self.tokenizer.encode(&text)?)?;
                for (sum, value) in sum.iter_mut().zip(self.directed(&vector, &text)?) {
                    *sum += f64::from(value) / count as f64;
                }
            }
            let mean: Vec<f32> = sum.into_iter().map(|value| value as f32).collect();
            self.directed(&mean, &names[at])
        })?;
        let mut vectors = Array2::zeros((names.len(), self.dim()));
        for (mut row, vector) in vectors.rows_mut().into_iter().zip(&rows) {
            row.assign(&ndarray::aview1(vector));
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

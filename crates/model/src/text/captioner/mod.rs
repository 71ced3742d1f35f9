//! Captions of pictures: an encoder, a decoder with or without stored keys, greedy search and beams.
mod decoder;
mod open;
mod part;
mod search;

pub use open::CaptionerFiles;

use super::parallel;
use super::tokenizer::Tokenizer;
use crate::classifier::{arrange, first};
use crate::{EngineKind, ModelError, OnnxError};
use decoder::Decoder;
use rightly_data::Preprocess;
use rightly_onnx::engine::{Session, Value};
use std::path::{Path, PathBuf};

/// How a caption is searched for.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Search {
    /// Beams; 1 is greedy search.
    pub beams: usize,
    /// Most ids of a caption, the start included.
    pub max_length: usize,
    /// A beam's score is its log-probability over its length (the start not counted) to this power.
    pub length_penalty: f64,
}

impl Default for Search {
    fn default() -> Self {
        Self { beams: 1, max_length: 20, length_penalty: 1.0 }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// Ids, from the start to the end mark (or to the greatest length).
    pub ids: Vec<u32>,
    /// The text without marks.
    pub text: String,
    /// Log-probability of the ids over their number to the power of the length penalty.
    pub score: f64,
}

/// Ids with a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marks {
    start: u32,
    /// Sorted.
    end: Vec<u32>,
}

/// An encoder of pictures and a decoder of captions; shared by all worker threads.
pub struct Captioner {
    path: PathBuf,
    encoder: Box<dyn Session>,
    engine: EngineKind,
    input: String,
    nhwc: bool,
    size: [usize; 2],
    batch: usize,
    hidden: String,
    decoder: Decoder,
    tokenizer: Tokenizer,
    marks: Marks,
    search: Search,
    preprocess: Preprocess,
    hash: String,
    notes: Vec<String>,
}

impl std::fmt::Debug for Captioner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Captioner")
            .field("path", &self.path)
            .field("stored_keys", &self.decoder.stores())
            .field("search", &self.search)
            .finish_non_exhaustive()
    }
}

impl Captioner {
    /// The encoder's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `[H, W]` of the encoder's input.
    #[must_use]
    pub fn input_size(&self) -> [usize; 2] {
        self.size
    }

    /// What pictures go through before they enter.
    #[must_use]
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How captions are searched for where nothing else is asked: of the card, else of `generation_config.json`.
    #[must_use]
    pub fn search(&self) -> Search {
        self.search
    }

    /// Whether the decoder keeps keys and values of earlier ids instead of running over them again.
    #[must_use]
    pub fn stores_keys(&self) -> bool {
        self.decoder.stores()
    }

    /// blake3, hex, of all files and of the marks that start and end a caption.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Guesses and decisions, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// One picture, `[3, H, W]` as `Preprocess::normalise` gives it. One core.
    ///
    /// # Errors
    /// [`OnnxError::Engine`] where `input` has another length or the engine fails; [`ModelError::Invalid`] where no
    /// search is asked for (no beam, no length), a network's output has an unexpected shape or is not finite.
    pub fn caption(&self, input: &[f32], search: &Search) -> Result<Caption, ModelError> {
        if search.beams == 0 || search.max_length < 2 {
            return Err(self.invalid(format!(
                "a search of {} beams up to {} ids: expected at least 1 beam and 2 ids (the start is one)",
                search.beams, search.max_length
            )));
        }
        let value = arrange(input, self.size, self.nhwc, self.batch)
            .map_err(|message| OnnxError::Engine { engine: self.engine.name(), message })?;
        let inputs = [(self.input.as_str(), Value::F32(value))];
        let values = self.encoder.run(&inputs, &[self.hidden.as_str()])?;
        let hidden = values.into_iter().next().and_then(Value::into_f32);
        let hidden =
            hidden.ok_or_else(|| self.invalid(format!("'{}' holds no floats", self.hidden)))?;
        let hidden = self.decoder.hidden(first(hidden, self.batch))?;
        let found = search::run(&self.decoder, &hidden, &self.marks, search)?;
        let text = self.tokenizer.decode(&found.ids)?;
        Ok(Caption { text, ids: found.ids, score: found.score })
    }

    /// Several pictures, in order; the same for any number of threads.
    ///
    /// # Errors
    /// As [`Captioner::caption`].
    pub fn captions(
        &self,
        inputs: &[Vec<f32>],
        search: &Search,
        threads: usize,
    ) -> Result<Vec<Caption>, ModelError> {
        parallel::each(inputs.len(), threads, |at| self.caption(&inputs[at], search))
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

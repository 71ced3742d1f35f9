//! A title and a sentence about a subgroup, asked of a language model.
//!
//! Any endpoint that speaks OpenAI's chat protocol will do. Nothing depends on it: whatever goes wrong
//! is a [`Said`] with a one-line message, and the caller writes its own sentence from a template.
//!
//! | file | its subject |
//! |---|---|
//! | `evidence` | what is known about a subgroup, cut to size and cleaned |
//! | `prompt` | the messages: instructions, and the evidence as data behind a fence |
//! | `address`, `client` | where to, and how: requests, tries, waits |
//! | `key` | the key, from the environment only |
//! | `cache` | answers on disk |
//! | `answer` | what of an answer is believed |
//! | `vocabulary` | which words a title may use |
//!
//! Captions and file names come from files that nobody vouches for. They reach the model only inside the
//! fence, and an answer is used only if its title keeps to words of the evidence: an instruction hidden
//! in a caption can at worst cost the sentence.

mod address;
mod answer;
mod cache;
mod client;
mod evidence;
mod key;
mod prompt;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

pub use answer::{Refusal, Words};
pub use client::{LanguageOptions, NoAnswer};
pub use evidence::{Evidence, Phrase};

use crate::Error;
use cache::Cache;
use client::Client;
use key::Key;

/// Questions in a row that may go unanswered before the endpoint is left alone.
const PATIENCE: usize = 2;

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An answer that passed every check.
    Words(Words),
    /// An answer that can't be used.
    Refused(Refusal),
    /// No answer.
    Silent(NoAnswer),
}

impl Said {
    /// One line for `problems.csv`, where there are no words.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Words(_) => None,
            Self::Refused(refusal) => Some(format!("the language model's answer: {refusal}")),
            Self::Silent(reason) => Some(format!("the language model: {reason}")),
        }
    }
}

/// A language model behind an endpoint, with a memory of its answers.
pub struct LanguageModel {
    url: String,
    model: String,
    client: Client,
    cache: Cache,
    silences: Mutex<Silences>,
}

/// Questions in a row without an answer, and the last reason.
#[derive(Default)]
struct Silences {
    count: usize,
    last: Option<NoAnswer>,
}

impl LanguageModel {
    /// The model named `model` at the endpoint `url` (`http://host:port/v1`; `/chat/completions` is
    /// added), with answers kept in the folder `cache`, which is made when it is needed.
    ///
    /// The key is read from the environment: `RIGHTLY_LLM_KEY`, else `OPENAI_API_KEY`; with neither,
    /// requests carry none. Nothing is sent yet.
    ///
    /// # Errors
    /// Where `url` is not a plain http or https address (a user name, a query or a fragment in it is
    /// refused too, since addresses are recorded), `model` is empty, or the key can't stand in a header.
    pub fn new(
        url: &str,
        model: &str,
        cache: impl Into<PathBuf>,
        options: LanguageOptions,
    ) -> Result<Self, Error> {
        Self::with_key(url, model, cache, options, Key::from_environment()?)
    }

    fn with_key(
        url: &str,
        model: &str,
        cache: impl Into<PathBuf>,
        options: LanguageOptions,
        key: Key,
    ) -> Result<Self, Error> {
        let model = model.trim();
        if model.is_empty() {
            return Err(Error::Usage(
                "--llm-model: expected the model's name at the endpoint".into(),
            ));
        }
        let url = address::checked(url)?;
        Ok(Self {
            client: Client::new(&url, options, key),
            url,
            model: model.to_owned(),
            cache: Cache::new(cache),
            silences: Mutex::default(),
        })
    }

    /// A title and a sentence about the subgroup behind `evidence`: from the cache, else from the
    /// endpoint. `stop` ends the waiting between two tries.
    ///
    /// After two questions in a row that no try answered, the endpoint is not asked again, so that a
    /// dead one costs a minute and not an evening.
    pub fn say(&self, evidence: &Evidence, stop: &AtomicBool) -> Said {
        let shown = evidence.shown();
        let messages = prompt::messages(&shown);
        let answer = match self.cache.get(&self.url, &self.model, &messages) {
            // Kept before keys were hidden, perhaps.
            Some(answer) => self.client.hidden_in(&answer),
            None => match self.ask(&messages, stop) {
                Ok(answer) => answer,
                Err(reason) => return Said::Silent(reason),
            },
        };
        match answer::read(&answer, &shown) {
            Ok(words) => Said::Words(words),
            Err(refusal) => Said::Refused(refusal),
        }
    }

    /// Files of the cache that held something else than was written, since the last time: what they answered is asked again.
    pub fn damaged(&self) -> Vec<PathBuf> {
        self.cache.damaged()
    }

    fn ask(&self, messages: &prompt::Messages, stop: &AtomicBool) -> Result<String, NoAnswer> {
        if stop.load(Ordering::Relaxed) {
            return Err(NoAnswer::Interrupted);
        }
        let mut silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = silences.last.as_ref().filter(|_| silences.count >= PATIENCE) {
            return Err(NoAnswer::GivenUp(Box::new(last.clone())));
        }
        let answer = self.client.ask(&self.model, messages, stop);
        match &answer {
            Ok(answer) => {
                *silences = Silences::default();
                // A cache that can't be written costs the next run a question, nothing else.
                let _ = self.cache.put(&self.url, &self.model, messages, answer);
            }
            Err(NoAnswer::Interrupted) => {}
            Err(reason) => {
                silences.count += if reason.is_final() { PATIENCE } else { 1 };
                silences.last = Some(reason.clone());
            }
        }
        answer
    }
}

impl fmt::Debug for LanguageModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LanguageModel")
            .field("url", &self.url)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

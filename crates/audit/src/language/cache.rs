//! Answers on disk: what was asked once is not asked again.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use rightly_data::files::write_whole;
use serde::{Deserialize, Serialize};

use super::prompt::Messages;
use crate::{Error, run::key_of};

/// A folder of answers, one file each, named by the hash of what was asked.
pub(super) struct Cache {
    folder: PathBuf,
    /// Files that held something else than was written.
    damaged: Mutex<Vec<PathBuf>>,
}

/// The content of a file. The name of the model is there for readers; the address is not, it may be private.
#[derive(Serialize, Deserialize)]
struct Entry {
    model: String,
    answer: String,
    /// Of what was asked and of the answer: an answer that was edited, or stands in another's place, is none.
    checksum: String,
}

impl Cache {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), damaged: Mutex::default() }
    }

    /// Hash of what is asked.
    fn asked(url: &str, model: &str, messages: &Messages) -> String {
        let asked = serde_json::to_vec(&(url, model, messages))
            .expect("texts always serialise: by construction");
        blake3::hash(&asked).to_hex().to_string()
    }

    fn path(&self, asked: &str) -> PathBuf {
        self.folder.join(format!("{asked}.json"))
    }

    /// The answer to the same messages of the same model at the same address. A file that does not hold what was written
    /// counts as none, and is remembered.
    pub(super) fn get(&self, url: &str, model: &str, messages: &Messages) -> Option<String> {
        let asked = Self::asked(url, model, messages);
        let path = self.path(&asked);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(_) => {
                self.remember(path);
                return None;
            }
        };
        match serde_json::from_slice::<Entry>(&text) {
            Ok(entry) if entry.checksum == checksum(&asked, &entry.model, &entry.answer) => {
                Some(entry.answer)
            }
            _ => {
                self.remember(path);
                None
            }
        }
    }

    fn remember(&self, path: PathBuf) {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }

    /// Files that held something else than was written, since the last time.
    pub(super) fn damaged(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.damaged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps an answer, as it came.
    pub(super) fn put(
        &self,
        url: &str,
        model: &str,
        messages: &Messages,
        answer: &str,
    ) -> Result<(), Error> {
        let asked = Self::asked(url, model, messages);
        let path = self.path(&asked);
        let checksum = checksum(&asked, model, answer);
        let entry = Entry { model: model.to_owned(), answer: answer.to_owned(), checksum };
        let text = serde_json::to_string(&entry).map_err(|e| Error::run(&path, e.to_string()))?;
        Ok(write_whole(&path, text.as_bytes())?)
    }
}

fn checksum(asked: &str, model: &str, answer: &str) -> String {
    key_of(&[asked, model, answer])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Evidence, prompt};

    #[test]
    fn an_answer_belongs_to_address_model_and_messages() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("new"));
        let dog = prompt::messages(&Evidence { class: "dog".into(), ..Evidence::default() });
        let cat = prompt::messages(&Evidence { class: "cat".into(), ..Evidence::default() });
        cache.put("http://a", "m", &dog, "{\"quotes\"}\n").unwrap();
        assert_eq!(cache.get("http://a", "m", &dog).unwrap(), "{\"quotes\"}\n");
        for (url, model, messages) in
            [("http://b", "m", &dog), ("http://a", "n", &dog), ("http://a", "m", &cat)]
        {
            assert_eq!(cache.get(url, model, messages), None);
        }
        assert!(cache.damaged().is_empty());
        let path = cache.path(&Cache::asked("http://a", "m", &dog));
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(cache.get("http://a", "m", &dog), None, "byte {at}");
            assert_eq!(cache.damaged(), std::slice::from_ref(&path));
        }
    }
}

//! Answers on disk: what was asked once is not asked again.

use std::path::PathBuf;

use rightly_data::files::write_whole;
use serde::{Deserialize, Serialize};

use super::prompt::Messages;
use crate::Error;

/// A folder of answers, one file each, named by the hash of what was asked.
pub(super) struct Cache {
    folder: PathBuf,
}

/// The content of a file. The name of the model is there for readers; the address is not, it may be private.
#[derive(Serialize, Deserialize)]
struct Entry {
    model: String,
    answer: String,
}

impl Cache {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, url: &str, model: &str, messages: &Messages) -> PathBuf {
        let asked = serde_json::to_vec(&(url, model, messages))
            .expect("texts and lists of texts have a JSON form: by construction");
        self.folder.join(format!("{}.json", blake3::hash(&asked).to_hex()))
    }

    /// The answer to the same messages of the same model at the same address. A file that can't be read
    /// counts as none.
    pub(super) fn get(&self, url: &str, model: &str, messages: &Messages) -> Option<String> {
        let text = std::fs::read_to_string(self.path(url, model, messages)).ok()?;
        let entry: Entry = serde_json::from_str(&text).ok()?;
        Some(entry.answer)
    }

    /// Keeps an answer, as it came.
    pub(super) fn put(
        &self,
        url: &str,
        model: &str,
        messages: &Messages,
        answer: &str,
    ) -> Result<(), Error> {
        let path = self.path(url, model, messages);
        let entry = Entry { model: model.to_owned(), answer: answer.to_owned() };
        let text = serde_json::to_string(&entry).map_err(|e| Error::run(&path, e.to_string()))?;
        Ok(write_whole(&path, text.as_bytes())?)
    }
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
        std::fs::write(cache.path("http://a", "m", &dog), "{").unwrap();
        assert_eq!(cache.get("http://a", "m", &dog), None);
    }
}

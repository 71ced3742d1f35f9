//! Words, their ids, and the file that makes ids of texts elsewhere.
use crate::TrainError;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fills up; id 0.
pub(crate) const PAD: &str = "[PAD]";
/// Stands for every word that is not known; id 1.
const UNKNOWN: &str = "[UNK]";
/// Id of [`UNKNOWN`].
pub(crate) const UNKNOWN_ID: usize = 1;

/// Known words in the order of the alphabet after the two marks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vocabulary {
    ids: BTreeMap<String, usize>,
}

/// Small letters, cut at whatever is neither letter nor digit.
fn words(text: &str) -> impl Iterator<Item = String> {
    let cut = |c: char| !c.is_alphanumeric();
    let text = text.to_lowercase();
    let words: Vec<String> =
        text.split(cut).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.into_iter()
}

impl Vocabulary {
    /// Every word of some texts.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let known: BTreeSet<String> = texts.flat_map(words).collect();
        Self { ids: known.into_iter().zip(UNKNOWN_ID + 1..).collect() }
    }

    /// Number of ids, marks included.
    pub(crate) fn len(&self) -> usize {
        self.ids.len() + UNKNOWN_ID + 1
    }

    /// Ids of a text's words, at most `context`.
    pub(crate) fn ids(&self, text: &str, context: usize) -> Vec<usize> {
        let id = |word: String| self.ids.get(&word).copied().unwrap_or(UNKNOWN_ID);
        words(text).map(id).take(context).collect()
    }

    /// `tokenizer.json` of the Hugging Face tokenizers library, which gives the same ids.
    pub(crate) fn tokenizer(&self) -> Result<String, TrainError> {
        let mark = |id: usize, content: &str| {
            json!({
                "id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            })
        };
        let mut vocabulary: Map<String, Value> =
            [(PAD.to_owned(), json!(0)), (UNKNOWN.to_owned(), json!(UNKNOWN_ID))]
                .into_iter()
                .collect();
        vocabulary.extend(self.ids.iter().map(|(word, id)| (word.clone(), json!(id))));
        let file = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [mark(0, PAD), mark(UNKNOWN_ID, UNKNOWN)],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": "[^\\p{L}\\p{N}]+"},
                "behavior": "Removed",
                "invert": false,
            },
            "post_processor": null,
            "decoder": null,
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
        });
        let mut text = serde_json::to_string_pretty(&file)
            .map_err(|error| TrainError::Data(format!("the words can't be written: {error}")))?;
        text.push('\n');
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_model::text::Tokenizer;

    #[test]
    fn the_file_gives_the_same_ids() {
        let texts = ["A red mug. It is on the left!", "a half-open door", "12 MUGS, in  snow"];
        let vocabulary = Vocabulary::of(texts.into_iter());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, vocabulary.tokenizer().unwrap()).unwrap();
        let tokenizer = Tokenizer::open(&path).unwrap().with_context(9, Some(PAD)).unwrap();
        assert_eq!(tokenizer.vocabulary(), vocabulary.len());
        for text in texts.into_iter().chain(["Green mugs?", "", "a a a a a a a a a a a"]) {
            let tokens = tokenizer.encode(text).unwrap();
            let ids = vocabulary.ids(text, 9);
            let (own, rest) = tokens.ids.split_at(ids.len());
            assert!(own.iter().zip(&ids).all(|(&a, &b)| a as usize == b), "{text}");
            assert!(rest.iter().all(|&id| id == 0));
            assert_eq!(tokens.mask.iter().sum::<i64>() as usize, ids.len());
        }
        assert_eq!(vocabulary.ids("green", 9), [UNKNOWN_ID]);
    }
}

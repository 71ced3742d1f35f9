//! `tokenizer.json`: texts to ids of a fixed length, ids to text.
use super::settings::Settings;
use crate::ModelError;
use rightly_data::foreign::caught;
use std::path::{Path, PathBuf};
use tokenizers::{
    DecoderWrapper, ModelWrapper, PaddingParams, PaddingStrategy, PostProcessor, TruncationParams,
};

/// Lengths above are no context but the word for 'any' in a tokenizer's settings.
const LONGEST: usize = 1 << 16;
/// Largest file that is read; the largest vocabularies take about 50 MB.
const LARGEST_FILE: u64 = 512 << 20;
/// What padding is called where nothing names it.
const PADDING: [&str; 4] = ["<pad>", "[PAD]", "<|endoftext|>", "</s>"];
/// What stands for what is not in the vocabulary.
const UNKNOWN: [&str; 3] = ["[UNK]", "<unk>", "<UNK>"];

/// One text as a text tower takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// `[context]`, padded.
    pub ids: Vec<i64>,
    /// `[context]`, 1 where a token of the text stands and 0 where it is padding.
    pub mask: Vec<i64>,
}

/// A tokenizer of any kind that `tokenizer.json` describes, with a fixed context; shared by all worker threads.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    path: PathBuf,
    hash: String,
    inner: tokenizers::Tokenizer,
    /// Context that its own truncation states.
    stated: Option<usize>,
    context: usize,
    pad: u32,
    /// What a token that ends a word ends with, where the file's own decoding leaves it.
    suffix: Option<String>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`. The context is what its truncation states, else 0: see [`Tokenizer::with_context`].
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Invalid`] for a file that is no such JSON.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let bytes = rightly_data::files::read(path, LARGEST_FILE)?;
        let invalid = |message: String| ModelError::Invalid {
            path: path.to_owned(),
            message: format!(
                "this is no tokenizer: {message}; expected the tokenizer.json of the Hugging Face tokenizers library \
                 (save_pretrained of the fast tokenizer writes it)"
            ),
        };
        let inner = caught(|| tokenizers::Tokenizer::from_bytes(bytes.as_slice()))
            .ok_or_else(|| invalid("the library gave up while reading it".to_owned()))?
            .map_err(|error| invalid(error.to_string()))?;
        let stated = inner.get_truncation().map(|truncation| truncation.max_length);
        let stated = stated.filter(|length| (1..LONGEST).contains(length));
        let settings = Settings::read(path.with_file_name("tokenizer_config.json"))?;
        let own = inner.get_padding().map(|padding| padding.pad_id);
        let named =
            settings.text(&["pad_token"]).or_else(|| settings.text(&["pad_token", "content"]));
        let pad = own
            .or_else(|| named.and_then(|name| inner.token_to_id(name)))
            .or_else(|| PADDING.iter().find_map(|name| inner.token_to_id(name)))
            .unwrap_or(0);
        let suffix = match (inner.get_model(), inner.get_decoder()) {
            (_, Some(DecoderWrapper::BPE(_))) => None,
            (ModelWrapper::BPE(model), _) => model.end_of_word_suffix.clone(),
            _ => None,
        };
        let stated = stated.or_else(|| {
            settings.number(&["model_max_length"]).filter(|length| (1..LONGEST).contains(length))
        });
        Ok(Self {
            path: path.to_owned(),
            hash: blake3::hash(&bytes).to_hex().to_string(),
            inner,
            stated,
            context: 0,
            pad,
            suffix: suffix.filter(|suffix| !suffix.is_empty()),
        })
    }

    /// The same with texts cut and padded to `context` tokens, its own marks included; `pad` names the token that
    /// fills up, where it is not the tokenizer's own.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where the context has no room beside the tokenizer's marks, or there is no such token.
    pub fn with_context(mut self, context: usize, pad: Option<&str>) -> Result<Self, ModelError> {
        if let Some(name) = pad {
            self.pad = self
                .token(name)
                .ok_or_else(|| self.invalid(format!("pad = '{name}': there is no such token")))?;
        }
        let marks = self.inner.get_post_processor().map_or(0, |marks| marks.added_tokens(false));
        if context <= marks || context >= LONGEST {
            return Err(self.invalid(format!(
                "a context of {context} tokens: expected more than the {marks} marks that each text gets and fewer \
                 than {LONGEST}"
            )));
        }
        let pad_token = self.inner.id_to_token(self.pad);
        let pad_token = pad_token.ok_or_else(|| {
            self.invalid(format!("there is no token of the id {} to fill up with", self.pad))
        })?;
        // Where the file says nothing of it, the library's own way: from the end, by nothing but the longest part.
        let truncation = self.inner.get_truncation().cloned().unwrap_or_default();
        let truncation = TruncationParams { max_length: context, stride: 0, ..truncation };
        let padding = self.inner.get_padding().cloned().unwrap_or_default();
        let padding = PaddingParams {
            strategy: PaddingStrategy::Fixed(context),
            pad_to_multiple_of: None,
            pad_id: self.pad,
            pad_token,
            ..padding
        };
        let truncated = self.inner.with_truncation(Some(truncation)).map(|_| ());
        truncated.map_err(|error| self.invalid(error.to_string()))?;
        self.inner.with_padding(Some(padding));
        self.context = context;
        Ok(self)
    }

    /// One text; what exceeds the context is cut off.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where no context was set, or the tokenizer can't take the text.
    pub fn encode(&self, text: &str) -> Result<Tokens, ModelError> {
        if self.context == 0 {
            return Err(self.invalid("no context was set for this tokenizer".to_owned()));
        }
        let encoding = caught(|| self.inner.encode(text, true))
            .ok_or_else(|| self.invalid("the library gave up on a text".to_owned()))?
            .map_err(|error| self.invalid(error.to_string()))?;
        let wide = |values: &[u32]| values.iter().map(|&value| i64::from(value)).collect();
        let tokens =
            Tokens { ids: wide(encoding.get_ids()), mask: wide(encoding.get_attention_mask()) };
        if tokens.ids.len() == self.context && tokens.mask.len() == self.context {
            return Ok(tokens);
        }
        Err(self.invalid(format!(
            "a text became {} tokens instead of {}: the tokenizer's marks do not keep to its truncation",
            tokens.ids.len(),
            self.context
        )))
    }

    /// Ids to text, without marks such as those of beginning and end, and without blanks at both ends. Ids that the
    /// vocabulary lacks are left out.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where the tokenizer can't decode them.
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        let text = caught(|| self.inner.decode(ids, true))
            .ok_or_else(|| self.invalid("the library gave up on ids".to_owned()))?
            .map_err(|error| self.invalid(error.to_string()))?;
        let text = match &self.suffix {
            Some(suffix) => text.replace(suffix.as_str(), " "),
            None => text,
        };
        Ok(text.trim().to_owned())
    }

    /// Whether every part of a text is in the vocabulary. A tokenizer of bytes knows every text.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        let unknown: Vec<u32> = UNKNOWN.iter().filter_map(|name| self.token(name)).collect();
        let encoding = caught(|| self.inner.encode(text, false));
        match encoding {
            Some(Ok(encoding)) => !encoding.get_ids().iter().any(|id| unknown.contains(id)),
            _ => false,
        }
    }

    /// Id of a token.
    #[must_use]
    pub fn token(&self, name: &str) -> Option<u32> {
        self.inner.token_to_id(name)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// blake3 of the file, hex.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Length of every text in tokens; 0 where none was set.
    #[must_use]
    pub fn context(&self) -> usize {
        self.context
    }

    /// The context that the file's truncation, or `model_max_length` of `tokenizer_config.json` beside it, states.
    #[must_use]
    pub fn stated_context(&self) -> Option<usize> {
        self.stated
    }

    /// The id that fills up.
    #[must_use]
    pub fn pad(&self) -> u32 {
        self.pad
    }

    /// Number of tokens, added ones included.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

//! What `interpret` does and how.

use std::path::PathBuf;

/// The usual share of a group's images of which a title is true.
pub const LEAST_SHARE: f64 = 0.8;

/// Options of the stage.
#[derive(Debug, Clone)]
pub struct InterpretOptions {
    /// An image-text model: a folder with both towers and their tokenizer, or the picture's tower in it.
    pub image_text: Option<PathBuf>,
    /// Phrases that it chooses from, one a line; none: the list of the program.
    pub phrases: Option<PathBuf>,
    /// A captioner for images without a caption: a folder, or the encoder in it.
    pub captioner: Option<PathBuf>,
    /// Pictures in which the image-text model looks for more of a group: embeddings, a folder or a table.
    pub pool: Option<PathBuf>,
    /// A language model that writes titles and sentences.
    pub language: Option<LanguageEndpoint>,
    /// Share of a group's images of which a title has to be true, 0 to 1: a name of at least so many, and no title of a group
    /// where the share is below it beyond chance.
    pub least_share: f64,
}

/// Where a language model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageEndpoint {
    /// Of an OpenAI-compatible interface, such as `http://localhost:8000/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
}

impl Default for InterpretOptions {
    fn default() -> Self {
        Self {
            image_text: None,
            phrases: None,
            captioner: None,
            pool: None,
            language: None,
            least_share: LEAST_SHARE,
        }
    }
}

impl InterpretOptions {
    /// The options as `run.toml` records them.
    pub fn to_table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        let language = |part: fn(&LanguageEndpoint) -> &String| self.language.as_ref().map(part);
        for (name, value) in [
            ("image-text", path(&self.image_text)),
            ("phrases", path(&self.phrases)),
            ("captioner", path(&self.captioner)),
            ("pool", path(&self.pool)),
            ("llm", language(|l| &l.url).cloned()),
            ("llm-model", language(|l| &l.model).cloned()),
        ] {
            table.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        table.insert("name-share".to_owned(), self.least_share.into());
        table
    }
}

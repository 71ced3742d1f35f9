//! The models that words come from, opened before anything is computed.

use rightly_model::{Captioner, EngineKind, ImageTextModel, Overrides};

use super::{
    InterpretOptions, STAGE,
    bank::{self, Phrase},
    pool::Pool,
};
use crate::{Error, Inputs, run::Key};

/// What was asked for, ready to run.
pub(super) struct Models {
    pub(super) image_text: Option<ImageTextModel>,
    /// Phrases for it.
    pub(super) phrases: Vec<Phrase>,
    pub(super) captioner: Option<Captioner>,
    /// Pictures to retrieve from.
    pub(super) pool: Option<Pool>,
    /// Changes with everything that they say.
    pub(super) key: String,
    /// What was understood and decided, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Models {
    /// Opens what the options name.
    ///
    /// # Errors
    /// A model or the list of phrases can't be used; phrases without a model.
    pub(super) fn open(inputs: &Inputs, options: &InterpretOptions) -> Result<Self, Error> {
        if options.phrases.is_some() && options.image_text.is_none() {
            return Err(Error::Usage(
                "--phrases: a list needs an image-text model to choose from it; give one with --image-text"
                    .to_owned(),
            ));
        }
        if options.pool.is_some() && options.image_text.is_none() {
            return Err(Error::Usage(
                "--pool: pictures are looked for in the space of an image-text model; give one with --image-text"
                    .to_owned(),
            ));
        }
        let engine: EngineKind = inputs.classifier.engine();
        // What the caller allows the classifier it allows these.
        let limits = inputs.classifier.graph().limits();
        let overrides = Overrides { limits, ..Overrides::default() };
        let mut notes = Vec::new();
        let mut key = Key::new("models for words", inputs.revisions.of(STAGE));
        let (mut image_text, mut phrases) = (None, Vec::new());
        if let Some(path) = &options.image_text {
            let model = ImageTextModel::open(path, &overrides, engine)?;
            phrases = bank::read(options.phrases.as_deref())?;
            notes.push(format!(
                "Image-text model: {}, {} values, {} phrases.",
                path.display(),
                model.dim(),
                phrases.len()
            ));
            notes.extend(model.notes().iter().cloned());
            key = key.with("image-text", model.hash())?.with("phrases", &phrases)?;
            key = key.with("knows", model.knows())?;
            image_text = Some(model);
        }
        let captioner = match &options.captioner {
            None => None,
            Some(path) => {
                let model = Captioner::open(path, &overrides, engine)?;
                notes.push(format!("Captioner: {}, {:?}.", path.display(), model.search()));
                notes.extend(model.notes().iter().cloned());
                key = key.with("captioner", model.hash())?.with("search", &model.search())?;
                Some(model)
            }
        };
        let pool = options.pool.as_deref().map(Pool::open).transpose()?;
        if let Some(pool) = &pool {
            key = key.with("pool", &pool.key()?)?;
        }
        Ok(Self { image_text, phrases, captioner, pool, key: key.finish(), notes })
    }
}

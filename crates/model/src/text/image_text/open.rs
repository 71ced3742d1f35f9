//! From files to both towers.
use super::ImageTextModel;
use crate::card::{CardFile, preprocess_or};
use crate::classifier::image_input;
use crate::text::card::TextCard;
use crate::text::settings::Settings;
use crate::text::tokenizer::Tokenizer;
use crate::text::tower::{TextTower, only, vector_output};
use crate::text::{files, processor};
use crate::{Encoder, EngineKind, Graph, ModelError, Overrides};
use std::path::{Path, PathBuf};

/// Names of the picture's tower.
const VISION: [&str; 10] = [
    "vision_model",
    "visual",
    "vision",
    "image_model",
    "image_encoder",
    "vision_encoder",
    "visual_encoder",
    "image",
    "clip_visual",
    "clip_vision",
];
/// Names of the text tower.
const TEXT: [&str; 6] =
    ["text_model", "textual", "text", "text_encoder", "language_model", "clip_text"];
/// One file with both.
const BOTH: [&str; 2] = ["model", "clip"];
/// Names of the output with a picture's vector, the likeliest first.
const OUTPUTS: [&str; 6] =
    ["image_embeds", "image_features", "image_embedding", "embeddings", "embeds", "features"];
/// Texts that tell whether a network takes texts together, and without padding.
const SHORT: &str = "a cat";
const LONG: &str = "a photo of two small dogs on a table";
/// CLIP's scale after training: its logarithm is held at ln 100.
const SCALE: f32 = 100.0;

/// The files of such a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTextFiles {
    /// The picture's tower.
    pub vision: PathBuf,
    /// The text tower; the same file where one holds both.
    pub text: PathBuf,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
}

impl ImageTextFiles {
    /// The files of a folder, or of `onnx/` in it: `vision_model.onnx`, `text_model.onnx` (or names alike; or one
    /// `model.onnx` with both) and `tokenizer.json`.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] names the file that is missing, where it was looked for and what to do.
    pub fn find(folder: &Path) -> Result<Self, ModelError> {
        let advice = "export the towers one by one (docs/image-text-models.md), or name the files";
        let one = files::graph(folder, &BOTH);
        let towers = (files::graph(folder, &VISION), files::graph(folder, &TEXT));
        let (vision, text) = match (towers, one) {
            ((None, None), Some(one)) => (one.clone(), one),
            _ => (
                files::graph_or_error(folder, &VISION, "picture's tower", advice)?,
                files::graph_or_error(folder, &TEXT, "text tower", advice)?,
            ),
        };
        let tokenizer = files::tokenizer(&text)?;
        Ok(Self { vision, text, tokenizer })
    }

    /// The files that belong to a picture's tower: those its card names, else those beside it.
    fn of_vision(vision: &Path, card: &CardFile) -> Result<Self, ModelError> {
        let named = |path: &PathBuf| files::of_card(card.path.as_deref(), path);
        // A card without the table says nothing; the files are looked for beside the picture's tower.
        let table = card.text.clone().unwrap_or_default();
        let folder = vision.parent().unwrap_or(Path::new(""));
        let text = match &table.model {
            Some(path) => named(path),
            None if both(vision) => vision.to_owned(),
            None => files::graph_or_error(
                folder,
                &TEXT,
                "text tower",
                "name it with 'model' in [text] of the card",
            )?,
        };
        let tokenizer = match &table.tokenizer {
            Some(path) => named(path),
            None => files::tokenizer(&text)?,
        };
        Ok(Self { vision: vision.to_owned(), text, tokenizer })
    }
}

/// Whether a file's name says that it holds both towers.
fn both(path: &Path) -> bool {
    path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| BOTH.contains(&stem))
}

impl ImageTextModel {
    /// A folder, or the picture's tower in it; its card is `FILE.toml` beside that tower (with a table `[text]`), or
    /// the one that `overrides` names.
    ///
    /// # Errors
    /// As [`ImageTextFiles::find`] and [`ImageTextModel::open_files`].
    pub fn open(
        path: &Path,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let vision = if path.is_file() { path.to_owned() } else { vision_of(path)? };
        let card = CardFile::read(&vision, overrides)?;
        let files = ImageTextFiles::of_vision(&vision, &card)?;
        Self::open_files(&files, overrides, engine)
    }

    /// As [`ImageTextModel::open`], of files that are named one by one.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Invalid`]: a file that is no network or no tokenizer, towers of different
    /// widths, a context that is not known or does not fit, an unknown key in the card;
    /// [`crate::OnnxError::Unsupported`] and [`crate::OnnxError::Engine`] of the engine.
    pub fn open_files(
        files: &ImageTextFiles,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let mut card = CardFile::read(&files.vision, overrides)?;
        // As in `of_vision`.
        let table = card.text.take().unwrap_or_default();
        let tokenizer = Tokenizer::open(&files.tokenizer)?;
        let (graph, vision_hash) = Graph::load_within(&files.vision, overrides.limits)?;
        let mut notes = Vec::new();
        let image = picture(&graph, &vision_hash, card, overrides, engine, &mut notes)?;
        notes.extend(image.notes().iter().cloned());
        let (graph, text_hash) = if files.text == files.vision {
            (graph, vision_hash.clone())
        } else {
            Graph::load_within(&files.text, overrides.limits)?
        };
        let mut source = String::new();
        let context = |fixed: Option<usize>| {
            let (context, from) = context_of(&table, fixed, &tokenizer, &files.text)?;
            source = from;
            Ok(context)
        };
        let output = table.output.as_deref();
        let mut text = TextTower::open(&graph, output, context, engine, &mut notes)?;
        notes.push(format!("context: {} tokens, {source}", text.context()));
        let tokenizer = tokenizer.with_context(text.context(), table.pad.as_deref())?;
        text.settle(&[tokenizer.encode(SHORT)?, tokenizer.encode(LONG)?])?;
        let width = text.embed(&tokenizer.encode("")?)?.len();
        if width != image.dim() {
            return Err(ModelError::Invalid {
                path: files.text.clone(),
                message: format!(
                    "the text tower gives vectors of {width} numbers, the picture's tower {} of {}; they are of \
                     different models, or one of them is not the projected embedding ('output' in [text] and \
                     'feature_layer' name another)",
                    files.vision.display(),
                    image.dim()
                ),
            });
        }
        if table.logit_scale.is_none() {
            notes.push(format!(
                "logit scale: {SCALE}, CLIP's; 'logit_scale' in [text] of the card sets another"
            ));
        }
        let normalise = table.normalise.unwrap_or(true);
        let decided = [
            vision_hash.as_str(),
            &text_hash,
            tokenizer.hash(),
            &text.context().to_string(),
            &tokenizer.pad().to_string(),
            &image.reading(),
            output.unwrap_or(""),
            &normalise.to_string(),
        ]
        .join("\n");
        let templates = templates(&table, &files.vision)?;
        Ok(Self {
            hash: blake3::hash(decided.as_bytes()).to_hex().to_string(),
            image,
            text,
            tokenizer,
            normalise,
            logit_scale: table.logit_scale.unwrap_or(SCALE),
            logit_bias: table.logit_bias.unwrap_or(0.0),
            templates,
            // A card that names no kind of words claims none: the model has to show them on pictures.
            knows: table.knows.unwrap_or_default(),
            notes,
        })
    }
}

/// The picture's tower of a folder.
fn vision_of(folder: &Path) -> Result<PathBuf, ModelError> {
    if let Some(path) = files::graph(folder, &VISION) {
        return Ok(path);
    }
    // One file with both towers; the error of a folder without it names the file that is looked for first.
    match files::graph(folder, &BOTH).filter(|_| files::graph(folder, &TEXT).is_none()) {
        Some(path) => Ok(path),
        None => ImageTextFiles::find(folder).map(|files| files.vision),
    }
}

fn templates(table: &TextCard, path: &Path) -> Result<Vec<String>, ModelError> {
    let templates = table.templates.clone().unwrap_or_else(|| vec!["{}".to_owned()]);
    match templates.iter().find(|template| !template.contains("{}")) {
        None if !templates.is_empty() => Ok(templates),
        wrong => Err(ModelError::Invalid {
            path: path.to_owned(),
            message: format!(
                "templates in [text]: expected sentences with {{}} in the place of the name, found {}",
                wrong.map_or_else(|| "none".to_owned(), |wrong| format!("'{wrong}'"))
            ),
        }),
    }
}

fn picture(
    graph: &Graph,
    hash: &str,
    mut card: CardFile,
    overrides: &Overrides,
    engine: EngineKind,
    notes: &mut Vec<String>,
) -> Result<Encoder, ModelError> {
    let given = card.feature_layer.take();
    let (output, note) = vector_output(graph, given.as_deref(), &OUTPUTS, "'feature_layer'")?;
    notes.extend(note);
    let graph = only(graph, &output)?;
    let input = image_input(&graph, card.input.as_deref(), card.layout.as_deref())?;
    let prepared = preprocess_or(&card, overrides, graph.path(), || {
        processor::beside_graph(graph.path(), input.size)
    })?;
    card.feature_layer = Some(output.clone());
    card.logits = Some(output);
    Encoder::of_graph(&graph, hash.to_owned(), card, input, prepared, engine)
}

/// The context and where it is from: the card, the graph, the tokenizer, the settings beside the network.
fn context_of(
    table: &TextCard,
    fixed: Option<usize>,
    tokenizer: &Tokenizer,
    text: &Path,
) -> Result<(usize, String), ModelError> {
    if let Some(context) = table.context {
        return Ok((context, "as the card says".to_owned()));
    }
    if let Some(context) = fixed {
        return Ok((context, "which the text tower's input fixes".to_owned()));
    }
    if let Some(context) = tokenizer.stated_context() {
        let from = format!("of the tokenizer {}", tokenizer.path().display());
        return Ok((context, from));
    }
    let settings = Settings::read(files::beside(text, "config.json"))?;
    let open_clip = Settings::read(files::beside(text, "open_clip_config.json"))?;
    let found = settings
        .number(&["text_config", "max_position_embeddings"])
        .or_else(|| settings.number(&["max_position_embeddings"]))
        .map(|context| (context, "of config.json".to_owned()));
    let found = found.or_else(|| {
        let context = open_clip.number(&["model_cfg", "text_cfg", "context_length"])?;
        Some((context, "of open_clip_config.json".to_owned()))
    });
    found.ok_or_else(|| ModelError::Invalid {
        path: text.to_owned(),
        message: "how many tokens a text has is not known: neither the graph's input, the tokenizer nor config.json \
                  says it; set context in [text] of the card (77 for CLIP, 64 for SigLIP)"
            .to_owned(),
    })
}

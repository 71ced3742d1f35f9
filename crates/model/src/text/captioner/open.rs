//! From files to a captioner.
use super::decoder::Decoder;
use super::{Captioner, Marks, Search};
use crate::card::{CardFile, preprocess_or};
use crate::classifier::{Prepared, image_input, input_size, session_of};
use crate::text::card::CaptionCard;
use crate::text::settings::Settings;
use crate::text::tokenizer::Tokenizer;
use crate::text::tower::{only, vector_output};
use crate::text::{files, processor};
use crate::{EngineKind, Graph, ModelError, Overrides};
use std::path::{Path, PathBuf};

const ENCODER: [&str; 3] = ["encoder_model", "vision_model", "encoder"];
const MERGED: [&str; 1] = ["decoder_model_merged"];
const DECODER: [&str; 3] = ["decoder_model", "text_decoder_model", "decoder"];
const WITH_PAST: [&str; 2] = ["decoder_with_past_model", "decoder_with_past"];
const HIDDEN: [&str; 3] = ["last_hidden_state", "encoder_hidden_states", "image_embeds"];
/// What `generate` does beside searching, and is not done here.
const NOT_APPLIED: [&str; 6] = [
    "no_repeat_ngram_size",
    "repetition_penalty",
    "min_length",
    "bad_words_ids",
    "suppress_tokens",
    "forced_bos_token_id",
];

/// The files of a captioner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptionerFiles {
    /// The picture's encoder.
    pub encoder: PathBuf,
    /// The decoder: merged, or that of the first step.
    pub decoder: PathBuf,
    /// The decoder that takes stored keys, where it is a file of its own.
    pub decoder_with_past: Option<PathBuf>,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
}

impl CaptionerFiles {
    /// The files of a folder, or of `onnx/` in it: `encoder_model.onnx`; `decoder_model_merged.onnx`, else
    /// `decoder_model.onnx` with `decoder_with_past_model.onnx` where it is there; `tokenizer.json`.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] names the file that is missing, where it was looked for and what to do.
    pub fn find(folder: &Path) -> Result<Self, ModelError> {
        let advice = "export with 'optimum-cli export onnx --task image-to-text' (docs/image-text-models.md)";
        let encoder = files::graph_or_error(folder, &ENCODER, "encoder of a captioner", advice)?;
        Self::of_encoder(&encoder, &CaptionCard::default(), None)
    }

    fn of_encoder(
        encoder: &Path,
        table: &CaptionCard,
        card: Option<&Path>,
    ) -> Result<Self, ModelError> {
        let folder = encoder.parent().unwrap_or(Path::new(""));
        let named = |path: &PathBuf| files::of_card(card, path);
        let advice = "name it with 'decoder' in [caption] of the card, or export it again";
        let (decoder, with_past) = match (&table.decoder, files::graph(folder, &MERGED)) {
            (Some(path), _) => (named(path), table.decoder_with_past.as_ref().map(named)),
            (None, Some(merged)) => (merged, None),
            (None, None) => (
                files::graph_or_error(folder, &DECODER, "decoder of a captioner", advice)?,
                files::graph(folder, &WITH_PAST),
            ),
        };
        let tokenizer = match &table.tokenizer {
            Some(path) => named(path),
            None => files::tokenizer(encoder)?,
        };
        Ok(Self { encoder: encoder.to_owned(), decoder, decoder_with_past: with_past, tokenizer })
    }
}

impl Captioner {
    /// A folder, or the encoder in it; its card is `FILE.toml` beside the encoder (with a table `[caption]`), or the
    /// one that `overrides` names.
    ///
    /// # Errors
    /// As [`CaptionerFiles::find`] and [`Captioner::open_files`].
    pub fn open(
        path: &Path,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let encoder = if path.is_file() {
            path.to_owned()
        } else {
            match files::graph(path, &ENCODER) {
                Some(encoder) => encoder,
                None => CaptionerFiles::find(path)?.encoder,
            }
        };
        let card = CardFile::read(&encoder, overrides)?;
        // A card without the table says nothing; files and marks are looked for beside the encoder.
        let table = card.caption.clone().unwrap_or_default();
        let files = CaptionerFiles::of_encoder(&encoder, &table, card.path.as_deref())?;
        Self::open_files(&files, overrides, engine)
    }

    /// As [`Captioner::open`], of files that are named one by one.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Invalid`]: a file that is no network or no tokenizer, an encoder and decoder
    /// of different widths, marks that are not known; [`crate::OnnxError::Unsupported`] and [`crate::OnnxError::Engine`].
    pub fn open_files(
        files: &CaptionerFiles,
        overrides: &Overrides,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let card = CardFile::read(&files.encoder, overrides)?;
        // As in `open`.
        let table = card.caption.clone().unwrap_or_default();
        let tokenizer = Tokenizer::open(&files.tokenizer)?;
        let (graph, encoder_hash) = Graph::load_within(&files.encoder, overrides.limits)?;
        let mut notes = Vec::new();
        let given = card.feature_layer.as_deref();
        let (hidden, note) = vector_output(&graph, given, &HIDDEN, "'feature_layer'")?;
        notes.extend(note);
        let graph = only(&graph, &hidden)?;
        let input = image_input(&graph, card.input.as_deref(), card.layout.as_deref())?;
        let (preprocess, source) = preprocess_or(&card, overrides, &files.encoder, || {
            processor::beside_graph(&files.encoder, input.size)
        })?;
        notes.push(source);
        let size = input_size(&graph, input.size, preprocess.output_size())?;
        let prepared = Prepared::new(&graph, input, size, &[&hidden], engine)?;
        notes.extend(prepared.notes.iter().cloned());
        let encoder = session_of(&prepared.graph, &[&hidden], engine)?;
        let width = prepared.shapes(engine)?.get(&hidden).and_then(|shape| shape.get(2).copied());

        let (decoder_graph, decoder_hash) = Graph::load_within(&files.decoder, overrides.limits)?;
        let with_past = files.decoder_with_past.as_deref();
        let with_past =
            with_past.map(|path| Graph::load_within(path, overrides.limits)).transpose()?;
        let decoder =
            Decoder::open(&decoder_graph, with_past.as_ref().map(|(graph, _)| graph), engine)?;
        if decoder.width().is_some() && decoder.width() != width {
            return Err(ModelError::Invalid {
                path: files.decoder.clone(),
                message: format!(
                    "the decoder reads vectors of {} numbers, the encoder {} gives '{hidden}' of {}; they are of \
                     different models",
                    decoder.width().unwrap_or(0),
                    files.encoder.display(),
                    width.map_or_else(|| "another shape".to_owned(), |width| width.to_string())
                ),
            });
        }
        notes.push(
            if decoder.stores() {
                "captions: keys and values of earlier words are stored"
            } else {
                "captions: the decoder stores no keys, so each word runs over all before it (export with past for speed)"
            }
            .to_owned(),
        );
        let (marks, search) = settings(&table, files, &tokenizer, &mut notes)?;
        let decided = format!(
            "{encoder_hash}\n{decoder_hash}\n{}\n{}\n{marks:?}\n{hidden}",
            with_past.as_ref().map_or("", |(_, hash)| hash.as_str()),
            tokenizer.hash(),
        );
        Ok(Self {
            path: files.encoder.clone(),
            encoder,
            engine,
            input: prepared.input.name.clone(),
            nhwc: prepared.input.nhwc,
            size,
            batch: prepared.batch,
            hidden,
            decoder,
            tokenizer,
            marks,
            search,
            preprocess,
            hash: blake3::hash(decided.as_bytes()).to_hex().to_string(),
            notes,
        })
    }
}

/// Marks and search: of the card, else of `generation_config.json`, else of `config.json`.
fn settings(
    table: &CaptionCard,
    files: &CaptionerFiles,
    tokenizer: &Tokenizer,
    notes: &mut Vec<String>,
) -> Result<(Marks, Search), ModelError> {
    let generation = Settings::read(files::beside(&files.encoder, "generation_config.json"))?;
    let config = Settings::read(files::beside(&files.encoder, "config.json"))?;
    // BLIP's generation_config names an end that its own code does not use: it ends at the separator.
    let blip = config.text(&["model_type"]).is_some_and(|kind| kind.starts_with("blip"));
    let start = table
        .start
        .or_else(|| config.id(&["text_config", "bos_token_id"]).filter(|_| blip))
        .or_else(|| generation.id(&["decoder_start_token_id"]))
        .or_else(|| config.id(&["decoder_start_token_id"]))
        .or_else(|| config.id(&["decoder", "decoder_start_token_id"]))
        .or_else(|| generation.id(&["bos_token_id"]))
        .or_else(|| config.id(&["bos_token_id"]))
        .or_else(|| config.id(&["decoder", "bos_token_id"]))
        .or_else(|| config.id(&["text_config", "bos_token_id"]));
    // None yet; what is none in the end is an error below.
    let mut end = table.end.clone().unwrap_or_default();
    let separator = config.ids(&["text_config", "sep_token_id"]);
    for ids in [
        if blip { separator } else { Vec::new() },
        generation.ids(&["eos_token_id"]),
        config.ids(&["eos_token_id"]),
        config.ids(&["decoder", "eos_token_id"]),
        config.ids(&["text_config", "eos_token_id"]),
    ] {
        if end.is_empty() {
            end = ids;
        }
    }
    end.sort_unstable();
    end.dedup();
    let Some(start) = start.filter(|_| !end.is_empty()) else {
        return Err(ModelError::Invalid {
            path: files.encoder.clone(),
            message: "the ids that start and end a caption are not known: neither generation_config.json nor \
                      config.json beside the encoder says both; set start and end in [caption] of the card"
                .to_owned(),
        });
    };
    let vocabulary = tokenizer.vocabulary();
    if let Some(id) = end.iter().chain([&start]).find(|&&id| id as usize >= vocabulary) {
        notes.push(format!("the mark {id} is beyond the tokenizer's {vocabulary} tokens"));
    }
    let default = Search::default();
    let of = |keys: &[&str]| {
        let mut found = generation.number(keys).or_else(|| config.number(keys));
        if let [key] = keys {
            found = found.or_else(|| config.number(&["decoder", key]));
        }
        found.filter(|&number| number > 0)
    };
    let search = Search {
        beams: table.beams.or_else(|| of(&["num_beams"])).unwrap_or(default.beams),
        max_length: table
            .max_length
            .or_else(|| of(&["max_new_tokens"]).map(|length| length.saturating_add(1)))
            .or_else(|| of(&["max_length"]))
            .unwrap_or(default.max_length),
        length_penalty: table
            .length_penalty
            .or_else(|| generation.float(&["length_penalty"]))
            .unwrap_or(default.length_penalty),
    };
    notes.push(format!(
        "captions: start {start}, end {end:?}, {} beam(s), at most {} ids, length penalty {}",
        search.beams, search.max_length, search.length_penalty
    ));
    let neutral = |key: &str| {
        let value = generation.float(&[key]);
        value.is_some_and(|value| value == 0.0 || (key == "repetition_penalty" && value == 1.0))
    };
    let left: Vec<&str> = NOT_APPLIED
        .into_iter()
        .filter(|key| generation.get(&[key]).is_some() && !neutral(key))
        .collect();
    if !left.is_empty() {
        notes.push(format!(
            "captions: generation_config.json asks for what is not done here: {}",
            left.join(", ")
        ));
    }
    Ok((Marks { start, end }, search))
}

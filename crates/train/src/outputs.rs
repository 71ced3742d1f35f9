//! The files that a training leaves beside its model.
use crate::TrainError;
use crate::arch::Network;
use crate::checkpoint::{other_training, read_if_there};
use crate::event::Trained;
use crate::export::{INPUT, LOGITS};
use crate::options::TrainOptions;
use rightly_data::files::{self, write_whole};
use rightly_data::preprocess::Resize;
use rightly_model::Card;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What has a part in a result.
pub(crate) trait Hashed {
    /// Feeds it into a hash.
    fn feed(&self, hasher: &mut blake3::Hasher);
}

/// Hash of everything that decides the result of a training: options, initial weights, images, version.
pub(crate) fn key(
    options: &TrainOptions,
    train: &impl Hashed,
    val: Option<&impl Hashed>,
) -> Result<String, TrainError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    let text = serde_json::to_string(options)
        .map_err(|error| TrainError::Data(format!("options can't be written: {error}")))?;
    hasher.update(text.as_bytes());
    for weight in options.initial.iter().flat_map(crate::Weights::iter) {
        hasher.update(weight.name.as_bytes());
        for value in &weight.values {
            hasher.update(&value.to_le_bytes());
        }
    }
    train.feed(&mut hasher);
    if let Some(val) = val {
        hasher.update(b"val");
        val.feed(&mut hasher);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The weights as they were trained, batch norm unfolded.
pub(crate) const WEIGHTS: &str = "weights.safetensors";

/// The summary's name.
const SUMMARY: &str = "train.json";

/// Files that a training leaves beside its summary, `train.json`.
pub const OUTPUTS: [&str; 5] =
    ["model.onnx", "model.toml", "labels.txt", WEIGHTS, "dynamics.parquet"];

/// `train.json`, without its own checksum.
#[derive(Debug, Serialize, Deserialize)]
struct Summary {
    /// Hash of everything that decided the result.
    key: String,
    /// blake3 of what was computed, by the file's name. The card and the labels are the user's to change.
    files: BTreeMap<String, String>,
    #[serde(flatten)]
    trained: Trained,
}

/// Name in `train.json` of the checksum of all else that stands there.
const CHECKSUM: &str = "blake3";
/// Files that nobody changes.
const COMPUTED: [&str; 3] = ["model.onnx", WEIGHTS, "dynamics.parquet"];

/// blake3 of a regular file, hex.
pub(crate) fn hash(path: &Path) -> Result<String, TrainError> {
    let mut hasher = blake3::Hasher::new();
    let mut file = files::open(path)?;
    std::io::copy(&mut file, &mut hasher).map_err(TrainError::io(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Takes the checksum out of a summary and says whether it is that of the rest. How the text is set does not count.
fn is_whole(summary: &mut Value) -> bool {
    let stated = summary.as_object_mut().and_then(|fields| fields.remove(CHECKSUM));
    let own = blake3::hash(summary.to_string().as_bytes()).to_hex();
    stated.is_some_and(|stated| stated == own.as_str())
}

/// The result of a training that ended in this folder; `None` where none did or one is under way.
pub(crate) fn finished(out: &Path, key: &str) -> Result<Option<Trained>, TrainError> {
    let path = out.join(SUMMARY);
    let Some(bytes) = read_if_there(&path, files::SMALL)? else { return Ok(None) };
    let damaged = || TrainError::Weights {
        path: path.clone(),
        message: "this is not what the training wrote; remove it to train again".to_owned(),
    };
    let mut summary: Value = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    if !is_whole(&mut summary) {
        return Err(damaged());
    }
    let summary: Summary = serde_json::from_value(summary).map_err(|_| damaged())?;
    if summary.key != key {
        return Err(other_training(&path));
    }
    // Everything was written before the summary; what was left of the work may go.
    let work = out.join(".train");
    if work.exists() {
        std::fs::remove_dir_all(&work).map_err(TrainError::io(&work))?;
    }
    let model = out.join("model.onnx");
    let present = OUTPUTS.iter().all(|file| out.join(file).exists());
    if !present {
        // The folder stays one of ours.
        std::fs::create_dir_all(&work).map_err(TrainError::io(&work))?;
        std::fs::remove_file(&path).map_err(TrainError::io(&path))?;
        return Ok(None);
    }
    for (name, written) in &summary.files {
        let file = out.join(name);
        if hash(&file)? != *written {
            let message = "this is not what the training wrote; remove it to train again";
            return Err(TrainError::Weights { path: file, message: message.to_owned() });
        }
    }
    Ok(Some(Trained { model, ..summary.trained }))
}

/// Writes the summary: the training is done.
pub(crate) fn finish(out: &Path, key: &str, trained: &Trained) -> Result<(), TrainError> {
    let of = |name: &str| Ok((name.to_owned(), hash(&out.join(name))?));
    let files = COMPUTED.into_iter().map(of).collect::<Result<_, TrainError>>()?;
    let summary = Summary { key: key.to_owned(), files, trained: trained.clone() };
    let unwritten = |error| TrainError::Data(format!("{SUMMARY} can't be written: {error}"));
    // As a reader has it: numbers are those that come back from the text.
    let text = serde_json::to_string(&summary).map_err(unwritten)?;
    let mut value: Value = serde_json::from_str(&text).map_err(unwritten)?;
    let checksum = blake3::hash(value.to_string().as_bytes()).to_hex();
    value[CHECKSUM] = checksum.as_str().into();
    let mut text = serde_json::to_string_pretty(&value).map_err(unwritten)?;
    text.push('\n');
    Ok(write_whole(&out.join(SUMMARY), text.as_bytes())?)
}

/// Writes the card and the labels.
pub(crate) fn card(
    options: &TrainOptions,
    network: &Network,
    size: [usize; 2],
    out: &Path,
) -> Result<(), TrainError> {
    let mut preprocess = options.preprocess.clone();
    if preprocess.output_size().is_none() {
        // The images were of this size whatever made them so.
        preprocess.resize = Some(Resize::Exact(size));
    }
    let card = Card {
        feature_pool: None,
        input: INPUT.to_owned(),
        layout: "nchw".to_owned(),
        logits: LOGITS.to_owned(),
        softmax: false,
        labels: Some(PathBuf::from("labels.txt")),
        cam_layer: Some(network.last_layer()),
        feature_layer: Some(network.last_layer()),
        preprocess,
    };
    let labels: String = options.classes.iter().map(|class| format!("{class}\n")).collect();
    write_whole(&out.join("labels.txt"), labels.as_bytes())?;
    Ok(write_whole(&out.join("model.toml"), card.to_toml()?.as_bytes())?)
}

//! The state of a training after an epoch, or after a step in it, in one file that is there whole or not at all.
use crate::TrainError;
use crate::arch::Network;
use crate::event::EpochRecord;
use crate::net::{download, upload};
use crate::optim::State;
use crate::weights::{Weight, Weights, parse, read, write};
use burn::tensor::{Device, Tensor};
use rightly_data::{DataError, files};
use safetensors::tensor::View;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Key of the progress in the file's metadata.
const PROGRESS: &str = "rightly.progress";
/// Key of the checksum there.
const CHECKSUM: &str = "rightly.blake3";

/// What is no tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Hash of everything that decides the result.
    pub(crate) key: String,
    /// Epochs done.
    pub(crate) epochs: usize,
    /// Whether patience has run out.
    pub(crate) stopped: bool,
    /// Steps that the rule has made.
    pub(crate) steps: usize,
    pub(crate) first_losses: Vec<f64>,
    pub(crate) history: Vec<EpochRecord>,
    /// Epoch of the best weights.
    pub(crate) best: usize,
    /// Weights of the groups, where training is for them.
    #[serde(default)]
    pub(crate) groups: Vec<f64>,
    /// Steps done of the epoch in work, and the sum of their losses.
    #[serde(default)]
    pub(crate) within: Within,
    /// blake3 of the file of each epoch's dynamics.
    #[serde(default)]
    pub(crate) dynamics: Vec<String>,
}

/// Where in an epoch a training stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Within {
    /// Steps done.
    pub(crate) step: usize,
    /// Sum of their losses.
    pub(crate) loss: f64,
}

/// Everything that training goes on from.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) progress: Progress,
    pub(crate) weights: Weights,
    pub(crate) state: State,
    /// Weights of the best epoch, where training can end early.
    pub(crate) best: Option<Weights>,
}

impl Checkpoint {
    pub(crate) fn save(&self, path: &Path) -> Result<(), TrainError> {
        let buffers = |tensors: &[Tensor<1>]| -> Vec<Weight> {
            let named = self.weights.trained.iter().zip(tensors);
            named.map(|(w, t)| Weight { values: download(t), ..w.clone() }).collect()
        };
        let (first, second) = (buffers(&self.state.first), buffers(&self.state.second));
        let mut tensors: BTreeMap<String, &Weight> = BTreeMap::new();
        let best: Vec<&Weight> = self.best.iter().flat_map(Weights::iter).collect();
        for (group, weights) in [
            ("weights", self.weights.iter().collect()),
            ("best", best),
            ("first", first.iter().collect()),
            ("second", second.iter().collect()),
        ] {
            tensors.extend(weights.into_iter().map(|w| (format!("{group}/{}", w.name), w)));
        }
        let text = serde_json::to_string(&self.progress).map_err(|error| TrainError::Weights {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        let named: Vec<(&str, Cow<'_, [u8]>)> =
            tensors.iter().map(|(name, weight)| (name.as_str(), View::data(weight))).collect();
        let checksum = checksum(&text, named);
        write(path, tensors, &[(PROGRESS, text), (CHECKSUM, checksum)])
    }

    /// The checkpoint of a training with this key; `None` where there is none.
    pub(crate) fn load(
        path: &Path,
        network: &Network,
        key: &str,
        device: &Device,
    ) -> Result<Option<Self>, TrainError> {
        let Some(bytes) = read_if_there(path, files::LARGE)? else { return Ok(None) };
        let invalid = |message: String| TrainError::Weights { path: path.to_owned(), message };
        let advice = "remove it to train from the beginning";
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes)
            .map_err(|error| invalid(format!("this is no checkpoint: {error}; {advice}")))?;
        let text = header.metadata().as_ref().and_then(|map| map.get(PROGRESS));
        let text =
            text.ok_or_else(|| invalid(format!("this is no checkpoint of rightly; {advice}")))?;
        let file = parse(&bytes, path)?;
        let mut named: Vec<(&str, Cow<'_, [u8]>)> =
            file.iter().map(|(name, view)| (name, Cow::Borrowed(view.data()))).collect();
        named.sort_unstable_by_key(|(name, _)| *name);
        let stated = header.metadata().as_ref().and_then(|map| map.get(CHECKSUM));
        // Before anything of it is believed, the key too.
        if stated != Some(&checksum(text, named)) {
            return Err(invalid(format!("its bytes are not those that were written; {advice}")));
        }
        let progress: Progress = serde_json::from_str(text)
            .map_err(|error| invalid(format!("its progress can't be read: {error}; {advice}")))?;
        if progress.key != key {
            return Err(other_training(path));
        }
        let get = |group: &str, weight: &Weight| {
            read(&file, &format!("{group}/{}", weight.name), &weight.shape, path)
        };
        let group = |group: &str| -> Result<Weights, TrainError> {
            let mut weights = Weights::of_shape(network);
            for weight in weights.trained.iter_mut().chain(&mut weights.running) {
                weight.values = get(group, weight)?;
            }
            Ok(weights)
        };
        let weights = group("weights")?;
        let has = |group: &str| file.names().iter().any(|name| name.starts_with(group));
        let buffers = |group: &str| -> Result<Vec<Tensor<1>>, TrainError> {
            if !has(&format!("{group}/")) {
                return Ok(Vec::new());
            }
            weights.trained.iter().map(|w| Ok(upload(get(group, w)?, device))).collect()
        };
        let state =
            State { steps: progress.steps, first: buffers("first")?, second: buffers("second")? };
        let best = if has("best/") { Some(group("best")?) } else { None };
        Ok(Some(Self { progress, weights, state, best }))
    }
}

/// blake3 of the progress and of every tensor, in the order of their names.
fn checksum(progress: &str, tensors: Vec<(&str, Cow<'_, [u8]>)>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(progress.as_bytes());
    for (name, bytes) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// A regular file of the training's own, up to a bound; `None` where there is none.
pub(crate) fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, TrainError> {
    match files::read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(DataError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A folder that holds something else.
pub(crate) fn other_training(path: &Path) -> TrainError {
    TrainError::Weights {
        path: path.to_owned(),
        message:
            "this is a training with other options or images; take another folder, or remove it"
                .to_owned(),
    }
}

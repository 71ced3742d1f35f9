//! `run.toml`: what a run was made from.

use std::{collections::BTreeMap, fs, path::Path};

use rightly_model::Card;
use serde::{Deserialize, Serialize};

use super::RunDir;
use crate::{Error, InputOptions, first_look::FirstLook};

/// The file's name.
pub(super) const MANIFEST: &str = "run.toml";

/// What a run was made from: enough to open the same inputs again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of rightly that wrote it.
    pub version: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// The split that the figures are about, and how it was chosen.
    pub split: String,
    /// How the split was chosen, in words.
    pub split_choice: String,
    /// Column whose values are the units of sampling, where given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// blake3 hashes of the inputs.
    pub hashes: Hashes,
    /// Paths and options of the inputs.
    pub inputs: InputOptions,
    /// What the first look at a few images showed; runs of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_look: Option<FirstLook>,
    /// Options of each stage that ran, as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stages: BTreeMap<String, toml::Table>,
    /// What the model was run with, after card, flags and guesses.
    pub card: Card,
}

/// blake3 hashes, hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// The model file and its external data.
    pub model: String,
    /// The list of samples: ids, classes, splits, masks and file sizes.
    pub data: String,
    /// The classes' outputs.
    pub label_map: String,
}

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::io(path))?;
        toml::from_str(&text).map_err(|e| {
            let message = if super::comparison::is_comparison(&text) {
                "this run compares two others and has no model of its own; give one of those".into()
            } else {
                e.to_string()
            };
            Error::run(path, message)
        })
    }

    fn text(&self, path: &Path) -> Result<String, Error> {
        toml::to_string(self).map_err(|e| Error::run(path, e.to_string()))
    }

    pub(crate) fn write(&self, run: &RunDir) -> Result<(), Error> {
        run.keyed("").write(MANIFEST, self.text(&run.path(MANIFEST))?.as_bytes())
    }
}

/// A name of a model: the file's, or where that says nothing the name of the first folder above that does.
pub fn model_name(model: &Path) -> String {
    let stem =
        |path: &Path| path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let says_nothing = |name: &String| ["model", "models", "onnx", ""].contains(&name.as_str());
    model.ancestors().map(stem).find(|name| !says_nothing(name)).unwrap_or_else(|| stem(model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_a_name_that_says_something() {
        assert_eq!(model_name(Path::new("x/resnet50.onnx")), "resnet50");
        assert_eq!(model_name(Path::new("/a/rightly-demo/model/model.onnx")), "rightly-demo");
        assert_eq!(model_name(Path::new("model.onnx")), "model");
    }
}

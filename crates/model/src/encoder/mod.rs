//! Features of pictures: a layer of the audited classifier, or of any other ONNX network.
//!
//! A layer with positions is averaged over them; a layer of tokens gives its class token, or the mean of its patch
//! tokens (`feature_pool`). The map of a feature is what was pooled: channel `k` at each position.
mod graft;
mod open;
mod proof;

use crate::classifier::{Readout, arrange, first};
use crate::{ModelError, OnnxError, cam::by_channel};
use ndarray::{Array2, ArrayD};
use rightly_data::Preprocess;
use rightly_onnx::engine::{Session, Value};
use rightly_onnx::graph::layers::{Layout, LinearHead};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// How a layer of tokens becomes one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeaturePool {
    /// The class token; the mean of the patch tokens where there is none.
    #[default]
    Class,
    /// The mean of the patch tokens.
    Mean,
}

/// What an encoder says of one picture.
#[derive(Debug, Clone)]
pub struct Encoding {
    /// `[d]`.
    pub vector: Vec<f32>,
    /// The positions that were pooled, where the layer has any and they were asked for.
    pub map: Option<FeatureMap>,
    /// Raw logits, where the encoder is the audited classifier.
    pub logits: Option<Vec<f32>>,
    /// Its output where that holds probabilities, as [`crate::Forward::probabilities`].
    pub probabilities: Option<Vec<f32>>,
}

/// Every feature at every position.
#[derive(Debug, Clone)]
pub struct FeatureMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[d, height * width]`, row by row.
    pub values: Array2<f32>,
}

/// How the vector is read from the layer's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The value has one number a feature.
    Flat,
    /// Mean over positions.
    Mean(Layout),
    /// One token of `[1, tokens, d]`.
    Token(usize),
}

/// A network that gives features; shared by all worker threads.
pub struct Encoder {
    path: PathBuf,
    hash: String,
    engine: &'static str,
    session: Box<dyn Session>,
    input: String,
    nhwc: bool,
    size: [usize; 2],
    batch: usize,
    layer: String,
    dim: usize,
    reading: Reading,
    pool: FeaturePool,
    map: Option<(String, Layout)>,
    logits: Option<Readout>,
    head: Option<LinearHead>,
    labels: Option<Vec<String>>,
    preprocess: Preprocess,
    notes: Vec<String>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("path", &self.path)
            .field("layer", &self.layer)
            .field("dim", &self.dim)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// The network's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// blake3 of the file and its external data, hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }
    /// The layer that the features are of.
    pub fn layer(&self) -> &str {
        &self.layer
    }
    /// Number of features.
    pub fn dim(&self) -> usize {
        self.dim
    }
    /// `[H, W]` of the input.
    pub fn input_size(&self) -> [usize; 2] {
        self.size
    }
    /// What pictures go through before they enter.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }
    /// The linear layer that makes the network's output (the audited classifier's logits) of these features, where there is
    /// one. What the outputs of another network stand for is told by [`Encoder::labels`].
    pub fn head(&self) -> Option<&LinearHead> {
        self.head.as_ref()
    }
    /// Labels of the head's outputs, where the card of another network than the audited one names a file of them.
    pub fn labels(&self) -> Option<&[String]> {
        self.labels.as_deref()
    }
    /// Whether features have maps.
    pub fn has_map(&self) -> bool {
        self.map.is_some()
    }
    /// Whether it gives the audited classifier's logits too.
    pub fn has_logits(&self) -> bool {
        self.logits.is_some()
    }
    /// Guesses and decisions, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
    /// Everything beside file and preprocessing that decides a vector, for keys of stored features.
    pub fn reading(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.layer, self.reading, self.pool, self.map)
    }

    /// One picture, `[3, H, W]` as `Preprocess::normalise` gives it. One core.
    ///
    /// # Errors
    /// [`OnnxError::Engine`] where `input` has another length or the engine fails; [`ModelError::Invalid`] where the
    /// layer's value has another shape than when the encoder was opened.
    pub fn encode(&self, input: &[f32], map: bool) -> Result<Encoding, ModelError> {
        let value = arrange(input, self.size, self.nhwc, self.batch)
            .map_err(|message| OnnxError::Engine { engine: self.engine, message })?;
        let map = self.map.as_ref().filter(|_| map);
        let mut names = vec![self.layer.as_str()];
        let map_at = map.map(|(name, _)| place(&mut names, name));
        let answer = self.logits.iter().flat_map(Readout::values);
        let answer_at: Vec<usize> = answer.map(|name| place(&mut names, name)).collect();
        let values = self.session.run(&[(self.input.as_str(), Value::F32(value))], &names)?;
        let values: Vec<ArrayD<f32>> = values
            .into_iter()
            .zip(&names)
            .map(|(value, name)| {
                let floats = value.into_f32();
                let floats =
                    floats.ok_or_else(|| self.invalid(format!("'{name}' holds no floats")))?;
                Ok(first(floats, self.batch))
            })
            .collect::<Result<_, ModelError>>()?;
        let vector = self.read(&values[0])?;
        let map = match (map, map_at) {
            (Some((name, layout)), Some(at)) => {
                let ([height, width], values) = by_channel(&values[at], *layout)
                    .map_err(|message| self.invalid(format!("layer '{name}': {message}")))?;
                Some(FeatureMap { height, width, values })
            }
            _ => None,
        };
        let answer = self.logits.as_ref().map(|readout| {
            let value = |&at: &usize| values[at].iter().copied().collect();
            readout.read(answer_at.iter().map(value).collect())
        });
        let (logits, probabilities) = answer.unzip();
        let probabilities = probabilities.flatten();
        Ok(Encoding { vector, map, logits, probabilities })
    }

    fn read(&self, value: &ArrayD<f32>) -> Result<Vec<f32>, ModelError> {
        let vector: Vec<f32> = match self.reading {
            Reading::Flat => value.iter().copied().collect(),
            Reading::Mean(layout) => {
                let (_, channels) = by_channel(value, layout).map_err(|message| {
                    self.invalid(format!("layer '{}': {message}", self.layer))
                })?;
                let count = channels.ncols().max(1) as f64;
                let sum = |row: ndarray::ArrayView1<'_, f32>| {
                    row.iter().map(|&v| f64::from(v)).sum::<f64>()
                };
                channels.rows().into_iter().map(|row| (sum(row) / count) as f32).collect()
            }
            Reading::Token(token) => {
                value.iter().copied().skip(token * self.dim).take(self.dim).collect()
            }
        };
        if vector.len() == self.dim {
            return Ok(vector);
        }
        Err(self.invalid(format!(
            "layer '{}' gave {} features, expected {}",
            self.layer,
            vector.len(),
            self.dim
        )))
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

/// Position of a name in a list, appended where it is not there.
fn place<'a>(names: &mut Vec<&'a str>, name: &'a str) -> usize {
    names.iter().position(|n| *n == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}

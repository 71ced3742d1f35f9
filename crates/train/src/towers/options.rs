//! How two towers are built and trained.
use crate::TrainError;
use rightly_data::Preprocess;
use rightly_data::preprocess::{Channels, Resize};
use rightly_data::resize::Filter;
use serde::{Deserialize, Serialize};

/// Sizes, rates and the seed; with the scenes they decide the written bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TowerOptions {
    /// Side of the pictures that enter, in pixels.
    pub side: usize,
    /// Channels of each stage of the picture's tower; every stage but the first halves the side, as the stem does.
    pub widths: Vec<usize>,
    /// Length d of the vectors, and of each word's.
    pub dim: usize,
    /// Units of the text tower's hidden layer.
    pub hidden: usize,
    /// Tokens of a text; longer ones are cut.
    pub context: usize,
    /// Times that every scene is seen.
    pub epochs: usize,
    /// Captions of a scene in each step: the picture's vector is reused for a loss with each of them.
    pub captions: usize,
    /// Pairs of a step; a last batch with fewer is left out.
    pub batch: usize,
    /// Adam's full rate; it rises over the first epoch and falls with half a cosine.
    pub rate: f32,
    /// Share of words that are taken for unknown ones, so that the unknown word means little.
    pub unknown: f32,
    /// Most pixels by which a picture is shifted, either way; its border is repeated.
    pub shift: usize,
    /// Seed of weights, order, captions and shifts.
    pub seed: u64,
    /// Threads; 0 is one a core. They don't change a result.
    #[serde(skip)]
    pub threads: usize,
}

impl Default for TowerOptions {
    fn default() -> Self {
        Self {
            side: 48,
            widths: vec![24, 32, 64, 80],
            dim: 64,
            hidden: 128,
            context: 32,
            epochs: 20,
            captions: 6,
            batch: 128,
            rate: 3e-3,
            unknown: 0.03,
            shift: 1,
            seed: 0,
            threads: 0,
        }
    }
}

impl TowerOptions {
    /// How pictures enter: squeezed to `side` x `side` by the box filter, values about -2 to 2.
    #[must_use]
    pub fn preprocess(&self) -> Preprocess {
        Preprocess {
            resize: Some(Resize::Exact([self.side; 2])),
            crop: None,
            interpolation: Filter::Box,
            channels: Channels::Rgb,
            scale: 1.0,
            mean: [0.5; 3],
            std: [0.25; 3],
        }
    }

    /// Whether every size can be built and trained.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        let sizes = [
            ("side", self.side),
            ("widths", self.widths.len()),
            ("dim", self.dim.saturating_sub(1)),
            ("hidden", self.hidden),
            ("context", self.context),
            ("epochs", self.epochs),
            ("captions", self.captions),
            ("batch", self.batch.saturating_sub(1)),
        ];
        if let Some((name, _)) = sizes.into_iter().find(|(_, size)| *size == 0) {
            return Err(TrainError::option(name, "too small", "a larger number"));
        }
        if self.widths.contains(&0) {
            return Err(TrainError::option("widths", "0", "channels of each stage"));
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(TrainError::option("rate", self.rate, "a positive number"));
        }
        if !(0.0..1.0).contains(&self.unknown) {
            return Err(TrainError::option("unknown", self.unknown, "a share from 0 to below 1"));
        }
        Ok(())
    }
}

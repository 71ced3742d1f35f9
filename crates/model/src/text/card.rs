//! The tables `[text]` and `[caption]` of a card.
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[text]` of the card beside a picture's tower; every key may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextCard {
    /// The text tower's file, relative to the card.
    pub model: Option<PathBuf>,
    /// The tokenizer's file, relative to the card.
    pub tokenizer: Option<PathBuf>,
    /// Tokens of a text.
    pub context: Option<usize>,
    /// The token that fills up.
    pub pad: Option<String>,
    /// The output that holds a text's vector.
    pub output: Option<String>,
    /// Whether texts' vectors are scaled to unit length (they are).
    pub normalise: Option<bool>,
    /// What cosines are multiplied by, the exponential already taken (100 for CLIP).
    pub logit_scale: Option<f32>,
    /// What is added then (SigLIP has one).
    pub logit_bias: Option<f32>,
    /// Sentences with `{}` in the place of a name.
    pub templates: Option<Vec<String>>,
    /// Kinds of words that the model was measured to know, as lists of phrases call them (`colours and patterns`).
    pub knows: Option<Vec<String>>,
}

/// `[caption]` of the card beside a captioner's encoder; every key may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaptionCard {
    /// The decoder's file, relative to the card.
    pub decoder: Option<PathBuf>,
    /// The decoder that takes stored keys, relative to the card.
    pub decoder_with_past: Option<PathBuf>,
    /// The tokenizer's file, relative to the card.
    pub tokenizer: Option<PathBuf>,
    /// Id that a caption starts with.
    pub start: Option<u32>,
    /// Ids that end it.
    pub end: Option<Vec<u32>>,
    /// Beams; 1 is greedy search.
    pub beams: Option<usize>,
    /// Most ids of a caption, the start included.
    pub max_length: Option<usize>,
    /// Power of the length that a beam's score is divided by.
    pub length_penalty: Option<f64>,
}

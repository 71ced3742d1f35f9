//! The model: its file and every key of its card.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rightly_model::EngineKind;

use super::DataFormat;

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelFlags {
    /// ONNX classifier; its card FILE.toml beside it is read where there is one
    #[arg(long, value_name = "FILE.onnx")]
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) card: CardFlags,
}

/// Each key of a model's card; the flag wins over the card.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct CardFlags {
    /// Card of the model, where it is not FILE.toml beside it
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) card: Option<PathBuf>,
    /// Inference engine; auto: ONNX Runtime where it is found and faster on the first images, else the embedded one
    /// (rten). A run goes on with the engine that it began with
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) engine: Engine,
    /// Labels of the outputs, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Name of the input
    #[arg(long, value_name = "NAME")]
    pub(crate) input: Option<String>,
    /// Axes of the input: nchw or nhwc
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) layout: Option<String>,
    /// Name of the output with the logits
    #[arg(long, value_name = "NAME")]
    pub(crate) logits: Option<String>,
    /// Whether that output holds probabilities
    #[arg(long, value_name = "BOOL")]
    pub(crate) softmax: Option<bool>,
    /// Tensor for class activation maps
    #[arg(long, value_name = "TENSOR")]
    pub(crate) cam_layer: Option<String>,
    /// Tensor for features
    #[arg(long, value_name = "TENSOR")]
    pub(crate) feature_layer: Option<String>,
    /// Preprocessing by name: imagenet, imagenet-squash-256, clip, caffe-bgr, cifar
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Resize: short-side=256 or exact=HxW
    #[arg(long, value_name = "RULE")]
    pub(crate) resize: Option<String>,
    /// Centre crop: 224 or HxW
    #[arg(long, value_name = "SIZE")]
    pub(crate) crop: Option<String>,
    /// Filter of the resize, as Pillow: nearest, box, bilinear, bicubic, lanczos
    #[arg(long, value_name = "FILTER")]
    pub(crate) interpolation: Option<String>,
    /// Channel order of the model: rgb or bgr
    #[arg(long, value_name = "ORDER")]
    pub(crate) channels: Option<String>,
    /// Pixels / 255 x scale, before the mean is taken off
    #[arg(long, value_name = "NUMBER")]
    pub(crate) scale: Option<f32>,
    /// Mean of each channel, in the model's order
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) mean: Option<Vec<f32>>,
    /// Standard deviation of each channel, in the model's order
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) std: Option<Vec<f32>>,
    /// Memory that one run of the model may take beside its weights, 4GiB if not given; none lifts all limits
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// ONNX file, or the folder of an image-text model (both towers and their tokenizer)
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) card: CardFlags,
    /// Data to look at a few images of, through both engines; of an image-text model those that --try scores
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<String>,
    /// Texts that an image-text model holds a few pictures of --data against
    #[arg(long = "try", value_name = "TEXT,TEXT", value_delimiter = ',')]
    pub(crate) tried: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Engine {
    #[default]
    Auto,
    Rten,
    #[value(alias = "ort")]
    Onnxruntime,
}

impl Engine {
    /// The engine, where one is named.
    pub(crate) fn named(self) -> Option<EngineKind> {
        match self {
            Self::Auto => None,
            Self::Rten => Some(EngineKind::Rten),
            Self::Onnxruntime => Some(EngineKind::OnnxRuntime),
        }
    }
}

//! Classifiers, encoders, heads, models of texts and pictures, and class activation maps. The graphs behind them and the
//! engines that run them are [`rightly_onnx`].

pub mod cam;
pub mod card;
pub mod classifier;
pub mod describe;
pub mod encoder;
pub mod error;
pub mod heads;
#[cfg(feature = "hub")]
pub mod hub;
pub mod labels;
pub mod text;

pub use cam::{Cam, CamHead};
pub use card::{Card, Overrides};
pub use classifier::{Classifier, Forward, OutputKind};
pub use describe::Description;
pub use encoder::{Encoder, Encoding, FeatureMap, FeaturePool};
pub use error::ModelError;
pub use labels::LabelMap;
pub use rightly_onnx::{EngineKind, Graph, OnnxError};
pub use text::{Captioner, ImageTextModel};

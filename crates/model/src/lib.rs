//! Classifiers, encoders, models of texts and pictures: the ONNX graph module, the engines that run graphs, taps,
//! class activation maps.

mod autodiff;
pub mod cam;
pub mod card;
pub mod classifier;
pub mod describe;
pub mod encoder;
pub mod engine;
pub mod error;
pub mod graph;
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
pub use engine::EngineKind;
pub use error::ModelError;
pub use graph::Graph;
pub use labels::LabelMap;
pub use text::{Captioner, ImageTextModel};

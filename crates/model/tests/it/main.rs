//! Integration tests of `rightly-model`.
mod cam;
mod captions;
mod card;
mod classifier;
mod describe;
mod encoder;
mod guess;
mod hostile;
mod image_text;
mod inputs;
#[path = "../../../onnx/tests/it/models.rs"]
mod models;
mod outputs;
mod repair;
mod silence;
mod support;
mod tokens;
mod written;

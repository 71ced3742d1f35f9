//! Integration tests of `rightly-model`.
mod cam;
mod captions;
mod card;
mod classifier;
mod describe;
mod encoder;
mod engine;
mod graph;
mod guess;
mod image_text;
mod models;
mod onnx_tests;
mod repair;
mod support;
mod tokens;

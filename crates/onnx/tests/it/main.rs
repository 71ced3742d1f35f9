//! Integration tests of `rightly-onnx`.
mod engine;
mod graph;
mod models;
mod onnx_tests;
mod support;

//! Integration tests of `rightly-model`.
mod cam;
mod card;
mod classifier;
mod describe;
mod encoder;
mod engine;
mod graph;
mod guess;
mod models;
mod support;

//! The stage `evaluate` on real files: the quickstart's pictures, and DAVIS with ImageNet models.

mod compare;
mod davis;
mod discover;
mod dynamics;
mod evaluate;
mod first_look;
mod integrity;
mod interpret;
mod interpret_models;
mod interpret_pool;
mod layers;
mod mitigate;
mod rank;
mod rank_attributes;
mod run_directory;
mod support;

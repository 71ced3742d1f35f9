//! The audit of an image classifier: *is it right for the right reasons?*
//!
//! | module | its subject |
//! |---|---|
//! | [`inputs`] | model, data, masks and labels, opened and checked together |
//! | [`first_look`] | a few images before a run: engines, a second opinion, what the output holds |
//! | [`measures`] | pure functions on pixels and masks: ablation, noise, overlays, objects, saliency |
//! | [`evaluate`] | the stage that runs the measures over a split and computes their figures |
//! | [`dynamics`] | the loss of each image after each epoch of training |
//! | [`features`] | features of images, computed once and kept as columns |
//! | [`rank`] | the stage that ranks images by how strongly they carry spurious features |
//! | [`discover`] | the stage that finds the subgroups of a class on which the model fails |
//! | [`interpret`] | the stage that says in words what subgroups and cues are |
//! | [`mitigate`] | the stage that trains a better head, and says whether it is one |
//! | [`language`] | a title and a sentence about a subgroup, asked of a language model |
//! | [`compare`] | the differences between two runs, paired where they share their images |
//! | [`reproduce`] | experiments of papers, whole |
//! | [`run`] | the run directory: manifest, lock, shards, stages, problems |
//! | [`revisions`] | which revision of each measure and stage computes |
//! | [`metrics`], [`findings`] | the figures and what is wrong, as every stage writes them |
//! | [`truth`] | what is known to be wrong, held against the findings |
//! | [`workers`] | independent work on all cores, results in order |
//! | [`event`] | progress for whoever started a stage |
//!
//! Data flows one way: inputs, shards, tables, figures, findings. A later stage reads the tables
//! of an earlier one from the run directory and never calls into it.

pub mod audit;
pub mod compare;
mod context;
pub mod discover;
pub mod dynamics;
pub mod error;
mod estimates;
pub mod evaluate;
pub mod event;
pub mod features;
pub mod findings;
pub mod first_look;
mod fit_confirm;
pub mod inputs;
pub mod interpret;
pub mod language;
pub mod measures;
mod methods;
pub mod metrics;
pub mod mitigate;
pub mod picture;
pub mod planted_truth;
mod predictor;
mod prose;
pub mod rank;
pub mod reproduce;
pub mod revisions;
pub mod run;
pub mod spuriosity;
mod stage;
pub mod workers;

pub use context::Context;
pub use error::Error;
pub use event::{Event, Sink};
pub use findings::Finding;
pub use inputs::{InputOptions, Inputs};
pub use metrics::Metric;
pub use run::RunDir;
pub use stage::{STAGES, StageInfo};

/// The version of this library, as `run.toml` records it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

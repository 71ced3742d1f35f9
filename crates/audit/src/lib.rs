//! The audit of an image classifier: *is it right for the right reasons?*
//!
//! | module | its subject |
//! |---|---|
//! | [`inputs`] | model, data, masks and labels, opened and checked together |
//! | [`first_look`] | a few images before a run: engines, a second opinion, what the output holds |
//! | [`audit`] | which stages run, in which order, and what is left out |
//! | `images` | one wide row an image, for other tools |
//! | [`verdict`] | the answer of a run in a sentence, its causes, what to do next |
//! | [`STAGES`], [`Context`] | what a stage is, the list of all, and what they work in |
//! | [`evaluate`] | the stage that runs the measures over a split and computes their figures |
//! | [`dynamics`] | the stage that gathers the loss of each image after each epoch of training |
//! | [`features`] | features of images, computed once and kept as columns |
//! | [`rank`] | the stage that ranks images by how strongly they carry spurious features |
//! | [`discover`] | the stage that finds the subgroups of a class on which the model fails |
//! | [`interpret`] | the stage that says in words what subgroups and cues are |
//! | [`mitigate`] | the stage that trains a better head, and says whether it is one |
//! | [`compare`] | the differences between two runs, paired where they share their images |
//! | [`measures`] | pure functions on pixels and masks: ablation, noise, overlays, objects, saliency |
//! | [`picture`], `predictor` | an image as the model sees it, and what the model says of it |
//! | [`spuriosity`], `estimates`, `fit_confirm`, `prose` | what several stages need |
//! | [`metrics`], [`findings`] | the figures and what is wrong, as every stage writes them |
//! | [`language`] | a title and a sentence about a subgroup, asked of a language model |
//! | [`run`], [`revisions`] | the run directory: manifest, lock, shards, records, keys |
//! | [`planted_truth`] | what is known to be wrong, held against the findings |
//! | [`workers`], [`event`] | independent work on all cores, results in order; progress |
//!
//! Data flows one way: inputs, shards, tables, figures, findings. A later stage reads the tables of an earlier one from the run
//! directory. It uses what lies at the root of the crate, and never the inside of another stage (`tests/it/layers.rs`).

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
mod images;
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
pub mod revisions;
pub mod run;
pub mod spuriosity;
mod stage;
pub mod verdict;
pub mod workers;

pub use context::Context;
pub use error::Error;
pub use event::{Event, Sink};
pub use findings::Finding;
pub use inputs::{InputOptions, Inputs};
pub use metrics::Metric;
pub use run::RunDir;
pub use stage::{STAGES, StageInfo};
pub use verdict::Verdict;

/// The version of this library, as `run.toml` records it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

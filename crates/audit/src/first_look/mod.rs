//! A first look at a few images before a run: which engine runs the model, whether another one gives the same answers,
//! and whether the output holds what it was taken for.
//!
//! ```text
//! Opening::new ─► a classifier on the engine that was asked for (or chosen) ─► Opening::look(images)
//!                                              │ the same images through a second engine
//!                                              ▼
//!                       Looked: the classifier to go on with, what was seen (FirstLook, in run.toml)
//! ```
//! The second opinion is the other engine's where it is there and runs the model, else that of the same engine without
//! its optimisations. A difference that changes an answer stops a run whose engine was not named; where it was, it is
//! a finding.
mod compare;
mod opening;
mod said;
mod spoilt;

use serde::{Deserialize, Serialize};

pub use compare::SecondOpinion;
pub(crate) use opening::engine_of;
pub use opening::{Looked, Opening};
use rightly_model::OutputKind;
pub use said::output;

/// What `--engine` says to leave the choice to the first look.
pub const AUTO: &str = "auto";

/// What a first look found. It has no times, so that the same inputs give the same file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstLook {
    /// Engine that runs the model, with its version.
    pub engine: String,
    /// What the model's output holds.
    pub output: OutputKind,
    /// How many images were looked at.
    pub images: usize,
    /// What another engine says of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondOpinion>,
}

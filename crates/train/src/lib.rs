//! Small networks that train from scratch on a few cores and leave as ONNX, with their training dynamics.
//!
//! | module | subject |
//! |---|---|
//! | [`arch`] | the networks, as data |
//! | [`weights`] | weights on the host, fresh ones, their file |
//! | [`data`], [`order`], [`batch`] | images in memory, their order, crops and flips |
//! | [`options`], `schedule`, `optim` | how weights change |
//! | `kernels` | the fused layer that networks are made of, as an extension of burn's backends |
//! | `net`, `domains` | a network on burn's tensors, with a last layer for each group |
//! | [`mod@train`], [`event`], `checkpoint` | the whole of it: epochs, progress, going on after a kill |
//! | [`towers`] | two towers for pictures and texts, trained on planted scenes |
//! | `export`, `measure`, `dynamics`, `outputs` | ONNX, what it says of every image, the files |
//!
//! # Determinism
//! Same images, options and seed, same bytes on the same machine: random streams are keyed by what they are for, sums
//! have a fixed order, and threads only share out work whose parts are fixed.

pub mod arch;
pub mod batch;
pub mod data;
pub mod error;
pub mod event;
pub mod options;
pub mod order;
pub mod towers;
pub mod train;
pub mod weights;

mod checkpoint;
mod domains;
mod dynamics;
mod export;
mod kernels;
mod measure;
mod net;
mod optim;
mod outputs;
mod schedule;

pub use arch::Arch;
pub use data::TrainingSet;
pub use error::TrainError;
pub use event::{EpochRecord, TrainEvent, Trained};
pub use options::{
    Augmentation, Device, GroupMethod, GroupTraining, Optimizer, Schedule, TrainOptions,
};
pub use outputs::OUTPUTS;
pub use train::{Watch, train, train_watched};
pub use weights::{Weight, Weights};

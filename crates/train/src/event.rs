//! What training tells while it runs, and what it leaves.
use crate::arch::Arch;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Progress of a training.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TrainEvent {
    /// A stopped training goes on.
    Resumed {
        /// First epoch that is still to be done.
        epoch: usize,
        /// First step of it that is still to be done.
        step: usize,
    },
    /// An epoch begins.
    EpochStarted {
        /// From 0.
        epoch: usize,
        /// Steps that it has.
        steps: usize,
    },
    /// A step is done.
    Step {
        /// From 0.
        epoch: usize,
        /// From 0, within the epoch.
        step: usize,
        /// Loss of its batch before the step.
        loss: f64,
        /// Learning rate.
        rate: f32,
    },
    /// An epoch is done: its model was measured and the checkpoint written.
    EpochEnded {
        /// What came of it.
        record: EpochRecord,
        /// Seconds of the steps.
        train_seconds: f64,
        /// Seconds of measuring every image and writing.
        measure_seconds: f64,
    },
    /// Validation accuracy has not risen for as many epochs as were allowed.
    StoppedEarly {
        /// Epoch whose weights are kept.
        best: usize,
    },
}

/// What came of one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 0.
    pub epoch: usize,
    /// Mean loss of its steps (augmented images, training mode).
    pub train_loss: f64,
    /// Accuracy on the training images after it (un-augmented, evaluation mode).
    pub train_accuracy: f64,
    /// Mean loss on the validation images after it.
    pub val_loss: Option<f64>,
    /// Accuracy on the validation images after it.
    pub val_accuracy: Option<f64>,
}

/// What a training leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The network.
    pub arch: Arch,
    /// Epochs that were done.
    pub epochs: usize,
    /// Epoch whose weights were written: the last, or the best where training could end early.
    pub kept: usize,
    /// Accuracy of the written model on the validation images.
    pub val_accuracy: Option<f64>,
    /// Accuracy of the written model on the training images.
    pub train_accuracy: f64,
    /// Every epoch.
    pub history: Vec<EpochRecord>,
    /// Losses of the first steps, [`Trained::FIRST_LOSSES`] at most.
    pub first_losses: Vec<f64>,
    /// The model; its card, labels and dynamics lie beside it.
    #[serde(skip)]
    pub model: PathBuf,
}

impl Trained {
    /// How many steps' losses are kept.
    pub const FIRST_LOSSES: usize = 100;
}

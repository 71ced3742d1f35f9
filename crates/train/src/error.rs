//! What can go wrong while a network is trained.
use rightly_data::DataError;
use rightly_model::ModelError;
use rightly_onnx::OnnxError;
use std::path::PathBuf;

/// Each variant says what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file or folder that could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Images, labels or features that can't be trained on.
    #[error("training data: {0}")]
    Data(String),
    /// An option out of its range.
    #[error("{option} is {found}, expected {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Weights or a checkpoint that do not fit.
    #[error("{path}: {message}")]
    Weights {
        /// The file.
        path: PathBuf,
        /// What was expected and found, and what to do.
        message: String,
    },
    /// The loss left the numbers.
    #[error(
        "the loss is {loss} at step {step} of epoch {epoch}; a lower learning rate, warm-up or gradient clipping helps"
    )]
    Diverged {
        /// Epoch, from 0.
        epoch: usize,
        /// Step of the epoch, from 0.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The written model does not compute what the trained network computes.
    #[error(
        "the exported model differs from the trained network by {found:.6}, allowed is {allowed:.6}; it was not written"
    )]
    Export {
        /// Largest difference of a logit.
        found: f64,
        /// What is allowed.
        allowed: f64,
    },
    /// The thread pool or the training library failed.
    #[error("{what}: {message}")]
    Library {
        /// What was attempted.
        what: &'static str,
        /// The library's answer.
        message: String,
    },
    /// The user stopped the training; its state stays.
    #[error("interrupted; the training stays where it is, the same command goes on")]
    Interrupted,
    /// Tables and preprocessing.
    #[error(transparent)]
    Table(#[from] DataError),
    /// The graph, or the engine that runs it.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<OnnxError> for TrainError {
    fn from(error: OnnxError) -> Self {
        Self::Model(error.into())
    }
}

impl TrainError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn option(
        option: &'static str,
        found: impl ToString,
        expected: &'static str,
    ) -> Self {
        Self::Option { option, found: found.to_string(), expected }
    }
}

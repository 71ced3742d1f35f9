//! What can go wrong with a user's model.
use rightly_onnx::OnnxError;
use std::path::PathBuf;

/// Each variant says what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file that could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Bad input: names the file, the value and what to do.
    #[error("{path}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was expected and found, and what to do.
        message: String,
    },
    /// A graph beyond its limits, an operator that is not supported, an engine that fails.
    #[error(transparent)]
    Onnx(OnnxError),
    /// A head that can't be trained or used on these features.
    #[error("head: {0}")]
    Head(String),
    /// A model on the hub that could not be had.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
}

/// What both errors have is one thing here: which crate has found it does not matter to who reads it.
impl From<OnnxError> for ModelError {
    fn from(error: OnnxError) -> Self {
        match error {
            OnnxError::Io { path, source } => Self::Io { path, source },
            OnnxError::Invalid { path, message } => Self::Invalid { path, message },
            OnnxError::Head(message) => Self::Head(message),
            error => Self::Onnx(error),
        }
    }
}

impl From<rightly_data::DataError> for ModelError {
    fn from(error: rightly_data::DataError) -> Self {
        match error {
            rightly_data::DataError::Io { path, source } => Self::Io { path, source },
            rightly_data::DataError::Invalid { path, message } => Self::Invalid { path, message },
        }
    }
}

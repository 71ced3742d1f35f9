//! What can go wrong with an ONNX file.
use std::path::PathBuf;
/// Each variant says what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
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
    /// A model that would take more than is allowed.
    #[error("{path}: {message}")]
    Limit {
        /// The file.
        path: PathBuf,
        /// What it would take, and what is allowed.
        message: String,
        /// What has to be raised for it.
        lift: Lift,
    },
    /// An operator without a gradient rule (or that the engine lacks).
    #[error("{what}: operator {op} of node '{node}' is not supported; {hint}")]
    Unsupported {
        /// What was attempted.
        what: String,
        /// ONNX operator.
        op: String,
        /// Node name.
        node: String,
        /// What to do instead.
        hint: String,
    },
    /// A head that does not fit its place in a graph.
    #[error("head: {0}")]
    Head(String),
    /// The engine failed.
    #[error("{engine}: {message}")]
    Engine {
        /// Engine name.
        engine: &'static str,
        /// Its message.
        message: String,
    },
}

/// Which limit keeps a model from being run; the caller names its own option for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lift {
    /// [`crate::graph::Limits::memory`].
    Memory,
    /// One that is raised only with all others: [`crate::graph::Limits::NONE`].
    All,
}

impl From<rightly_data::DataError> for OnnxError {
    fn from(error: rightly_data::DataError) -> Self {
        match error {
            rightly_data::DataError::Io { path, source } => Self::Io { path, source },
            rightly_data::DataError::Invalid { path, message } => Self::Invalid { path, message },
        }
    }
}

//! What can stop an audit.

use std::path::PathBuf;

use rightly_data::DataError;
use rightly_model::ModelError;
use rightly_onnx::OnnxError;

use crate::measures::SizeMismatch;

/// Each variant says what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user's data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The user's model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A picture and a mask that don't belong together.
    #[error(transparent)]
    Sizes(#[from] SizeMismatch),
    /// A file of the run directory that could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file of the run directory that does not hold what it should.
    #[error("{path}: {message}")]
    Run {
        /// The file.
        path: PathBuf,
        /// What was expected and found, and what to do.
        message: String,
    },
    /// An option that can't be used with these inputs.
    #[error("{0}")]
    Usage(String),
    /// The user stopped the run; what is computed stays.
    #[error("interrupted; what is computed stays in the run directory, the same command goes on")]
    Interrupted,
}

impl From<OnnxError> for Error {
    fn from(error: OnnxError) -> Self {
        Self::Model(error.into())
    }
}

impl Error {
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    #[doc(hidden)] // for rightly-papers
    pub fn run(path: &std::path::Path, message: impl Into<String>) -> Self {
        Self::Run { path: path.to_owned(), message: message.into() }
    }
}

//! What can go wrong with a user's data.
use std::path::PathBuf;
/// Each variant says what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder that could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Bad input: a message that names the file, the value and what to do.
    #[error("{path}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was expected and found, and what to do.
        message: String,
    },
}
impl DataError {
    /// The system's answer about a file.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
    /// Bad input, in words: what was expected, what was found, what to do.
    pub fn invalid(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), message: message.into() }
    }
}

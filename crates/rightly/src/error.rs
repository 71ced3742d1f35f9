//! What can stop an audit that goes through the door.

/// Each message names the file or the value, and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder to write to is not one that may be written to.
    #[error("{0}")]
    Folder(String),
    /// The inputs, a stage or the run directory.
    #[error(transparent)]
    Audit(#[from] rightly_audit::Error),
    /// The page.
    #[error(transparent)]
    Report(#[from] rightly_report::ReportError),
}

impl Error {
    /// Whether somebody stopped the audit. What is computed stays; the same call goes on.
    pub fn is_interrupted(&self) -> bool {
        let inner = match self {
            Self::Audit(error) | Self::Report(rightly_report::ReportError::Run(error)) => error,
            Self::Folder(_) | Self::Report(_) => return false,
        };
        matches!(inner, rightly_audit::Error::Interrupted)
    }
}

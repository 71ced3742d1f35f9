//! What can stop a report.

use std::path::PathBuf;

/// A missing photograph is no error: the report says so in its place.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run can't be read, or the page can't be written.
    #[error(transparent)]
    Run(#[from] rightly_audit::Error),
    /// A table of the run can't be read.
    #[error(transparent)]
    Data(#[from] rightly_data::DataError),
    /// A picture can't be encoded.
    #[error("{path}: the picture can't be drawn into the report: {source}")]
    Picture {
        /// Image or class that it shows.
        path: PathBuf,
        /// The encoder's answer.
        source: image::ImageError,
    },
}

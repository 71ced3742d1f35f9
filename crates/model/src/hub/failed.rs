//! Why a file did not come.

use std::fmt;

use rightly_data::secret::Secret;

/// What ended a try.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    NotThere,
    Denied(u16),
    /// No connection, or one that broke.
    Unreachable(String),
    /// The server can't answer now.
    Busy(String),
    /// The file is another one than it was a moment ago.
    Changed,
    /// A connection, but nothing to use.
    Broken(String),
    Interrupted,
}

impl Failed {
    /// What a status without a file means.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            404 => Self::NotThere,
            401 | 403 => Self::Denied(status),
            429 | 500..=599 => Self::Busy(format!("status {status}")),
            _ => Self::Broken(format!("status {status}")),
        }
    }

    /// A file of the cache that can't be read or written.
    pub(super) fn disk(path: &std::path::Path, error: impl fmt::Display) -> Self {
        Self::Broken(format!("{}: {error}", path.display()))
    }

    /// The same without a token that a server repeated.
    pub(super) fn masked(self, token: Option<&Secret>) -> Self {
        let Some(token) = token else { return self };
        let mask = |text: String| token.masked_in(&text, "(token)");
        match self {
            Self::Unreachable(text) => Self::Unreachable(mask(text)),
            Self::Busy(text) => Self::Busy(mask(text)),
            Self::Broken(text) => Self::Broken(mask(text)),
            other => other,
        }
    }
}

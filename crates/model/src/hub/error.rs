//! What can go wrong between a name on the hub and a file on disk.

use std::{fmt::Write, path::PathBuf};

/// Each variant says what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// Not a name.
    #[error("'{name}': {why}; expected hf:ORG/NAME[@REVISION][/FILE]")]
    Name {
        /// What was given.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The surroundings that name the hub and its cache.
    #[error("{0}")]
    Setting(String),
    /// The hub can't be asked, and the cache lacks files.
    #[error("{}", offline(.name, .reason, .files))]
    Offline {
        /// The model.
        name: String,
        /// Why the hub can't be asked.
        reason: String,
        /// The files that are missing.
        files: Vec<MissingFile>,
    },
    /// The hub has no such file.
    #[error("{name}: the hub has no '{url}' (no such repository, revision or file)")]
    NotThere {
        /// The model.
        name: String,
        /// The address that was asked.
        url: String,
    },
    /// The hub does not hand the file out.
    #[error(
        "{name}: the hub refuses '{url}' (status {status}): the repository does not exist, is private, or its terms \
         are not accepted; log in with the hub's own tool, or set HF_TOKEN"
    )]
    Denied {
        /// The model.
        name: String,
        /// The address that was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The hub's answer can't be used, or the cache can't be written.
    #[error("{name}: '{url}': {message}")]
    Broken {
        /// The model.
        name: String,
        /// The address that was asked.
        url: String,
        /// What was found.
        message: String,
    },
    /// The user stopped the download; a part of it stays and is gone on with.
    #[error("interrupted; what is downloaded stays, the same command goes on")]
    Interrupted,
}

/// A file that is needed, and where it would be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFile {
    /// Its address on the hub.
    pub url: String,
    /// The path in the cache under which it is looked for.
    pub place: PathBuf,
}

fn offline(name: &str, reason: &str, files: &[MissingFile]) -> String {
    let mut text = format!(
        "{name}: the hub can't be asked ({reason}), and the cache lacks what is listed below. Download it where there \
         is a connection and put it there, or give the path of a model file in place of {name}:"
    );
    for file in files {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {} -> {}", file.url, file.place.display());
    }
    text
}

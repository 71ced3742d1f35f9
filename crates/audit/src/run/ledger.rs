//! What the files of a run are to hold: a checksum and a key of each, written before the file appears under its
//! name and checked whenever it is read.
//!
//! `.work/files.ledger` is a line with the checksum of the rest, then JSON. A file whose replacement was begun has two
//! checksums, that of before and that of after: a process that is killed between the two leaves a run that can be read.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rightly_data::files::write_whole;
use serde::{Deserialize, Serialize};

use super::files::hash_file;
use crate::Error;

/// The ledger's own name.
pub(super) const LEDGER: &str = ".work/files.ledger";
/// What is said of a file that is not as it was written.
pub(super) const CHANGED: &str = "was changed since it was written";

/// A file as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    /// blake3, hex; the last one is that of the newest write.
    hashes: Vec<String>,
    /// Key of the inputs and options behind the file.
    pub(super) key: String,
}

/// How a file of a run was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// As it was written, under this key.
    Whole(String),
    /// Never written.
    Absent,
    /// Something else, and what.
    Changed(&'static str),
}

/// What all files of a run are to hold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    files: BTreeMap<String, Entry>,
}

/// A ledger as it was found.
pub(super) enum Found {
    Whole(Ledger),
    /// There is none: a new run, or one of a version that kept none.
    Absent,
    /// Damaged: nothing in the run can be believed.
    Damaged,
}

impl Ledger {
    /// Reads the ledger of the run at `root`.
    ///
    /// # Errors
    /// Where the file is there and can't be read.
    pub(super) fn find(root: &Path) -> Result<Found, Error> {
        let path = root.join(LEDGER);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Absent),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let rest = bytes.iter().position(|&b| b == b'\n').map_or(&[][..], |end| &bytes[end + 1..]);
        let said = bytes.get(..bytes.len() - rest.len()).and_then(<[u8]>::split_last);
        let own = blake3::hash(rest).to_hex();
        match serde_json::from_slice(rest) {
            Ok(ledger) if said.is_some_and(|(_, said)| said == own.as_bytes()) => {
                Ok(Found::Whole(ledger))
            }
            _ => Ok(Found::Damaged),
        }
    }

    /// The ledger to add to: a damaged one is begun anew, so that its files count as unknown.
    fn to_add_to(root: &Path) -> Result<Self, Error> {
        Ok(match Self::find(root)? {
            Found::Whole(ledger) => ledger,
            Found::Absent | Found::Damaged => Self::default(),
        })
    }

    fn write(&self, root: &Path) -> Result<(), Error> {
        let path = root.join(LEDGER);
        let json = serde_json::to_vec(self).map_err(|e| Error::run(&path, e.to_string()))?;
        let mut bytes = format!("{}\n", blake3::hash(&json).to_hex()).into_bytes();
        bytes.extend(json);
        Ok(write_whole(&path, &bytes)?)
    }

    /// How the file is found that stands under this name.
    ///
    /// # Errors
    /// Where the file is there and can't be read.
    pub(super) fn state(&self, root: &Path, relative: &str) -> Result<State, Error> {
        let path = root.join(relative);
        Ok(match (self.files.get(relative), path.is_file()) {
            (None, false) => State::Absent,
            (None, true) => State::Changed("was not written by this run"),
            (Some(_), false) => State::Changed("was removed since it was written"),
            (Some(entry), true) if entry.hashes.contains(&hash_file(&path)?) => {
                State::Whole(entry.key.clone())
            }
            (Some(_), true) => State::Changed(CHANGED),
        })
    }

    /// The key under which a file was written.
    pub(super) fn key(&self, relative: &str) -> Option<&str> {
        self.files.get(relative).map(|entry| entry.key.as_str())
    }

    /// Names of the files under a key.
    pub(super) fn of_key(&self, key: &str) -> Vec<String> {
        let own = self.files.iter().filter(|(_, entry)| entry.key == key);
        own.map(|(name, _)| name.clone()).collect()
    }
}

/// A write that is about to happen: from now on the file may be what it was or what `hash` says. Without a key the file
/// keeps the one that it has. What the process wrote before (`settled`: name and hash) is now known to be there.
///
/// # Errors
/// Where the ledger can't be read or written.
pub(super) fn expect(
    root: &Path,
    relative: &str,
    hash: String,
    key: Option<&str>,
    settled: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    let mut ledger = Ledger::to_add_to(root)?;
    settle(&mut ledger, settled);
    let entry = ledger.files.entry(relative.to_owned()).or_default();
    let before = match entry.hashes.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => {
            // A process was killed in between: which of them is it?
            let path = root.join(relative);
            let own = if path.is_file() { Some(hash_file(&path)?) } else { None };
            own.filter(|own| several.contains(own))
        }
    };
    entry.hashes = before.into_iter().filter(|before| *before != hash).collect();
    entry.hashes.push(hash.clone());
    if let Some(key) = key {
        key.clone_into(&mut entry.key);
    }
    ledger.write(root)?;
    settled.push((relative.to_owned(), hash));
    Ok(())
}

/// Forgets a file.
///
/// # Errors
/// Where the ledger can't be read or written.
pub(super) fn forget(
    root: &Path,
    relative: &str,
    settled: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    let mut ledger = Ledger::to_add_to(root)?;
    settle(&mut ledger, settled);
    if ledger.files.remove(relative).is_some() { ledger.write(root) } else { Ok(()) }
}

fn settle(ledger: &mut Ledger, settled: &mut Vec<(String, String)>) {
    for (name, hash) in settled.drain(..) {
        if let Some(entry) = ledger.files.get_mut(&name)
            && entry.hashes.contains(&hash)
        {
            entry.hashes = vec![hash];
        }
    }
}

/// An error that names a file which is not as it was written, and says what to do.
pub(super) fn refused(path: PathBuf, why: &str) -> Error {
    Error::Run {
        path,
        message: format!("{why}; run the stage again that wrote it, which computes it anew"),
    }
}

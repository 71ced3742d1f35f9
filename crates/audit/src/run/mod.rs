//! The run directory: one place that holds everything about one audit.
//!
//! ```text
//! run.toml, samples.parquet, predictions.parquet, measures/…   promised to users
//! compare/sides.json                                           in a comparison: both runs' figures
//! metrics.json, findings.json, problems.csv, report.html        joined from the stages
//! .work/lock                                                    one process at a time
//! .work/files.ledger                                            checksum and key of every file here that is read again
//! .work/shards/MEASURE-KEY/00012                                finished units of work
//! .work/stages/STAGE.json                                       a finished stage: key, figures, findings, problems
//! ```
//! Every file appears under its name only when it is whole (temporary file, then rename), so a
//! run that is killed at any moment goes on from what is there. Every file that is read again is
//! held against its checksum: what was changed since it was written is computed again and named,
//! or, where a command only reads, is an error that names it.

mod checked;
mod comparison;
mod files;
mod growing;
mod identity;
mod key;
mod ledger;
mod lock;
mod manifest;
mod shards;
mod stages;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

pub use comparison::{Compared, ComparedRun, ComparisonManifest, Pairing};
pub(crate) use files::{hash_file, json_rows, read_json, write_json_rows};
pub(crate) use growing::GrowingTable;
pub(crate) use identity::{Former, Picture};
pub use key::{Key, key_of};
pub(crate) use ledger::State;
pub use lock::Lock;
pub use manifest::{Hashes, Manifest, model_name};
pub use shards::ShardStore;
pub use stages::StageRecord;

use crate::{Error, stage::STAGES};
use manifest::MANIFEST;

/// A run directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    root: PathBuf,
    /// Key under which files are written.
    key: Option<String>,
    /// Files that this process wrote and that are in their place, each with its hash.
    written: Arc<Mutex<Vec<(String, String)>>>,
}

impl RunDir {
    /// The run directory at `root`; nothing is created or checked yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), key: None, written: Arc::default() }
    }

    /// An existing run directory.
    ///
    /// # Errors
    /// Where `root` holds no `run.toml`.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let run = Self::new(root);
        if !run.path("run.toml").is_file() {
            return Err(Error::run(
                run.root(),
                "not a run directory (no run.toml); give the folder that --out named",
            ));
        }
        Ok(run)
    }

    /// The key under which this handle writes; empty where it writes for nobody.
    pub(crate) fn own_key(&self) -> &str {
        self.key.as_deref().unwrap_or("")
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the run, by its relative name.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Takes the run for this process.
    ///
    /// # Errors
    /// Where another process holds it.
    pub fn lock(&self) -> Result<Lock, Error> {
        Lock::take(&self.path(LOCK))
    }

    /// `run.toml` of an audit; that of a comparison is read by [`RunDir::comparison`].
    ///
    /// # Errors
    /// Where it was changed since it was written, or is none of this version.
    pub fn manifest(&self) -> Result<Manifest, Error> {
        Manifest::read(&self.checked(MANIFEST)?)
    }

    /// Finished shards of one measure with one set of options.
    pub fn shards(&self, measure: &str, key: &str) -> ShardStore {
        ShardStore::new(self.path(".work/shards"), format!("{measure}-{key}"))
    }
}

/// Where the run keeps what is no user's.
const WORK: &str = ".work";
/// What a cleared run keeps: the process that clears it holds it.
const LOCK: &str = ".work/lock";
/// What a run that begins anew keeps as well: shards are named by everything that decides them.
const SHARDS: &str = ".work/shards";

impl RunDir {
    /// Removes all that a run holds, the lock excepted.
    ///
    /// # Errors
    /// Where a file can't be removed.
    pub fn clear(&self) -> Result<(), Error> {
        self.remove_all_but(&[LOCK])
    }

    /// Removes what stages left. Finished units of work stay; those that fit are used again.
    ///
    /// # Errors
    /// Where a file can't be removed.
    pub(crate) fn begin_anew(&self) -> Result<(), Error> {
        self.remove_all_but(&[LOCK, SHARDS])
    }

    fn remove_all_but(&self, kept: &[&str]) -> Result<(), Error> {
        let remove = |relative: &str| -> Result<(), Error> {
            let path = self.path(relative);
            let done = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else if path.exists() {
                std::fs::remove_file(&path)
            } else {
                Ok(())
            };
            done.map_err(Error::io(&path))
        };
        // `run.toml` is the last to go: what is left of a run that was killed here can be cleared again.
        let work = self.path(WORK);
        if work.is_dir() {
            for entry in std::fs::read_dir(&work).map_err(Error::io(&work))? {
                let entry = entry.map_err(Error::io(&work))?;
                let relative = format!("{WORK}/{}", entry.file_name().to_string_lossy());
                if !kept.contains(&relative.as_str()) {
                    remove(&relative)?;
                }
            }
        }
        let of_stages = STAGES.iter().flat_map(|stage| stage.leaves);
        of_stages.map(|name| name.trim_end_matches('/')).try_for_each(remove)?;
        CONTENTS.iter().try_for_each(|relative| remove(relative))
    }
}

/// What a run directory holds beside [`WORK`] and what its stages leave; nothing else in the folder is ever touched.
const CONTENTS: [&str; 8] = [
    "metrics.json",
    "metrics.parquet",
    "findings.json",
    "verdict.json",
    "problems.csv",
    "report.html",
    "notes.json",
    MANIFEST,
];

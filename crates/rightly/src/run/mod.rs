//! The run directory: one place that holds everything about one audit.
//!
//! ```text
//! run.toml, samples.parquet, predictions.parquet, measures/…   promised to users
//! compare/sides.json                                           in a comparison: both runs' figures
//! metrics.json, findings.json, problems.csv, report.html        joined from the stages
//! .work/lock                                                    one process at a time
//! .work/shards/MEASURE-KEY/00012                                finished units of work
//! .work/stages/STAGE.json                                       a finished stage: key, figures, findings, problems
//! ```
//! Every file appears under its name only when it is whole (temporary file, then rename), so a
//! run that is killed at any moment goes on from what is there.

mod comparison;
mod files;
mod growing;
mod lock;
mod manifest;
mod shards;
mod stages;

use std::path::{Path, PathBuf};

pub use comparison::{Compared, ComparedRun, ComparisonManifest, Pairing};
pub(crate) use files::{hash_file, read_json, write_json_rows};
pub(crate) use growing::GrowingTable;
pub use lock::Lock;
pub use manifest::{Hashes, Manifest};
pub use shards::{ShardStore, key_of};
pub use stages::StageRecord;

use crate::{Error, Finding, Metric};

/// A run directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    root: PathBuf,
}

impl RunDir {
    /// The run directory at `root`; nothing is created or checked yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
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
        Lock::take(&self.path(".work/lock"))
    }

    /// `run.toml` of an audit; that of a comparison is read by [`RunDir::comparison`].
    pub fn manifest(&self) -> Result<Manifest, Error> {
        Manifest::read(&self.path("run.toml"))
    }

    /// `metrics.json`.
    pub fn metrics(&self) -> Result<Vec<Metric>, Error> {
        files::read_json(&self.path("metrics.json"))
    }

    /// `findings.json`.
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        files::read_json(&self.path("findings.json"))
    }

    /// `problems.csv`.
    pub fn problems(&self) -> Result<Vec<rightly_data::Problem>, Error> {
        files::read_problems(&self.path("problems.csv"))
    }

    /// Finished shards of one measure with one set of options.
    pub fn shards(&self, measure: &str, key: &str) -> ShardStore {
        ShardStore::new(self.path(".work/shards").join(format!("{measure}-{key}")))
    }
}

impl RunDir {
    /// Removes what a run holds, the lock excepted.
    ///
    /// # Errors
    /// Where a file can't be removed.
    pub fn clear(&self) -> Result<(), Error> {
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
        for relative in CONTENTS {
            remove(relative)?;
        }
        Ok(())
    }
}

/// What a run directory holds; nothing else in the folder is ever touched.
const CONTENTS: [&str; 17] = [
    ".work/stages",
    ".work/shards",
    "metrics.json",
    "findings.json",
    "problems.csv",
    "report.html",
    "samples.parquet",
    "predictions.parquet",
    "dynamics.parquet",
    "measures",
    "features",
    "rank",
    "discover",
    "interpret",
    "mitigate",
    "compare",
    "run.toml",
];

//! `run.toml` of a comparison: which runs were held against each other, and how.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{Hashes, RunDir, manifest::MANIFEST};
use crate::Error;

/// The key of `run.toml` that tells a comparison from an audit.
const TABLE: &str = "compare";

/// What a comparison was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonManifest {
    /// Version of rightly that wrote it.
    pub version: String,
    /// Seed of resampling, permutations and split halves.
    pub seed: u64,
    /// The two runs.
    pub compare: Compared,
}

/// The table `[compare]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Whether differences are taken image by image.
    pub pairing: Pairing,
    /// How that was decided, a sentence.
    pub choice: String,
    /// Images that both runs have.
    pub shared: usize,
    /// Images that only A has.
    pub only_a: usize,
    /// Images that only B has.
    pub only_b: usize,
    /// Resamples of the bootstrap.
    pub resamples: usize,
    /// The first run: differences are B minus A.
    pub a: ComparedRun,
    /// The second run.
    pub b: ComparedRun,
}

/// Whether differences are taken image by image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pairing {
    /// The same images in both runs: differences within the image.
    Paired,
    /// Other images: the difference of two independent figures.
    Unpaired,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedRun {
    /// Its folder, absolute.
    pub run: PathBuf,
    /// Version of rightly that made it.
    pub version: String,
    /// Its model.
    pub model: PathBuf,
    /// Its data.
    pub data: String,
    /// The split that it reports.
    pub split: String,
    /// Column of its clusters, where given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Images of that split.
    pub images: usize,
    /// blake3 of the figures and tables that were read.
    pub tables: String,
    /// Hashes of its inputs.
    pub hashes: Hashes,
}

impl ComparedRun {
    /// The same run, of the same model, data and split, whatever was measured since.
    fn same_inputs(&self, other: &Self) -> bool {
        self.run == other.run && self.hashes == other.hashes && self.split == other.split
    }
}

impl RunDir {
    /// What a comparison was made from; `None` where the run is an audit.
    ///
    /// # Errors
    /// Where `run.toml` can't be read or its `[compare]` is not one of this version.
    pub fn comparison(&self) -> Result<Option<ComparisonManifest>, Error> {
        let path = self.checked(MANIFEST)?;
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        if !is_comparison(&text) {
            return Ok(None);
        }
        toml::from_str(&text).map(Some).map_err(|e| Error::run(&path, e.to_string()))
    }
}

/// Whether the text of a `run.toml` is that of a comparison.
pub(super) fn is_comparison(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key(TABLE))
}

impl ComparisonManifest {
    /// Claims a run directory for this comparison: a new one is started, one of the same two runs
    /// is written anew, anything else is refused unless `force`, which clears it.
    ///
    /// # Errors
    /// Where the run was made from other inputs or can't be written.
    pub(crate) fn claim(&self, run: &RunDir, force: bool) -> Result<(), Error> {
        let path = run.path(MANIFEST);
        if path.is_file() {
            let same = |old: &Self| {
                old.compare.a.same_inputs(&self.compare.a)
                    && old.compare.b.same_inputs(&self.compare.b)
            };
            match run.comparison() {
                Ok(Some(old)) if same(&old) => {}
                _ if force => run.clear()?,
                Err(error) => return Err(error),
                Ok(old) => {
                    let what = match old {
                        None => "an audit, not a comparison".to_owned(),
                        Some(old) => format!(
                            "a comparison of other runs ({} and {})",
                            old.compare.a.run.display(),
                            old.compare.b.run.display()
                        ),
                    };
                    let advice = "give another --out, or --force to replace it";
                    return Err(Error::run(run.root(), format!("holds {what}; {advice}")));
                }
            }
        }
        let text = toml::to_string(self).map_err(|e| Error::run(&path, e.to_string()))?;
        run.keyed("").write(MANIFEST, text.as_bytes())
    }
}

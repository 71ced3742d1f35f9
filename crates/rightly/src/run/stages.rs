//! What each finished stage leaves, and the files that join all stages.

use std::collections::BTreeSet;

use rightly_data::{Problem, files::write_whole};
use serde::{Deserialize, Serialize};

use super::{RunDir, files};
use crate::{Error, Finding, Metric, findings};

/// Stages in the order in which their results are joined.
const ORDER: [&str; 7] =
    ["evaluate", "dynamics", "rank", "discover", "interpret", "mitigate", "compare"];

/// What a finished stage leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Key of the inputs and options it was computed from.
    pub key: String,
    /// Its figures.
    pub metrics: Vec<Metric>,
    /// Its findings.
    pub findings: Vec<Finding>,
    /// What it could not use.
    pub problems: Vec<Problem>,
    /// What it understood and decided, a sentence each.
    pub notes: Vec<String>,
}

impl RunDir {
    /// The record of a finished stage, `None` where it has not finished.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn stage(&self, stage: &str) -> Result<Option<StageRecord>, Error> {
        let path = self.path(&format!(".work/stages/{stage}.json"));
        if path.is_file() { files::read_json(&path).map(Some) } else { Ok(None) }
    }

    /// Records a finished stage with its options, which go into `run.toml`; as [`RunDir::finish_stage`].
    ///
    /// # Errors
    /// Where a file can't be read or written.
    pub fn finish_stage_of(
        &self,
        stage: &str,
        options: toml::Table,
        record: &StageRecord,
    ) -> Result<(), Error> {
        let mut manifest = self.manifest()?;
        manifest.stages.insert(stage.to_owned(), options);
        manifest.write(&self.path("run.toml"))?;
        self.finish_stage(stage, record)
    }

    /// Records a finished stage, then rewrites `metrics.json`, `findings.json` and `problems.csv`
    /// from all finished stages.
    ///
    /// # Errors
    /// Where a file can't be written.
    pub fn finish_stage(&self, stage: &str, record: &StageRecord) -> Result<(), Error> {
        self.join_stages(Some((stage, record)))?;
        // Last, so that a stage counts as finished only when what it promises is there.
        let path = self.path(&format!(".work/stages/{stage}.json"));
        let text = serde_json::to_vec(record).map_err(|e| Error::run(&path, e.to_string()))?;
        Ok(write_whole(&path, &text)?)
    }

    fn join_stages(&self, newest: Option<(&str, &StageRecord)>) -> Result<(), Error> {
        let mut metrics = Vec::new();
        let mut found = Vec::new();
        let mut problems: Vec<Problem> = Vec::new();
        let mut said = BTreeSet::new();
        for name in ORDER {
            let record = match newest {
                Some((stage, record)) if stage == name => Some(record.clone()),
                _ => self.stage(name)?,
            };
            let Some(record) = record else { continue };
            metrics.extend(record.metrics);
            match name {
                "interpret" => findings::rename(&mut found, record.findings),
                _ => found.extend(record.findings),
            }
            for problem in record.problems {
                // Several stages may meet the same problem of the data.
                if said.insert(problem.clone()) {
                    problems.push(problem);
                }
            }
        }
        findings::sort(&mut found);
        findings::merge(&mut found);
        files::write_json_rows(&self.path("metrics.json"), &metrics)?;
        files::write_json_rows(&self.path("findings.json"), &found)?;
        files::write_problems(&self.path("problems.csv"), &problems)
    }
}

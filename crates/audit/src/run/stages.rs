//! What each finished stage leaves, and the files that join all stages.

use std::{collections::BTreeSet, fs};

use rightly_data::Problem;
use serde::{Deserialize, Serialize};

use super::{
    RunDir, files,
    ledger::{self, State},
};
use crate::{
    Error, Event, Finding, Metric, Sink, audit::LeftOut, findings, interpret, metrics, stage,
};

/// The files that join all stages.
const METRICS: &str = "metrics.json";
/// The same as a table.
const METRICS_TABLE: &str = "metrics.parquet";
const FINDINGS: &str = "findings.json";
const PROBLEMS: &str = "problems.csv";
/// Stages that the last audit could not run.
const LEFT_OUT: &str = ".work/left-out.json";

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

/// The file of a record: with the names of the tables that were written under its key.
#[derive(Serialize, Deserialize)]
struct Stored<R> {
    files: Vec<String>,
    record: R,
}

fn path_of(stage: &str) -> String {
    format!(".work/stages/{stage}.json")
}

impl RunDir {
    /// The record of a finished stage, `None` where it has not finished.
    ///
    /// # Errors
    /// Where the record was changed since it was written, or can't be read.
    pub fn stage(&self, stage: &str) -> Result<Option<StageRecord>, Error> {
        Ok(self.stored(stage)?.map(|stored| stored.record))
    }

    fn stored(&self, stage: &str) -> Result<Option<Stored<StageRecord>>, Error> {
        let Some(path) = self.existing(&path_of(stage))? else { return Ok(None) };
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let stored: Stored<StageRecord> =
            serde_json::from_slice(&bytes).map_err(|e| Error::run(&path, e.to_string()))?;
        for metric in &stored.record.metrics {
            metric.check().map_err(|why| Error::run(&path, why))?;
        }
        Ok(Some(stored))
    }

    /// The record of a stage that finished under this key and whose files are all as it wrote them. What was changed since
    /// is named, and the stage is to be computed again.
    ///
    /// # Errors
    /// Where a file is there and can't be read.
    pub(crate) fn finished(
        &self,
        stage: &str,
        key: &str,
        sink: Sink<'_>,
    ) -> Result<Option<StageRecord>, Error> {
        let damaged = |name: &str, why: &str| {
            let file = self.path(name);
            sink(Event::Damaged(format!("{}: {why}; computed again", file.display())));
        };
        let own = path_of(stage);
        let stored = match self.state(&own)? {
            State::Absent => return Ok(None),
            State::Changed(why) => {
                damaged(&own, why);
                return Ok(None);
            }
            State::Whole(_) => match self.stored(stage) {
                Ok(Some(stored)) => stored,
                Ok(None) => return Ok(None),
                // Whole, and yet no record: of another version, or with figures that can't be.
                Err(error) => {
                    sink(Event::Damaged(format!("{error}; computed again")));
                    return Ok(None);
                }
            },
        };
        if stored.record.key != key {
            return Ok(None);
        }
        let mut whole = true;
        for name in &stored.files {
            match self.state(name)? {
                State::Whole(of) if of == key => {}
                // A stage with other options was begun and stopped.
                State::Whole(_) => whole = false,
                State::Absent => {
                    damaged(name, "is gone");
                    whole = false;
                }
                State::Changed(why) => {
                    damaged(name, why);
                    whole = false;
                }
            }
        }
        if !whole {
            return Ok(None);
        }
        for name in [METRICS, METRICS_TABLE, FINDINGS, PROBLEMS] {
            if let State::Changed(why) = self.state(name)? {
                damaged(name, why);
                whole = false;
            }
        }
        if !whole {
            self.join_stages(None)?;
        }
        Ok(Some(stored.record))
    }

    /// A file that a finished stage wrote, checked; `None` where the stage wrote none of this name.
    ///
    /// # Errors
    /// Where the file was changed, or a later run of the stage was stopped while it wrote.
    pub fn file_of(
        &self,
        stage: &str,
        relative: &str,
    ) -> Result<Option<std::path::PathBuf>, Error> {
        let Some(stored) = self.stored(stage)? else { return Ok(None) };
        if !stored.files.iter().any(|name| name == relative) {
            return Ok(None);
        }
        let path = self.path(relative);
        match self.state(relative)? {
            State::Whole(key) if key == stored.record.key => Ok(Some(path)),
            State::Whole(_) | State::Absent => {
                Err(ledger::refused(path, "is what a stopped run of the stage left"))
            }
            State::Changed(why) => Err(ledger::refused(path, why)),
        }
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
        manifest.write(self)?;
        self.finish_stage(stage, record)
    }

    /// Records a finished stage, then rewrites `metrics.json`, `findings.json` and `problems.csv`
    /// from all finished stages.
    ///
    /// # Errors
    /// Where the stage is not one that is known, a figure can't be, or a file can't be written.
    pub fn finish_stage(&self, stage: &str, record: &StageRecord) -> Result<(), Error> {
        let path = self.path(&path_of(stage));
        if !stage::recorded().any(|known| known == stage) {
            let known = stage::recorded().collect::<Vec<_>>().join(", ");
            return Err(Error::run(&path, format!("there is no stage '{stage}', only {known}")));
        }
        for metric in &record.metrics {
            metric.check().map_err(|why| Error::run(&path, why))?;
        }
        self.join_stages(Some((stage, record)))?;
        // Last, so that a stage counts as finished only when what it promises is there.
        let stored = Stored { files: self.of_key(&record.key)?, record };
        let text = serde_json::to_vec(&stored).map_err(|e| Error::run(&path, e.to_string()))?;
        self.shared().write(&path_of(stage), &text)
    }

    /// Keeps which stages an audit left out, and why.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub(crate) fn leave_out(&self, left: &[LeftOut]) -> Result<(), Error> {
        let text = files::json_rows(&self.path(LEFT_OUT), left)?;
        self.shared().write(LEFT_OUT, text.as_bytes())
    }

    /// The stages that the last audit left out.
    ///
    /// # Errors
    /// Where the file was changed since it was written, or can't be read.
    pub(crate) fn left_out(&self) -> Result<Vec<LeftOut>, Error> {
        match self.existing(LEFT_OUT)? {
            Some(path) => files::read_json(&path),
            None => Ok(Vec::new()),
        }
    }

    fn join_stages(&self, newest: Option<(&str, &StageRecord)>) -> Result<(), Error> {
        let mut metrics = Vec::new();
        let mut found = Vec::new();
        let mut problems: Vec<Problem> = Vec::new();
        let mut said = BTreeSet::new();
        for name in stage::recorded() {
            let record = match newest {
                Some((stage, record)) if stage == name => Some(record.clone()),
                _ => self.stage(name)?,
            };
            let Some(record) = record else { continue };
            metrics.extend(record.metrics);
            match name {
                interpret::STAGE => findings::rename(&mut found, record.findings),
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
        let run = self.shared();
        let path = |name| self.path(name);
        run.write(METRICS, files::json_rows(&path(METRICS), &metrics)?.as_bytes())?;
        run.write_table(METRICS_TABLE, &metrics::table(&metrics)?)?;
        run.write(FINDINGS, files::json_rows(&path(FINDINGS), &found)?.as_bytes())?;
        run.write(PROBLEMS, &files::problem_rows(&path(PROBLEMS), &problems)?)
    }

    /// The run as the owner of files that belong to no stage.
    fn shared(&self) -> Self {
        self.keyed("")
    }

    /// `metrics.json`.
    ///
    /// # Errors
    /// Where it was changed since it was written, can't be read, or holds a figure that can't be.
    pub fn metrics(&self) -> Result<Vec<Metric>, Error> {
        let path = self.checked(METRICS)?;
        let metrics: Vec<Metric> = files::read_json(&path)?;
        for metric in &metrics {
            metric.check().map_err(|why| Error::run(&path, why))?;
        }
        Ok(metrics)
    }

    /// `findings.json`.
    ///
    /// # Errors
    /// As [`RunDir::metrics`].
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        files::read_json(&self.checked(FINDINGS)?)
    }

    /// `problems.csv`.
    ///
    /// # Errors
    /// As [`RunDir::metrics`].
    pub fn problems(&self) -> Result<Vec<Problem>, Error> {
        files::read_problems(&self.checked(PROBLEMS)?)
    }
}

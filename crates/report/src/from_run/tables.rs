//! What the report needs of a run's tables, one entry an image.

use std::{collections::BTreeMap, io::ErrorKind, path::Path};

use rightly_audit::{RunDir, run::Manifest};
use rightly_data::{
    DataError, files,
    table::{self, Table},
};

use crate::ReportError;

/// An evaluated image and the clean prediction.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) class: String,
    pub(super) clean: Option<Clean>,
}

/// The clean prediction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clean {
    pub(super) output: i64,
    pub(super) correct: bool,
    /// Probability of the true class.
    pub(super) confidence: f64,
}

/// Images in the order of `samples.parquet`.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) images: Vec<Seen>,
    /// Class names, in order of first appearance.
    pub(super) classes: Vec<String>,
    at: BTreeMap<String, usize>,
    labels: Vec<String>,
}

impl Tables {
    pub(super) fn read(run: &RunDir, manifest: &Manifest) -> Result<Self, ReportError> {
        let mut out = Self::default();
        if let Some(path) = run.file_of(rightly_audit::evaluate::STAGE, "samples.parquet")? {
            out.samples(&path)?;
        }
        // A run in which images were ranked or divided but not evaluated.
        for (stage, table) in [
            (rightly_audit::rank::STAGE, "rank/spuriosity.parquet"),
            (rightly_audit::discover::STAGE, "discover/groups.parquet"),
        ] {
            if out.images.is_empty()
                && let Some(path) = run.file_of(stage, table)?
            {
                out.samples(&path)?;
            }
        }
        out.predictions(run)?;
        if let Some(file) = &manifest.card.labels {
            match files::read_text(file, files::SMALL) {
                Ok(text) => out.labels = text.lines().map(|line| line.trim().to_owned()).collect(),
                // A run is looked at elsewhere than it was made: outputs are then named by their index.
                Err(DataError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(out)
    }

    /// Images and classes of a table that has them.
    fn samples(&mut self, path: &Path) -> Result<(), ReportError> {
        let samples = Table::load(path)?;
        let (ids, classes) = (samples.texts("id")?, samples.texts("class")?);
        for (id, class) in ids.into_iter().zip(classes) {
            let (Some(id), Some(class)) = (id, class) else {
                return Err(DataError::invalid(path, "a row has no id or no class").into());
            };
            if !self.classes.contains(&class) {
                self.classes.push(class.clone());
            }
            // A table of several methods has an image several times.
            if self.at.contains_key(&id) {
                continue;
            }
            self.at.insert(id.clone(), self.images.len());
            self.images.push(Seen { id, class, clean: None });
        }
        Ok(())
    }

    fn predictions(&mut self, run: &RunDir) -> Result<(), ReportError> {
        let Some(path) = run.file_of(rightly_audit::evaluate::STAGE, "predictions.parquet")? else {
            return Ok(());
        };
        let mut begun = false;
        for batch in table::read(&path)? {
            let batch = batch?;
            let condition = table::texts(&batch, "condition", &path)?;
            let clean = |c: &Option<String>| c.as_deref() == Some("none");
            if !condition.iter().any(clean) {
                // Clean predictions stand together.
                if begun { break } else { continue }
            }
            begun = true;
            let ids = table::texts(&batch, "id", &path)?;
            let outputs = table::integers(&batch, "output", &path)?;
            let correct = table::texts(&batch, "correct", &path)?;
            let confidence = table::floats(&batch, "confidence", &path)?;
            for row in (0..ids.len()).filter(|&row| clean(&condition[row])) {
                let at = ids[row].as_ref().and_then(|id| self.at.get(id));
                let answer = outputs[row].zip(correct[row].as_deref()).zip(confidence[row]);
                if let (Some(&at), Some(((output, correct), confidence))) = (at, answer) {
                    let correct = correct == "true";
                    self.images[at].clean = Some(Clean { output, correct, confidence });
                }
            }
        }
        Ok(())
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Seen> {
        self.at.get(id).map(|&at| &self.images[at])
    }

    /// An image that another table of the run names.
    ///
    /// # Errors
    /// The tables do not belong together.
    pub(super) fn known(&self, id: &str, path: &Path) -> Result<&Seen, ReportError> {
        let message = || format!("names the image '{id}', which is none of the run's samples");
        self.by_id(id).ok_or_else(|| DataError::invalid(path, message()).into())
    }

    /// An output's label, or its index where there is none.
    pub(super) fn label(&self, output: i64) -> String {
        let label = usize::try_from(output).ok().and_then(|at| self.labels.get(at));
        label.filter(|l| !l.is_empty()).cloned().unwrap_or_else(|| format!("output {output}"))
    }
}

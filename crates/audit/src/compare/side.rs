//! One of the two runs, opened for comparison.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rightly_data::table::Table;

use super::tables::{Places, Tables};
use crate::{
    Error, Finding, Metric, RunDir, evaluate,
    run::{ComparedRun, Manifest, hash_file},
};

/// What is read of a run; together they decide the comparison.
const READ: [&str; 7] = [
    "metrics.json",
    "findings.json",
    "samples.parquet",
    "predictions.parquet",
    "measures/ablation.parquet",
    "measures/saliency.parquet",
    "measures/objects.parquet",
];

/// One image of the split that a run reports.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Image {
    pub(super) id: String,
    pub(super) class: String,
    /// Width and height, where the image could be read.
    pub(super) size: Option<(i64, i64)>,
    /// Its cluster, where the run has clusters and the image a value.
    pub(super) cluster: Option<String>,
}

/// A run with its per-image values.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// Its folder, absolute.
    pub(super) root: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) metrics: Vec<Metric>,
    pub(super) findings: Vec<Finding>,
    /// Images whose id is theirs alone.
    pub(super) images: Vec<Image>,
    /// Classes in order of first appearance.
    pub(super) classes: Vec<String>,
    /// Ids that stand for several images, which can't be told apart in the tables.
    pub(super) repeated: Vec<String>,
    pub(super) tables: Tables,
    /// blake3 of what was read.
    pub(super) hash: String,
}

impl Side {
    /// Opens a finished audit.
    ///
    /// # Errors
    /// Where `root` is no run, is a comparison, has not finished `evaluate`, or a table can't be read.
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        let run = RunDir::open(root)?;
        let manifest = run.manifest()?;
        let there = |file: &str| run.existing(file).map(|path| path.is_some());
        let metrics = if there("metrics.json")? { run.metrics()? } else { Vec::new() };
        let mut finished = metrics.iter().any(|m| m.stage == evaluate::STAGE);
        for table in ["samples.parquet", "predictions.parquet"] {
            finished &= run.file_of(evaluate::STAGE, table)?.is_some();
        }
        if !finished {
            return Err(Error::run(
                root,
                "this run has not finished `evaluate`, so there is nothing to compare yet; give \
                 the command that started it again, it goes on where it was",
            ));
        }
        let findings = if there("findings.json")? { run.findings()? } else { Vec::new() };
        let (images, repeated) = samples(&run, manifest.cluster.as_deref())?;
        let at: BTreeMap<String, usize> =
            images.iter().enumerate().map(|(i, image)| (image.id.clone(), i)).collect();
        let tables = Tables::read(&run, &Places { at: &at, images: images.len() })?;
        let mut classes: Vec<String> = Vec::new();
        for image in &images {
            if !classes.contains(&image.class) {
                classes.push(image.class.clone());
            }
        }
        Ok(Self {
            root: std::path::absolute(root).unwrap_or_else(|_| root.to_owned()),
            manifest,
            metrics,
            findings,
            images,
            classes,
            repeated,
            tables,
            hash: hash(&run)?,
        })
    }

    /// Whether images belong to clusters.
    pub(super) fn clustered(&self) -> bool {
        self.manifest.cluster.is_some()
    }

    /// An option of `evaluate`, as `run.toml` has it.
    pub(super) fn option(&self, name: &str) -> Option<&toml::Value> {
        self.manifest.stages.get(evaluate::STAGE)?.get(name)
    }

    /// The name of the run's activation maps in conditions.
    pub(super) fn maps(&self) -> &str {
        self.option("cam").and_then(toml::Value::as_str).unwrap_or("gradcam")
    }

    /// What the comparison records of the run.
    pub(super) fn compared(&self) -> ComparedRun {
        ComparedRun {
            run: self.root.clone(),
            version: self.manifest.version.clone(),
            model: self.manifest.inputs.model.clone(),
            data: self.manifest.inputs.data.clone(),
            split: self.manifest.split.clone(),
            cluster: self.manifest.cluster.clone(),
            images: self.images.len(),
            tables: self.hash.clone(),
            hashes: self.manifest.hashes.clone(),
        }
    }
}

/// The images whose id is theirs alone, and the ids that several images have.
fn samples(run: &RunDir, cluster: Option<&str>) -> Result<(Vec<Image>, Vec<String>), Error> {
    let table = Table::load(&run.checked("samples.parquet")?)?;
    let columns = table.columns();
    let text = |name: &str| -> Result<Vec<Option<String>>, Error> {
        Ok(if columns.contains(&name) { table.texts(name)? } else { vec![None; table.rows()] })
    };
    let number = |name: &str| -> Result<Vec<Option<i64>>, Error> {
        Ok(if columns.contains(&name) { table.integers(name)? } else { vec![None; table.rows()] })
    };
    let (ids, classes) = (table.texts("id")?, table.texts("class")?);
    let (widths, heights) = (number("width")?, number("height")?);
    // An attribute named like a column of ours stands under a longer name.
    let named = cluster.map(|name| match format!("attribute/{name}") {
        clash if columns.contains(&clash.as_str()) => clash,
        _ => name.to_owned(),
    });
    let clusters = match &named {
        Some(name) => text(name)?,
        None => vec![None; table.rows()],
    };
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    ids.iter().flatten().for_each(|id| *times.entry(id).or_default() += 1);
    let images = (0..ids.len()).filter_map(|row| {
        let id = ids[row].clone().filter(|id| times.get(id.as_str()) == Some(&1))?;
        Some(Image {
            id,
            class: classes[row].clone()?,
            size: widths[row].zip(heights[row]),
            cluster: clusters[row].clone(),
        })
    });
    let repeated = times.iter().filter(|(_, n)| **n > 1).map(|(id, _)| (*id).to_owned());
    Ok((images.collect(), repeated.collect()))
}

/// blake3 of everything that is read, file by file.
fn hash(run: &RunDir) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    for name in READ {
        let path = run.path(name);
        hasher.update(name.as_bytes());
        if path.is_file() {
            hasher.update(hash_file(&path)?.as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

//! One planted, trained and audited world, as `rightly demo` leaves it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use rightly::{
    Finding, Metric, RunDir,
    metrics::{POOLED, find},
    planted_truth::{self, Truth},
};
use rightly_data::{Dataset, dataset::OpenOptions, table::Table};

use super::dealt;

/// Whether every class's cue is taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    No,
    Yes,
}

/// Makes worlds with the binary and keeps them.
pub(crate) struct Planter {
    binary: PathBuf,
    cache: PathBuf,
}

impl Planter {
    pub(crate) fn new(binary: Option<&Path>, cache: &Path) -> anyhow::Result<Self> {
        let binary = crate::binary::find(binary)?;
        Ok(Self { binary, cache: cache.to_owned() })
    }

    /// The world `name` of a seed, planted now or taken from the cache.
    pub(crate) fn plant(&self, name: &str, seed: u64, plain: Plain) -> anyhow::Result<World> {
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let ending = if plain == Plain::Yes { "-without-cues" } else { "" };
        let out = self.cache.join(format!("{stem}-{seed}{ending}"));
        let mut command = Command::new(&self.binary);
        command.args(["demo", "--quiet", "--world", name, "--seed", &seed.to_string()]);
        if plain == Plain::Yes {
            command.arg("--without-cues");
        }
        // What is there already is not made again.
        crate::binary::run(command.arg("--out").arg(&out), &out)?;
        World::read(name, &out, seed)
    }

    /// Findings of one method on the world's features, in a run of its own.
    pub(crate) fn discover(&self, world: &World, method: &str) -> anyhow::Result<Vec<Finding>> {
        let run = world.folder.join("methods").join(method);
        let dynamics = world.folder.join("model/dynamics.parquet");
        self.discover_in(world, method, &run, &world.table(), Some(&dynamics))
    }

    /// The same on outcomes and losses that are dealt anew among the images of each class.
    pub(crate) fn discover_dealt_anew(
        &self,
        world: &World,
        method: &str,
    ) -> anyhow::Result<Vec<Finding>> {
        let run = world.folder.join("methods").join(format!("{method}-dealt-anew"));
        let dynamics = dealt::deal(world, &run)?;
        self.discover_in(world, method, &run, &world.table(), Some(&dynamics))
    }

    /// The same on held-out images of another seed, which the model of this world has never seen; a probe gives the losses.
    pub(crate) fn discover_drawn_anew(
        &self,
        world: &World,
        method: &str,
        draw: u64,
    ) -> anyhow::Result<Vec<Finding>> {
        let run = world.folder.join("methods").join(format!("{method}-draw-{draw}"));
        // Seeds of worlds are small: these are nobody else's.
        let seed = 1_000_000 + 1000 * world.seed + draw;
        let data = format!("planted:{}?seed={seed}", world.name);
        self.discover_in(world, method, &run, &data, None)
    }

    /// Runs discovery where it has not run, and names what is there.
    pub(crate) fn interpret(
        &self,
        world: &World,
        data: &str,
        run: &Path,
        image_text: Option<&Path>,
    ) -> anyhow::Result<()> {
        let mut command = Command::new(&self.binary);
        command
            .args(["interpret", "--quiet", "--format", "csv", "--model"])
            .arg(world.folder.join("model/model.onnx"))
            .args(["--data", data, "--seed", &world.seed.to_string(), "--out"])
            .arg(run);
        if let Some(folder) = image_text {
            command.arg("--image-text").arg(folder);
        }
        crate::binary::run(&mut command, run)
    }

    /// Repairs the model of a run for its subgroups, or for the groups of a file.
    pub(crate) fn mitigate(
        &self,
        world: &World,
        run: &Path,
        repairs: &str,
        groups: Option<&Path>,
    ) -> anyhow::Result<()> {
        let mut command = Command::new(&self.binary);
        command
            .args(["mitigate", "--quiet", "--no-remeasure", "--repair", repairs, "--model"])
            .arg(world.folder.join("model/model.onnx"))
            .args(["--format", "csv", "--data", &world.table(), "--seed", &world.seed.to_string()])
            .arg("--out")
            .arg(run);
        if let Some(groups) = groups {
            command.arg("--groups").arg(groups);
        }
        crate::binary::run(&mut command, run)
    }

    fn discover_in(
        &self,
        world: &World,
        method: &str,
        run: &Path,
        data: &str,
        dynamics: Option<&Path>,
    ) -> anyhow::Result<Vec<Finding>> {
        let mut command = Command::new(&self.binary);
        command
            .args(["discover", "--quiet", "--method", method, "--format", "csv", "--model"])
            .arg(world.folder.join("model/model.onnx"))
            .args(["--data", data, "--seed", &world.seed.to_string(), "--out"])
            .arg(run);
        if let Some(dynamics) = dynamics {
            command.arg("--dynamics").arg(dynamics);
        }
        crate::binary::run(&mut command, run)?;
        Ok(RunDir::open(run)?.findings()?)
    }
}

pub(crate) struct World {
    /// Shipped world or file.
    pub(crate) name: String,
    pub(crate) truths: Vec<Truth>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) metrics: Vec<Metric>,
    /// Right or wrong on the split that is reported.
    pub(crate) outcomes: BTreeMap<String, bool>,
    pub(crate) dataset: Dataset,
    /// Attribute of the world to the value of each image.
    pub(crate) attributes: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) run: RunDir,
    /// What the demo left.
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
}

impl World {
    fn read(name: &str, out: &Path, seed: u64) -> anyhow::Result<Self> {
        let run = RunDir::open(out.join("run"))?;
        let data = out.join("data/dataset.csv");
        let dataset = Dataset::open(&data.to_string_lossy(), &OpenOptions::default())?;
        Ok(Self {
            name: name.to_owned(),
            truths: planted_truth::read(&out.join("truth.json"))?,
            findings: run.findings()?,
            metrics: run.metrics()?,
            outcomes: planted_truth::outcomes(&run)?,
            dataset,
            attributes: attributes(&out.join("data/attributes.csv"))?,
            run,
            folder: out.to_owned(),
            seed,
        })
    }

    /// The table of its images.
    pub(crate) fn table(&self) -> String {
        self.folder.join("data/dataset.csv").display().to_string()
    }

    pub(crate) fn of_class(&self, class: &str) -> BTreeSet<&str> {
        self.dataset.ids_of(class)
    }

    /// The model's loss on each image that the run reports.
    pub(crate) fn losses(&self) -> anyhow::Result<BTreeMap<String, f64>> {
        let table = Table::load(&self.run.path(&rightly::features::outcomes_of("model")))?;
        let rows = table.texts("id")?.into_iter().zip(table.floats("loss")?);
        let known = rows.filter_map(|(id, loss)| Some((id?, loss?)));
        Ok(known.filter(|(id, _)| self.outcomes.contains_key(id)).collect())
    }

    pub(crate) fn clean_accuracy(&self) -> String {
        let accuracy = find(&self.metrics, "accuracy", Some("none"), POOLED).and_then(|m| m.value);
        accuracy.map_or_else(|| "?".to_owned(), |a| format!("{a:.3}"))
    }

    /// Share of right answers of each image under a condition, over its trials.
    pub(crate) fn right_under(&self, condition: &str) -> anyhow::Result<BTreeMap<String, f64>> {
        let table = Table::load(&self.run.path("predictions.parquet"))?;
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        let columns = (table.texts("id")?, table.texts("condition")?, table.texts("correct")?);
        for ((id, at), correct) in columns.0.into_iter().zip(columns.1).zip(columns.2) {
            if let (Some(id), Some(correct)) = (id, correct)
                && at.as_deref() == Some(condition)
            {
                let sum = sums.entry(id).or_default();
                *sum = (sum.0 + f64::from(u8::from(correct == "true")), sum.1 + 1.0);
            }
        }
        Ok(sums.into_iter().map(|(id, (right, n))| (id, right / n)).collect())
    }
}

/// `attributes.csv`: every attribute of every image.
fn attributes(path: &Path) -> anyhow::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let table = rightly_data::dataset::TextTable::read(path)?;
    let image = table.columns.iter().position(|c| c == "image");
    let image = image.with_context(|| format!("{}: no column 'image'", path.display()))?;
    let mut out: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in table.cells {
        let Some(id) = row[image].clone() else { continue };
        for (name, value) in table.columns.iter().zip(row) {
            if let (true, Some(value)) = (name != "image", value) {
                out.entry(name.clone()).or_default().insert(id.clone(), value);
            }
        }
    }
    Ok(out)
}

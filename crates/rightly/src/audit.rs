//! The door: from a model and its images to a report.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use rightly_audit::{
    Context, Event, Finding, InputOptions, Inputs, Metric, RunDir, Sink,
    audit::{self, LeftOut, Stages},
    first_look::AUTO,
    verdict::{self, Verdict},
};
use rightly_model::Overrides;

use crate::{
    Error,
    claim::Claim,
    place::{self, Input, Made},
};

/// An audit of one model on one dataset, to be configured and run.
///
/// All stages that the inputs allow run: reliance on the object, ranks by cue, subgroups that fail, words for both, and a
/// repaired model. What the inputs don't allow is left out, and [`Report::left_out`] says why. What is finished stays: the same
/// audit again computes nothing, and one that was stopped goes on.
///
/// ```no_run
/// let report = rightly::Audit::new("model.onnx", "photos/")
///     .masks("masks/")
///     .out("run")
///     .run()?;
/// println!("{} findings, report at {}", report.findings()?.len(), report.html().display());
/// # Ok::<(), rightly::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Audit {
    options: InputOptions,
    overrides: Overrides,
    out: PathBuf,
    force: bool,
    stages: Stages,
    threads: Option<usize>,
    /// What is read, and may not be written to.
    reads: Vec<Input>,
}

impl Audit {
    /// An audit of an ONNX classifier on a folder of class folders, a table, or `KIND:PATH` (docs/data.md).
    pub fn new(model: impl Into<PathBuf>, data: impl AsRef<Path>) -> Self {
        let data = data.as_ref().to_string_lossy().into_owned();
        Self::of(InputOptions { engine: AUTO.to_owned(), ..InputOptions::new(model, data) })
    }

    /// An audit of inputs of which every option is known.
    pub fn of(options: InputOptions) -> Self {
        Self {
            options,
            overrides: Overrides::default(),
            out: PathBuf::from("rightly-run"),
            force: false,
            stages: Stages::all(),
            threads: None,
            reads: Vec::new(),
        }
    }

    /// The folder of object masks that mirrors the folder of images. Without masks nothing is said of the object.
    #[must_use]
    pub fn masks(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.masks = Some(folder.into());
        self
    }

    /// The run directory that is written: a new or an empty folder, or an earlier run of the same audit (`rightly-run` where
    /// nothing is said).
    #[must_use]
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = folder.into();
        self
    }

    /// The split that figures are of (`test`, else `val`, else all images).
    #[must_use]
    pub fn split(mut self, split: impl Into<String>) -> Self {
        self.options.split = Some(split.into());
        self
    }

    /// The column of the table whose equal values belong together (frames of one video): the unit of every interval.
    #[must_use]
    pub fn cluster(mut self, column: impl Into<String>) -> Self {
        self.options.cluster = Some(column.into());
        self
    }

    /// The table `class,output` that says which outputs are right for a class, where names don't.
    #[must_use]
    pub fn label_map(mut self, file: impl Into<PathBuf>) -> Self {
        self.options.label_map = Some(file.into());
        self
    }

    /// Seed of every random choice (0).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Worker threads (all cores). Results do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// What the model's card does not say, or says wrongly: geometry, normalisation, layers.
    #[must_use]
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        self.overrides = overrides;
        self
    }

    /// Other stages, or other options of them.
    #[must_use]
    pub fn stages(mut self, stages: Stages) -> Self {
        self.stages = stages;
        self
    }

    /// Begins a run anew that rests on something else (another model, other data).
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Further paths that are read: nothing is written into them.
    #[doc(hidden)]
    #[must_use]
    pub fn reads(mut self, paths: impl IntoIterator<Item = Input>) -> Self {
        self.reads.extend(paths);
        self
    }

    /// Refuses a folder that may not be written to. [`Audit::run`] does so itself; asked before, it saves the time of what comes
    /// first.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub fn check_folder(&self) -> Result<(), Error> {
        place::check(&self.out, Made::Run, &self.inputs(), self.force)
    }

    /// Runs the audit and writes the report.
    ///
    /// # Errors
    /// An input can't be read, the inputs don't fit together, the folder holds something else or another process holds it, an
    /// engine fails.
    pub fn run(&self) -> Result<Report, Error> {
        self.run_with(&AtomicBool::new(false), &|_| ())
    }

    /// As [`Audit::run`], watched: `stop` may be set from another thread, and `sink` takes progress and notes.
    ///
    /// # Errors
    /// As [`Audit::run`]; `stop` was set ([`Error::is_interrupted`]).
    pub fn run_with(&self, stop: &AtomicBool, sink: Sink<'_>) -> Result<Report, Error> {
        let opened = self.open()?;
        opened.said().iter().for_each(|line| sink(Event::Note(line.clone())));
        opened.damaged().iter().for_each(|line| sink(Event::Damaged(line.clone())));
        opened.run(&self.stages, stop, sink)
    }

    /// Opens model and data, takes the folder for this process and claims the run.
    ///
    /// # Errors
    /// As [`Audit::run`].
    pub fn open(&self) -> Result<Opened, Error> {
        self.check_folder()?;
        let run = RunDir::new(&self.out);
        let (inputs, said) =
            Inputs::open_for(self.options.clone(), &self.overrides, &run, self.force)?;
        let mut reads = self.inputs();
        reads.extend(place::pictures(&self.options.data, &inputs.dataset));
        let claim = place::take(&self.out, Made::Run, &reads, self.force)?;
        let damaged = inputs.claim(&run, self.force)?;
        Ok(Opened { inputs, run, said, damaged, threads: self.threads, _claim: claim })
    }

    fn inputs(&self) -> Vec<Input> {
        let o = &self.options;
        let mut out = place::data(&o.data);
        out.push(Input::new("the model", &o.model));
        out.extend(o.masks.as_ref().map(|masks| Input::new("the masks", masks)));
        out.extend(o.label_map.as_ref().map(|map| Input::new("the label map", map)));
        out.extend(self.reads.iter().cloned());
        out
    }
}

/// Inputs that are open, and a run directory that this process holds as long as this lives.
pub struct Opened {
    inputs: Inputs,
    run: RunDir,
    said: Vec<String>,
    damaged: Vec<String>,
    threads: Option<usize>,
    _claim: Claim,
}

impl Opened {
    /// The inputs.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The run directory.
    pub fn run_dir(&self) -> &RunDir {
        &self.run
    }

    /// What the first look at model and data showed, a sentence each.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// Files of the run that were changed since it was made, and are computed again.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Runs stages and writes the report.
    ///
    /// # Errors
    /// As [`Audit::run_with`].
    pub fn run(&self, stages: &Stages, stop: &AtomicBool, sink: Sink<'_>) -> Result<Report, Error> {
        let context = Context::new(&self.run, stop, sink);
        let threads = self.threads.unwrap_or(context.threads);
        let left_out = audit::run(&self.inputs, stages, &Context { threads, ..context })?;
        let html = rightly_report::write(self.run.root())?;
        Ok(Report { run: self.run.clone(), html, left_out })
    }
}

/// What an audit left.
#[derive(Debug, Clone)]
pub struct Report {
    run: RunDir,
    html: PathBuf,
    left_out: Vec<LeftOut>,
}

impl Report {
    /// What is wrong with the model, worst first. Nothing is a result: nothing was found at this sample size.
    ///
    /// # Errors
    /// Where the file was changed since it was written.
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        Ok(self.run.findings()?)
    }

    /// Every figure, with its interval and the number of images behind it.
    ///
    /// # Errors
    /// As [`Report::findings`].
    pub fn metrics(&self) -> Result<Vec<Metric>, Error> {
        Ok(self.run.metrics()?)
    }

    /// The answer in a few words: the file `verdict.json`.
    ///
    /// # Errors
    /// As [`Report::findings`].
    pub fn verdict(&self) -> Result<Verdict, Error> {
        Ok(verdict::read(&self.run)?)
    }

    /// The page: one file that works offline.
    pub fn html(&self) -> &Path {
        &self.html
    }

    /// The stages that the inputs did not allow, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The run directory, for its tables.
    pub fn run_dir(&self) -> &RunDir {
        &self.run
    }
}

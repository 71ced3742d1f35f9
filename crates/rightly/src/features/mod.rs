//! Features of images: computed once, kept as columns, shared by every stage that looks into them.
//!
//! ```text
//! features/NAME.parquet              id, vector [d]
//! features/NAME-on-object.parquet    id, area, excess [d]: share of each feature's map on the mask, minus the mask's;
//!                                    boxed [d]: the vector with the object's box gray; outside: what the box leaves
//! features/NAME-outcomes.parquet     id, class, split, output, correct, confidence, loss of the audited model
//! ```
//! `NAME` is `model` for the audited model's own feature layer, else the encoder's file name. Rows stand in the order
//! of the dataset within each split; more splits are added as stages ask for them, and what is there is not computed again.

mod compute;
mod given;
mod on_object;
mod read;
mod tables;

use std::{path::PathBuf, sync::atomic::AtomicBool};

use rightly_model::{Encoder, Overrides};
use serde::{Deserialize, Serialize};

pub(crate) use given::read as read_given;
pub(crate) use on_object::coverage;
pub use read::fold;
pub(crate) use read::{Outcome, Outcomes, WrongAnswers, rows_of};

use crate::{
    Error, Inputs, RunDir, Sink,
    run::{hash_file, key_of, read_json},
};

/// The stage's name in problems and events.
pub const STAGE: &str = "features";

/// Where features come from.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// The feature layer of the audited model.
    #[default]
    Model,
    /// Another network (`--encoder`), with what overrides its card.
    Encoder(PathBuf, Box<Overrides>),
    /// A file of vectors (`--features`).
    File(PathBuf),
}

impl Source {
    /// The name of its tables: `model`, or the file's without its ending.
    pub fn name(&self) -> String {
        match self {
            Self::Model => "model".to_owned(),
            Self::Encoder(path, _) | Self::File(path) => {
                let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
                let stem = stem.unwrap_or_default();
                // A file called 'model' would be taken for the audited model's.
                if stem == "model" { format!("{stem}-file") } else { stem }
            }
        }
    }
}

/// Whether the inputs have features.
///
/// # Errors
/// Why they do not: no layer of the model can be read as features, and nothing else gives any.
pub fn possible(inputs: &Inputs, source: &Source) -> Result<(), Error> {
    match source {
        Source::Model => Ok(Encoder::of(&inputs.classifier).map(drop)?),
        _ => Ok(()),
    }
}

/// Features that are there.
pub struct FeatureSet {
    /// Name of its tables.
    pub name: String,
    /// Features an image.
    pub dim: usize,
    /// `features/NAME.parquet`.
    pub path: PathBuf,
    /// `features/NAME-on-object.parquet`, where features have maps and images have masks.
    pub on_object: Option<PathBuf>,
    /// The network that made them, for maps and the head; none where they came from a file.
    pub encoder: Option<Encoder>,
    /// Changes with every vector.
    pub key: String,
    /// What was understood and decided, a sentence each.
    pub notes: Vec<String>,
    /// What could not be used.
    pub problems: Vec<rightly_data::Problem>,
}

/// What the tables hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Held {
    key: String,
    splits: Vec<String>,
    /// Splits whose masked images were also encoded without their object.
    #[serde(default)]
    boxed: Vec<String>,
    dim: usize,
    on_object: bool,
    problems: Vec<rightly_data::Problem>,
}

/// Features (and the audited model's outcomes) of every image of some splits; `all` is every image. Those of the splits
/// `without_object` also with their object's box gray, where they have a mask.
///
/// # Errors
/// The encoder or the file can't be used; the engine fails; the run can't be written; `stop` was set (what is computed
/// stays).
#[expect(clippy::too_many_arguments, reason = "the run and its switches, each of its own kind")]
pub fn gather(
    inputs: &Inputs,
    source: &Source,
    splits: &[&str],
    without_object: &[&str],
    run: &RunDir,
    threads: usize,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<FeatureSet, Error> {
    let name = source.name();
    let encoder = match source {
        Source::Model => Some(Encoder::of(&inputs.classifier)?),
        Source::Encoder(path, overrides) => {
            Some(Encoder::open(path, overrides, inputs.classifier.engine())?)
        }
        Source::File(_) => None,
    };
    let mut notes = encoder.as_ref().map(|e| e.notes().to_vec()).unwrap_or_default();
    let of_what = match (&encoder, source) {
        (Some(encoder), _) => {
            notes.push(format!(
                "Features: {} values of layer '{}' of {}.",
                encoder.dim(),
                encoder.layer(),
                encoder.path().display()
            ));
            key_of(&[
                encoder.hash(),
                &encoder.reading(),
                &serde_json::to_string(encoder.preprocess()).unwrap_or_default(),
            ])
        }
        (None, Source::File(path)) => {
            notes.push(format!("Features: from {}.", path.display()));
            hash_file(path)?
        }
        (None, _) => String::new(),
    };
    let key = key_of(&[
        &inputs.key(),
        inputs.data_key(),
        &of_what,
        &format!("{:?}", inputs.options.limit),
    ]);
    let record = run.path(&format!(".work/features/{name}.json"));
    let held: Held = if record.is_file() { read_json(&record)? } else { Held::default() };
    let held = if held.key == key { held } else { Held { key: key.clone(), ..Held::default() } };
    let path = run.path(&format!("features/{name}.parquet"));
    let lacks = |have: &[String], split: &str| !have.iter().any(|h| h == split);
    let missing = splits.iter().any(|s| lacks(&held.splits, s))
        || without_object.iter().any(|s| lacks(&held.boxed, s))
        || !path.is_file();
    let held = if missing {
        let mut wanted = held.splits.clone();
        wanted.extend(splits.iter().map(|s| (*s).to_owned()));
        wanted.sort();
        wanted.dedup();
        let mut gray = held.boxed.clone();
        gray.extend(without_object.iter().map(|s| (*s).to_owned()));
        gray.sort();
        gray.dedup();
        // Read only where it is needed: it may be larger than everything else.
        let file = match source {
            Source::File(path) => Some(given::read(path, &inputs.dataset)?),
            _ => None,
        };
        let pass = compute::Pass::new(inputs, encoder.as_ref(), file.as_ref());
        let parts = pass.run(&wanted, &gray, run, &key, &name, threads, stop, sink)?;
        let held = Held { splits: wanted, boxed: gray, ..held };
        let held = tables::write(inputs, &parts, run, &name, held)?;
        let text = serde_json::to_vec(&held).map_err(|e| Error::run(&record, e.to_string()))?;
        rightly_data::files::write_whole(&record, &text)?;
        held
    } else {
        held
    };
    let on_object = run.path(&format!("features/{name}-on-object.parquet"));
    Ok(FeatureSet {
        on_object: held.on_object.then_some(on_object),
        dim: held.dim,
        name,
        path,
        encoder,
        key,
        notes,
        problems: held.problems,
    })
}

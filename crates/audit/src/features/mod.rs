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
mod from_file;
mod on_object;
mod read;
mod tables;

use std::path::PathBuf;

use rightly_model::{Encoder, Overrides};
use serde::{Deserialize, Serialize};

#[doc(hidden)] // for rightly-papers
pub use from_file::{Given, read as read_given};
pub(crate) use on_object::coverage;
pub use read::fold;
#[doc(hidden)] // for rightly-papers
pub use read::{Outcome, WrongAnswers};
pub(crate) use read::{Outcomes, rows_of};
pub use tables::{outcomes_of, vectors_of};

use crate::{
    Context, Error, Event, Inputs, RunDir, Sink,
    run::{Key, State, hash_file, read_json},
};

/// The stage's name in problems and events.
pub const STAGE: &str = "features";
/// Changes with the code that decides what the stage leaves: what was computed before is computed anew.
pub(crate) const REVISION: u32 = 1;

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
                let stem =
                    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
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
    /// `features/NAME-outcomes.parquet`.
    pub outcomes: PathBuf,
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

impl Held {
    fn path(name: &str) -> String {
        format!(".work/features/{name}.json")
    }

    /// What tables under this key hold, if all of them are as they were written; what is not is named.
    fn find(run: &RunDir, name: &str, key: &str, sink: Sink<'_>) -> Result<Self, Error> {
        let none = || Self { key: key.to_owned(), ..Self::default() };
        let own = Self::path(name);
        let damaged = |relative: &str, why: &str| {
            let file = run.path(relative);
            sink(Event::Damaged(format!("{}: {why}; computed again", file.display())));
        };
        match run.state(&own)? {
            State::Whole(_) => {}
            State::Absent => return Ok(none()),
            State::Changed(why) => {
                damaged(&own, why);
                return Ok(none());
            }
        }
        let held: Self = read_json(&run.path(&own))?;
        if held.key != key {
            return Ok(none());
        }
        let mut whole = true;
        let mut tables = vec![tables::vectors_of(name), tables::outcomes_of(name)];
        tables.extend(held.on_object.then(|| tables::on_object_of(name)));
        for table in &tables {
            match run.state(table)? {
                State::Whole(of) if of == key => {}
                // Features of other inputs were begun and stopped.
                State::Whole(_) => whole = false,
                State::Absent => {
                    damaged(table, "is gone");
                    whole = false;
                }
                State::Changed(why) => {
                    damaged(table, why);
                    whole = false;
                }
            }
        }
        // The same splits are written again, from the shards.
        Ok(if whole { held } else { none() })
    }

    fn write(&self, run: &RunDir, name: &str) -> Result<(), Error> {
        let own = Self::path(name);
        let bytes =
            serde_json::to_vec(self).map_err(|e| Error::run(&run.path(&own), e.to_string()))?;
        run.write(&own, &bytes)
    }
}

/// Features (and the audited model's outcomes) of every image of some splits; `all` is every image. Those of the splits
/// `without_object` also with their object's box gray, where they have a mask.
///
/// # Errors
/// The encoder or the file can't be used; the engine fails; the run can't be written; `stop` was set (what is computed
/// stays).
pub fn gather(
    inputs: &Inputs,
    source: &Source,
    splits: &[&str],
    without_object: &[&str],
    context: &Context<'_>,
) -> Result<FeatureSet, Error> {
    let name = source.name();
    let encoder = match source {
        Source::Model => Some(Encoder::of(&inputs.classifier)?),
        Source::Encoder(path, overrides) => {
            Some(Encoder::open(path, overrides, inputs.classifier.engine())?)
        }
        Source::File(_) => None,
    };
    let all: Vec<usize> = (0..inputs.dataset.samples.len()).collect();
    let mut notes = encoder.as_ref().map_or_else(Vec::new, |e| e.notes().to_vec());
    let of_what = match (&encoder, source) {
        (Some(encoder), _) => {
            notes.push(format!(
                "Features: {} values of layer '{}' of {}.",
                encoder.dim(),
                encoder.layer(),
                encoder.path().display()
            ));
            Key::new("encoder", inputs.revisions.of(STAGE))
                .with("network", encoder.hash())?
                .with("reading", &encoder.reading())?
                .with("preprocess", encoder.preprocess())?
                .finish()
        }
        (None, Source::File(path)) => {
            notes.push(format!("Features: from {}.", path.display()));
            hash_file(path)?
        }
        (None, _) => return Err(Error::Usage("no features".to_owned())),
    };
    let key = Key::new(STAGE, inputs.revisions.of(STAGE))
        .with("inputs", &inputs.key()?)?
        .with("data", inputs.data_key())?
        .with("images", &inputs.selection_key(&all)?)?
        .with("of", &of_what)?
        .with("limit", &inputs.options.limit)?
        .finish();
    let run = &context.run.keyed(&key);
    let held = Held::find(run, &name, &key, context.sink)?;
    let lacks = |have: &[String], split: &str| !have.iter().any(|h| h == split);
    let missing = splits.iter().any(|s| lacks(&held.splits, s))
        || without_object.iter().any(|s| lacks(&held.boxed, s));
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
            Source::File(path) => Some(from_file::read(path, &inputs.dataset)?),
            _ => None,
        };
        let pass = compute::Pass::new(inputs, encoder.as_ref(), file.as_ref());
        let parts = pass.run(&wanted, &gray, &name, &context.within(run))?;
        let held = Held { splits: wanted, boxed: gray, ..held };
        let held = tables::write(inputs, &parts, run, &name, held)?;
        held.write(run, &name)?;
        held
    } else {
        held
    };
    Ok(FeatureSet {
        on_object: held.on_object.then(|| run.path(&tables::on_object_of(&name))),
        dim: held.dim,
        path: run.path(&tables::vectors_of(&name)),
        outcomes: run.path(&tables::outcomes_of(&name)),
        name,
        encoder,
        key,
        notes,
        problems: held.problems,
    })
}

//! What a run rests on. A run is one thing: its figures are all of one model, one dataset, one split, one seed …

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    Manifest, RunDir,
    ledger::{CHANGED, Found, LEDGER, Ledger},
    manifest::MANIFEST,
};
use crate::{Error, prose::shortened};

/// Where stages leave their records.
const STAGES: &str = ".work/stages";
/// The pictures and masks that a run was made from.
const PICTURES: &str = ".work/pictures";
/// An id, and what its image and mask are, short.
pub(crate) type Picture = (String, [u8; 16]);
/// Inputs that are compared otherwise than by what they are called: files by their hashes, the split by what was chosen,
/// labels by the outputs that they give each class.
const BY_CONTENT: [&str; 5] = ["model", "data", "label_map", "split", "labels"];

/// What a run rests on and is otherwise now.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Another model, or other data.
    other_inputs: Option<String>,
    /// Name, value of the run, value of now.
    values: Vec<(String, String, String)>,
}

impl Differences {
    pub(crate) fn is_empty(&self) -> bool {
        self.other_inputs.is_none() && self.values.is_empty()
    }

    /// Whether model and data are the same.
    pub(crate) fn only_options(&self) -> bool {
        self.other_inputs.is_none()
    }

    fn add(&mut self, name: &str, before: Option<&toml::Value>, now: Option<&toml::Value>) {
        if let (Some(toml::Value::Table(before)), Some(toml::Value::Table(now))) = (before, now) {
            self.add_all(&format!("{name}."), before, now);
        } else if before != now {
            let shown = |value: Option<&toml::Value>| match value {
                None => "none".to_owned(),
                Some(toml::Value::String(text)) => format!("'{text}'"),
                Some(other) => other.to_string(),
            };
            self.values.push((name.replace('_', "-"), shown(before), shown(now)));
        }
    }

    fn add_all(&mut self, within: &str, before: &toml::Table, now: &toml::Table) {
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for name in names {
            if !BY_CONTENT.contains(&name.as_str()) {
                self.add(&format!("{within}{name}"), before.get(name), now.get(name));
            }
        }
    }

    /// Every difference by its name, with both values.
    pub(crate) fn refused(&self, root: &Path) -> Error {
        if let Some(what) = &self.other_inputs {
            let advice = "give another --out, or --force to replace it";
            return Error::run(root, format!("made from {what}; {advice}"));
        }
        let one =
            |(name, before, now): &(String, String, String)| format!("{name} {before}, now {now}");
        let all: Vec<String> = self.values.iter().map(one).collect();
        Error::run(
            root,
            format!(
                "made with {}; give the same, another --out, or --force to compute the run anew",
                all.join("; ")
            ),
        )
    }

    /// Empties the run for what it is to rest on now. Units of work stay where model and data are the same.
    pub(crate) fn begin_anew(&self, run: &RunDir) -> Result<(), Error> {
        if self.other_inputs.is_some() { run.clear() } else { run.begin_anew() }
    }
}

impl Manifest {
    /// What the figures rest on and that is otherwise in `now`.
    ///
    /// # Errors
    /// Where a manifest can't be written out.
    pub(crate) fn differences(&self, now: &Self) -> Result<Differences, Error> {
        let mut out = Differences::default();
        if self.hashes.model != now.hashes.model {
            out.other_inputs = Some(format!("another model ({})", self.inputs.model.display()));
        } else if self.hashes.data != now.hashes.data {
            out.other_inputs = Some(format!("other data ({})", self.inputs.data));
        }
        let text = |value: &str| Some(toml::Value::String(value.to_owned()));
        out.add("version", text(&self.version).as_ref(), text(&now.version).as_ref());
        out.add("split", text(&self.split).as_ref(), text(&now.split).as_ref());
        if self.hashes.label_map != now.hashes.label_map {
            let named = |of: &Self| match &of.inputs.label_map {
                Some(file) => format!("'{}'", file.display()),
                None => "by the classes' names".to_owned(),
            };
            let (before, now) = (named(self), named(now));
            let now = if before == now { format!("{now} with other content") } else { now };
            out.values.push(("label map".to_owned(), before, now));
        }
        let [before, after] = [self, now].map(|of| {
            let inputs = toml::Table::try_from(&of.inputs)?;
            Ok::<_, toml::ser::Error>((inputs, toml::Table::try_from(&of.card)?))
        });
        let bad = |e: toml::ser::Error| Error::Usage(format!("{MANIFEST}: {e}"));
        let ((inputs, card), (inputs_now, card_now)) = (before.map_err(bad)?, after.map_err(bad)?);
        out.add_all("", &inputs, &inputs_now);
        out.add_all("", &card, &card_now);
        Ok(out)
    }
}

/// What is found where a run is to be.
pub(crate) enum Former {
    /// No run.
    Nothing,
    /// One without its `run.toml`.
    Remains,
    /// A run. Without its list of checksums none of its files is believed.
    Run { manifest: Box<Manifest>, believed: bool },
}

impl RunDir {
    /// What is found here.
    ///
    /// # Errors
    /// Where `run.toml` was changed since it was written, or is none of this version.
    pub(crate) fn found(&self) -> Result<Former, Error> {
        let damaged = matches!(Ledger::find(self.root())?, Found::Damaged);
        let path = self.path(MANIFEST);
        Ok(match path.is_file() {
            true if damaged => {
                Former::Run { manifest: Box::new(Manifest::read(&path)?), believed: false }
            }
            true => Former::Run { manifest: Box::new(self.manifest()?), believed: true },
            false if self.path(LEDGER).is_file() => Former::Remains,
            false => Former::Nothing,
        })
    }

    /// Whether a stage has finished, so that figures rest on what the run was made from.
    ///
    /// # Errors
    /// Where the folder is there and can't be read.
    pub(crate) fn has_stages(&self) -> Result<bool, Error> {
        let folder = self.path(STAGES);
        if !folder.is_dir() {
            return Ok(false);
        }
        let mut entries = fs::read_dir(&folder).map_err(Error::io(&folder))?;
        entries.try_fold(false, |seen, entry| {
            let name = entry.map_err(Error::io(&folder))?.file_name();
            Ok(seen || Path::new(&name).extension().is_some_and(|e| e == "json"))
        })
    }

    /// Begins a run anew whose list of checksums was damaged; what is to be said of it.
    ///
    /// # Errors
    /// Where a file can't be removed.
    pub(crate) fn begin_unbelieved(&self) -> Result<String, Error> {
        self.begin_anew()?;
        let ledger = self.path(LEDGER);
        Ok(format!("{}: {CHANGED}; the stages of the run are computed again.", ledger.display()))
    }

    /// Holds the pictures and masks against those that the run was made from. Where they are others, stages are forgotten
    /// (finished units of work are named by their pictures and stay), and what is to be said of it is returned.
    ///
    /// # Errors
    /// Where the run can't be read or written.
    pub(crate) fn check_pictures(&self, now: &[Picture]) -> Result<Option<String>, Error> {
        let unwritten = |e: postcard::Error| Error::run(&self.path(PICTURES), e.to_string());
        let bytes = postcard::to_stdvec(now).map_err(unwritten)?;
        let said = match self.existing(PICTURES) {
            Ok(None) => None,
            Ok(Some(path)) => {
                let before = fs::read(&path).map_err(Error::io(&path))?;
                if before == bytes {
                    return Ok(None);
                }
                let before: Vec<Picture> = postcard::from_bytes(&before).map_err(unwritten)?;
                let others = before.iter().zip(now).filter(|(before, now)| before != now);
                let ids: Vec<String> = others.map(|(_, (id, _))| id.clone()).collect();
                Some(format!(
                    "Changed since the run was made: the picture or the mask of {} of {} images ({}). Its stages are computed again.",
                    ids.len(),
                    now.len(),
                    shortened(&ids)
                ))
            }
            Err(error) => Some(format!("{error}. The stages of the run are computed again.")),
        };
        if said.is_some() {
            self.begin_anew()?;
        }
        self.keyed("").write(PICTURES, &bytes)?;
        Ok(said)
    }
}

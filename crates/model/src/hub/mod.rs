//! Models by name: `hf:ORG/NAME[@REVISION][/FILE]`, fetched from the hub and cached as the hub's own tools do.
//!
//! | file | its subject |
//! |---|---|
//! | `spec` | names, and what may stand in them |
//! | `cache` | the layout on disk, shared with the hub's own tools |
//! | `address` | whose an address is, and where a redirect leads |
//! | `wire` | requests and redirects: where the token goes, and what may come back |
//! | `announced` | what the endpoint says of a file before its bytes come |
//! | `part` | the bytes that are here so far, and whether they are the right ones |
//! | `fetch`, `failed` | one download: tries, time limit, stop flag, progress; why one ends |
//! | `folders` | models of several files |
//! | `setting` | the endpoint, the cache and the token of this machine |
//! | `error` | what can go wrong, with the way out |
//!
//! What the cache holds is used without asking the hub whether there is anything newer; `@REVISION` pins a commit,
//! and [`Fetched::snapshot`] says which one was used.

mod address;
mod announced;
mod cache;
mod error;
mod failed;
mod fetch;
mod folders;
mod part;
mod setting;
mod spec;
#[cfg(test)]
mod tests;
mod wire;

use std::{path::PathBuf, sync::atomic::AtomicBool};

use cache::Shelf;
pub use error::{HubError, MissingFile};
use failed::Failed;
use fetch::Fetch;
pub use setting::Hub;
pub use spec::HubSpec;

/// Where a repository keeps its model, if the name does not say it.
const MODELS: [&str; 2] = ["model.onnx", "onnx/model.onnx"];

/// A file that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its path in the repository.
    pub file: String,
    /// Whether the repository may lack it.
    pub optional: bool,
}

impl Wanted {
    /// A file without which there is no use.
    pub fn required(file: impl Into<String>) -> Self {
        Self { file: file.into(), optional: false }
    }

    /// A file that is used where it exists.
    pub fn optional(file: impl Into<String>) -> Self {
        Self { file: file.into(), optional: true }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The paths, in the order in which the files were asked for; none for optional files that there are not.
    pub files: Vec<Option<PathBuf>>,
    /// The commit of the first file that is there (the revision's name, if it was put there by hand).
    pub snapshot: String,
}

/// What happens during a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubEvent {
    /// A file is about to be downloaded.
    Started {
        /// Its path in the repository.
        file: String,
        /// Its size.
        bytes: usize,
    },
    /// So many more bytes are here (those of an earlier, broken download among them).
    Bytes(usize),
}

impl Hub {
    /// The `wanted` files of a model, each from the cache, else from the hub. `stop` leaves a download, which is
    /// gone on with the next time; `progress` is called on this thread.
    ///
    /// Where the hub can't be asked, required files have to be in the cache, and optional ones that are not there
    /// count as missing.
    ///
    /// # Errors
    /// A file name that leaves the repository; a required file that can't be had; a cache that can't be written;
    /// the stop flag.
    pub fn resolve(
        &self,
        spec: &HubSpec,
        wanted: &[Wanted],
        stop: &AtomicBool,
        progress: &dyn Fn(HubEvent),
    ) -> Result<Fetched, HubError> {
        if let Some(bad) = wanted.iter().find(|w| !spec::is_file(&w.file)) {
            let why = format!("'{}' is no file of a repository", bad.file);
            return Err(HubError::Name { name: spec.to_string(), why });
        }
        let fetched = self.pass(spec, wanted, stop, progress)?;
        // A branch that moved between two files: now its name stands for the later commit, so all are of that one.
        let commits = wanted.iter().zip(&fetched.files);
        let commits = commits.filter_map(|(w, path)| cache::snapshot(path.as_deref()?, &w.file));
        if commits.into_iter().any(|commit| commit != fetched.snapshot) {
            return self.pass(spec, wanted, stop, progress);
        }
        Ok(fetched)
    }

    /// The model file of a name, with what belongs to it beside it: its card (`.toml`) and its external data, where
    /// there are any. Without a file in the name that is `model.onnx`, else `onnx/model.onnx`. The model is the
    /// first of [`Fetched::files`].
    ///
    /// # Errors
    /// As [`Hub::resolve`].
    pub fn model(
        &self,
        spec: &HubSpec,
        stop: &AtomicBool,
        progress: &dyn Fn(HubEvent),
    ) -> Result<Fetched, HubError> {
        let mut names: Vec<&str> = spec.file().map_or(MODELS.into(), |file| vec![file]);
        let shelf = Shelf::new(self.cache(), spec);
        names.sort_by_key(|name| shelf.find(name).is_none());
        let mut first = None;
        for name in names {
            let stem = name.strip_suffix(".onnx").unwrap_or(name);
            let beside = [format!("{stem}.toml"), format!("{name}_data"), format!("{name}.data")];
            let mut wanted = vec![Wanted::required(name)];
            wanted.extend(beside.map(Wanted::optional));
            match self.resolve(spec, &wanted, stop, progress) {
                Err(e @ (HubError::NotThere { .. } | HubError::Offline { .. })) => {
                    first.get_or_insert(e);
                }
                done => return done,
            }
        }
        Err(first.unwrap_or(HubError::Interrupted))
    }

    fn pass(
        &self,
        spec: &HubSpec,
        wanted: &[Wanted],
        stop: &AtomicBool,
        progress: &dyn Fn(HubEvent),
    ) -> Result<Fetched, HubError> {
        let shelf = Shelf::new(self.cache(), spec);
        let name = spec.to_string();
        let url = |file: &str| {
            let (endpoint, repository) = (self.endpoint(), spec.repository());
            format!("{endpoint}/{repository}/resolve/{}/{file}", spec.revision())
        };
        let wire = self.wire();
        let fetch = Fetch {
            wire: &wire,
            token: self.token(),
            shelf: &shelf,
            patience: self.patience(),
            stop,
            progress,
        };
        let mut reason = self.is_offline().then(|| "HF_HUB_OFFLINE is set".to_owned());
        let (mut files, mut missing, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
        for Wanted { file, optional } in wanted {
            let found = shelf.find(file);
            let settled =
                found.is_some() || reason.is_some() || *optional && shelf.is_known_to_lack(file);
            let found =
                match if settled { Ok(found) } else { fetch.file(file, &url(file)).map(Some) } {
                    Ok(found) => found,
                    Err(Failed::NotThere) if *optional => {
                        lacking.push(file);
                        None
                    }
                    Err(Failed::Unreachable(why) | Failed::Busy(why)) => {
                        reason = Some(why);
                        None
                    }
                    Err(Failed::NotThere) => {
                        return Err(HubError::NotThere { name, url: url(file) });
                    }
                    Err(Failed::Denied(status)) => {
                        return Err(HubError::Denied { name, url: url(file), status });
                    }
                    Err(Failed::Changed) => {
                        let message = "the file changes faster than it comes".to_owned();
                        return Err(HubError::Broken { name, url: url(file), message });
                    }
                    Err(Failed::Broken(message)) => {
                        return Err(HubError::Broken { name, url: url(file), message });
                    }
                    Err(Failed::Interrupted) => return Err(HubError::Interrupted),
                };
            if found.is_none() && !optional {
                missing.push(MissingFile { url: url(file), place: shelf.place(file) });
            }
            files.push(found);
        }
        // At the end, when the commit is known.
        lacking.into_iter().for_each(|file| shelf.note_absence(file));
        if let (false, Some(reason)) = (missing.is_empty(), reason) {
            return Err(HubError::Offline { name, reason, files: missing });
        }
        let first = wanted
            .iter()
            .zip(&files)
            .find_map(|(w, path)| cache::snapshot(path.as_deref()?, &w.file));
        Ok(Fetched { files, snapshot: first.unwrap_or_else(|| spec.revision().to_owned()) })
    }
}

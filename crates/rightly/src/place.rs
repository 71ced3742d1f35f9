//! Where an audit, a demo or a training may write: a new folder, an empty one, or one that such a command made. Nothing else is touched,
//! with or without `--force`.

use std::{
    fs,
    io::{ErrorKind, Read as _},
    path::{Component, Path, PathBuf},
};

use rightly_data::{Dataset, MaskSource};

use crate::{
    Error,
    claim::{Claim, WORK},
};

/// What a command leaves in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    Run,
    Demo,
    Training,
    Experiment,
}

/// A path that is read, and what it is to whoever gave it: `the data`, `--votes`.
#[derive(Debug, Clone)]
pub struct Input {
    pub flag: &'static str,
    pub path: PathBuf,
}

impl Input {
    pub fn new(flag: &'static str, path: impl Into<PathBuf>) -> Self {
        Self { flag, path: path.into() }
    }
}

/// The file that says that a demo made a folder.
pub const DEMO: &str = ".demo";
/// The file that says that an experiment made a folder.
pub const EXPERIMENT: &str = ".experiment";
/// Work in progress of a training.
const TRAINING: &str = ".train";
/// What systems put into folders that people look at.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];
/// A marker is small; nothing longer is read.
const LONGEST_MARKER: u64 = 1 << 24;

impl Made {
    fn words(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Demo => "demo",
            Self::Training => "training",
            Self::Experiment => "experiment",
        }
    }

    /// Whether such a command made the folder.
    fn made(self, folder: &Path) -> bool {
        let text = |name: &str| marker(&folder.join(name));
        match self {
            Self::Run => text("run.toml").is_some_and(|text| is_manifest(&text)),
            Self::Demo => text(DEMO).is_some_and(|text| text.contains(" of seed ")),
            Self::Training => {
                let key = |text: String| {
                    serde_json::from_str::<serde_json::Value>(&text)
                        .is_ok_and(|summary| summary["key"].is_string())
                };
                text("train.json").is_some_and(key) || folder.join(TRAINING).is_dir()
            }
            Self::Experiment => {
                let finished = ["table.md", "results.json"];
                text(EXPERIMENT).is_some() || finished.iter().all(|f| folder.join(f).is_file())
            }
        }
    }
}

fn refused(message: String) -> Error {
    Error::Folder(message)
}

/// A small regular file's text.
fn marker(path: &Path) -> Option<String> {
    let file = fs::symlink_metadata(path).ok()?.is_file().then(|| fs::File::open(path).ok())??;
    let mut text = String::new();
    file.take(LONGEST_MARKER).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Other programs call their files `run.toml` too: ours names its version and what it was made from.
fn is_manifest(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| {
        let made_from = table.contains_key("hashes") || table.contains_key("compare");
        made_from && table.get("version").is_some_and(toml::Value::is_str)
    })
}

/// Refuses a folder that is not for such a command; nothing is written.
///
/// # Errors
/// It holds something else, lies in an input, or holds an input that `force` would remove.
pub fn check(out: &Path, kind: Made, inputs: &[Input], force: bool) -> Result<(), Error> {
    apart(out, inputs, force)?;
    let shown = out.display();
    let entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(refused(format!("{shown}: this is a file; give a folder")));
        }
        Err(error) => return Err(error).map_err(|e| refused(format!("{shown}: {e}"))),
    };
    if kind.made(out) {
        return Ok(());
    }
    for entry in entries {
        let name = entry.map_err(|e| refused(format!("{shown}: {e}")))?.file_name();
        let name = name.to_string_lossy();
        if !begun(out, &name) {
            return Err(refused(format!(
                "{shown}: holds '{name}', and no rightly {} made this folder; give a new or an empty one (nothing \
                 was written or removed)",
                kind.words()
            )));
        }
    }
    Ok(())
}

/// Takes a folder for this process, after [`check`].
///
/// # Errors
/// As [`check`]; another process holds it.
pub fn take(out: &Path, kind: Made, inputs: &[Input], force: bool) -> Result<Claim, Error> {
    // A folder that another process is just starting may look like anything: its lock is asked first.
    let locked = out.join(WORK).join("lock").is_file();
    if !locked {
        check(out, kind, inputs, force)?;
    }
    let claim = Claim::take(out)?;
    check(out, kind, inputs, force)?;
    Ok(claim)
}

/// What is there of a command that was killed before it said what the folder is.
fn begun(folder: &Path, name: &str) -> bool {
    let work = name == WORK && is_work(&folder.join(WORK));
    let partial = ["run.toml", DEMO, EXPERIMENT].iter().any(|f| *name == format!(".{f}.partial"));
    work || partial || LITTER.contains(&name)
}

/// Whether a folder `.work` is ours: it holds the lock, or nothing yet, or is gone by now. It is listed once: another process may
/// be making its lock in this moment.
fn is_work(folder: &Path) -> bool {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return error.kind() == ErrorKind::NotFound,
    };
    let names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.is_empty() || names.iter().any(|name| name == "lock")
}

/// Refuses a folder inside an input, and an input inside a folder that is cleared.
fn apart(out: &Path, inputs: &[Input], force: bool) -> Result<(), Error> {
    let place = resolved(out)?;
    for Input { flag, path } in inputs {
        // What does not exist is refused by whoever reads it.
        let Ok(source) = fs::canonicalize(path) else { continue };
        if source.is_dir() && place.starts_with(&source) {
            return Err(refused(format!(
                "{}: this is inside {flag} {}, and nothing is written among your data; give a folder elsewhere",
                out.display(),
                path.display()
            )));
        }
        if force && source.starts_with(&place) {
            return Err(refused(format!(
                "{}: beginning anew would remove {flag} {}, which lies in it; give another folder",
                out.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// The real path of what may not exist yet: links followed, `..` taken as the system takes it.
fn resolved(path: &Path) -> Result<PathBuf, Error> {
    if path.as_os_str().is_empty() {
        return Err(refused("the path of the folder to write to is empty".to_owned()));
    }
    match fs::canonicalize(path) {
        Ok(real) => return Ok(real),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).map_err(|e| refused(format!("{}: {e}", path.display()))),
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            return Err(refused(format!("{}: this is a link to nothing", path.display())));
        }
        // Another process made it in this moment.
        Ok(_) => return resolved(path),
        Err(_) => {}
    }
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return Err(refused(format!(
            "{}: '..' behind a folder that does not exist",
            path.display()
        )));
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok(resolved(parent.unwrap_or(Path::new(".")))?.join(name))
}

/// The folders of `DATA`: a folder, or those that a known layout names. A table's are known when it is read
/// ([`pictures`]).
pub fn data(data: &str) -> Vec<Input> {
    let of = |path: &str| Input::new("the data", path);
    let known = data.split_once(':').filter(|_| !Path::new(data).exists());
    let Some((_, rest)) = known else { return vec![of(data)] };
    // Paths may hold commas themselves, so that every cut is looked at.
    let cuts = rest.match_indices(',').flat_map(|(at, _)| [&rest[..at], &rest[at + 1..]]);
    [rest].into_iter().chain(cuts).filter(|path| Path::new(path).is_dir()).map(of).collect()
}

/// The folders in which a dataset's pictures and masks lie. A table's own folder is not among them: a run beside the
/// table is not among the pictures.
pub fn pictures(data: &str, dataset: &Dataset) -> Vec<Input> {
    let table = Path::new(data);
    let own = table.is_file().then(|| table.parent().and_then(|p| fs::canonicalize(here(p)).ok()));
    let own = own.flatten();
    let mut folders = std::collections::BTreeSet::new();
    for sample in &dataset.samples {
        let masks = sample.mask.iter().chain(sample.parts.iter().flatten());
        let masks = masks.filter_map(|mask| match mask {
            MaskSource::File(path) | MaskSource::Pickled { file: path, .. } => Some(path.as_path()),
            MaskSource::Coco { .. } | MaskSource::Rendered(_) => None,
        });
        for file in sample.image.path().into_iter().chain(masks) {
            folders.extend(file.parent().map(|p| here(p).to_owned()));
        }
    }
    let real = |folder: PathBuf| fs::canonicalize(&folder).ok().map(|real| (folder, real));
    let other = folders.into_iter().filter_map(real);
    let other = other.filter(|(_, real)| own.as_ref().is_none_or(|own| !own.starts_with(real)));
    other.map(|(folder, _)| Input::new("the pictures in", folder)).collect()
}

/// A file's folder, as a path that the system knows.
pub fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

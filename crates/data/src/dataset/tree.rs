//! What lies below a folder: pictures, folders, and what else was seen.
use super::files::{self, FileKind};
use crate::DataError;
use std::{collections::BTreeSet, path::Path};
use walkdir::{DirEntry, WalkDir};

/// Every image below a folder, `/`-separated and relative to it, sorted, with what else was seen.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) images: Vec<String>,
    /// Every folder that is not hidden.
    pub(super) folders: BTreeSet<String>,
    /// Folders that were not entered because systems and tools name such.
    pub(super) hidden: Vec<String>,
    pub(super) problems: Vec<(String, String)>,
    pub(super) others: usize,
}

impl Tree {
    pub(super) fn walk(root: &Path, skip: Option<&Path>) -> Result<Self, DataError> {
        std::fs::read_dir(root).map_err(|e| DataError::io(root, e))?;
        let skip = skip.and_then(|p| p.canonicalize().ok());
        let skipped = |path: &Path| {
            skip.as_ref().is_some_and(|s| path.canonicalize().is_ok_and(|path| path == *s))
        };
        let mut tree = Self::default();
        let mut hidden = Vec::new();
        let walk = WalkDir::new(root).follow_links(true).min_depth(1);
        for entry in walk.into_iter().filter_entry(|e| {
            let is_folder = e.file_type().is_dir();
            let name = e.file_name().to_string_lossy();
            if files::is_hidden(&name) {
                // Those of the system and of tools are nobody's classes.
                if is_folder && name.starts_with('.') && !files::is_of_a_tool(&name) {
                    let path = e.path().strip_prefix(root).unwrap_or(e.path());
                    hidden.push(path.to_string_lossy().into_owned());
                }
                return false;
            }
            !(is_folder && skipped(e.path()))
        }) {
            match entry {
                Ok(entry) => tree.add(root, &entry),
                Err(e) => {
                    let path = e.path().unwrap_or(root);
                    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
                    tree.problems.push((name, format!("can't be read: {e}")));
                }
            }
        }
        tree.hidden = hidden;
        tree.hidden.sort_unstable();
        tree.images.sort_unstable();
        tree.problems.sort_unstable();
        Ok(tree)
    }

    fn add(&mut self, root: &Path, entry: &DirEntry) {
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let Some(id) = relative.to_str() else {
            let name = relative.to_string_lossy().into_owned();
            self.problems.push((name, "file name is not UTF-8".to_owned()));
            return;
        };
        let id = if cfg!(windows) { id.replace('\\', "/") } else { id.to_owned() };
        if entry.file_type().is_dir() {
            self.folders.insert(id);
            return;
        }
        if !entry.file_type().is_file() {
            let what = "is a special file (a FIFO, socket or device), no picture";
            self.problems.push((id, what.to_owned()));
            return;
        }
        match files::kind(entry.path()) {
            FileKind::Image => self.images.push(id),
            FileKind::Foreign => {
                let ending = entry.path().extension().unwrap_or_default().to_string_lossy();
                let what = format!("'{ending}' pictures are not read; convert it to PNG");
                self.problems.push((id, what));
            }
            FileKind::Other => self.others += 1,
        }
    }
}

//! Images as tables from outside name them.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use rightly_data::{Dataset, ImageSource};

/// From what a table calls an image (its id, or its path: absolute, or relative to the table) to its id.
pub(crate) struct Names<'d> {
    ids: HashSet<&'d str>,
    paths: HashMap<PathBuf, &'d str>,
    folder: &'d Path,
}

impl<'d> Names<'d> {
    pub(crate) fn new(dataset: &'d Dataset, table: &'d Path) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            ids: dataset.samples.iter().map(|s| s.id.as_str()).collect(),
            paths: dataset
                .samples
                .iter()
                .filter_map(|s| match &s.image {
                    ImageSource::File(path) => Some((absolute(path), s.id.as_str())),
                    _ => None,
                })
                .collect(),
            folder: table.parent().unwrap_or(Path::new("")),
        }
    }

    pub(crate) fn id(&self, name: &str) -> Option<&'d str> {
        if let Some(id) = self.ids.get(name) {
            return Some(id);
        }
        // `join` leaves an absolute path as it is.
        let path = std::path::absolute(self.folder.join(name)).ok()?;
        self.paths.get(&path).copied()
    }
}

//! Images as tables from outside name them.

use std::path::Path;

use rightly_data::{Dataset, ImageSource, names::PathIndex};

/// From what a table calls an image (its id, or its path: absolute, or relative to the table) to its id. Both are compared as
/// [`rightly_data::names::path_key`] says.
pub(crate) struct Names<'d> {
    ids: PathIndex<&'d str>,
    paths: PathIndex<&'d str>,
    folder: &'d Path,
}

impl<'d> Names<'d> {
    pub(crate) fn new(dataset: &'d Dataset, table: &'d Path) -> Self {
        let id = |s: &'d rightly_data::Sample| s.id.as_str();
        let path = |s: &'d rightly_data::Sample| match &s.image {
            ImageSource::File(path) => Some((absolute(path), id(s))),
            _ => None,
        };
        Self {
            ids: PathIndex::new(dataset.samples.iter().map(|s| (id(s), id(s)))),
            paths: PathIndex::new(dataset.samples.iter().filter_map(path)),
            folder: table.parent().unwrap_or(Path::new("")),
        }
    }

    pub(crate) fn id(&self, name: &str) -> Option<&'d str> {
        // `join` leaves an absolute path as it is.
        self.ids.get(name).or_else(|| self.paths.get(&absolute(&self.folder.join(name))))
    }
}

fn absolute(path: &Path) -> String {
    super::options::absolute(path).to_string_lossy().into_owned()
}

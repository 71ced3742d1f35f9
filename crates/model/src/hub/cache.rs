//! The hub's cache on disk, in the layout of the hub's own tools.
//!
//! ```text
//! CACHE/models--ORG--NAME/refs/REVISION          the commit that a branch or tag was, when it was asked
//! CACHE/models--ORG--NAME/snapshots/COMMIT/FILE  a link into blobs/
//! CACHE/models--ORG--NAME/.no_exist/COMMIT/FILE  empty: the commit has no such file
//! ```
//! Files put there by hand may stand in `snapshots/REVISION/`.

use std::path::{Path, PathBuf};

use hf_hub::{Cache, CacheRepo, Repo, RepoType};
use rightly_data::files::write_whole;

use super::{HubSpec, spec::is_plain};

/// What the cache holds of one repository at one revision.
pub(super) struct Shelf {
    cache: CacheRepo,
    folder: PathBuf,
    revision: String,
}

/// The crate's name of a model.
pub(super) fn repo(spec: &HubSpec) -> Repo {
    Repo::with_revision(spec.repository().to_owned(), RepoType::Model, spec.revision().to_owned())
}

impl Shelf {
    pub(super) fn new(cache: &Path, spec: &HubSpec) -> Self {
        let repo = repo(spec);
        Self {
            folder: cache.join(repo.folder_name()),
            cache: Cache::new(cache.to_owned()).repo(repo),
            revision: spec.revision().to_owned(),
        }
    }

    /// Where a file would be found that is put there by hand.
    pub(super) fn place(&self, file: &str) -> PathBuf {
        self.cache.pointer_path(&self.revision).join(file)
    }

    /// A file of the revision's commit, else one that stands under the revision's own name.
    pub(super) fn find(&self, file: &str) -> Option<PathBuf> {
        self.cache.get(file).or_else(|| Some(self.place(file))).filter(|path| path.is_file())
    }

    /// The commit that the revision was when it was last asked.
    fn commit(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.folder.join("refs").join(&self.revision)).ok()?;
        let commit = text.trim();
        is_plain(commit).then(|| commit.to_owned())
    }

    fn absence(&self, file: &str) -> Option<PathBuf> {
        Some(self.folder.join(".no_exist").join(self.commit()?).join(file))
    }

    /// Whether the hub was asked for this file of this commit and has none.
    pub(super) fn is_known_to_lack(&self, file: &str) -> bool {
        self.absence(file).is_some_and(|mark| mark.is_file())
    }

    /// Remembers that the hub has no such file. A mark that can't be written costs a request the next time.
    pub(super) fn note_absence(&self, file: &str) {
        if let Some(mark) = self.absence(file) {
            let _ = write_whole(&mark, &[]);
        }
    }
}

/// The snapshot (a commit, or the name of a revision) that a found `file` at `path` is of.
pub(super) fn snapshot(path: &Path, file: &str) -> Option<String> {
    let folder = path.ancestors().nth(file.split('/').count())?;
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

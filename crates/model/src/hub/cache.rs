//! The hub's cache on disk, in the layout of the hub's own tools.
//!
//! ```text
//! CACHE/models--ORG--NAME/refs/REVISION          the commit that a branch or tag was, when it was asked
//! CACHE/models--ORG--NAME/blobs/ETAG             a file's bytes; ETAG.part while they come
//! CACHE/models--ORG--NAME/snapshots/COMMIT/FILE  a link into blobs/
//! CACHE/models--ORG--NAME/.no_exist/COMMIT/FILE  empty: the commit has no such file
//! CACHE/.locks/models--ORG--NAME/ETAG.lock       held by whoever writes ETAG.part
//! ```
//! Files put there by hand may stand in `snapshots/REVISION/`.
//!
//! Every path is made here, of names that [`super::spec`] has checked: nothing that a server says becomes a path
//! otherwise.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rightly_data::files::write_whole;

use super::{HubSpec, announced::Announced, spec::is_plain};

/// What the cache holds of one repository at one revision.
pub(super) struct Shelf {
    folder: PathBuf,
    locks: PathBuf,
    revision: String,
}

impl Shelf {
    pub(super) fn new(cache: &Path, spec: &HubSpec) -> Self {
        let name = format!("models--{}", spec.repository().replace('/', "--"));
        Self {
            folder: cache.join(&name),
            locks: cache.join(".locks").join(&name),
            revision: spec.revision().to_owned(),
        }
    }

    /// Where a file would be found that is put there by hand.
    pub(super) fn place(&self, file: &str) -> PathBuf {
        self.pointer(&self.revision, file)
    }

    /// A file of the revision's commit, else one that stands under the revision's own name.
    pub(super) fn find(&self, file: &str) -> Option<PathBuf> {
        let of_commit = self.commit().map(|commit| self.pointer(&commit, file));
        of_commit.into_iter().chain([self.place(file)]).find(|path| path.is_file())
    }

    fn pointer(&self, snapshot: &str, file: &str) -> PathBuf {
        self.folder.join("snapshots").join(snapshot).join(file)
    }

    fn reference(&self) -> PathBuf {
        self.folder.join("refs").join(&self.revision)
    }

    /// The commit that the revision was when it was last asked.
    fn commit(&self) -> Option<String> {
        let text = fs::read_to_string(self.reference()).ok()?;
        let commit = text.trim();
        is_plain(commit).then(|| commit.to_owned())
    }

    /// Where a file's bytes are when they are all there.
    pub(super) fn blob(&self, announced: &Announced) -> PathBuf {
        self.folder.join("blobs").join(announced.etag())
    }

    /// Where a file's bytes are while they come. No etag ends so.
    pub(super) fn part(&self, announced: &Announced) -> PathBuf {
        self.folder.join("blobs").join(format!("{}.part", announced.etag()))
    }

    /// The file whose lock belongs to whoever writes the part. It stays: a lock that is removed locks nobody out.
    pub(super) fn lock(&self, announced: &Announced) -> io::Result<File> {
        fs::create_dir_all(&self.locks)?;
        File::create(self.locks.join(format!("{}.lock", announced.etag())))
    }

    /// Puts the file's name beside its bytes, and remembers what the revision was.
    pub(super) fn name(&self, announced: &Announced, file: &str) -> io::Result<PathBuf> {
        let pointer = self.pointer(announced.commit(), file);
        let above = pointer.parent().expect("a file of a snapshot has a folder: by construction");
        fs::create_dir_all(above)?;
        // From `snapshots/COMMIT/FILE` up to the repository's folder.
        let mut target: PathBuf = "../".repeat(file.split('/').count() + 1).into();
        target.extend([Path::new("blobs"), Path::new(announced.etag())]);
        link(&target, &pointer, &self.blob(announced))?;
        if announced.commit() != self.revision {
            write_whole(&self.reference(), announced.commit().as_bytes())
                .map_err(|e| io::Error::other(e.to_string()))?;
        }
        Ok(pointer)
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

/// A link at `pointer` to the relative `target`, in the place of an older one.
#[cfg(unix)]
fn link(target: &Path, pointer: &Path, _: &Path) -> io::Result<()> {
    if fs::read_link(pointer).is_ok_and(|old| old == target) {
        return Ok(());
    }
    // Under another name first: whoever looks meanwhile finds the old file or the new one.
    let name = pointer.file_name().expect("a file of a snapshot has a name: by construction");
    let mut name = name.to_owned();
    name.push(".link");
    let fresh = pointer.with_file_name(name);
    let _ = fs::remove_file(&fresh);
    std::os::unix::fs::symlink(target, &fresh)?;
    fs::rename(&fresh, pointer)
}

/// Where links need rights that users lack, the bytes move to their name, as the hub's own tools do.
#[cfg(not(unix))]
fn link(_: &Path, pointer: &Path, blob: &Path) -> io::Result<()> {
    fs::rename(blob, pointer)
}

/// The snapshot (a commit, or the name of a revision) that a found `file` at `path` is of.
pub(super) fn snapshot(path: &Path, file: &str) -> Option<String> {
    let folder = path.ancestors().nth(file.split('/').count())?;
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

//! Files: written whole or not at all, and read within bounds.

mod bounded;

use crate::DataError;
pub use bounded::{LARGE, SMALL, open, open_regular, read, read_text};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

/// Writes `bytes` so that `path` never holds a part of them: `.NAME.partial` beside it, synced, then
/// renamed. Missing parent folders are made.
///
/// A process that was killed leaves `.NAME.partial`, which the next one overwrites. Two writers of
/// one file at the same time are a mistake of the caller.
///
/// # Errors
/// The folder or the file can't be written; an old file then stays as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let partial = partial(path)?;
    let mut file = File::create(&partial).map_err(|e| DataError::io(&partial, e))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|e| DataError::io(&partial, e))?;
    drop(file);
    rename(&partial, path)
}

/// Where a file is written until it is whole; its folder is made.
pub(crate) fn partial(path: &Path) -> Result<PathBuf, DataError> {
    let name = path
        .file_name()
        .ok_or_else(|| DataError::invalid(path, "a file needs a name"))?
        .to_string_lossy();
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| DataError::io(folder, e))?;
    }
    Ok(path.with_file_name(format!(".{name}.partial")))
}

/// Renames a synced file into place; the folder is synced too, so that the rename itself lasts.
pub(crate) fn rename(partial: &Path, path: &Path) -> Result<(), DataError> {
    std::fs::rename(partial, path).map_err(|e| DataError::io(path, e))?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), DataError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| DataError::io(folder, e))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), DataError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deep/file.txt");
        write_whole(&path, b"first").unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        // A folder in the way: the error names it, and it stays.
        let taken = folder.path().join("new/deep");
        assert!(write_whole(&taken, b"x").unwrap_err().to_string().contains("deep"));
        assert!(path.is_file());
        assert!(write_whole(Path::new("/"), b"x").is_err());
    }
}

//! Files that are there whole or not at all.
use crate::TrainError;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// Writes `.NAME.partial` beside `path`, syncs it and renames it into place; the folder is synced too, so that the
/// rename itself lasts.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let mut file = File::create(&partial).map_err(TrainError::io(&partial))?;
    file.write_all(bytes).map_err(TrainError::io(&partial))?;
    file.sync_all().map_err(TrainError::io(&partial))?;
    drop(file);
    std::fs::rename(&partial, path).map_err(TrainError::io(path))?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), TrainError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(TrainError::io(folder))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), TrainError> {
    Ok(())
}

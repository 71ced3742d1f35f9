//! One process at a time in a run directory.

use std::{fs, path::Path};

use crate::Error;

/// Holds a run directory until it is dropped; the system drops it with a killed process.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

impl Lock {
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        let file = fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(Error::io(path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(Error::run(
                path.parent().and_then(Path::parent).unwrap_or(path),
                "another rightly process is working in this run directory; wait for it, or give \
                 another --out",
            )),
            Err(fs::TryLockError::Error(source)) => {
                Err(Error::Io { path: path.to_owned(), source })
            }
        }
    }
}

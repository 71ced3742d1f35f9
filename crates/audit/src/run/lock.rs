//! One process at a time in a run directory.

use std::{fs, path::Path};

use crate::Error;

/// How often a lock that was taken away meanwhile is made again.
const TRIES: usize = 16;

/// Holds a run directory until it is dropped; the system drops it with a killed process.
#[derive(Debug)]
pub struct Lock {
    #[cfg_attr(not(unix), expect(dead_code, reason = "held, not read"))]
    file: fs::File,
}

impl Lock {
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        // A process that wrote nothing takes its lock away with it; what was opened before is then no longer there. Where a file
        // system gives no lasting numbers, the last try counts.
        for _ in 0..TRIES {
            let lock = Self::open(path)?;
            if lock.is_at(path) {
                return Ok(lock);
            }
        }
        Self::open(path)
    }

    fn open(path: &Path) -> Result<Self, Error> {
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
            Ok(()) => Ok(Self { file }),
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

    /// Whether the file that is held is the one under this name.
    #[cfg(unix)]
    fn is_at(&self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let here = fs::metadata(path).ok().zip(self.file.metadata().ok());
        here.is_some_and(|(there, own)| (there.dev(), there.ino()) == (own.dev(), own.ino()))
    }

    /// A file that is held can't be removed there.
    #[cfg(not(unix))]
    fn is_at(&self, _: &Path) -> bool {
        true
    }
}

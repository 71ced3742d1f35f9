//! The bytes of a file that are here so far.

use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{announced::Announced, failed::Failed};

/// A file that is not whole yet. Its lock is held by the caller.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    /// The part at `path`, with what an earlier try left there. What can't be a beginning of the file goes.
    pub(super) fn open(path: PathBuf, announced: &Announced) -> Result<Self, Failed> {
        let disk = |e| Failed::disk(&path, e);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).map_err(disk)?;
        }
        // Written under its own name only: neither through a link nor into anything else that stands there.
        let is_plain = fs::symlink_metadata(&path).map(|m| m.is_file());
        if is_plain.is_ok_and(|plain| !plain) {
            fs::remove_file(&path).map_err(disk)?;
        }
        let mut options = File::options();
        let file = options.read(true).append(true).create(true).open(&path).map_err(disk)?;
        let length = file.metadata().map_err(disk)?.len();
        let mut part = Self { path, file, length };
        // As many bytes as the whole has and yet no whole: nobody knows what they are.
        if part.length >= announced.size() && part.length > 0 {
            part.restart()?;
        }
        Ok(part)
    }

    /// Bytes that are here.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.file.write_all(bytes).map_err(|e| Failed::disk(&self.path, e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Forgets what is here.
    pub(super) fn restart(&mut self) -> Result<(), Failed> {
        self.file.set_len(0).map_err(|e| Failed::disk(&self.path, e))?;
        self.length = 0;
        Ok(())
    }

    /// A failure while bytes came. Where the server contradicts itself, the part is worth nothing.
    pub(super) fn judged(&mut self, failed: Failed) -> Failed {
        match failed {
            Failed::Broken(_) | Failed::Changed => match self.restart() {
                Ok(()) => failed,
                Err(disk) => disk,
            },
            failed => failed,
        }
    }

    /// Gives the bytes their name, if they are those that were announced; else they go.
    pub(super) fn finish(mut self, announced: &Announced, blob: &Path) -> Result<(), Failed> {
        let found = self.file.metadata().map_err(|e| Failed::disk(&self.path, e))?.len();
        let wrong = if found != announced.size() {
            Some(format!("{found} bytes are here, {} were announced", announced.size()))
        } else {
            match announced.digest() {
                Some(expected) => self.digest()?.ne(expected).then(|| {
                    "the bytes that came are not those that were announced (SHA-256)".into()
                }),
                None => None,
            }
        };
        if let Some(message) = wrong {
            self.restart()?;
            return Err(Failed::Broken(format!("{message}; they are removed, try again")));
        }
        self.file.sync_all().map_err(|e| Failed::disk(&self.path, e))?;
        fs::rename(&self.path, blob).map_err(|e| Failed::disk(blob, e))
    }

    fn digest(&mut self) -> Result<String, Failed> {
        let disk = |e| Failed::disk(&self.path, e);
        self.file.rewind().map_err(disk)?;
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; 1 << 20];
        loop {
            match self.file.read(&mut chunk).map_err(disk)? {
                0 => break,
                read => hasher.update(&chunk[..read]),
            }
        }
        Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

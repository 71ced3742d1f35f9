//! Finished units of work, each a small file named by its index.

use std::{fs, path::PathBuf};

use rightly_data::files::write_whole;
use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// A short key of everything that decides a result.
pub fn key_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The shards of one measure with one set of options.
#[derive(Debug, Clone)]
pub struct ShardStore {
    folder: PathBuf,
}

impl ShardStore {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index:06}"))
    }

    /// Whether shard `index` is finished.
    pub fn has(&self, index: usize) -> bool {
        self.path(index).is_file()
    }

    /// Stores a finished shard.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn write<T: Serialize>(&self, index: usize, value: &T) -> Result<(), Error> {
        let path = self.path(index);
        let bytes = postcard::to_stdvec(value).map_err(|e| Error::run(&path, e.to_string()))?;
        Ok(write_whole(&path, &bytes)?)
    }

    /// Reads a finished shard.
    ///
    /// # Errors
    /// Where the file is missing or does not hold a shard of this version.
    pub fn read<T: DeserializeOwned>(&self, index: usize) -> Result<T, Error> {
        let path = self.path(index);
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        postcard::from_bytes(&bytes)
            .map_err(|e| Error::run(&path, format!("not a shard ({e}); delete it and run again")))
    }
}

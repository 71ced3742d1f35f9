//! Finished units of work, each a small file named by its index.

use std::{fs, path::PathBuf};

use rightly_data::files::write_whole;
use serde::{Serialize, de::DeserializeOwned};

use super::ledger::CHANGED;
use crate::{Error, Event, Sink};

/// First bytes of a shard; the number is that of the layout.
const MAGIC: [u8; 8] = *b"rightly2";
/// Bytes of a checksum.
const HASH: usize = 32;

/// The shards of one measure with one set of options. Each begins with a checksum of its content, its place and its
/// measure, so that one that is damaged, or stands in another's place, is computed again.
#[derive(Debug, Clone)]
pub struct ShardStore {
    folder: PathBuf,
    /// The measure and its key.
    name: String,
}

impl ShardStore {
    pub(super) fn new(parent: PathBuf, name: String) -> Self {
        Self { folder: parent.join(&name), name }
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index:06}"))
    }

    fn hash(&self, index: usize, content: &[u8]) -> [u8; HASH] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.name.as_bytes());
        hasher.update(&(index as u64).to_le_bytes());
        hasher.update(content);
        *hasher.finalize().as_bytes()
    }

    /// Of `count` shards those that are still to be computed. A damaged one is named.
    ///
    /// # Errors
    /// Where a file is there and can't be read.
    pub fn missing(&self, count: usize, sink: Sink<'_>) -> Result<Vec<usize>, Error> {
        let mut out = Vec::new();
        for index in 0..count {
            if self.lacks(index, sink)? {
                out.push(index);
            }
        }
        Ok(out)
    }

    /// Whether a shard is still to be computed. A damaged one is named.
    ///
    /// # Errors
    /// As [`ShardStore::missing`].
    pub fn lacks(&self, index: usize, sink: Sink<'_>) -> Result<bool, Error> {
        let path = self.path(index);
        if !path.is_file() {
            return Ok(true);
        }
        let damaged = self.content(index)?.is_none();
        if damaged {
            sink(Event::Damaged(format!("{}: {CHANGED}; computed again", path.display())));
        }
        Ok(damaged)
    }

    /// The content of a shard; `None` where it is not what was written.
    fn content(&self, index: usize) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(index);
        let mut bytes = fs::read(&path).map_err(Error::io(&path))?;
        let start = MAGIC.len() + HASH;
        let whole = bytes.len() >= start
            && bytes[..MAGIC.len()] == MAGIC
            && bytes[MAGIC.len()..start] == self.hash(index, &bytes[start..]);
        Ok(whole.then(|| bytes.split_off(start)))
    }

    /// Stores a finished shard.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn write<T: Serialize>(&self, index: usize, value: &T) -> Result<(), Error> {
        let path = self.path(index);
        let content = postcard::to_stdvec(value).map_err(|e| Error::run(&path, e.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.hash(index, &content));
        bytes.extend(content);
        Ok(write_whole(&path, &bytes)?)
    }

    /// Reads a finished shard.
    ///
    /// # Errors
    /// Where the file is missing or is not what was written.
    pub fn read<T: DeserializeOwned>(&self, index: usize) -> Result<T, Error> {
        let path = self.path(index);
        let bad = |why: &str| Error::run(&path, format!("{why}; run again, it is computed anew"));
        let content = self.content(index)?.ok_or_else(|| bad(CHANGED))?;
        postcard::from_bytes(&content).map_err(|e| {
            // Whole, and of another version: as long as it lies there nothing takes its place.
            drop(fs::remove_file(&path));
            bad(&format!("not a shard of this version: {e}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::RunDir;

    #[test]
    fn a_shard_that_was_changed_or_moved_is_missing_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = RunDir::new(folder.path()).shards("noise", "key");
        for (index, value) in ["first", "second"].iter().enumerate() {
            store.write(index, value).unwrap();
        }
        let missing = || {
            let said = Mutex::new(Vec::new());
            let sink = |event| {
                if let Event::Damaged(text) = event {
                    said.lock().unwrap().push(text);
                }
            };
            (store.missing(3, &sink).unwrap(), said.into_inner().unwrap())
        };
        assert_eq!(missing(), (vec![2], Vec::new()));
        assert_eq!(store.read::<String>(1).unwrap(), "second");
        let whole = fs::read(store.path(0)).unwrap();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                fs::write(store.path(0), bytes).unwrap();
                let (missing, said) = missing();
                assert_eq!(missing, [0, 2], "byte {at}, bit {bit}");
                assert!(said[0].contains("000000: was changed"), "{said:?}");
                assert!(store.read::<String>(0).is_err());
            }
        }
        // Of another version: gone, so that it is computed anew.
        store.write(0, &7_u8).unwrap();
        let said = store.read::<(String, String)>(0).unwrap_err().to_string();
        assert!(said.contains("not a shard of this version"), "{said}");
        assert_eq!(missing(), (vec![0, 2], Vec::new()));
        // Cut short, then one in the place of the other, then one of another measure.
        fs::write(store.path(0), &whole[..10]).unwrap();
        assert_eq!(missing().0, [0, 2]);
        fs::copy(store.path(1), store.path(0)).unwrap();
        assert_eq!(missing().0, [0, 2]);
        let other = RunDir::new(folder.path()).shards("noise", "other");
        other.write(0, &"elsewhere").unwrap();
        fs::copy(other.path(0), store.path(0)).unwrap();
        assert_eq!(missing().0, [0, 2]);
    }
}

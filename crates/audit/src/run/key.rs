//! Keys: short names of everything that decides a result.

use serde::Serialize;

use crate::Error;

/// A short key of everything that decides a result.
pub fn key_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    short(&hasher)
}

fn short(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A key that is made of named parts, each written out as JSON: names and values in a fixed order, so that no two
/// things have the same bytes, and what can't be written out is an error.
#[derive(Debug, Clone)]
pub struct Key {
    of: String,
    hasher: blake3::Hasher,
}

impl Key {
    /// A key of `of` (a stage, a measure), as its code is in this revision.
    pub fn new(of: &str, revision: u32) -> Self {
        let mut out = Self { of: of.to_owned(), hasher: blake3::Hasher::new() };
        out.add(of.as_bytes());
        out.add(&revision.to_le_bytes());
        out
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(&(bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    /// Adds what the result depends on.
    ///
    /// # Errors
    /// Where the value can't be written as JSON.
    pub fn with<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Error::Usage(format!("{}: '{name}' can't be part of a key: {error}", self.of))
        })?;
        self.add(name.as_bytes());
        self.add(&bytes);
        Ok(self)
    }

    /// The key.
    pub fn finish(&self) -> String {
        short(&self.hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_and_its_place_decide_the_key() {
        let key = |revision, parts: &[(&str, &str)]| {
            let key = Key::new("noise", revision);
            parts.iter().try_fold(key, |key, (name, value)| key.with(name, value)).unwrap().finish()
        };
        let first = key(1, &[("a", "x"), ("b", "y")]);
        assert_eq!(first, key(1, &[("a", "x"), ("b", "y")]));
        for other in [
            key(2, &[("a", "x"), ("b", "y")]),
            key(1, &[("a", "y"), ("b", "x")]),
            key(1, &[("b", "y"), ("a", "x")]),
            key(1, &[("a", "xb"), ("", "y")]),
            key(1, &[("a", "x")]),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn what_cannot_be_written_out_is_an_error() {
        // JSON has no maps whose keys are lists.
        let unwritable = std::collections::BTreeMap::from([(vec![1], 2)]);
        let error = Key::new("rank", 1).with("votes", &unwritable).unwrap_err().to_string();
        assert!(error.contains("'votes' can't be part of a key"), "{error}");
    }
}

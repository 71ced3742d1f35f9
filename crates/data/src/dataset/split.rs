//! Splits: their names, the choice of one, and dealing images where there are none.
use super::Dataset;
use crate::DataError;
use std::collections::{BTreeMap, HashMap};

/// Names that folders of splits go by, and the split each means.
const NAMES: [(&str, &str); 13] = [
    ("train", "train"),
    ("training", "train"),
    ("trn", "train"),
    ("val", "val"),
    ("valid", "val"),
    ("validation", "val"),
    ("dev", "val"),
    ("eval", "val"),
    ("test", "test"),
    ("testing", "test"),
    ("tst", "test"),
    ("intervention", "intervention"),
    ("pool", "pool"),
];

pub(super) fn is_name(folder: &str) -> bool {
    NAMES.iter().any(|(name, _)| name.eq_ignore_ascii_case(folder))
}

/// `validation` means `val`, unless a `val` (or another name of it) is there as well.
pub(super) fn canonical(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let Some((_, split)) = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) else {
        return name.to_owned();
    };
    let rival = NAMES.iter().any(|(n, s)| s == split && !n.eq_ignore_ascii_case(name) && taken(n));
    if rival { name.to_owned() } else { (*split).to_owned() }
}

impl Dataset {
    /// Number of images of each split, by name. Images without a split are not counted.
    pub fn splits(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for split in self.samples.iter().filter_map(|s| s.split.as_deref()) {
            *counts.entry(split).or_default() += 1;
        }
        counts
    }

    /// The samples of one split: `requested`, else `test`, else `val`, else all; the split's name, and how it was chosen in words.
    ///
    /// `requested` may be `all`. Indices ascend. Without a request, a dataset that has splits but
    /// neither `test` nor `val` gives all its images.
    ///
    /// # Errors
    /// No image has the requested split; the message lists those there are.
    pub fn choose_split(
        &self,
        requested: Option<&str>,
    ) -> Result<(Vec<usize>, String, String), DataError> {
        let splits = self.splits();
        let all = || (0..self.samples.len()).collect();
        let of = |name: &str| {
            let is = |i: &usize| self.samples[*i].split.as_deref() == Some(name);
            (0..self.samples.len()).filter(is).collect::<Vec<_>>()
        };
        let listed =
            splits.iter().map(|(s, n)| format!("{s} ({n})")).collect::<Vec<_>>().join(", ");
        match requested {
            Some(name) if splits.contains_key(name) => {
                Ok((of(name), name.to_owned(), format!("--split {name} was asked for")))
            }
            Some("all") => Ok((all(), "all".to_owned(), "--split all was asked for".to_owned())),
            Some(name) => {
                let found = if splits.is_empty() {
                    "the data has no splits; leave the flag out".to_owned()
                } else {
                    format!("choose one of {listed}, or all")
                };
                Err(DataError::invalid(
                    format!("--split {name}"),
                    format!("no image has this split; {found}"),
                ))
            }
            None => {
                for (name, why) in [("test", "'test' is there"), ("val", "there is no 'test'")] {
                    if splits.contains_key(name) {
                        return Ok((of(name), name.to_owned(), format!("default: {why}")));
                    }
                }
                let why = if splits.is_empty() {
                    "default: the data has no splits".to_owned()
                } else {
                    format!("default: neither 'test' nor 'val' is there, only {listed}")
                };
                Ok((all(), "all".to_owned(), why))
            }
        }
    }
}

/// Deals images to parts by a hash of their key (id or cluster) and the seed: the part of each key,
/// as an index into `shares`. Equal keys go to the same part; the order of `keys` doesn't matter.
///
/// Distinct keys are put in the order of their BLAKE3 hash and cut where the running number of
/// images crosses the shares (each positive, any sum), so that parts are as near to their shares as
/// whole clusters allow. With at least as many distinct keys as parts no part stays empty.
pub fn deal<S: AsRef<str>>(keys: &[S], seed: u64, shares: &[f64]) -> Vec<usize> {
    if shares.len() < 2 {
        return vec![0; keys.len()];
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for key in keys {
        *counts.entry(key.as_ref()).or_default() += 1;
    }
    let mut order: Vec<_> = counts
        .into_iter()
        .map(|(key, count)| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&seed.to_le_bytes()).update(key.as_bytes());
            (*hasher.finalize().as_bytes(), key, count)
        })
        .collect();
    order.sort_unstable();
    let whole: f64 = shares.iter().sum();
    let mut part = 0;
    // Images dealt so far; `bound` is the upper end of the current part.
    let mut dealt = 0usize;
    let mut bound = shares[0] / whole;
    let mut parts: HashMap<&str, usize> = HashMap::new();
    for (i, (_, key, count)) in order.iter().enumerate() {
        let middle = (dealt as f64 + *count as f64 / 2.0) / keys.len() as f64;
        let keys_left = order.len() - i;
        let parts_left = shares.len() - 1 - part;
        // Move on past the bound, one part a key so that none stays empty, and keep a key for each
        // later part.
        if part + 1 < shares.len() && i > 0 && (middle > bound || keys_left <= parts_left) {
            part += 1;
            bound += shares[part] / whole;
        }
        parts.insert(key, part);
        dealt += count;
    }
    keys.iter().map(|key| parts[key.as_ref()]).collect()
}

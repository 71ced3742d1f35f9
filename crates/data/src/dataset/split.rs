//! Splits: their names, the choice of one, and dealing images where there are none.
use super::Dataset;
use crate::DataError;
use std::collections::{BTreeMap, HashMap};

/// Names that splits go by, and the split each means.
const NAMES: [(&str, &str); 19] = [
    ("train", "train"),
    ("training", "train"),
    ("trn", "train"),
    ("trainset", "train"),
    ("val", "val"),
    ("valid", "val"),
    ("validation", "val"),
    ("valset", "val"),
    ("test", "test"),
    ("testing", "test"),
    ("tst", "test"),
    ("testset", "test"),
    ("dev", "val"),
    ("eval", "val"),
    ("intervention", "intervention"),
    ("pool", "pool"),
    ("holdout", "holdout"),
    ("unlabeled", "unlabeled"),
    ("unlabelled", "unlabelled"),
];
/// How many of them, from the first on, are also known with a year, a letter or such a word beside them: `val2017`, `train_set`.
const WITH_AFFIX: usize = 12;
const AFFIXES: [&str; 16] = [
    "set", "data", "dataset", "split", "images", "image", "imgs", "img", "pictures", "photos",
    "seg", "files", "folder", "new", "final", "full",
];

/// The split that a folder or a cell names.
fn meaning(name: &str) -> Option<&'static str> {
    let known = |word: &str, names: &[(&str, &'static str)]| {
        names.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, split)| *split)
    };
    known(name.trim(), &NAMES).or_else(|| {
        let mut splits = Vec::new();
        for word in words(name) {
            match known(&word, &NAMES[..WITH_AFFIX]) {
                Some(split) => splits.push(split),
                None if word.len() == 1 || word.bytes().all(|b| b.is_ascii_digit()) => {}
                None if AFFIXES.contains(&word.as_str()) => {}
                None => return None,
            }
        }
        (splits.len() == 1).then(|| splits[0])
    })
}

/// Lower-case words and numbers of a name: `seg_train`, `val2017` and `TestA` have two each.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in name.chars() {
        let begins = !before.is_alphanumeric()
            || before.is_ascii_digit() != letter.is_ascii_digit()
            || (before.is_lowercase() && letter.is_uppercase());
        if letter.is_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase());
            }
        }
        before = letter;
    }
    words
}

/// Whether a folder, a class or a cell is called as splits are (`train`, `Validation`, `test2017`).
pub fn is_split_name(name: &str) -> bool {
    meaning(name).is_some()
}

/// `validation` means `val`, unless a `val` (or another name of it) is among the names as well. Spaces around a name and
/// capital letters make no other split.
pub(super) fn canonical<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let folded = |name: &str| name.trim().to_lowercase();
    let this = folded(name);
    let Some(split) = meaning(name) else {
        // Of several spellings the first in order stands for all.
        let same = names.map(str::trim).filter(|n| n.to_lowercase() == this);
        return same.min().unwrap_or(name.trim()).to_owned();
    };
    let rival = names.map(folded).any(|n| n != this && meaning(&n) == Some(split));
    if rival { this } else { split.to_owned() }
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
                let message = format!("--split {name}: no image has this split; {found}");
                Err(DataError::invalid(&self.given, message))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_splits_are_known_with_years_letters_and_words() {
        for (name, split) in [
            ("Train", "train"),
            ("VALIDATION", "val"),
            ("val2017", "val"),
            ("seg_train", "train"),
            ("Test-Images", "test"),
            ("trainA", "train"),
            ("training set", "train"),
            ("test_images_1", "test"),
            ("pool", "pool"),
        ] {
            assert_eq!(meaning(name), Some(split), "{name}");
        }
        for name in
            ["steam_train", "test tube", "pool table", "pool2", "contest", "n01440764", "7", ""]
        {
            assert_eq!(meaning(name), None, "{name}");
        }
        assert_eq!(canonical("valid", ["valid", "train"].into_iter()), "val");
        assert_eq!(canonical("val2014", ["val2014", "val2017"].into_iter()), "val2014");
        // Capital letters and spaces make no split of their own.
        for name in ["test", "Test", "TEST "] {
            assert_eq!(canonical(name, ["test", "Test", "TEST "].into_iter()), "test");
        }
        for name in ["fold a", "Fold A", " fold a"] {
            assert_eq!(canonical(name, ["fold a", "Fold A", " fold a"].into_iter()), "Fold A");
        }
    }
}

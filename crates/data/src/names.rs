//! How names and paths are compared: one function each, for both sides of every comparison.
use std::collections::HashMap;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Composed form, under which names that differ only by Unicode form are equal.
fn composed(name: &str) -> String {
    if is_nfc(name) { name.to_owned() } else { name.nfc().collect() }
}

/// A name of a class, a split or a column as it is compared: without blanks around it, in composed Unicode form. Letters keep
/// their case.
pub fn name_key(name: &str) -> String {
    composed(name.trim())
}

/// A path as it is compared: `/` between its parts, without `.`, doubled or (as far as possible) `..` parts, in composed Unicode
/// form, without blanks around it, its ending in small letters. So `a\ü.JPG`, `./a/ü.jpg ` and `a//ü.jpg` are one path.
pub fn path_key(path: &str) -> String {
    let mut key = without_detours(&composed(path.trim()).replace('\\', "/"));
    let stem = without_ending(&key).len();
    let ending = key.split_off(stem).to_ascii_lowercase();
    key + &ending
}

/// A `/`-separated path without `.`, doubled or (as far as possible) `..` parts, by its text alone.
pub fn without_detours(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// Path without its last ending, `/`-separated.
pub fn without_ending(path: &str) -> &str {
    let start = path.rfind('/').map_or(0, |i| i + 1);
    match path[start..].rfind('.') {
        Some(dot) if dot > 0 => &path[..start + dot],
        _ => path,
    }
}

/// Things by their path, found by the path itself or, where only one fits, by its [`path_key`].
#[derive(Debug, Clone)]
pub struct PathIndex<T> {
    exact: HashMap<String, T>,
    /// `None` where several paths have the key.
    by_key: HashMap<String, Option<T>>,
}

impl<T: Copy> PathIndex<T> {
    /// An index of these paths.
    pub fn new<S: Into<String>>(paths: impl IntoIterator<Item = (S, T)>) -> Self {
        let (mut exact, mut by_key) = (HashMap::new(), HashMap::new());
        for (path, value) in paths {
            let path = path.into();
            by_key
                .entry(path_key(&path))
                .and_modify(|found: &mut Option<T>| *found = None)
                .or_insert(Some(value));
            exact.insert(path, value);
        }
        Self { exact, by_key }
    }

    /// What belongs to a path.
    pub fn get(&self, path: &str) -> Option<T> {
        self.exact
            .get(path)
            .copied()
            .or_else(|| self.by_key.get(&path_key(path)).copied().flatten())
    }
}

/// Names that differ least from `name`, closest first, at most `count` (an edit distance up to a third of its length).
pub fn close_names<'a>(
    name: &str,
    names: impl Iterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let limit = name.chars().count() / 3;
    let mut close: Vec<(usize, &str)> = names
        .filter(|other| other.len().abs_diff(name.len()) <= limit * 4)
        .map(|other| (distance(name, other), other))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    close.sort();
    close.dedup();
    close.into_iter().take(count).map(|(_, name)| name).collect()
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_mean_the_same_have_one_key() {
        for path in
            ["a/ü.jpg", "./a/ü.jpg", "a\\ü.JPG", "a//u\u{308}.jpg", "b/../a/ü.Jpg", " a/ü.jpg "]
        {
            assert_eq!(path_key(path), "a/ü.jpg", "{path}");
        }
        assert_eq!(path_key("/a/./b.PNG"), "/a/b.png");
        assert_eq!(path_key("../a"), "../a");
        assert_eq!(path_key("A/.Hidden"), "A/.Hidden");
        assert_ne!(path_key("a/B.jpg"), path_key("a/b.jpg"));
        assert_eq!(name_key(" u\u{308}ber "), "über");
    }

    #[test]
    fn a_path_is_found_by_its_key_where_only_one_has_it() {
        let index = PathIndex::new([("a/1.jpg", 1), ("a/2.JPG", 2), ("a/2.jpg", 3)]);
        assert_eq!(index.get("a\\1.JPG"), Some(1));
        assert_eq!(index.get("a/2.JPG"), Some(2));
        assert_eq!(index.get("./a/2.jpg"), None, "two have the key");
        assert_eq!(index.get("a/3.jpg"), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            close_names("layer4", ["layer3", "layer4x", "conv"].into_iter(), 2),
            ["layer3", "layer4x"]
        );
    }
}

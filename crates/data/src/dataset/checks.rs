//! What is wrong with a dataset that was read: classes, names, and the same bytes in two splits.
use super::{Dataset, Duplicates, ImageSource, builder::problem_row};
use crate::names::{name_key, path_key};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read},
};

/// Most images whose bytes are compared without being asked.
const AUTO_DUPLICATES: usize = 200_000;

pub(super) fn run(data: &mut Dataset, duplicates: Duplicates) {
    small_classes(data);
    similar_classes(data);
    path_twins(data);
    let splits = data.splits().len();
    if splits < 2 || duplicates == Duplicates::Never {
        return;
    }
    if duplicates == Duplicates::Auto && data.samples.len() > AUTO_DUPLICATES {
        data.notes.push(format!(
            "With more than {AUTO_DUPLICATES} images the same bytes in two splits were not looked for."
        ));
        return;
    }
    same_bytes(data);
}

fn small_classes(data: &mut Dataset) {
    let mut counts = vec![0usize; data.classes.len()];
    for sample in &data.samples {
        counts[sample.class] += 1;
    }
    for (class, n) in data.classes.iter().zip(counts) {
        let what = match n {
            0 => "class without usable images",
            1 => "class of one image",
            _ => continue,
        };
        let action = "no figure for it that needs two images";
        data.problems.push(problem_row(class.as_str(), what, action));
    }
}

/// Class names that look alike are usually one class.
fn similar_classes(data: &mut Dataset) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for class in &data.classes {
        let folded = name_key(class).to_lowercase();
        if let Some(first) = seen.get(folded.as_str()) {
            let what =
                format!("class that differs only by the case of its letters: from '{first}'");
            data.problems.push(problem_row(class.as_str(), what, "kept as two classes"));
        } else {
            seen.insert(folded, class);
        }
    }
}

fn path_twins(data: &mut Dataset) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for sample in &data.samples {
        if let Some(first) = seen.insert(path_key(&sample.id), &sample.id) {
            let what = format!(
                "name that differs only by Unicode form, blanks or the case of its ending: from '{first}'"
            );
            data.problems.push(problem_row(sample.id.as_str(), what, "both are used"));
        }
    }
}

/// Sizes first, then a hash of the beginning, then of everything, each only among the images that
/// are still alike across splits.
fn same_bytes(data: &mut Dataset) {
    let mut alike: Vec<Vec<usize>> = vec![(0..data.samples.len()).collect()];
    for key in [size, head_hash, whole_hash] {
        alike = alike.iter().flat_map(|group| refine(data, group, key)).collect();
    }
    alike.sort_unstable();
    for group in alike {
        let first = &data.samples[group[0]];
        for &other in &group[1..] {
            let other = &data.samples[other];
            if other.split == first.split {
                continue;
            }
            let split = |s: &Option<String>| s.clone().expect("`refine` keeps images of a split");
            let what = format!(
                "same bytes in two splits: '{}' in {} is '{}' in {}",
                other.id,
                split(&other.split),
                first.id,
                split(&first.split)
            );
            let row = problem_row(other.id.as_str(), what, "both are used");
            data.problems.push(row);
        }
    }
}

type Key = fn(&ImageSource) -> io::Result<[u8; 32]>;

fn size(image: &ImageSource) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&image.size()?.to_le_bytes());
    Ok(key)
}

fn head_hash(image: &ImageSource) -> io::Result<[u8; 32]> {
    let mut head = Vec::with_capacity(4096);
    image.reader()?.take(4096).read_to_end(&mut head)?;
    Ok(*blake3::hash(&head).as_bytes())
}

fn whole_hash(image: &ImageSource) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(image.reader()?)?;
    Ok(*hasher.finalize().as_bytes())
}

/// Parts of a group with equal keys that still span two splits. Files that can't be read drop out:
/// decoding will name them.
fn refine(data: &Dataset, group: &[usize], key: Key) -> Vec<Vec<usize>> {
    let mut parts: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for &i in group {
        let sample = &data.samples[i];
        if sample.split.is_some()
            && let Ok(key) = key(&sample.image)
        {
            parts.entry(key).or_default().push(i);
        }
    }
    let spans = |part: &Vec<usize>| {
        part.iter().any(|&i| data.samples[i].split != data.samples[part[0]].split)
    };
    parts.into_values().filter(spans).collect()
}

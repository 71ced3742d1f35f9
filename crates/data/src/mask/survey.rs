//! Which mask values are object, decided from the values seen over a dataset.
use super::{MaskOptions, MaskSource, labels};
use std::collections::{BTreeMap, BTreeSet};

/// Most mask files that a survey opens, evenly spread over the dataset.
const SAMPLE: usize = 500;

/// What a survey saw and decided.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskSurvey {
    /// Values seen, with the number of files that hold them. Where a file holds more than 256
    /// values, its 256 lowest and its highest.
    pub values: BTreeMap<u32, usize>,
    /// Mask files opened and read.
    pub read: usize,
    /// Mask files that could not be read.
    pub unreadable: usize,
    /// Mask files there are.
    pub files: usize,
    /// Values in force.
    pub options: MaskOptions,
    /// The decision in a sentence for the user.
    pub decision: String,
}

/// Reads up to 500 of the mask files, evenly spread, and decides which values are object and which void:
///
/// - what the user gave stands;
/// - values 0 and one other: that other is object (255 in {0, 255} too);
/// - 255 (65535 in 16 bits) beside other labels: 255 is void, the others are object;
/// - soft edges (most pixels at 0 or the highest value, many values between): all above 0;
/// - else: all above 0.
///
/// COCO segments and planted masks have no values and are left out.
pub fn survey(sources: &[&MaskSource], given: &MaskOptions) -> MaskSurvey {
    let files: Vec<_> = sources
        .iter()
        .filter_map(|source| match source {
            MaskSource::File(path) => Some(path),
            MaskSource::Coco(_) | MaskSource::Planted(_) => None,
        })
        .collect();
    let count = files.len().min(SAMPLE);
    let mut seen = Seen::default();
    let mut unreadable = 0;
    for i in 0..count {
        match labels::read(files[i * files.len() / count]) {
            Ok(labels) => seen.add(&labels.values),
            Err(_) => unreadable += 1,
        }
    }
    let (options, decision) = decide(&seen, given, files.len());
    MaskSurvey {
        values: seen.files_with,
        read: seen.read,
        unreadable,
        files: files.len(),
        options,
        decision,
    }
}

#[derive(Default)]
struct Seen {
    files_with: BTreeMap<u32, usize>,
    read: usize,
    /// Files whose values look like a label map with soft edges.
    soft: usize,
}

/// Values kept of one file, beside its highest.
const KEPT: usize = 256;

impl Seen {
    fn add(&mut self, values: &[u32]) {
        self.read += 1;
        let mut distinct = BTreeSet::new();
        let mut last = None;
        for &value in values {
            // Masks are flat: most neighbours are equal.
            if last != Some(value) && distinct.len() <= KEPT {
                distinct.insert(value);
            }
            last = Some(value);
        }
        let highest = values.iter().copied().max().unwrap_or(0);
        distinct.insert(highest);
        let at_ends = values.iter().filter(|&&value| value == 0 || value == highest).count();
        if distinct.len() > 20 && at_ends * 10 >= values.len() * 8 {
            self.soft += 1;
        }
        for value in distinct {
            *self.files_with.entry(value).or_default() += 1;
        }
    }
}

fn decide(seen: &Seen, given: &MaskOptions, files: usize) -> (MaskOptions, String) {
    let source = if seen.read == files {
        format!("all {files} mask files")
    } else {
        format!("{} of {files} mask files", seen.read)
    };
    let labels: Vec<u32> = seen.files_with.keys().copied().filter(|&value| value > 0).collect();
    let listed = list(seen.files_with.keys().copied());
    if given.object.is_some() || !given.void.is_empty() {
        let object = match &given.object {
            Some(values) => format!("{} as given", list(values.iter().copied())),
            None => "all above 0 and not void".to_string(),
        };
        let void = match given.void.as_slice() {
            [] => String::new(),
            void => format!(", void: {} as given", list(void.iter().copied())),
        };
        let absent: Vec<u32> = given
            .object
            .iter()
            .flatten()
            .copied()
            .filter(|value| !seen.files_with.contains_key(value))
            .collect();
        let warning = if seen.read == 0 || absent.is_empty() {
            String::new()
        } else {
            format!("; not seen: {}", list(absent.into_iter()))
        };
        return (
            given.clone(),
            format!("Mask values: object: {object}{void} (seen in {source}: {listed}){warning}."),
        );
    }
    if seen.read == 0 {
        return (given.clone(), "Mask values: all above 0 are object.".to_string());
    }
    let soft = seen.soft * 2 > seen.read;
    let ignore = match labels.last() {
        Some(&highest @ (255 | 65535)) if labels.len() > 1 && !soft => Some(highest),
        _ => None,
    };
    if let Some(ignore) = ignore {
        let options = MaskOptions { void: vec![ignore], ..given.clone() };
        return (
            options,
            format!(
                "Mask values: {ignore} beside other labels is void (not object), all others above 0 are object (seen in {source}: {listed}); --mask-object and --mask-void decide otherwise."
            ),
        );
    }
    let decision = match labels.as_slice() {
        [] => format!("Mask values: only 0 was seen in {source}: there is no object in them."),
        [only] => format!("Mask values: {only} is object, 0 is not (seen in {source})."),
        _ if soft => format!(
            "Mask values: soft edges, all above 0 are object (seen in {source}: {listed}); --mask-object decides otherwise."
        ),
        _ => format!(
            "Mask values: all above 0 are object (seen in {source}: {listed}); --mask-object and --mask-void decide otherwise."
        ),
    };
    (given.clone(), decision)
}

/// `0, 1, 2 … 255`: at most eight values.
fn list(values: impl Iterator<Item = u32>) -> String {
    let values: Vec<String> = values.map(|value| value.to_string()).collect();
    match values.as_slice() {
        [] => "none".to_string(),
        [first @ .., last] if values.len() > 8 => format!("{} … {last}", first[..6].join(", ")),
        _ => values.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(files: &[&[u32]]) -> (MaskOptions, String) {
        let mut seen = Seen::default();
        for values in files {
            seen.add(values);
        }
        decide(&seen, &MaskOptions::default(), files.len())
    }

    #[test]
    fn a_255_alone_is_object() {
        let (options, sentence) = decided(&[&[0, 0, 255], &[0, 0, 0]]);
        assert!(options.is_object(255) && !options.is_object(0));
        assert_eq!(sentence, "Mask values: 255 is object, 0 is not (seen in all 2 mask files).");
    }

    #[test]
    fn a_255_beside_labels_is_void() {
        let (options, sentence) = decided(&[&[0, 1, 255], &[0, 2, 2]]);
        assert!(options.is_object(1) && options.is_object(2) && !options.is_object(255));
        assert!(sentence.contains("255 beside other labels is void"), "{sentence}");
    }

    #[test]
    fn soft_edges_are_object() {
        let mut values = vec![0; 400];
        values.extend(vec![255; 400]);
        values.extend(5..60);
        let (options, sentence) = decided(&[&values]);
        assert!(options.is_object(255) && options.is_object(7));
        assert!(sentence.contains("soft edges"), "{sentence}");
    }

    #[test]
    fn what_the_user_gave_stands() {
        let mut seen = Seen::default();
        seen.add(&[0, 1, 255]);
        let given = MaskOptions { object: Some(vec![3]), ..MaskOptions::default() };
        let (options, sentence) = decide(&seen, &given, 1);
        assert_eq!(options, given);
        assert!(sentence.contains("not seen: 3"), "{sentence}");
    }
}

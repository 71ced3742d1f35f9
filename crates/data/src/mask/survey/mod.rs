//! What the masks of a dataset are, decided from the values seen over many files.

mod doubts;
mod words;

use super::{
    MaskOptions, MaskSource, ValueRange,
    labels::{self, Kind, Labels},
    profile::{Looks, Profile},
};
use crate::Sample;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

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
    /// What can be read in two ways.
    pub doubts: Vec<Doubt>,
}

/// Masks that can be read in two ways, with the object's share in both and the flag that decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// The first such file.
    pub file: PathBuf,
    /// How many of the files that were read are of this kind.
    pub files: usize,
    /// Mean share of the object in these files as they are read, and in the other reading.
    pub shares: [f64; 2],
    /// What is in doubt, with both shares.
    pub problem: String,
    /// What was done, and the flag that decides otherwise.
    pub action: String,
    /// The options of the other reading, where flags can choose it.
    pub other: Option<MaskOptions>,
}

impl Doubt {
    /// Whether the sample's mask is the first one in doubt.
    pub fn is_about(&self, sample: &Sample) -> bool {
        matches!(&sample.mask, Some(MaskSource::File(file)) if *file == self.file)
    }
}

/// Reads up to 500 of the mask files, evenly spread, and decides which values are object:
///
/// - what the user gave stands;
/// - where most files with an object are *label maps with void* (one channel or a palette, small
///   labels in flat areas beside 255, or beside 65535 in 16 bits), that largest value is void in
///   such files;
/// - everything else is coverage: all above 0 is object; in lossy files all from half of the
///   file's own largest value on.
///
/// Each file is read by its own values: an odd file changes nothing for the others.
///
/// COCO segments and planted masks have no values and are left out.
pub fn survey(sources: &[&MaskSource], given: &MaskOptions) -> MaskSurvey {
    let files: Vec<&Path> = sources
        .iter()
        .filter_map(|source| match source {
            MaskSource::File(path) => Some(path.as_path()),
            MaskSource::Coco { .. } | MaskSource::Pickled { .. } | MaskSource::Rendered(_) => None,
        })
        .collect();
    let count = files.len().min(SAMPLE);
    let mut seen = Seen::default();
    let mut unreadable = 0;
    for i in 0..count {
        let path = files[i * files.len() / count];
        match labels::read(path) {
            Ok(labels) => seen.add(path, &labels),
            Err(_) => unreadable += 1,
        }
    }
    let label_maps = !given.given() && seen.are_label_maps();
    let options = MaskOptions { label_maps, ..given.clone() };
    let decision = words::decision(&seen, &options, files.len());
    let doubts = if given.given() { Vec::new() } else { doubts::all(&seen, label_maps) };
    MaskSurvey {
        values: seen.files_with,
        read: seen.files.len(),
        unreadable,
        files: files.len(),
        options,
        decision,
        doubts,
    }
}

/// One file that was read.
struct SeenFile {
    path: PathBuf,
    kind: Kind,
    profile: Profile,
    other: Option<f64>,
}

#[derive(Default)]
struct Seen {
    files_with: BTreeMap<u32, usize>,
    files: Vec<SeenFile>,
}

/// Values kept of one file, beside its highest.
const KEPT: usize = 256;

impl Seen {
    fn add(&mut self, path: &Path, labels: &Labels) {
        let mut distinct = BTreeSet::new();
        let mut last = None;
        for &value in &labels.values {
            // Masks are flat: most neighbours are equal.
            if last != Some(value) && distinct.len() <= KEPT {
                distinct.insert(value);
            }
            last = Some(value);
        }
        let profile = Profile::of(labels);
        distinct.insert(profile.largest);
        for value in distinct {
            *self.files_with.entry(value).or_default() += 1;
        }
        self.files.push(SeenFile {
            path: path.to_owned(),
            kind: labels.kind,
            profile,
            other: labels.other,
        });
    }

    fn count(&self, which: impl Fn(&SeenFile) -> bool) -> usize {
        self.files.iter().filter(|file| which(file)).count()
    }

    /// Small labels beside void stand in most of the files that have an object at all.
    fn are_label_maps(&self) -> bool {
        let with_object = self.count(|file| file.profile.looks != Looks::Empty);
        2 * self.count(|file| file.profile.looks == Looks::LabelMap) > with_object
    }

    /// Given values that no file holds.
    fn absent(&self, given: &[ValueRange]) -> Vec<ValueRange> {
        let held = |range: &ValueRange| self.files_with.keys().any(|&value| range.contains(value));
        given.iter().copied().filter(|range| !held(range)).collect()
    }
}

#[cfg(test)]
mod tests;

//! `cifar-100:PATH` and `cifar-100-coarse:PATH`: CIFAR-100 in its binary format, and DIM's division of it.
//!
//! `train.bin` and `test.bin` hold one record an image: superclass, fine class (a byte each), then
//! the planes R, G, B of 32 x 32 bytes. Names stand in `coarse_label_names.txt` and
//! `fine_label_names.txt`, one a line.
use super::{ImageSource, Sample, builder::Builder};
use crate::{DataError, files};
use std::{
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;
const RECORD: usize = 2 + PIXELS;
const FINE: &str = "fine";
const COARSE: &str = "superclass";

/// The 100 fine classes, the superclass as an attribute.
pub(super) fn open_fine(rest: &str) -> Result<Builder, DataError> {
    open(Path::new(rest), false)
}

/// The 20 superclasses, the fine class as an attribute and as the known subgroup.
pub(super) fn open_coarse(rest: &str) -> Result<Builder, DataError> {
    open(Path::new(rest), true)
}

fn open(given: &Path, coarse: bool) -> Result<Builder, DataError> {
    let root = [given.to_owned(), given.join("cifar-100-binary")]
        .into_iter()
        .find(|root| root.join("train.bin").is_file() || root.join("test.bin").is_file())
        .ok_or_else(|| {
            let expected = "expected CIFAR-100's binary version (train.bin, test.bin and the two \
                files of names); found neither train.bin nor test.bin";
            DataError::invalid(given, expected)
        })?;
    let coarse_names = names(&root.join("coarse_label_names.txt"), 20)?;
    let fine_names = names(&root.join("fine_label_names.txt"), 100)?;
    let classes = if coarse { &coarse_names } else { &fine_names };
    let mut draft = Builder::with_classes(classes.iter().map(String::as_str));
    draft.data.attributes = vec![if coarse { FINE } else { COARSE }.to_owned()];
    for split in ["train", "test"] {
        let file = root.join(format!("{split}.bin"));
        if !file.is_file() {
            draft.note(format!("{} is not there.", file.display()));
            continue;
        }
        for (index, [superclass, fine]) in labels(&file)?.into_iter().enumerate() {
            let (Some(superclass_name), Some(fine_name)) =
                (coarse_names.get(superclass), fine_names.get(fine))
            else {
                let what = format!(
                    "record {index} has superclass {superclass} and fine class {fine}; expected \
                     less than 20 and 100"
                );
                return Err(DataError::invalid(file, what));
            };
            let other = if coarse { fine_name } else { superclass_name };
            draft.data.samples.push(Sample {
                id: format!("{split}/{index:05}"),
                image: ImageSource::Record {
                    file: file.clone(),
                    offset: (index * RECORD + 2) as u64,
                    side: SIDE,
                },
                class: if coarse { superclass } else { fine },
                mask: None,
                split: Some(split.to_owned()),
                captions: Vec::new(),
                group: coarse.then(|| fine_name.clone()),
                attributes: vec![Some(other.clone())],
                parts: Vec::new(),
            });
        }
    }
    Ok(draft)
}

/// Superclass and fine class of each record.
fn labels(file: &PathBuf) -> Result<Vec<[usize; 2]>, DataError> {
    let io = |e| DataError::io(file, e);
    let bytes = file.metadata().map_err(io)?.len();
    if bytes == 0 || bytes % RECORD as u64 != 0 {
        let message = format!(
            "{bytes} bytes are no whole number of records of {RECORD}; download the file again"
        );
        return Err(DataError::invalid(file, message));
    }
    let mut reader = BufReader::with_capacity(64 * RECORD, files::open(file)?);
    let mut record = [0; RECORD];
    (0..bytes / RECORD as u64)
        .map(|_| {
            reader.read_exact(&mut record).map_err(io)?;
            Ok([usize::from(record[0]), usize::from(record[1])])
        })
        .collect()
}

fn names(file: &Path, expected: usize) -> Result<Vec<String>, DataError> {
    let text = files::read_text(file, files::SMALL)?;
    let names: Vec<String> =
        text.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect();
    if names.len() != expected {
        let message = format!("{} names, expected {expected}, one a line", names.len());
        return Err(DataError::invalid(file, message));
    }
    Ok(names)
}

/// The fine classes that DIM under-represents in training, two of each superclass.
const RARE: [&str; 40] = [
    "beaver",
    "otter",
    "shark",
    "aquarium_fish",
    "orchid",
    "tulip",
    "bowl",
    "can",
    "mushroom",
    "pear",
    "clock",
    "lamp",
    "table",
    "couch",
    "caterpillar",
    "butterfly",
    "bear",
    "wolf",
    "house",
    "bridge",
    "forest",
    "mountain",
    "kangaroo",
    "elephant",
    "raccoon",
    "possum",
    "lobster",
    "snail",
    "man",
    "woman",
    "snake",
    "turtle",
    "shrew",
    "squirrel",
    "willow_tree",
    "palm_tree",
    "bus",
    "bicycle",
    "streetcar",
    "tractor",
];

/// DIM's protocol (CVPR 2024, section 4): the training images of each fine class are divided in the
/// order of the file; a rare class keeps the first quarter of its training share, and the rest of
/// that share is not used.
pub(super) fn dim_protocol(draft: &mut Builder, root: &str) -> Result<(), DataError> {
    let fine_of = |draft: &Builder, s: &Sample| match draft.data.attributes[0].as_str() {
        FINE => s.attributes[0].clone().expect("the reader gives each record its fine class"),
        _ => draft.data.classes[s.class].clone(),
    };
    let fine: Vec<String> = draft.data.samples.iter().map(|s| fine_of(draft, s)).collect();
    for name in RARE {
        if !fine.iter().any(|f| f == name) {
            let message = format!(
                "no image of the fine class '{name}', which --protocol dim needs; give the whole of CIFAR-100, or leave the \
                 protocol out"
            );
            return Err(DataError::invalid(root, message));
        }
    }
    let mut of_class: std::collections::BTreeMap<&str, Vec<usize>> = Default::default();
    for (at, sample) in draft.data.samples.iter().enumerate() {
        if sample.split.as_deref() == Some("train") {
            of_class.entry(fine[at].as_str()).or_default().push(at);
        }
    }
    let mut split: Vec<Option<&str>> = vec![Some("test"); fine.len()];
    for (name, members) in of_class {
        let (train, pool) = (members.len() * 2 / 5, members.len() * 4 / 5);
        let kept = if RARE.contains(&name) { train / 4 } else { train };
        for (rank, &at) in members.iter().enumerate() {
            split[at] = match rank {
                r if r < kept => Some("train"),
                r if r < train => None,
                r if r < pool => Some("intervention"),
                _ => Some("val"),
            };
        }
    }
    let mut dropped = 0;
    let mut at = 0;
    draft.data.samples.retain_mut(|sample| {
        let chosen = split[at];
        at += 1;
        sample.split = chosen.map(str::to_owned);
        dropped += usize::from(chosen.is_none());
        chosen.is_some()
    });
    let counts = draft.data.splits();
    let listed: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
    let note = format!(
        "Protocol dim: 40 rare fine classes keep a quarter of their training images ({dropped} \
         images unused); {}.",
        listed.join(", ")
    );
    draft.note(note);
    Ok(())
}

//! `KIND:PATH`: the layouts that are known by name.
use super::{Protocol, breeds, builder::Builder, cifar, coco, imagenet, planted, rival10};
use crate::DataError;
use std::path::Path;

type Open = fn(&str) -> Result<Builder, DataError>;

/// Kind, what follows the colon, and its reader.
const KINDS: [(&str, &str, Open); 8] = [
    ("breeds", "TASK,IMAGENET", breeds::open),
    ("cifar-100", "PATH", cifar::open_fine),
    ("cifar-100-coarse", "PATH", cifar::open_coarse),
    ("coco", "ANNOTATIONS.json,IMAGES", coco::open),
    ("hard-imagenet", "MASKS,IMAGENET", imagenet::open_hard),
    ("imagenet", "PATH", imagenet::open),
    ("planted", "WORLD", planted::open),
    ("rival10", "PATH", rival10::open),
];

/// `KIND:PATH` in two; a single letter before the colon is a drive.
pub(super) fn split_kind(data: &str) -> Option<(&str, &str)> {
    let (kind, rest) = data.split_once(':')?;
    let word = kind.len() > 1 && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    word.then_some((kind, rest))
}

pub(super) fn open(
    kind: &str,
    rest: &str,
    protocol: Option<Protocol>,
) -> Result<Builder, DataError> {
    match KINDS.iter().find(|(name, ..)| *name == kind) {
        Some((_, _, open)) => {
            let mut draft = open(rest)?;
            match protocol {
                None => {}
                Some(Protocol::Dim) if kind.starts_with("cifar-100") => {
                    cifar::dim_protocol(&mut draft, rest)?;
                }
                Some(_) => {
                    let message = "--protocol dim only fits cifar-100: and cifar-100-coarse:";
                    return Err(DataError::invalid(format!("{kind}:{rest}"), message));
                }
            }
            Ok(draft)
        }
        None => {
            let known: Vec<_> = KINDS.iter().map(|(k, usage, _)| format!("{k}:{usage}")).collect();
            Err(DataError::invalid(
                format!("{kind}:{rest}"),
                format!("unknown kind of data '{kind}'; known are {}", known.join(", ")),
            ))
        }
    }
}

/// `KIND:WHAT` of a kind.
pub(super) fn usage(kind: &str) -> String {
    let usage = KINDS.iter().find(|(k, ..)| *k == kind).expect("a reader names its own kind").1;
    format!("{kind}:{usage}")
}

/// The two paths of `FIRST,SECOND`. Where a path holds commas itself, the cut with two paths that
/// exist is taken.
pub(super) fn two_paths<'r>(kind: &str, rest: &'r str) -> Result<(&'r Path, &'r Path), DataError> {
    let cuts: Vec<_> = rest
        .match_indices(',')
        .map(|(at, _)| (Path::new(&rest[..at]), Path::new(&rest[at + 1..])))
        .collect();
    let there = cuts.iter().find(|(a, b)| a.exists() && b.exists());
    let (first, second) = *there.or(cuts.first()).ok_or_else(|| {
        DataError::invalid(
            format!("{kind}:{rest}"),
            format!("expected two paths with a comma between them: {}", usage(kind)),
        )
    })?;
    for path in [first, second] {
        if !path.exists() {
            return Err(DataError::invalid(path, format!("no such file or folder ({kind}:)")));
        }
    }
    Ok((first, second))
}

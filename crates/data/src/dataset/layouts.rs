//! `KIND:PATH`: the layouts that are known by name.
use super::{Dataset, Protocol, breeds, builder::Builder, cifar, coco, imagenet, rival10};
use crate::DataError;
use std::path::Path;

type Open = fn(&str) -> Result<Builder, DataError>;

/// Kind, what follows the colon, and its reader.
const KINDS: [(&str, &str, Open); 7] = [
    ("breeds", "TASK,IMAGENET", breeds::open),
    ("cifar-100", "PATH", cifar::open_fine),
    ("cifar-100-coarse", "PATH", cifar::open_coarse),
    ("coco", "ANNOTATIONS.json,IMAGES", coco::open),
    ("hard-imagenet", "MASKS,IMAGENET", imagenet::open_hard),
    ("imagenet", "PATH", imagenet::open),
    ("rival10", "PATH", rival10::open),
];

/// A further kind of data, which another crate reads; [`super::OpenOptions::kinds`] makes it known.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What stands before the colon: letters, digits and `-`.
    pub name: &'static str,
    /// What follows the colon, for messages.
    pub usage: &'static str,
    /// Reads what follows the colon: classes, samples, attributes, notes. Nothing is decoded. Classes are sorted and checks are
    /// made by who opens it.
    pub open: fn(&str) -> Result<Dataset, DataError>,
}

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
    further: &[Kind],
) -> Result<Builder, DataError> {
    let own = KINDS.iter().find(|(name, ..)| *name == kind).map(|(_, _, open)| open(rest));
    let other = || further.iter().find(|known| known.name == kind);
    match own.or_else(|| other().map(|known| (known.open)(rest).map(Builder::from))) {
        Some(draft) => {
            let mut draft = draft?;
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
            let further = further.iter().map(|kind| (kind.name, kind.usage));
            let mut all: Vec<_> =
                KINDS.iter().map(|(kind, usage, _)| (*kind, *usage)).chain(further).collect();
            all.sort_unstable();
            let known: Vec<_> = all.iter().map(|(kind, usage)| format!("{kind}:{usage}")).collect();
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

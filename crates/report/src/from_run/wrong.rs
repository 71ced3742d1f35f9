//! Wrong answers: the most frequent, and those to look at first.

use std::collections::BTreeMap;

use super::{
    album::Album,
    tables::{Clean, Seen, Tables},
};
use crate::{
    ReportError,
    view::{Confusion, Photo},
};

/// Pairs shown, and examples of each.
const PAIRS: usize = 8;
const EXAMPLES: usize = 4;
/// Mistakes shown, and most of one class.
const MISTAKES: usize = 12;
const OF_A_CLASS: usize = 2;

/// Wrong clean answers, least probability for the true class first; ties by id.
fn wrong(tables: &Tables) -> Vec<(&Seen, Clean)> {
    let mut wrong: Vec<(&Seen, Clean)> = tables
        .images
        .iter()
        .filter_map(|seen| Some((seen, seen.clean.filter(|c| !c.correct)?)))
        .collect();
    wrong.sort_by(|a, b| {
        a.1.confidence.total_cmp(&b.1.confidence).then_with(|| a.0.id.cmp(&b.0.id))
    });
    wrong
}

pub(super) fn confusions(tables: &Tables, album: &Album) -> Result<Vec<Confusion>, ReportError> {
    let mut pairs: BTreeMap<(&str, i64), Vec<&Seen>> = BTreeMap::new();
    for (seen, clean) in wrong(tables) {
        pairs.entry((seen.class.as_str(), clean.output)).or_default().push(seen);
    }
    let mut order: Vec<_> = pairs.into_iter().collect();
    // Stable: ties stay in the order of class and output.
    order.sort_by_key(|(_, images)| std::cmp::Reverse(images.len()));
    order
        .into_iter()
        .take(PAIRS)
        .map(|((class, output), images)| {
            let of_class = |s: &&Seen| s.class == class && s.clean.is_some();
            let photos: Vec<Photo> = images
                .iter()
                .take(EXAMPLES)
                .map(|seen| album.thumbnail(tables, seen))
                .collect::<Result<_, _>>()?;
            Ok(Confusion {
                class: class.to_owned(),
                answer: tables.label(output),
                count: images.len(),
                n: tables.images.iter().filter(of_class).count(),
                photos: photos.into_iter().filter(|p| p.picture.is_some()).collect(),
            })
        })
        .collect()
}

pub(super) fn mistakes(tables: &Tables, album: &Album) -> Result<Vec<Photo>, ReportError> {
    let mut of_class: BTreeMap<&str, usize> = BTreeMap::new();
    wrong(tables)
        .into_iter()
        .filter(|(seen, _)| {
            let count = of_class.entry(&seen.class).or_default();
            *count += 1;
            *count <= OF_A_CLASS
        })
        .take(MISTAKES)
        .map(|(seen, _)| album.full(tables, seen))
        .collect()
}

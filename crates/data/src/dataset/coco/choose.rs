//! The category of an image.
use super::{check::Checked, json::Id};
use crate::mask::CocoSegment;
use std::collections::BTreeMap;

/// The category that an image shows most of.
pub(super) struct Chosen {
    pub(super) category: Id,
    /// Whether there are others.
    pub(super) several: bool,
    pub(super) segments: Vec<CocoSegment>,
    /// Objects of it without a segmentation.
    pub(super) boxes: usize,
}

/// The category with the largest total area (of equals, the one listed under the lowest id); those
/// of one name are one.
pub(super) fn largest(annotations: Vec<(String, Checked)>) -> Chosen {
    let mut found: BTreeMap<String, (f64, Chosen)> = BTreeMap::new();
    for (class, checked) in annotations {
        let (area, chosen) = found.entry(class).or_insert_with(|| {
            let category = checked.category.clone();
            (0.0, Chosen { category, several: false, segments: Vec::new(), boxes: 0 })
        });
        *area += checked.area;
        if checked.category < chosen.category {
            chosen.category = checked.category;
        }
        match checked.segment {
            Some(segment) => chosen.segments.push(segment),
            None => chosen.boxes += 1,
        }
    }
    let several = found.len() > 1;
    let (_, best) = found
        .into_values()
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.category.cmp(&a.1.category)))
        .expect("an image without annotations is left out before");
    Chosen { several, ..best }
}

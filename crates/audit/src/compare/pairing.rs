//! Whether two runs are about the same images.

use std::collections::BTreeMap;

use super::side::{Image, Side};
use crate::run::Pairing;

/// How the images of two runs belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pairs {
    pub(super) pairing: Pairing,
    /// Index in A and in B of each shared image, in the order of A.
    pub(super) shared: Vec<(usize, usize)>,
    /// Images of the same name and class that differ in width or height: not the same picture.
    pub(super) resized: usize,
    /// The decision, a sentence.
    pub(super) choice: String,
}

/// Pairs images by id and class. At least half of the smaller run's images must be shared for
/// differences within images; fewer would make the figures about a remnant.
pub(super) fn pair(a: &Side, b: &Side) -> Pairs {
    let same_data = a.manifest.hashes.data == b.manifest.hashes.data;
    // Stored and displayed orientation differ in width and height without being other pictures.
    let comparable = a.manifest.inputs.as_stored == b.manifest.inputs.as_stored;
    let (shared, resized) = shared(&a.images, &b.images, comparable);
    let smaller = a.images.len().min(b.images.len());
    let (n, few) = (shared.len(), 2 * shared.len() < smaller || shared.is_empty());
    let listing = if same_data { "the same data" } else { "data with images in common" };
    let choice = if few && n == 0 {
        "Unpaired: the runs share no image, so their figures are held against each other as \
         independent ones."
            .to_owned()
    } else if few {
        format!(
            "Unpaired: only {n} images are shared, fewer than half of the smaller run's {smaller}; \
             the figures are held against each other as independent ones."
        )
    } else if n == a.images.len() && n == b.images.len() {
        format!("Paired: both runs are about the same {n} images ({listing}).")
    } else {
        format!(
            "Paired over the {n} images that both runs have ({listing}); {} images are only in A \
             and {} only in B.",
            a.images.len() - n,
            b.images.len() - n,
        )
    };
    let pairing = if few { Pairing::Unpaired } else { Pairing::Paired };
    Pairs { pairing, shared, resized, choice }
}

/// Images with the same id and class, and how many of them were left out for their size.
fn shared(a: &[Image], b: &[Image], sizes_matter: bool) -> (Vec<(usize, usize)>, usize) {
    let at: BTreeMap<(&str, &str), usize> = b
        .iter()
        .enumerate()
        .map(|(i, image)| ((image.id.as_str(), image.class.as_str()), i))
        .collect();
    let both = a
        .iter()
        .enumerate()
        .filter_map(|(i, image)| Some((i, *at.get(&(image.id.as_str(), image.class.as_str()))?)));
    let (same, resized): (Vec<_>, Vec<_>) = both.partition(|&(i, j)| {
        let sizes = a[i].size.zip(b[j].size);
        !sizes_matter || sizes.is_none_or(|(x, y)| x == y)
    });
    (same, resized.len())
}

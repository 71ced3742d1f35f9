//! The shape of a tree of pictures: which folders hold pictures themselves, and which hold folders that do.
use super::super::files;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Folders that hold all pictures, whatever their classes.
const IMAGE_FOLDERS: [&str; 8] =
    ["images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "data"];
/// Folders of masks, whatever else is there.
const MASK_FOLDERS: [&str; 6] =
    ["masks", "segmentations", "segmentationclass", "segmentationobject", "trimaps", "labelmaps"];
/// Folders of masks where their files mirror the pictures; else they may be classes.
const PERHAPS_MASKS: [&str; 11] = [
    "mask",
    "segmentation",
    "seg",
    "gt",
    "ground_truth",
    "groundtruth",
    "labels",
    "annotations",
    "annotation",
    "alpha",
    "depth",
];
/// What the names of masks beside their pictures end in.
const MASK_ENDINGS: [&str; 6] = ["_mask", "-mask", "_seg", "_segmentation", "_gt", "_groundtruth"];

fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(name))
}

pub(super) fn is_image_folder(name: &str) -> bool {
    is_one_of(name, &IMAGE_FOLDERS)
}

/// One folder of the first level.
#[derive(Debug, Default)]
pub(super) struct Top<'t> {
    /// The only folder inside, where it is one of all pictures (`train/images/CLASS/…`).
    pub(super) via: Option<&'t str>,
    /// Pictures in no folder below.
    pub(super) direct: usize,
    /// Folders below, with the number of their pictures.
    pub(super) inner: BTreeMap<&'t str, usize>,
}

/// Pictures by their folder of the first level, and how many lie in none.
#[derive(Debug, Default)]
pub(super) struct Shape<'t> {
    pub(super) tops: BTreeMap<&'t str, Top<'t>>,
    pub(super) loose: usize,
}

impl<'t> Shape<'t> {
    /// Of the pictures below `above` (empty, or a path that ends in `/`).
    pub(super) fn of(images: &[&'t str], above: &str) -> Self {
        let mut shape = Self::default();
        for id in images.iter().filter_map(|id| id.strip_prefix(above)) {
            let Some((top, rest)) = id.split_once('/') else {
                shape.loose += 1;
                continue;
            };
            let top = shape.tops.entry(top).or_default();
            match rest.split_once('/') {
                Some((inner, _)) => *top.inner.entry(inner).or_default() += 1,
                None => top.direct += 1,
            }
        }
        shape
    }

    /// Looks through a folder of all pictures inside a folder of the first level.
    pub(super) fn look_inside(&mut self, images: &[&'t str], above: &str) {
        for (name, top) in &mut self.tops {
            let only = match top.inner.keys().copied().collect::<Vec<_>>()[..] {
                // Archives repeat their name: `seg_train/seg_train/CLASS`.
                [only]
                    if top.direct == 0
                        && (is_image_folder(only) || only.eq_ignore_ascii_case(name)) =>
                {
                    only
                }
                _ => continue,
            };
            let below = format!("{above}{name}/{only}/");
            let inside = Self::of(images, &below);
            let count = |top: Top<'_>| top.direct + top.inner.values().sum::<usize>();
            let inner = inside.tops.into_iter().map(|(name, top)| (name, count(top))).collect();
            *top = Top { via: Some(only), direct: inside.loose, inner };
        }
    }

    /// Names of the folders inside all folders of the first level.
    pub(super) fn inner(&self) -> BTreeSet<&'t str> {
        self.tops.values().flat_map(|top| top.inner.keys().copied()).collect()
    }
}

/// Pictures that are masks of others: whole folders of them, by path, and files that lie beside their pictures.
#[derive(Debug, Default)]
pub(super) struct Masks<'t> {
    /// Number of pictures in each.
    pub(super) folders: BTreeMap<&'t str, usize>,
    pub(super) files: Vec<&'t str>,
}

/// Divides pictures into those that show something and those that are masks.
pub(super) fn without_masks(all: &[String]) -> (Vec<&str>, Masks<'_>) {
    let mut masks = Masks::default();
    let mut images: Vec<&str> = Vec::with_capacity(all.len());
    for id in all {
        match folder_of(id, |part| is_one_of(part, &MASK_FOLDERS)) {
            Some(folder) => *masks.folders.entry(folder).or_default() += 1,
            None => images.push(id),
        }
    }
    let mirrors = mirrors(&images);
    if !mirrors.is_empty() {
        images.retain(|id| match folder_of(id, |part| is_one_of(part, &PERHAPS_MASKS)) {
            Some(folder) if mirrors.contains(folder) => {
                *masks.folders.entry(folder).or_default() += 1;
                false
            }
            _ => true,
        });
    }
    masks.files = beside_their_pictures(&images);
    if !masks.files.is_empty() {
        let files: BTreeSet<&str> = masks.files.iter().copied().collect();
        images.retain(|id| !files.contains(id));
    }
    (images, masks)
}

/// Files that are called as a picture of their folder, with a word for mask behind it.
fn beside_their_pictures<'t>(images: &[&'t str]) -> Vec<&'t str> {
    let named: Vec<(&str, &str)> = images
        .iter()
        .filter_map(|id| {
            let stem = files::without_ending(id);
            let cut = |end: &&str| {
                let cut = stem.len().checked_sub(end.len())?;
                let ends = stem.is_char_boundary(cut) && stem[cut..].eq_ignore_ascii_case(end);
                ends.then(|| &stem[..cut])
            };
            MASK_ENDINGS.iter().find_map(cut).map(|picture| (*id, picture))
        })
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    let stems: HashSet<&str> = images.iter().map(|id| files::without_ending(id)).collect();
    named.into_iter().filter(|(_, picture)| stems.contains(picture)).map(|(id, _)| id).collect()
}

/// The first folder above a picture whose name is wanted, with all that lies above it.
fn folder_of(id: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
    let mut start = 0;
    while let Some(length) = id[start..].find('/') {
        if wanted(&id[start..start + length]) {
            return Some(&id[..start + length]);
        }
        start += length + 1;
    }
    None
}

/// Folders that may be masks by their name, and are by their files: at least half of these have the stem and folders of a
/// picture elsewhere.
fn mirrors<'t>(images: &[&'t str]) -> BTreeSet<&'t str> {
    let mut candidates: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut others = Vec::new();
    for id in images {
        let stem = files::without_ending(id);
        match folder_of(id, |part| is_one_of(part, &PERHAPS_MASKS)) {
            Some(folder) => candidates.entry(folder).or_default().push(stem),
            None => others.push(stem),
        }
    }
    if candidates.is_empty() {
        return BTreeSet::new();
    }
    let mut stems: HashSet<String> = HashSet::new();
    for stem in others {
        stems.insert(stem.to_owned());
        // `images/cat/1.jpg` has the mask `mask/cat/1.png`.
        if let Some(folder) = folder_of(stem, is_image_folder) {
            let above = folder.rfind('/').map_or("", |at| &folder[..=at]);
            stems.insert(format!("{above}{}", &stem[folder.len() + 1..]));
        }
    }
    candidates.retain(|folder, found| {
        let above = folder.rfind('/').map_or("", |at| &folder[..=at]);
        let mirrored = found
            .iter()
            .filter(|stem| stems.contains(&format!("{above}{}", &stem[folder.len() + 1..])));
        2 * mirrored.count() >= found.len()
    });
    candidates.into_keys().collect()
}

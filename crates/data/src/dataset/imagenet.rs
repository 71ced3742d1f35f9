//! `imagenet:PATH` and `hard-imagenet:MASKS,IMAGENET`.
use super::{
    Sample,
    builder::Builder,
    files::{self, FileKind, Listings, Lookup},
    folder, layouts,
    synsets::{HARD_IMAGENET, is_wnid, split_wnid},
    tree::Tree,
};
use crate::DataError;
use std::path::Path;

/// `PATH/<split>/<wnid>/<file>` or `PATH/<wnid>/<file>`; class names are the synsets.
pub(super) fn open(rest: &str) -> Result<Builder, DataError> {
    let root = Path::new(rest);
    let draft = folder::open(root, None, None)?;
    if let Some(other) = draft.data.classes.iter().find(|class| !is_wnid(class)) {
        return Err(DataError::invalid(
            root,
            format!(
                "'{other}' is no synset; expected <split>/<wnid>/<file> or <wnid>/<file>, as \
                 train/n01440764/n01440764_18.JPEG, with the validation images sorted into class \
                 folders"
            ),
        ));
    }
    let in_val = |sample: &Sample| sample.split.as_deref() == Some("val");
    if root.join("val").is_dir() && !draft.data.samples.iter().any(in_val) {
        return Err(DataError::invalid(
            root.join("val"),
            "expected the validation images sorted into class folders, as val/<wnid>/<file>; they lie in none",
        ));
    }
    Ok(draft)
}

/// Masks `MASKS/<split>/<wnid>_<file>`, images `IMAGENET/<split>/<wnid>/<file>`.
pub(super) fn open_hard(rest: &str) -> Result<Builder, DataError> {
    let (masks, images) = layouts::two_paths("hard-imagenet", rest)?;
    let mut draft = Builder::with_classes(HARD_IMAGENET.iter().map(|(name, ..)| *name));
    draft.data.outputs = Some(HARD_IMAGENET.iter().map(|(_, output, _)| vec![*output]).collect());
    let splits: Vec<&str> =
        ["train", "val"].into_iter().filter(|split| masks.join(split).is_dir()).collect();
    if splits.is_empty() {
        return Err(DataError::invalid(
            masks,
            "expected the folders train and val with mask files <wnid>_<file name>; found neither",
        ));
    }
    let mut listings = Listings::default();
    for split in splits {
        let tree = Tree::walk(&masks.join(split), None)?;
        for (name, what) in tree.problems {
            draft.problem(format!("{split}/{name}"), what, "left out");
        }
        for name in tree.images {
            hard_sample(&mut draft, &mut listings, masks, images, split, &name);
        }
    }
    Ok(draft)
}

fn hard_sample(
    draft: &mut Builder,
    listings: &mut Listings,
    masks: &Path,
    images: &Path,
    split: &str,
    name: &str,
) {
    let mask = masks.join(split).join(name);
    let label = split_wnid(name).and_then(|(wnid, file)| {
        let class = HARD_IMAGENET.iter().position(|(_, _, w)| *w == wnid)?;
        Some((class, wnid, file))
    });
    let Some((class, wnid, file)) = label else {
        let what = "mask name does not start with the synset of one of the 15 classes";
        draft.problem(format!("{split}/{name}"), what, "left out");
        return;
    };
    let id = format!("{split}/{wnid}/{file}");
    let path = images.join(&id);
    let found = match listings.find(&path) {
        Lookup::Exact => Some((id.clone(), path.clone())),
        // A mask that was saved again as PNG has lost the image's ending.
        _ => ["JPEG", "jpeg", "jpg", "png"].iter().find_map(|ending| {
            let id = format!("{}.{ending}", files::without_ending(&id));
            let path = images.join(&id);
            (listings.find(&path) == Lookup::Exact).then_some((id, path))
        }),
    };
    match found {
        Some((id, path)) if files::kind(&path) == FileKind::Image => {
            draft.sample(id, path, class, Some(split.to_owned()), Some(mask));
        }
        _ => {
            draft.first_missing.get_or_insert(path);
            draft.problem(id, "mask without its ImageNet image", "left out");
        }
    }
}

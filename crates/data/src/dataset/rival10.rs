//! `rival10:PATH`: RIVAL10 with object masks, 18 attributes and their masks; only the 'ordinary' images.
use super::{
    Sample,
    builder::Builder,
    files::{self, Listings, Lookup},
    synsets::{RIVAL10, RIVAL10_ATTRIBUTES, split_wnid},
    tree::Tree,
};
use crate::{DataError, MaskSource, mask};
use std::path::{Path, PathBuf};

/// `PATH` is the folder with `train` and `test`, or the one that holds `RIVAL10`.
pub(super) fn open(rest: &str) -> Result<Builder, DataError> {
    let given = Path::new(rest);
    let splits_of = |root: &Path| -> Vec<&'static str> {
        ["train", "test"].into_iter().filter(|s| root.join(s).join("ordinary").is_dir()).collect()
    };
    let root =
        [given.to_owned(), given.join("RIVAL10")].into_iter().find(|r| !splits_of(r).is_empty());
    let Some(root) = root else {
        return Err(DataError::invalid(
            given,
            "expected RIVAL10's folders train/ordinary and test/ordinary; found neither",
        ));
    };
    let mut draft = Builder::with_classes(RIVAL10.iter().map(|(name, _)| *name));
    draft.data.outputs =
        Some(RIVAL10.iter().map(|(_, synsets)| synsets.iter().map(|s| s.1).collect()).collect());
    draft.data.attributes = RIVAL10_ATTRIBUTES.iter().map(|&a| a.to_owned()).collect();
    draft.data.parts.clone_from(&draft.data.attributes);
    let mut listings = Listings::default();
    let mut from_val = [0; 2];
    for split in splits_of(&root) {
        let tree = Tree::walk(&root.join(split).join("ordinary"), None)?;
        for (name, what) in tree.problems {
            draft.problem(format!("{split}/ordinary/{name}"), what, "left out");
        }
        for name in tree.images {
            if files::without_ending(&name).ends_with("_merged_mask") {
                continue;
            }
            if name.contains("ILSVRC2012_val") {
                from_val[usize::from(split == "test")] += 1;
            }
            sample(&mut draft, &mut listings, &root, split, &name);
        }
    }
    draft.note(format!(
        "RIVAL10's split is not ImageNet's: {} images of its train and {} of its test are ImageNet \
         validation images ('ILSVRC2012_val' in the name); the others are images that ImageNet \
         models were trained on.",
        from_val[0], from_val[1]
    ));
    draft.note("Only the 'ordinary' images are used, not 'superimposed' or 'removed'.");
    Ok(draft)
}

fn sample(draft: &mut Builder, listings: &mut Listings, root: &Path, split: &str, name: &str) {
    let id = format!("{split}/ordinary/{name}");
    let class = split_wnid(name).and_then(|(wnid, _)| {
        RIVAL10.iter().position(|(_, synsets)| synsets.iter().any(|s| s.0 == wnid))
    });
    let Some(class) = class else {
        draft.problem(id, "name does not start with one of the 20 synsets", "left out");
        return;
    };
    let mask = root.join(split).join("entire_object_masks").join(name);
    let mask = if listings.find(&mask) == Lookup::Exact {
        Some(mask)
    } else {
        draft.problem(id.as_str(), "no file in entire_object_masks", "used without its mask");
        None
    };
    let path = root.join(&id);
    let labels = attribute_file(&path);
    let attributes = match present(&labels) {
        Ok(values) => values,
        Err(e) => {
            draft.problem(id.as_str(), format!("attributes: {e}"), "used without attributes");
            vec![None; RIVAL10_ATTRIBUTES.len()]
        }
    };
    let dictionary = path.with_file_name(format!("{}_attr_dict.pkl", stem(&path)));
    let masked = listings.find(&dictionary) == Lookup::Exact;
    let part = |(name, value): (&&str, &Option<String>)| {
        let shown = masked && value.as_deref() == Some("true");
        let source = || MaskSource::Pickled { file: dictionary.clone(), name: (*name).to_owned() };
        shown.then(source)
    };
    let parts = RIVAL10_ATTRIBUTES.iter().zip(&attributes).map(part).collect();
    draft.sample(id, path, class, Some(split.to_owned()), None);
    if let Some(last) = draft.data.samples.last_mut() {
        *last = Sample { mask: mask.map(MaskSource::File), attributes, parts, ..last.clone() };
    }
}

/// `<stem>_attr_labels.npy` beside the image.
fn attribute_file(image: &Path) -> PathBuf {
    image.with_file_name(format!("{}_attr_labels.npy", stem(image)))
}

fn stem(image: &Path) -> String {
    let stem = image.file_stem().expect("a file that was listed has a name: by construction");
    stem.to_string_lossy().into_owned()
}

/// Row 0 of the `[2, 18]` array: which attributes the image has (row 1: which were changed).
fn present(path: &Path) -> Result<Vec<Option<String>>, DataError> {
    let (rows, columns, values) = mask::array(path)?;
    if (rows, columns) != (2, RIVAL10_ATTRIBUTES.len()) {
        let found = format!("the array is [{rows}, {columns}], expected [2, 18]");
        return Err(DataError::invalid(path, found));
    }
    Ok(values[..columns].iter().map(|&v| Some((v > 0).to_string())).collect())
}

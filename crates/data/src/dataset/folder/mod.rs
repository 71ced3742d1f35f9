//! A folder of class folders, with split folders above or inside them where there are any.
mod beside;
mod reading;
mod shape;

use super::{
    SplitFolders,
    builder::{Builder, problem_row},
    hugging_face, table_file,
    tree::Tree,
};
use crate::DataError;
use reading::{Place, Reading};
use shape::Masks;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Opens a folder; a table inside it is read where the folders alone say no class.
pub(super) fn open(
    root: &Path,
    masks: Option<&Path>,
    splits: Option<SplitFolders>,
) -> Result<Builder, DataError> {
    beside::known_layout(root)?;
    let mut tree = Tree::walk(root, masks)?;
    let tables = beside::tables(root);
    if tree.images.is_empty()
        && tables.is_empty()
        && let Some(draft) = hugging_face::open_folder(root)?
    {
        return Ok(draft);
    }
    let (images, own_masks) = shape::without_masks(&tree.images);
    let reading = Reading::of(&images, splits);
    let says_classes = matches!(&reading, Ok(reading) if reading.above.is_empty());
    // A table beside `images` says more than folders do.
    if let [table] = &tables[..]
        && !says_classes
        && splits.is_none()
    {
        let mut draft = table_file::open(table)?;
        draft.note(format!("The folder's table {} is read.", table.display()));
        return Ok(draft);
    }
    let reading = reading
        .map_err(|why| DataError::invalid(root, refusal(&tree, &images, &why, &tables, root)))?;
    let mut draft = Builder::default();
    let problems = std::mem::take(&mut tree.problems);
    draft.data.problems =
        problems.into_iter().map(|(id, what)| problem_row(id, what, "left out")).collect();
    let placed = place_images(&reading, &images, root, &mut draft);
    if placed == 0 {
        let why = format!("{} images lie in no class folder", images.len());
        return Err(DataError::invalid(root, refusal(&tree, &images, &why, &tables, root)));
    }
    explain(&reading, &tree, &tables, &mut draft);
    say_masks(&own_masks, &mut draft);
    empty_classes(&reading, &tree, &mut draft);
    say_classes(&mut draft);
    Ok(draft)
}

/// Number of pictures that have a class.
fn place_images(reading: &Reading, images: &[&str], root: &Path, draft: &mut Builder) -> usize {
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    let mut placed = 0;
    for id in images {
        match reading.place(id) {
            Place::Class { class, split } => {
                let class = draft.class(class);
                draft.sample((*id).to_owned(), root.join(id), class, split, None);
                placed += 1;
            }
            Place::Loose => draft.problem(*id, "lies in no class folder", "left out"),
            Place::LeftOut => {
                let folder = reading.left_out.keys().find(|folder| {
                    id.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
                });
                *left_out.entry(folder.map_or("", String::as_str)).or_default() += 1;
            }
        }
    }
    for (folder, n) in left_out {
        let why = reading.left_out.get(folder).map_or("", String::as_str);
        draft.problem(folder, format!("{why}: {n} images in it have no class"), "left out");
    }
    placed
}

fn refusal(
    tree: &Tree,
    images: &[&str],
    why: &str,
    tables: &[std::path::PathBuf],
    root: &Path,
) -> String {
    // What can be read in two ways, or only otherwise, has said all that is to be done.
    if why.contains("--splits") || why.contains("give it as DATA") {
        return why.to_owned();
    }
    let found = match (images.first(), tree.folders.iter().next()) {
        (Some(first), _) => format!("{why}, as '{first}'"),
        (None, _) if !tree.images.is_empty() => {
            format!("all {} images are masks by their folders' names", tree.images.len())
        }
        (None, Some(folder)) => format!("its folders ('{folder}', …) hold no image"),
        (None, None) if tree.others > 0 => "it holds no image".to_owned(),
        (None, None) => "it is empty".to_owned(),
    };
    let table = match tables {
        [] => "give a table with the columns image and class".to_owned(),
        tables => {
            let names: Vec<String> = tables.iter().map(|t| t.display().to_string()).collect();
            format!("give one of its tables: {}", names.join(", "))
        }
    };
    let annotations = beside::annotations(root).filter(|_| !images.is_empty());
    let annotations = annotations.map_or_else(String::new, |json| {
        format!("; '{json}' may be annotations: coco:ANNOTATIONS.json,IMAGES reads such")
    });
    format!(
        "expected ROOT/CLASS/IMAGE or ROOT/SPLIT/CLASS/IMAGE; {found}; sort the images into class folders, or \
         {table}{annotations}"
    )
}

fn explain(reading: &Reading, tree: &Tree, tables: &[std::path::PathBuf], draft: &mut Builder) {
    if tree.others > 0 {
        draft.note(format!("{} files that are no images were skipped.", tree.others));
    }
    if !tree.hidden.is_empty() {
        let first: Vec<String> = tree.hidden.iter().take(3).map(|f| format!("'{f}'")).collect();
        draft.note(format!(
            "{} hidden folders were skipped: {}{}.",
            tree.hidden.len(),
            first.join(", "),
            if tree.hidden.len() > 3 { ", …" } else { "" }
        ));
    }
    reading.notes.iter().for_each(|note| draft.note(note.as_str()));
    for table in tables {
        draft.note(format!(
            "The table {} was not read: the folders say the classes. Give it as DATA to use it.",
            table.display()
        ));
    }
}

fn say_masks(masks: &Masks<'_>, draft: &mut Builder) {
    for (folder, n) in &masks.folders {
        let what = format!("folder of masks: {n} files; give it as --masks");
        draft.problem(*folder, what, "left out");
    }
    if let Some(first) = masks.files.first() {
        let what = format!(
            "masks beside their images: {} files, by their names; name them in a table's column mask, or move them into \
             a folder for --masks",
            masks.files.len()
        );
        draft.problem(*first, what, "left out");
    }
}

fn empty_classes(reading: &Reading, tree: &Tree, draft: &mut Builder) {
    let mut filled: BTreeSet<&str> = BTreeSet::new();
    for sample in &draft.data.samples {
        for (at, _) in sample.id.match_indices('/') {
            filled.insert(&sample.id[..at]);
        }
    }
    let empty: Vec<&String> = tree
        .folders
        .iter()
        .filter(|folder| reading.is_class_folder(folder) && !filled.contains(folder.as_str()))
        .collect();
    // A folder without pictures of which another picture was left out has been named.
    let empty: Vec<String> = empty
        .into_iter()
        .filter(|folder| !tree.images.iter().any(|id| id.starts_with(&format!("{folder}/"))))
        .cloned()
        .collect();
    for folder in empty {
        draft.problem(folder, "class folder without images", "no figures for it");
    }
}

fn say_classes(draft: &mut Builder) {
    let numeric = |name: &String| name.bytes().all(|b| b.is_ascii_digit());
    if draft.data.classes.len() > 1 && draft.data.classes.iter().all(numeric) {
        draft.note(
            "The class folders are numbers. Outputs are never guessed from their order: a class is \
             matched to a label of the same name, or by --label-map.",
        );
    }
    if let [only] = &draft.data.classes[..] {
        let note = format!("There is one class only, '{only}'.");
        draft.note(note);
    }
}

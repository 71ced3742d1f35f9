//! A folder of class folders, with split folders above them where there are any.
use super::{
    draft::{Draft, problem_row},
    files::{self, FileKind},
    split,
};
use crate::DataError;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use walkdir::WalkDir;

/// Every image below a folder, `/`-separated and relative to it, sorted, with what else was seen.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) images: Vec<String>,
    /// Folders of the first and second level.
    pub(super) folders: BTreeSet<String>,
    pub(super) problems: Vec<(String, String)>,
    pub(super) others: usize,
}

impl Tree {
    pub(super) fn walk(root: &Path, skip: Option<&Path>) -> Result<Self, DataError> {
        std::fs::read_dir(root).map_err(|e| DataError::io(root, e))?;
        let skip = skip.and_then(|p| p.canonicalize().ok());
        let skipped = |path: &Path| {
            skip.as_ref().is_some_and(|s| path.canonicalize().is_ok_and(|path| path == *s))
        };
        let mut tree = Self::default();
        let walk = WalkDir::new(root).follow_links(true).min_depth(1);
        for entry in walk.into_iter().filter_entry(|e| {
            let left_out = files::is_hidden(&e.file_name().to_string_lossy())
                || (e.file_type().is_dir() && skipped(e.path()));
            !left_out
        }) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    let path = e.path().unwrap_or(root);
                    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
                    tree.problems.push((name, format!("can't be read: {e}")));
                    continue;
                }
            };
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let Some(id) = relative.to_str() else {
                let name = relative.to_string_lossy().into_owned();
                tree.problems.push((name, "file name is not UTF-8".to_owned()));
                continue;
            };
            let id = if cfg!(windows) { id.replace('\\', "/") } else { id.to_owned() };
            if entry.file_type().is_dir() {
                if entry.depth() <= 2 {
                    tree.folders.insert(id);
                }
                continue;
            }
            match files::kind(entry.path()) {
                FileKind::Image => tree.images.push(id),
                FileKind::Foreign => {
                    let ending = entry.path().extension().unwrap_or_default().to_string_lossy();
                    let what = format!("'{ending}' pictures are not read; convert it to PNG");
                    tree.problems.push((id, what));
                }
                FileKind::Other => tree.others += 1,
            }
        }
        tree.images.sort_unstable();
        tree.problems.sort_unstable();
        Ok(tree)
    }
}

pub(super) fn open(root: &Path, masks: Option<&Path>) -> Result<Draft, DataError> {
    let mut tree = Tree::walk(root, masks)?;
    let layout = Layout::of(&tree);
    let mut draft = Draft::default();
    let problems = std::mem::take(&mut tree.problems);
    draft.data.problems =
        problems.into_iter().map(|(id, what)| problem_row(id, what, "left out")).collect();
    if tree.others > 0 {
        draft.note(format!("{} files that are no images were skipped.", tree.others));
    }
    let mut loose = 0;
    for id in &tree.images {
        let parts: Vec<&str> = id.split('/').collect();
        let (split, class) = match (&layout, parts.as_slice()) {
            (Layout::Splits(names), [top, class, _, ..]) if names.contains_key(*top) => {
                (Some(names[*top].clone()), *class)
            }
            (Layout::Splits(names), [top, _, ..]) if !names.contains_key(*top) => continue,
            (Layout::Classes, [class, _, ..]) => (None, *class),
            _ => {
                loose += 1;
                draft.problem(id.as_str(), "lies in no class folder", "left out");
                continue;
            }
        };
        let class = draft.class(class);
        draft.sample(id.clone(), root.join(id), class, split, None);
    }
    if draft.data.samples.is_empty() {
        return Err(DataError::invalid(root, no_classes(&tree, loose)));
    }
    layout.explain(&tree, &mut draft);
    empty_classes(&layout, &tree, &mut draft);
    numbered_classes(&mut draft);
    Ok(draft)
}

fn no_classes(tree: &Tree, loose: usize) -> String {
    let found = match (loose, tree.folders.iter().next()) {
        (0, None) => "it is empty".to_owned(),
        (0, Some(folder)) => format!("its folders ('{folder}', …) hold no image"),
        _ => format!("{loose} images lie outside class folders, as '{}'", tree.images[0]),
    };
    format!(
        "expected ROOT/CLASS/IMAGE or ROOT/SPLIT/CLASS/IMAGE; {found}; sort the images into class \
         folders, or give a table with the columns image and class"
    )
}

enum Layout {
    Classes,
    /// Top folder to the split's name.
    Splits(BTreeMap<String, String>),
}

impl Layout {
    /// Top folders are splits where those with a split's name hold class folders and no image
    /// themselves, and no other top folder holds images itself (a class may be called 'train').
    fn of(tree: &Tree) -> Self {
        let mut direct: BTreeSet<&str> = BTreeSet::new();
        let mut inner: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for id in &tree.images {
            let mut parts = id.split('/');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(top), Some(_), None) => drop(direct.insert(top)),
                (Some(top), Some(class), Some(_)) => {
                    inner.entry(top).or_default().insert(class);
                }
                _ => {}
            }
        }
        let named: Vec<&str> = inner.keys().copied().filter(|n| split::is_name(n)).collect();
        if named.is_empty() || !direct.is_empty() {
            return Self::Classes;
        }
        let classes: BTreeSet<&str> = named.iter().flat_map(|n| inner[n].iter().copied()).collect();
        // Further splits of any name (`ood`) hold the same classes.
        let tops = inner.iter().filter(|(top, inside)| {
            named.contains(top) || (!is_mask_folder(top) && inside.is_subset(&classes))
        });
        let names: Vec<&str> = tops.map(|(top, _)| *top).collect();
        Self::Splits(
            names
                .iter()
                .map(|top| ((*top).to_owned(), split::canonical(top, |n| names.contains(&n))))
                .collect(),
        )
    }
    fn explain(&self, tree: &Tree, draft: &mut Draft) {
        let Self::Splits(names) = self else { return };
        let listed: Vec<_> =
            names
                .iter()
                .map(|(top, split)| {
                    if top == split {
                        format!("'{top}'")
                    } else {
                        format!("'{top}' (as '{split}')")
                    }
                })
                .collect();
        draft.note(format!("The top folders are splits: {}.", listed.join(", ")));
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &tree.images {
            if let Some((top, _)) = id.split_once('/').filter(|(top, _)| !names.contains_key(*top))
            {
                *left.entry(top).or_default() += 1;
            }
        }
        for (top, n) in left {
            let hint = if is_mask_folder(top) { "; give it as --masks" } else { "" };
            draft.problem(
                top,
                format!("{n} images in a top folder that is no split{hint}"),
                "left out",
            );
        }
    }
}

fn is_mask_folder(name: &str) -> bool {
    ["mask", "masks", "segmentation", "segmentations"].iter().any(|m| name.eq_ignore_ascii_case(m))
}

fn empty_classes(layout: &Layout, tree: &Tree, draft: &mut Draft) {
    let filled: BTreeSet<String> = draft
        .data
        .samples
        .iter()
        .filter_map(|s| {
            let depth = if matches!(layout, Layout::Splits(_)) { 2 } else { 1 };
            s.id.match_indices('/').nth(depth - 1).map(|(i, _)| s.id[..i].to_owned())
        })
        .collect();
    let empty: Vec<&String> = tree
        .folders
        .iter()
        .filter(|folder| match (layout, folder.split_once('/')) {
            (Layout::Classes, None) => true,
            (Layout::Splits(names), Some((top, _))) => names.contains_key(top),
            _ => false,
        })
        .filter(|folder| !filled.contains(*folder))
        .collect();
    for folder in empty {
        draft.problem(folder.as_str(), "class folder without images", "no figures for it");
    }
}

fn numbered_classes(draft: &mut Draft) {
    let numeric = |name: &String| name.bytes().all(|b| b.is_ascii_digit());
    if draft.data.classes.len() > 1 && draft.data.classes.iter().all(numeric) {
        draft.note(
            "The class folders are numbers. Outputs are never guessed from their order: a class is \
             matched to a label of the same name, or by --label-map.",
        );
    }
}

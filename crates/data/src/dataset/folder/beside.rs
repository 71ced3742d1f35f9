//! What lies in a folder beside its pictures: tables, annotations, and the files of known layouts.
use super::super::{files, text_table};
use crate::DataError;
use std::path::{Path, PathBuf};

/// Names of the files in a folder, sorted.
fn names(root: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> =
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| !files::is_hidden(name));
    names.sort_unstable();
    names
}

/// Tables of images and classes in the folder itself.
pub(super) fn tables(root: &Path) -> Vec<PathBuf> {
    let of_images = |path: &PathBuf| {
        // One that can't be read is named when it is given.
        text_table::column_names(path).is_ok_and(|columns| {
            ["image", "class"].iter().all(|name| columns.iter().any(|column| column == name))
        })
    };
    let paths = names(root).into_iter().map(|name| root.join(name));
    paths.filter(|path| text_table::is_table(path)).filter(of_images).collect()
}

/// A JSON file in the folder, or in its folder of annotations.
pub(super) fn annotations(root: &Path) -> Option<String> {
    ["", "annotations"].into_iter().find_map(|folder| {
        let json = names(&root.join(folder)).into_iter().find(|name| name.ends_with(".json"))?;
        Some(root.join(folder).join(json).display().to_string())
    })
}

/// Refuses folders that have a layout of their own, with the words that read it.
pub(super) fn known_layout(root: &Path) -> Result<(), DataError> {
    let there = |name: &str| root.join(name).exists();
    let here = root.display();
    let is_cifar = |root: &Path| {
        root.join("fine_label_names.txt").is_file()
            && (root.join("train.bin").is_file() || root.join("test.bin").is_file())
    };
    let message = if is_cifar(root) || is_cifar(&root.join("cifar-100-binary")) {
        format!(
            "is CIFAR-100 in its binary version; give cifar-100:{here} (100 classes) or cifar-100-coarse:{here} (20 \
             superclasses)"
        )
    } else if there("batches.meta.txt") || there("data_batch_1.bin") {
        "is CIFAR-10 in its binary version, which is not read; write its images into class folders"
            .to_owned()
    } else if there("data_batch_1")
        || (there("meta") && there("train") && root.join("train").is_file())
    {
        "is CIFAR in its Python version (pickles), which is not read; take the binary version of CIFAR-100 and give \
         cifar-100:PATH, or write the images into class folders"
            .to_owned()
    } else {
        return Ok(());
    };
    Err(DataError::invalid(root, message))
}

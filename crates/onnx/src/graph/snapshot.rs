//! Models in the cache of the Hugging Face hub, whose files are links.
//!
//! `CACHE/models--ORG--NAME/snapshots/COMMIT/FILE` is a link to `CACHE/models--ORG--NAME/blobs/HASH`: outside the
//! model's folder, but a file of the same repository.

use std::path::Path;

/// Whether `file` is a blob of the repository that `folder` is a snapshot of (or a folder in one). Both are real
/// paths, without links in them.
pub(super) fn holds(folder: &Path, file: &Path) -> bool {
    let snapshots = folder.ancestors().skip(1).find(|path| path.ends_with("snapshots"));
    let Some(repository) = snapshots.and_then(Path::parent) else {
        return false;
    };
    let named = repository.file_name().is_some_and(|n| n.to_string_lossy().starts_with("models--"));
    named && file.parent() == Some(&repository.join("blobs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blobs_of_the_same_repository_are_held() {
        let holds = |folder: &str, file: &str| holds(Path::new(folder), Path::new(file));
        let snapshot = "/c/models--a--b/snapshots/1";
        assert!(holds(snapshot, "/c/models--a--b/blobs/x"));
        assert!(holds("/c/models--a--b/snapshots/1/onnx", "/c/models--a--b/blobs/x"));
        for file in [
            "/c/models--a--c/blobs/x",
            "/c/models--a--b/blobs/x/y",
            "/c/models--a--b/refs/x",
            "/etc/x",
        ] {
            assert!(!holds(snapshot, file), "{file}");
        }
        assert!(!holds("/c/models--a--b/snapshots", "/c/models--a--b/blobs/x"));
        assert!(!holds("/c/other/snapshots/1", "/c/other/blobs/x"));
        assert!(!holds("/c/models--a--b/1", "/c/models--a--b/blobs/x"));
    }
}

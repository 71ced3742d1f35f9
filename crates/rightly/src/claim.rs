//! A folder that a command has taken for itself. A command that fails before it wrote anything leaves nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rightly_audit::{RunDir, run::Lock};

use crate::Error;

/// Work in progress of every kind; the lock lies there.
pub const WORK: &str = ".work";
/// The lock's name there.
const LOCK: &str = "lock";

/// Holds a folder until it is dropped. What was made to hold it goes away then, where nothing else was put there.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    /// Folders that did not exist before, the innermost first.
    made: Vec<PathBuf>,
    /// Let go after them.
    _lock: Lock,
}

impl Claim {
    /// # Errors
    /// The folder can't be written, or another process holds it.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let named = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
        let made = named.take_while(|path| !path.exists()).map(Path::to_owned).collect();
        let lock = RunDir::new(folder).lock()?;
        Ok(Self { folder: folder.to_owned(), made, _lock: lock })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let work = self.folder.join(WORK);
        if !holds_only(&work, LOCK) || !holds_only(&self.folder, WORK) {
            return;
        }
        // Only files and folders that are empty go; what can't go stays, and is no reason to fail.
        let gone = fs::remove_file(work.join(LOCK)).and_then(|()| fs::remove_dir(work));
        if gone.is_ok() {
            self.made.iter().take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
        }
    }
}

/// Whether a folder has one entry, of this name.
fn holds_only(folder: &Path, name: &str) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    let first = entries.next().and_then(Result::ok);
    first.is_some_and(|entry| entry.file_name() == name) && entries.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_which_nothing_was_written_is_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let deep = root.join("new/deep/run");
        let claim = Claim::take(&deep).unwrap();
        let other = Claim::take(&deep).unwrap_err().to_string();
        assert!(other.contains("another rightly process"), "{other}");
        assert!(deep.join(".work/lock").is_file());
        drop(claim);
        assert!(!root.join("new").exists());
        // An empty folder of the user stays.
        fs::create_dir(root.join("empty")).unwrap();
        drop(Claim::take(&root.join("empty")).unwrap());
        assert!(holds_only(root, "empty") && !root.join("empty/.work").exists());
        // What was written stays, with the lock that the next process looks for.
        for name in ["run.toml", ".work/files.ledger"] {
            let folder = root.join(format!("kept/{}", name.len()));
            let claim = Claim::take(&folder).unwrap();
            fs::write(folder.join(name), "x").unwrap();
            drop(claim);
            assert!(folder.join(name).is_file() && folder.join(".work/lock").is_file());
        }
    }
}

//! The binary that the exams drive.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use std::process::Command;

/// The binary that was given, else the one beside this program.
pub(crate) fn find(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?
            .with_file_name(format!("rightly{}", std::env::consts::EXE_SUFFIX)),
    };
    ensure!(
        path.is_file(),
        "{}: not built; run 'cargo build --release' first, or give --rightly PATH",
        path.display()
    );
    Ok(path)
}

/// Runs it to its end; what it says of a failure is the error.
pub(crate) fn run(command: &mut Command, what: &Path) -> anyhow::Result<()> {
    let done = command.output().map_err(|e| anyhow::anyhow!("the binary did not start: {e}"))?;
    if !done.status.success() {
        bail!("{}: {}", what.display(), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

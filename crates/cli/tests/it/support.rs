//! Runs the binary.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub(crate) fn rightly() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rightly"))
}

pub(crate) fn quickstart(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart").join(file)
}

/// `rightly evaluate` on the quickstart into `out`.
pub(crate) fn evaluate(out: &Path, more: &[&str]) -> Command {
    let mut command = rightly();
    // By name: what is compared byte for byte must not depend on what is installed.
    command.arg("evaluate").args(["--engine", "rten"]).arg("--model").arg(quickstart("model.onnx"));
    command.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(out).args(more);
    command
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The folder of real data, or `None` with a line that says so.
pub(crate) fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("RIGHTLY_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none(),
        "RIGHTLY_REQUIRE_DATA is set, but {} is no folder",
        folder.display()
    );
    #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
    {
        eprintln!("skipped: no real data at {} (set RIGHTLY_DATA)", folder.display());
    }
    None
}

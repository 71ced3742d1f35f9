//! What several tests need.
#[path = "../../../onnx/tests/it/support.rs"]
mod graphs;

pub(crate) use graphs::{data, engines, wave};
use std::path::{Path, PathBuf};

/// A file or folder of the golden values of texts.
pub(crate) fn golden_text(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/text").join(name)
}

/// Golden values of texts as JSON.
pub(crate) fn golden_json(name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(golden_text(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Picture `number` of the golden models of texts: value `at` of `[3, 16, 16]` is sin((0.37 + 0.11 number) at).
pub(crate) fn picture(number: usize) -> Vec<f32> {
    let pace = 0.37 + 0.11 * number as f64;
    (0..3 * 16 * 16).map(|at| (pace * at as f64).sin() as f32).collect()
}

/// A copy of a folder's files.
pub(crate) fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(golden_text(name)).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

/// Holds a file against ONNX's own checker and strict shape inference, and against the file that it came from
/// (`reference/check_onnx.py`), with the Python of RIGHTLY_PYTHON; without one a line says so.
pub(crate) fn checked(file: &Path, like: Option<&Path>) {
    let Some(python) = std::env::var_os("RIGHTLY_PYTHON") else {
        assert!(
            std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none_or(|value| value != "1"),
            "RIGHTLY_PYTHON is not set"
        );
        #[expect(clippy::print_stderr, reason = "a skipped check says so")]
        {
            eprintln!("not checked: {} (RIGHTLY_PYTHON is not set)", file.display());
        }
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../reference/check_onnx.py");
    let mut command = std::process::Command::new(python);
    command.arg(script).arg(file);
    if let Some(like) = like {
        command.arg("--like").arg(like);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said} {errors}", file.display());
}

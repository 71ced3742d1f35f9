//! What several tests need.
use rightly_model::EngineKind;
use std::path::{Path, PathBuf};

/// The folder of real data, `None` (and a line that says so) where it is missing.
pub(crate) fn data(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RIGHTLY_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none_or(|value| value != "1"),
        "{} is missing",
        path.display()
    );
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: {} is missing", path.display());
    }
    None
}

/// The input that the golden script gives to a model: value `at` of `[3, H, W]` is `128 sin(0.37 at) + offset`,
/// computed in double precision and rounded once.
pub(crate) fn wave(length: usize, amplitude: f64, offset: f64) -> Vec<f32> {
    (0..length).map(|at| (amplitude * (at as f64 * 0.37).sin() + offset) as f32).collect()
}

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

/// The engines that can run here.
pub(crate) fn engines() -> impl Iterator<Item = EngineKind> {
    EngineKind::ALL.into_iter().filter(|engine| engine.available().is_ok())
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

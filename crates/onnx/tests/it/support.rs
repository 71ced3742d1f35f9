//! What several tests need, those of rightly-model among them.
use rightly_onnx::EngineKind;
use std::path::PathBuf;

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

/// The engines that can run here.
pub(crate) fn engines() -> impl Iterator<Item = EngineKind> {
    EngineKind::ALL.into_iter().filter(|engine| engine.available().is_ok())
}

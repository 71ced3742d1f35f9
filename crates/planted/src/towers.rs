//! The small image-text model that comes with the program: it knows planted scenes and nothing else.
//! `cargo run --release -p xtask -- train-towers` trains it.

use std::path::{Path, PathBuf};

use rightly_data::{DataError, files::write_whole};

/// Its files, as an export of CLIP has them.
const FILES: [(&str, &[u8]); 4] = [
    ("vision_model.onnx", include_bytes!("../assets/towers/vision_model.onnx")),
    ("vision_model.toml", include_bytes!("../assets/towers/vision_model.toml")),
    ("text_model.onnx", include_bytes!("../assets/towers/text_model.onnx")),
    ("tokenizer.json", include_bytes!("../assets/towers/tokenizer.json")),
];

/// Writes the model of planted scenes into a folder, for `--image-text`; returns the folder. Files that are there already and
/// the same stay.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let towers = rightly_planted::towers::write(folder.path())?;
/// assert!(towers.join("vision_model.onnx").is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Where a file can't be written.
pub fn write(folder: &Path) -> Result<PathBuf, DataError> {
    for (name, bytes) in FILES {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|found| found == bytes) {
            continue;
        }
        write_whole(&path, bytes)?;
    }
    Ok(folder.to_owned())
}

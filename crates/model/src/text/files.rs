//! Which files of a folder are which.
use crate::ModelError;
use std::path::{Path, PathBuf};

/// Folders inside the one that is given where exporters put the graphs.
const INSIDE: [&str; 2] = ["", "onnx"];
/// What stands between a name and `.onnx`: the full weights first.
const VARIANTS: [&str; 6] = ["", "_fp16", "_quantized", "_int8", "_uint8", "_q4"];

/// The first of some names (without `.onnx`) that a folder, or `onnx/` in it, holds; full weights before others.
pub(super) fn graph(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    VARIANTS.iter().find_map(|variant| {
        names.iter().find_map(|name| {
            INSIDE
                .iter()
                .map(|inside| folder.join(inside).join(format!("{name}{variant}.onnx")))
                .find(|path| path.is_file())
        })
    })
}

/// As [`graph`]; an error that says what it is for and where it was looked for.
pub(super) fn graph_or_error(
    folder: &Path,
    names: &[&str],
    what: &str,
    advice: &str,
) -> Result<PathBuf, ModelError> {
    if let Some(path) = graph(folder, names) {
        return Ok(path);
    }
    let found = listing(folder);
    Err(ModelError::Invalid {
        path: folder.to_owned(),
        message: format!(
            "no {what} was found: looked for {} (also with {}) here and in onnx/, which hold {found}; {advice}",
            names.iter().map(|name| format!("{name}.onnx")).collect::<Vec<_>>().join(", "),
            VARIANTS[1..].join(", "),
        ),
    })
}

/// A file beside a graph, or one folder up where the graph lies in `onnx/`.
pub(super) fn beside(graph: &Path, name: &str) -> PathBuf {
    let here = graph.with_file_name(name);
    if here.is_file() {
        return here;
    }
    let folder = graph.parent();
    let in_onnx = folder.and_then(Path::file_name).is_some_and(|folder| folder == "onnx");
    match folder.and_then(Path::parent).filter(|_| in_onnx) {
        Some(above) if above.join(name).is_file() => above.join(name),
        _ => here,
    }
}

/// `tokenizer.json` of a graph.
pub(super) fn tokenizer(graph: &Path) -> Result<PathBuf, ModelError> {
    let path = beside(graph, "tokenizer.json");
    if path.is_file() {
        return Ok(path);
    }
    Err(ModelError::Invalid {
        path,
        message: "the tokenizer is missing: it was looked for beside the network (and above onnx/); write it with \
                  AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER), or name another with 'tokenizer' in \
                  the card"
            .to_owned(),
    })
}

/// A path that a card names, relative to the card.
pub(super) fn of_card(card: Option<&Path>, path: &Path) -> PathBuf {
    card.map_or_else(|| path.to_owned(), |card| card.with_file_name("").join(path))
}

/// The graphs of a folder, for messages.
fn listing(folder: &Path) -> String {
    if !folder.is_dir() {
        return "nothing, as there is no such folder".to_owned();
    }
    let mut names: Vec<String> = INSIDE
        .iter()
        .filter_map(|inside| std::fs::read_dir(folder.join(inside)).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".onnx"))
        .collect();
    names.sort();
    if names.is_empty() { "no .onnx file".to_owned() } else { names.join(", ") }
}

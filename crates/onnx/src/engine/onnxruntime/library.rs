//! Where the library lies: named by the user, installed on the system, or inside the Python wheel.
use std::path::{Path, PathBuf};

pub(super) const HELP: &str = "get it with 'pip install onnxruntime' (in an active virtual environment it is found \
                               by itself), or from the releases of ONNX Runtime, 1.17 or newer, and set \
                               ORT_DYLIB_PATH to the library file; or use '--engine rten'";

/// Folders of a system's libraries.
const SYSTEM: [&str; 8] = [
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/opt/onnxruntime/lib",
    "/opt/homebrew/lib",
];

/// The library's file, or a sentence that says how to get it.
pub(super) fn find() -> Result<PathBuf, String> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = variable("ORT_DYLIB_PATH") {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("ORT_DYLIB_PATH is {}, which is no file; {HELP}", path.display()))
        };
    }
    let environments =
        ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(variable).map(PathBuf::from);
    let home = variable("HOME").map(|home| Path::new(&home).join(".local"));
    let prefixes = environments.chain(home).chain(["/usr/local", "/usr"].map(PathBuf::from));
    SYSTEM
        .iter()
        .map(PathBuf::from)
        .chain(prefixes.flat_map(|prefix| wheels(&prefix)))
        .find_map(|folder| newest(&folder))
        .ok_or_else(|| format!("no ONNX Runtime library was found; {HELP}"))
}

/// Folders in which a Python prefix may hold the wheel.
fn wheels(prefix: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let inside = |packages: PathBuf| packages.join("onnxruntime").join("capi");
    for lib in ["lib", "lib64"] {
        let lib = prefix.join(lib);
        for python in entries(&lib, "python") {
            for packages in ["site-packages", "dist-packages"] {
                folders.push(inside(lib.join(&python).join(packages)));
            }
        }
    }
    folders.push(inside(prefix.join("Lib").join("site-packages")));
    folders
}

/// Names in a folder that begin so, sorted.
fn entries(folder: &Path, start: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(start))
        .collect();
    names.sort();
    names
}

/// The library in a folder; of several versions the newest.
fn newest(folder: &Path) -> Option<PathBuf> {
    let (start, end) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let plain = format!("{start}onnxruntime{end}");
    if folder.join(&plain).is_file() {
        return Some(folder.join(plain));
    }
    // libonnxruntime.so.1.32.0 of Linux, libonnxruntime.1.32.0.dylib of macOS
    let mut found: Vec<(Vec<u32>, String)> = entries(folder, &format!("{start}onnxruntime."))
        .into_iter()
        .filter(|name| name.contains(end))
        .map(|name| (name.split('.').filter_map(|part| part.parse().ok()).collect(), name))
        .collect();
    found.sort();
    found.pop().map(|(_, name)| folder.join(name)).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_in_a_virtual_environment_is_found_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let capi = folder.path().join("lib/python3.12/site-packages/onnxruntime/capi");
        std::fs::create_dir_all(&capi).unwrap();
        assert!(wheels(folder.path()).contains(&capi));
        assert_eq!(newest(&capi), None);
        if cfg!(target_os = "linux") {
            for version in ["1.9.0", "1.32.0"] {
                std::fs::write(capi.join(format!("libonnxruntime.so.{version}")), "").unwrap();
            }
            std::fs::write(capi.join("libonnxruntime_providers_shared.so"), "").unwrap();
            assert_eq!(newest(&capi), Some(capi.join("libonnxruntime.so.1.32.0")));
        }
    }
}

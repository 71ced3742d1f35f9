//! File names: which are hidden, which are images, and whether a file exists.
pub(super) use crate::names::without_ending;
use crate::{files::open_regular, names::path_key};
use std::{
    collections::{HashMap, HashSet},
    ffi::{OsStr, OsString},
    io::Read,
    path::{Path, PathBuf},
};

/// Endings that decoding understands.
const IMAGES: [&str; 11] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "tif", "tiff", "gif", "dib"];
/// Endings of pictures that it doesn't.
const FOREIGN: [&str; 8] = ["heic", "heif", "avif", "jp2", "jxl", "svg", "psd", "raw"];
/// Endings of files that lie beside pictures and need no look inside.
const OTHER: [&str; 14] = [
    "txt", "csv", "tsv", "json", "jsonl", "xml", "npy", "npz", "pkl", "md", "html", "yaml", "mat",
    "parquet",
];

/// Names that systems and tools leave behind.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
        || ["__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "@eaDir"]
            .iter()
            .any(|h| name.eq_ignore_ascii_case(h))
}

/// Hidden folders that are known to hold no data of their own.
pub(super) fn is_of_a_tool(name: &str) -> bool {
    const TOOLS: [&str; 10] = [
        ".git",
        ".ipynb_checkpoints",
        ".cache",
        ".thumbnails",
        ".Trashes",
        ".fseventsd",
        ".Spotlight-V100",
        ".vscode",
        ".idea",
        ".dvc",
    ];
    TOOLS.contains(&name) || name.starts_with(".Trash-")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Image,
    /// A picture in a format that is not read.
    Foreign,
    Other,
}

/// By ending; a file of an unknown ending by its first bytes.
pub(super) fn kind(path: &Path) -> FileKind {
    let ending =
        path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let is = |list: &[&str]| list.contains(&ending.as_str());
    if is(&IMAGES) || (!is(&FOREIGN) && !is(&OTHER) && has_image_signature(path)) {
        FileKind::Image
    } else if is(&FOREIGN) {
        FileKind::Foreign
    } else {
        FileKind::Other
    }
}

fn has_image_signature(path: &Path) -> bool {
    let mut head = [0; 12];
    let Ok(n) = open_regular(path).and_then(|mut f| f.read(&mut head)) else { return false };
    let head = &head[..n];
    [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*"]
        .iter()
        .any(|signature| head.starts_with(signature))
        || (head.starts_with(b"RIFF") && head.ends_with(b"WEBP"))
}

/// What was found under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    Exact,
    /// The folder has this name, which is the same as names are compared.
    OtherForm(PathBuf),
    /// Nothing; perhaps a name that differs by case.
    Missing(Option<String>),
}

/// Listings of folders, each read once: millions of existence checks without a system call each.
#[derive(Debug, Default)]
pub(super) struct Listings {
    folders: HashMap<PathBuf, Option<Listing>>,
}

#[derive(Debug, Default)]
struct Listing {
    names: HashSet<OsString>,
    /// Name as it is compared, in small letters, to name; made when a first name is not found.
    folded: Option<HashMap<String, OsString>>,
}

impl Listing {
    /// `None` where the folder can't be listed.
    fn read(folder: &Path) -> Option<Self> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let mut names = HashSet::new();
        for entry in std::fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            if entry.file_type().is_ok_and(|kind| !kind.is_dir()) {
                names.insert(entry.file_name());
            }
        }
        Some(Self { names, folded: None })
    }
    fn folded(&mut self, name: &OsStr) -> Option<&OsString> {
        let fold = |name: &OsStr| path_key(&name.to_string_lossy()).to_lowercase();
        let names = &self.names;
        self.folded
            .get_or_insert_with(|| {
                let mut sorted: Vec<_> = names.iter().collect();
                sorted.sort_unstable();
                // Of several names that fold alike the first stays, whatever the set's order.
                sorted.into_iter().rev().map(|n| (fold(n), n.clone())).collect()
            })
            .get(&fold(name))
    }
}

impl Listings {
    pub(super) fn find(&mut self, path: &Path) -> Lookup {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Lookup::Missing(None);
        };
        if !self.folders.contains_key(folder) {
            self.folders.insert(folder.to_owned(), Listing::read(folder));
        }
        let Some(Some(listing)) = self.folders.get_mut(folder) else {
            // A folder may allow opening without listing.
            return if path.is_file() { Lookup::Exact } else { Lookup::Missing(None) };
        };
        if listing.names.contains(name) {
            return Lookup::Exact;
        }
        let wanted = path_key(&name.to_string_lossy());
        match listing.folded(name) {
            Some(other) if path_key(&other.to_string_lossy()) == wanted => {
                Lookup::OtherForm(folder.join(other))
            }
            other => Lookup::Missing(other.map(|n| n.to_string_lossy().into_owned())),
        }
    }
}

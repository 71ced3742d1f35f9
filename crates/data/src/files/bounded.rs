//! Reading of regular files up to a bound: the one way in which this project opens what a user names.
//!
//! A FIFO would wait for ever, `/dev/zero` never ends, and a sparse file claims any size. So the kind of a file is looked at
//! before it is opened, and no reader goes beyond its bound.
use crate::DataError;
use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
};

/// Bound of files that people write: cards, settings, lists of names.
pub const SMALL: u64 = 64 << 20;
/// Bound of files that programs write and that are held in memory whole: annotations, weights.
pub const LARGE: u64 = 4 << 30;

/// Opens a regular file, or a link to one. A folder, FIFO, socket or device is refused by name, without waiting for it.
///
/// # Errors
/// There is no such file, it can't be opened, or is no regular file.
pub fn open(path: &Path) -> Result<File, DataError> {
    open_regular(path).map_err(|e| refusal(path, e))
}

/// As [`open`], for callers that name the file themselves.
///
/// # Errors
/// As [`open`]; what is no regular file has the kind [`io::ErrorKind::InvalidInput`].
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Before opening: opening a FIFO waits for a writer, and opening a device may do something.
    regular(&path.metadata()?)?;
    let file = File::open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file whole.
///
/// # Errors
/// As [`open`]; and where the file holds more than `limit` bytes, which is found before they are in memory.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, DataError> {
    let file = open(path)?;
    let length = file.metadata().map_err(|e| DataError::io(path, e))?.len();
    if length > limit {
        return Err(DataError::invalid(path, too_large(&format!("{length}"), limit)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // Some files of the system say that they are empty and are not; others grow while they are read.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| DataError::io(path, e))?;
    if bytes.len() as u64 > limit {
        return Err(DataError::invalid(path, too_large("more", limit)));
    }
    Ok(bytes)
}

/// Reads a regular file of UTF-8 text whole, without its byte-order mark.
///
/// # Errors
/// As [`read`]; and where the text is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, DataError> {
    let bytes = read(path, limit)?;
    let mut text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        DataError::invalid(path, format!("byte {at} is not UTF-8 text; save the file as UTF-8"))
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// The error of a file that was not opened.
fn refusal(path: &Path, error: io::Error) -> DataError {
    if error.kind() == io::ErrorKind::InvalidInput && error.get_ref().is_some() {
        DataError::invalid(path, error.to_string())
    } else {
        DataError::io(path, error)
    }
}

fn too_large(found: &str, limit: u64) -> String {
    format!("the file has {found} bytes, the limit is {limit}; give a smaller file")
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = kind(metadata);
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        match metadata.is_dir() {
            true => "is a folder, expected a regular file; name the file in it".to_owned(),
            false => format!("is {what}, expected a regular file; copy its content into a file"),
        },
    ))
}

fn kind(metadata: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a FIFO (a named pipe)";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if metadata.is_dir() { "a folder" } else { "a special file" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_their_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        std::fs::write(&path, "\u{feff}boat\n").unwrap();
        assert_eq!(read(&path, 8).unwrap().len(), 8);
        assert_eq!(read_text(&path, 8).unwrap(), "boat\n");
        let said = read(&path, 7).unwrap_err().to_string();
        assert!(said.contains("names.txt: the file has 8 bytes, the limit is 7"), "{said}");
        std::fs::write(&path, b"boat\xff").unwrap();
        let said = read_text(&path, 8).unwrap_err().to_string();
        assert!(said.contains("names.txt: byte 4 is not UTF-8"), "{said}");
        let none = folder.path().join("none.txt");
        assert!(matches!(read(&none, 8), Err(DataError::Io { .. })));
        let said = read(folder.path(), 8).unwrap_err().to_string();
        assert!(said.contains("is a folder, expected a regular file"), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn special_files_are_refused_without_waiting() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        assert!(made.success());
        symlink(at("fifo"), at("fifo.jpg")).unwrap();
        symlink("/dev/zero", at("endless.npy")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (name, kind) in [
            ("fifo", "is a FIFO"),
            ("fifo.jpg", "is a FIFO"),
            ("endless.npy", "is a device"),
            ("socket", "is a socket"),
        ] {
            let said = read(&at(name), 8).unwrap_err().to_string();
            assert!(said.contains(kind) && said.contains(name), "{said}");
        }
        // A link to a regular file is that file.
        std::fs::write(at("a.txt"), "a").unwrap();
        symlink(at("a.txt"), at("link.txt")).unwrap();
        assert_eq!(read(&at("link.txt"), 8).unwrap(), b"a");
    }

    /// Files of `/proc` say that they are empty.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_bound_holds_where_the_size_is_wrong() {
        let said = read(Path::new("/proc/self/maps"), 16).unwrap_err().to_string();
        assert!(said.contains("/proc/self/maps: the file has more bytes"), "{said}");
    }
}

//! Where an image's pixels are: a file of its own, a record inside a larger one, or nowhere yet.
use super::StoredImage;
use crate::{
    DataError, RgbImage, files,
    pixels::{self, DecodeOptions, Decoded},
    rendered::Rendered,
};
use std::{
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Where an image's pixels are.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageSource {
    /// An image file.
    File(PathBuf),
    /// Raw bytes inside a file: the planes R, G, B of `[side, side]` one after the other, as in
    /// CIFAR's binary format.
    Record {
        /// The file that holds the record.
        file: PathBuf,
        /// Position of the first byte of the red plane.
        offset: u64,
        /// Width and height in pixels.
        side: usize,
    },
    /// An image file in a cell of a Parquet table.
    Stored(StoredImage),
    /// Rendered when it is asked for.
    Rendered(Rendered),
}

impl ImageSource {
    /// Decodes the image.
    ///
    /// # Errors
    /// The file is missing, too large, truncated or no image ([`pixels::read`]).
    pub fn load(&self, options: &DecodeOptions) -> Result<Decoded, DataError> {
        match self {
            Self::File(path) => pixels::read(path, options),
            Self::Record { file, side, .. } => {
                let mut planes = Vec::new();
                let read = self.reader().and_then(|mut r| r.read_to_end(&mut planes));
                read.map_err(|e| DataError::io(file, e))?;
                let size = side * side;
                if planes.len() != 3 * size {
                    let found = planes.len();
                    let message = format!("the record holds {found} of {} bytes", 3 * size);
                    return Err(DataError::invalid(file, message));
                }
                let data = (0..size).flat_map(|at| [0, 1, 2].map(|c| planes[c * size + at]));
                let image = RgbImage { width: *side, height: *side, data: data.collect() };
                Ok(Decoded::plain(image))
            }
            Self::Stored(image) => {
                let name = PathBuf::from(self.describe());
                pixels::decode(&image.bytes()?, &name, options)
            }
            Self::Rendered(image) => Ok(Decoded::plain(image.image())),
        }
    }

    /// The file that holds the pixels, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Record { file, .. } => Some(file),
            Self::Stored(image) => Some(image.table()),
            Self::Rendered(_) => None,
        }
    }

    /// The source in words, for people and tables: the file, and where in it.
    pub fn describe(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Record { file, offset, .. } => format!("{}@{offset}", file.display()),
            Self::Stored(image) => format!("{}#{}", image.table().display(), image.row()),
            Self::Rendered(image) => image.describe(),
        }
    }

    /// Number of bytes of the stored image.
    ///
    /// # Errors
    /// Where the file can't be asked, and where nothing is stored.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Self::File(path) => Ok(path.metadata()?.len()),
            Self::Record { side, .. } => Ok(3 * (side * side) as u64),
            Self::Stored(image) => Ok(image.bytes().map_err(io::Error::other)?.len() as u64),
            Self::Rendered(_) => Err(nothing_stored()),
        }
    }

    /// State of the source: changes when the file is replaced.
    pub fn state(&self) -> String {
        match self {
            Self::File(path) => file_state(path),
            Self::Record { file, offset, .. } => format!("{}@{offset}", file_state(file)),
            Self::Stored(image) => format!("{}#{}", file_state(image.table()), image.row()),
            Self::Rendered(image) => image.state(),
        }
    }

    /// The stored bytes.
    ///
    /// # Errors
    /// Where the file can't be opened, and where nothing is stored.
    pub fn reader(&self) -> io::Result<Box<dyn Read>> {
        match self {
            Self::File(path) => Ok(Box::new(files::open_regular(path)?)),
            Self::Record { file, offset, .. } => {
                let mut file = files::open_regular(file)?;
                file.seek(SeekFrom::Start(*offset))?;
                Ok(Box::new(file.take(self.size()?)))
            }
            Self::Stored(image) => {
                Ok(Box::new(io::Cursor::new(image.bytes().map_err(io::Error::other)?)))
            }
            Self::Rendered(_) => Err(nothing_stored()),
        }
    }
}

fn nothing_stored() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "the image is rendered, not stored")
}

/// Size and time of the last change of a file, `missing` (and why) where it can't be asked. Where the system has them, also which
/// file it is and when its name or its rights changed: these can't be set, so a file that is replaced by one of the
/// same size and time has another state.
pub fn file_state(path: &Path) -> String {
    match path.metadata() {
        Ok(file) => format!("{}:{}{}", file.len(), changed(&file), which_file(&file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => "missing".to_owned(),
        Err(error) => format!("missing: {}", error.kind()),
    }
}

/// Nanoseconds since 1970, negative before.
fn changed(file: &std::fs::Metadata) -> String {
    match file.modified().map(|time| time.duration_since(UNIX_EPOCH)) {
        Ok(Ok(since)) => since.as_nanos().to_string(),
        Ok(Err(before)) => format!("-{}", before.duration().as_nanos()),
        // A system without such a time has the size alone.
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(unix)]
fn which_file(of: &std::fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(":{}:{}.{}", of.ino(), of.ctime(), of.ctime_nsec())
}

#[cfg(not(unix))]
fn which_file(_: &std::fs::Metadata) -> String {
    String::new()
}

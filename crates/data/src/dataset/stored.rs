//! Image files that stand in the cells of a Parquet table.
use crate::{
    DataError,
    files::LARGE,
    table::{self, bytes_of},
};
use std::{
    collections::VecDeque,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Rows that are read at a time: images are mostly asked for one after the other.
const ROWS: usize = 32;
/// Bytes that are kept for the next images.
const KEPT: usize = 256 << 20;

/// A table's column of image files.
pub(super) struct StoredImages {
    path: PathBuf,
    /// Path of the column inside the table: `image.bytes`.
    column: String,
    rows: usize,
    kept: Mutex<VecDeque<Chunk>>,
}

struct Chunk {
    first: usize,
    files: Vec<Option<Arc<[u8]>>>,
}

impl Chunk {
    fn bytes(&self) -> usize {
        self.files.iter().flatten().map(|file| file.len()).sum()
    }
}

impl StoredImages {
    pub(super) fn new(path: &Path, column: String, rows: usize) -> Arc<Self> {
        Arc::new(Self { path: path.to_owned(), column, rows, kept: Mutex::default() })
    }

    fn file(&self, row: usize) -> Result<Arc<[u8]>, DataError> {
        let first = row - row % ROWS;
        // What is kept is whole, whatever happened to another thread.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match kept.iter().position(|chunk| chunk.first == first) {
            Some(place) => place,
            None => {
                kept.push_back(Chunk { first, files: self.read(first)? });
                while kept.len() > 1 && kept.iter().map(Chunk::bytes).sum::<usize>() > KEPT {
                    kept.pop_front();
                }
                kept.len() - 1
            }
        };
        kept[place].files.get(row - first).cloned().flatten().ok_or_else(|| {
            DataError::invalid(&self.path, format!("row {}: '{}' is empty", row + 1, self.column))
        })
    }

    fn read(&self, first: usize) -> Result<Vec<Option<Arc<[u8]>>>, DataError> {
        let rows: Vec<usize> = (first..self.rows.min(first + ROWS)).collect();
        let mut files = Vec::with_capacity(rows.len());
        let mut total = 0;
        for batch in table::read_rows(&self.path, &rows, &[&self.column])? {
            let found = batch.columns().first().and_then(bytes_of).ok_or_else(|| {
                DataError::invalid(&self.path, format!("'{}' does not hold bytes", self.column))
            })?;
            total += found.iter().flatten().map(|file| file.len() as u64).sum::<u64>();
            if total > LARGE {
                let message = format!("rows from {} on hold more than {LARGE} bytes", first + 1);
                return Err(DataError::invalid(&self.path, message));
            }
            files.extend(found.into_iter().map(|file| file.map(Arc::from)));
        }
        Ok(files)
    }
}

impl fmt::Debug for StoredImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.path.display(), self.column)
    }
}

/// An image file in one cell of a Parquet table.
#[derive(Debug, Clone)]
pub struct StoredImage {
    images: Arc<StoredImages>,
    row: usize,
}

impl StoredImage {
    pub(super) fn new(images: &Arc<StoredImages>, row: usize) -> Self {
        Self { images: Arc::clone(images), row }
    }

    /// The table.
    pub fn table(&self) -> &Path {
        &self.images.path
    }

    /// Row of the table, from 1 on.
    pub fn row(&self) -> usize {
        self.row + 1
    }

    /// The image file.
    ///
    /// # Errors
    /// The table can't be read, or the cell is empty.
    pub fn bytes(&self) -> Result<Arc<[u8]>, DataError> {
        self.images.file(self.row)
    }
}

impl PartialEq for StoredImage {
    fn eq(&self, other: &Self) -> bool {
        self.row == other.row
            && self.images.path == other.images.path
            && self.images.column == other.images.column
    }
}

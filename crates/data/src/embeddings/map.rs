//! One `.npy` file of embeddings, mapped into memory.
//!
//! # A file that changes under the map
//! A map is only sound where the bytes behind it stay as they are, which no operating system promises: another process may
//! write to the file. What then happens here: every bit pattern is a number and nothing else depends on the bytes (the header
//! is copied and checked before), so that a file that is overwritten gives other figures, never an access outside the map. A
//! file that is cut off while it is mapped ends the process when a missing page is touched (SIGBUS; on Windows the system
//! refuses to cut it). So pools are to be left alone while they are read, as the documentation of [`super::EmbeddingPool`]
//! says. Nothing here writes to a map.
use crate::{DataError, files, npy};
use half::{f16, slice::HalfFloatSliceExt};
use memmap2::Mmap;
use std::{fs::File, path::Path};

/// Values that are turned from halves at a time.
const STEP: usize = 512;

/// `[rows, columns]` in C order, in a file.
#[derive(Debug)]
pub(super) struct MappedRows {
    map: Mmap,
    /// Where the data start; what is before is the header.
    pub(super) start: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    half: bool,
}

impl MappedRows {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = files::open(path)?;
        let map = map(&file).map_err(|e| DataError::io(path, e))?;
        let npy::Rows { descr, fortran, rows, columns, data } =
            npy::Rows::of(&map).map_err(|message| DataError::invalid(path, message))?;
        let half = match descr.as_str() {
            "<f2" => true,
            "<f4" => false,
            other => {
                return Err(DataError::invalid(
                    path,
                    format!(
                        "embeddings are of type '{other}', expected '<f2' or '<f4'; save them as float16 or float32"
                    ),
                ));
            }
        };
        if fortran {
            return Err(DataError::invalid(
                path,
                "embeddings are in Fortran order, expected C order; save numpy.ascontiguousarray of them",
            ));
        }
        npy::values(rows, columns, if half { 2 } else { 4 }, data)
            .map_err(|message| DataError::invalid(path, message))?;
        if columns == 0 {
            return Err(DataError::invalid(
                path,
                format!("embeddings have shape [{rows}, 0], expected [n, d] with d of at least 1"),
            ));
        }
        let start = map.len() - data.len();
        Ok(Self { map, start, rows, columns, half })
    }

    /// The header as it stands in the file.
    pub(super) fn header(&self) -> &[u8] {
        &self.map[..self.start]
    }

    /// The bytes of one row.
    pub(super) fn bytes(&self, row: usize) -> &[u8] {
        let size = self.columns * if self.half { 2 } else { 4 };
        &self.map[self.start + row * size..][..size]
    }

    /// Writes one row into `out`, `[columns]`.
    pub(super) fn read(&self, row: usize, out: &mut [f32]) {
        let bytes = self.bytes(row);
        if !self.half {
            for (out, b) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *out = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
            return;
        }
        // By way of a small array: the data may start at any byte, and the conversion wants halves.
        let mut halves = [f16::ZERO; STEP];
        for (out, bytes) in out.chunks_mut(STEP).zip(bytes.chunks(2 * STEP)) {
            let halves = &mut halves[..out.len()];
            for (half, b) in halves.iter_mut().zip(bytes.chunks_exact(2)) {
                *half = f16::from_le_bytes([b[0], b[1]]);
            }
            halves.convert_to_f32_slice(out);
        }
    }
}

#[expect(
    unsafe_code,
    reason = "there is no safe way to map a file; the module's text says what happens when it changes"
)]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the map is read only, and its bytes are read as plain numbers, of which any bit pattern is one. That nobody
    // changes the file meanwhile is asked of the user; the module's text says what happens otherwise.
    unsafe { Mmap::map(file) }
}

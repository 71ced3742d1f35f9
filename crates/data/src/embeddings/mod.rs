//! Pools of embedded images: large folders of vectors, searched where they lie.
//!
//! # Layouts
//! - What `clip-retrieval inference` writes (of images that `img2dataset` fetched, or of any folder): `img_emb/img_emb_0.npy`,
//!   `metadata/metadata_0.parquet`; given as the folder that holds both, or as `img_emb` itself. Texts' embeddings beside them
//!   (`text_emb`) are not looked at.
//! - A folder of `NAME_0.npy` and `NAME_0.parquet` (or `metadata_0.parquet`).
//! - One `.npy` file, with or without a `.parquet` file of the same stem.
//!
//! Numbers may be padded with zeros, and are compared as numbers. A row of a table belongs to the same row of the embeddings of
//! its number.

mod layout;
mod map;
mod metadata;

use crate::{DataError, files::open_regular};
use map::MappedRows;
use ndarray::ArrayView2;
use rightly_stats::nearest;
use std::{
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

pub use layout::Shard;
pub use metadata::Entry;
pub use rightly_stats::nearest::{Hit, Nearest};

/// Rows of a shard, and bytes at the end of a table, that [`EmbeddingPool::fingerprint`] looks at.
const SAMPLED_ROWS: usize = 64;
const SAMPLED_BYTES: u64 = 4096;

/// A pool of image embeddings in files, `[n, d]` over all shards.
///
/// The files are mapped into memory and stay on disk. They are to be left alone while a pool is open: one that is overwritten
/// gives other figures, one that is cut off ends the process.
#[derive(Debug)]
pub struct EmbeddingPool {
    path: PathBuf,
    shards: Vec<Shard>,
    rows: Vec<MappedRows>,
    /// The row that each shard starts with, and the number of all.
    starts: Vec<usize>,
}

impl EmbeddingPool {
    /// Opens a folder or one `.npy` file. Headers and the tables' footers are read, no rows.
    ///
    /// # Errors
    /// A file is missing, damaged, cut off, in Fortran order, neither float16 nor float32, or of another width than the first;
    /// a shard of a folder has no table, a table no shard, or the two differ in rows; a table has none of the columns of
    /// [`Entry`]; there are no embeddings.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let shards = layout::find(path)?;
        let mut rows: Vec<MappedRows> = Vec::with_capacity(shards.len());
        let mut starts = vec![0];
        for shard in &shards {
            let mapped = MappedRows::open(&shard.embeddings)?;
            if let Some(first) = rows.first()
                && first.columns != mapped.columns
            {
                return Err(DataError::invalid(
                    &shard.embeddings,
                    format!(
                        "embeddings of {} values, but those of {} have {}; all are to be of one encoder",
                        mapped.columns,
                        shards[0].embeddings.display(),
                        first.columns
                    ),
                ));
            }
            if let Some(table) = &shard.metadata {
                metadata::check(table, &shard.embeddings, mapped.rows)?;
            }
            starts.push(rows.iter().map(|rows| rows.rows).sum::<usize>() + mapped.rows);
            rows.push(mapped);
        }
        let pool = Self { path: path.to_owned(), shards, rows, starts };
        if pool.is_empty() {
            return Err(DataError::invalid(path, "the embeddings have no rows"));
        }
        Ok(pool)
    }

    /// Number of images, `n`.
    pub fn len(&self) -> usize {
        *self.starts.last().expect("the list begins with the first shard's start")
    }

    /// Whether there are no images; a pool that was opened has some.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Width of the embeddings, `d`.
    pub fn dim(&self) -> usize {
        self.rows.first().expect("a pool without rows is not opened").columns
    }

    /// The files, in the order of their rows.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// A name for what the pool holds, in hexadecimal: of file names, sizes, headers, some rows of each shard and the end of
    /// each table. Another place or time of the same files does not change it; nor does an edit of a few rows.
    ///
    /// # Errors
    /// A table can't be read any more.
    pub fn fingerprint(&self) -> Result<String, DataError> {
        let mut hash = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for (shard, rows) in self.shards.iter().zip(&self.rows) {
            add(name(&shard.embeddings));
            add(rows.header());
            let step = rows.rows.div_ceil(SAMPLED_ROWS).max(1);
            (0..rows.rows).step_by(step).for_each(|row| add(rows.bytes(row)));
            let Some(table) = &shard.metadata else { continue };
            let (size, end) = end(table).map_err(|e| DataError::io(table, e))?;
            add(name(table));
            add(&size.to_le_bytes());
            add(&end);
        }
        Ok(hash.finalize().to_hex().to_string())
    }

    /// One image's embedding, `[d]`, as it is stored; `None` beyond the last.
    pub fn embedding(&self, row: usize) -> Option<Vec<f32>> {
        (row < self.len()).then(|| {
            let mut out = vec![0.0; self.dim()];
            self.read(row, &mut out);
            out
        })
    }

    /// The `k` images nearest to each of `queries` (`[q, d]`, of any length) by cosine, exact, in one pass over the pool. Rows
    /// of zeros alone, or with a value that is not finite, are counted and left out. On `threads` threads (0: those of the rayon
    /// pool around), which have no part in the result, nor have other queries. `None` where `stop` was set before the end.
    ///
    /// # Errors
    /// A query has another width than the pool, or no direction.
    pub fn nearest(
        &self,
        queries: ArrayView2<'_, f32>,
        k: usize,
        threads: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Nearest>, DataError> {
        if queries.ncols() != self.dim() {
            return Err(DataError::invalid(
                &self.path,
                format!(
                    "embeddings have {} values, the query {}; both are to be of one encoder",
                    self.dim(),
                    queries.ncols()
                ),
            ));
        }
        for (at, query) in queries.outer_iter().enumerate() {
            if query.iter().all(|x| *x == 0.0) || query.iter().any(|x| !x.is_finite()) {
                return Err(DataError::invalid(
                    &self.path,
                    format!(
                        "query {at} has no direction: its values are all 0, or one is not finite"
                    ),
                ));
            }
        }
        let read = |row: usize, out: &mut [f32]| self.read(row, out);
        Ok(nearest::nearest(self.len(), read, queries, k, threads, stop))
    }

    /// What the tables say of some rows, in the order asked for; of the tables only what holds these rows is read. Without any
    /// text where the pool has no table.
    ///
    /// # Errors
    /// A row lies beyond the pool, or a table can't be read.
    pub fn entries(&self, rows: &[usize]) -> Result<Vec<Entry>, DataError> {
        if let Some(row) = rows.iter().find(|row| **row >= self.len()) {
            return Err(DataError::invalid(
                &self.path,
                format!("there is no row {row}: the pool has {}", self.len()),
            ));
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&at| rows[at]);
        let mut entries = vec![Entry::default(); rows.len()];
        for wanted in order.chunk_by(|a, b| self.shard_of(rows[*a]) == self.shard_of(rows[*b])) {
            let shard = self.shard_of(rows[wanted[0]]);
            let Some(table) = &self.shards[shard].metadata else { continue };
            let mut places: Vec<usize> =
                wanted.iter().map(|&at| rows[at] - self.starts[shard]).collect();
            places.dedup();
            let found = metadata::read(table, &places)?;
            for &at in wanted {
                let place = rows[at] - self.starts[shard];
                if let Some(entry) = places.binary_search(&place).ok().and_then(|i| found.get(i)) {
                    entries[at] = entry.clone();
                }
            }
        }
        Ok(entries)
    }

    fn shard_of(&self, row: usize) -> usize {
        self.starts.partition_point(|start| *start <= row) - 1
    }

    fn read(&self, row: usize, out: &mut [f32]) {
        let shard = self.shard_of(row);
        self.rows[shard].read(row - self.starts[shard], out);
    }
}

fn name(file: &Path) -> &[u8] {
    file.file_name().expect("what was opened as a file has a name").as_encoded_bytes()
}

/// A file's size and its last bytes.
fn end(path: &Path) -> std::io::Result<(u64, Vec<u8>)> {
    let mut file = open_regular(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(SAMPLED_BYTES)))?;
    let mut end = Vec::new();
    file.take(SAMPLED_BYTES).read_to_end(&mut end)?;
    Ok((size, end))
}

#[cfg(test)]
mod tests;

//! How much memory a table may take, and in what steps a row group is read so that memory holds them.
//!
//! Some kilobytes of Parquet can stand for any number of gigabytes: a page of zeros is packed ten thousand times smaller, a
//! text that a dictionary holds once can stand in every row, a run of equal values takes a few bytes. So sizes are taken from
//! the headers of the pages (a footer may lie), pages that swell are refused, and what a dictionary holds stays there until it
//! is known how much its rows take together.
use super::pages::Pages;
use arrow_array::{ArrayRef, RecordBatch, cast::AsArray};
use parquet::{
    arrow::ProjectionMask,
    basic::Type as PhysicalType,
    file::metadata::{ColumnChunkMetaData, ParquetMetaData},
};
use std::{collections::BTreeSet, fs::File};

/// Bytes that a batch may take.
pub(super) const BATCH_BYTES: u64 = 128 << 20;
/// Rows of a batch.
const BATCH_ROWS: u64 = 8192;
/// Bytes that one column of a row group may have when it is unpacked.
const MAX_CHUNK: u64 = 4 << 30;
/// Texts in the lists of a row group: captions of a million images.
const MAX_TEXTS_IN_LISTS: u64 = 16 << 20;
/// A page, or the values in the lists of a row group, may have so many bytes whatever they are packed to …
const SMALL: u64 = 256 << 20;
/// … and beyond it so many times their packed size.
const MOST_SWOLLEN: u64 = 64;

/// How a row group is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Rows of a batch.
    pub(super) rows: usize,
    /// Columns, by their place, that are to stay as a dictionary and keys.
    pub(super) dictionaries: BTreeSet<usize>,
    /// Rows of a batch where these can't.
    pub(super) rows_without: usize,
}

impl Steps {
    /// Of the columns of a row group that are read; `texts` are those, by their place, that can stay as a dictionary.
    ///
    /// # Errors
    /// A column is too large when it is unpacked, or its pages are damaged: said in words.
    pub(super) fn of(
        file: &File,
        metadata: &ParquetMetaData,
        group: usize,
        mask: &ProjectionMask,
        texts: &BTreeSet<usize>,
    ) -> Result<Self, String> {
        let mut dictionaries = BTreeSet::new();
        let (mut rows, mut rows_without) = (BATCH_ROWS, BATCH_ROWS);
        let schema = metadata.file_metadata().schema_descr();
        let chunks = metadata.row_group(group).columns().iter().enumerate();
        for (leaf, chunk) in chunks.filter(|(leaf, _)| mask.leaf_included(*leaf)) {
            let pages = Pages::of(file, chunk)
                .and_then(|pages| within(chunk, &pages).map(|()| pages))
                .map_err(|why| format!("column '{}': {why}", chunk.column_path().string()))?;
            // One value may be as large as all of a dictionary.
            let widest = match chunk.column_type() {
                PhysicalType::BYTE_ARRAY => pages.dictionary.max(pages.shared),
                PhysicalType::FIXED_LEN_BYTE_ARRAY => width(chunk),
                _ => continue,
            };
            let fitting = (BATCH_BYTES / widest.max(1)).max(1);
            let place = schema.get_column_root_idx(leaf);
            let all_refer = pages.referring == pages.values && texts.contains(&place);
            rows_without = rows_without.min(fitting);
            if all_refer && pages.values.saturating_mul(widest) > SMALL {
                dictionaries.insert(place);
            } else {
                rows = rows.min(fitting);
            }
        }
        Ok(Self { rows: rows as usize, dictionaries, rows_without: rows_without as usize })
    }
}

fn is_bytes(chunk: &ColumnChunkMetaData) -> bool {
    chunk.column_type() == PhysicalType::BYTE_ARRAY
}

/// Bytes of a value at least.
fn width(chunk: &ColumnChunkMetaData) -> u64 {
    match chunk.column_type() {
        PhysicalType::BOOLEAN | PhysicalType::BYTE_ARRAY => 1,
        PhysicalType::INT32 | PhysicalType::FLOAT => 4,
        PhysicalType::INT96 => 12,
        PhysicalType::INT64 | PhysicalType::DOUBLE => 8,
        PhysicalType::FIXED_LEN_BYTE_ARRAY => chunk.column_descr().type_length().max(1) as u64,
    }
}

/// Refuses a column chunk that no table of images has.
fn within(chunk: &ColumnChunkMetaData, pages: &Pages) -> Result<(), String> {
    let (unpacked, packed) = pages.swollen;
    let beyond = |bytes: u64, packed: u64| bytes > SMALL && bytes / MOST_SWOLLEN > packed;
    if beyond(unpacked, packed) {
        return Err(format!(
            "a page of {packed} bytes becomes {unpacked}; write the table again with smaller pages"
        ));
    }
    // Runs of equal values take no room in the file; unpacked each takes its own.
    let width = width(chunk);
    let values = pages.values.max(chunk.num_values().max(0) as u64);
    let bytes = values
        .saturating_mul(width)
        .max(pages.unpacked)
        .max(chunk.uncompressed_size().max(0) as u64);
    if bytes > MAX_CHUNK {
        return Err(format!(
            "it takes {bytes} bytes in one row group, the limit is {MAX_CHUNK}; write it in smaller row groups"
        ));
    }
    // Of lists one row may have any number.
    if chunk.column_descr().max_rep_level() == 0 {
        return Ok(());
    }
    if is_bytes(chunk) && values > MAX_TEXTS_IN_LISTS {
        return Err(format!(
            "it has {values} texts in the lists of one row group, the limit is {MAX_TEXTS_IN_LISTS}; write it in smaller row \
             groups"
        ));
    }
    if beyond(values.saturating_mul(width), pages.packed) {
        return Err(format!(
            "{} bytes become lists of {values} values in one row group; write it in smaller row groups",
            pages.packed
        ));
    }
    Ok(())
}

/// Bytes that the texts of a column take when each row has its own. Numbers and lists have no more text than they have bytes,
/// and give 0.
pub(crate) fn texts_bytes(array: &ArrayRef) -> u64 {
    let Some(dictionary) = array.as_any_dictionary_opt() else {
        return lengths(array).into_iter().sum();
    };
    let lengths = lengths(dictionary.values());
    if lengths.is_empty() {
        return 0;
    }
    let keys = dictionary.normalized_keys().into_iter().enumerate();
    keys.filter(|(row, _)| !dictionary.is_null(*row)).map(|(_, key)| lengths[key]).sum()
}

/// Bytes of each text, none of other columns.
fn lengths(array: &ArrayRef) -> Vec<u64> {
    let of = |text: Option<&str>| text.map_or(0, |text| text.len() as u64);
    if let Some(texts) = array.as_string_opt::<i32>() {
        texts.iter().map(of).collect()
    } else if let Some(texts) = array.as_string_opt::<i64>() {
        texts.iter().map(of).collect()
    } else if let Some(texts) = array.as_string_view_opt() {
        texts.iter().map(of).collect()
    } else {
        Vec::new()
    }
}

/// Cuts a batch so that the texts of each part take no more than a batch may.
pub(super) fn cut(batch: RecordBatch) -> Vec<RecordBatch> {
    let bytes: u64 = batch.columns().iter().map(texts_bytes).sum();
    if bytes <= BATCH_BYTES || batch.num_rows() < 2 {
        return vec![batch];
    }
    let half = batch.num_rows() / 2;
    let rest = batch.num_rows() - half;
    let parts = [batch.slice(0, half), batch.slice(half, rest)];
    parts.into_iter().flat_map(cut).collect()
}

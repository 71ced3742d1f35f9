//! Parquet files of a RUN: one writer that streams row groups, readers, and short ways to make
//! and to read columns.
//!
//! Files are ordinary Parquet (Zstandard, Arrow schema embedded) that DuckDB, pandas and polars
//! open. They hold no time stamps and no machine names: the same batches give the same bytes.

mod bound;
mod cells;
mod columns;
mod guarded;
mod outside;
mod pages;
mod reader;
mod room;
mod swell;
#[cfg(test)]
mod tests;
mod texts;
mod writer;

pub(crate) use bound::texts_bytes;
pub use cells::{column, column_as, floats, integers, lists_f32, texts};
pub use columns::Columns;
pub use outside::read_bounded;
pub(crate) use outside::{
    bytes_of, has_texts, is_all_null, leaf_texts, read_columns, schema, texts_of,
};
pub use reader::{Table, outline, read, read_group, read_rows, row_groups};
pub(crate) use room::Room;
pub use writer::{TableWriter, write};

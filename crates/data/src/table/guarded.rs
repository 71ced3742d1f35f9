//! Calls of the parquet crate on files from outside. It asserts some of what a damaged file can get wrong (levels that end
//! before their page does, say) instead of failing on it.
use super::reader::unread;
use crate::{DataError, foreign::caught};
use std::{fmt::Display, path::Path};

/// What `read` gives.
///
/// # Errors
/// It fails, or gives up by a panic: the file is damaged.
pub(super) fn guarded<T, E: Display>(
    path: &Path,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, DataError> {
    match caught(read) {
        Some(read) => read.map_err(|error| unread(path, error)),
        None => Err(unread(path, "it is damaged; write it again, or fetch it again")),
    }
}

/// The next batch of a reader; after a panic it has none.
pub(super) fn next<T, E: Display>(
    path: &Path,
    reader: &mut impl Iterator<Item = Result<T, E>>,
) -> Option<Result<T, DataError>> {
    guarded(path, || reader.next().transpose()).transpose()
}

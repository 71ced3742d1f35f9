//! What the tables beside the embeddings say of an image.
use crate::{
    DataError,
    table::{outline, read_rows, texts},
};
use std::path::Path;

/// What is known of one image of a pool; `None` where its table has no such column or no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Column `image_path`: a file, or the image's key in its archive.
    pub image: Option<String>,
    /// Column `caption`.
    pub caption: Option<String>,
    /// Column `url`: where the image came from.
    pub url: Option<String>,
    /// Column `key`: the image's name among those that were fetched.
    pub key: Option<String>,
}

const COLUMNS: [&str; 4] = ["image_path", "caption", "url", "key"];

/// Whether a table fits its embeddings.
pub(super) fn check(table: &Path, embeddings: &Path, rows: usize) -> Result<(), DataError> {
    let (found, columns) = outline(table)?;
    if found != rows {
        return Err(DataError::invalid(
            table,
            format!(
                "{found} rows, but {} has {rows}; a row of one belongs to the same row of the other, so take both from one run",
                embeddings.display()
            ),
        ));
    }
    if !COLUMNS.iter().any(|name| columns.iter().any(|c| c == name)) {
        let found: Vec<_> = columns.iter().map(|c| format!("'{c}'")).collect();
        return Err(DataError::invalid(
            table,
            format!(
                "none of the columns 'image_path', 'caption', 'url' and 'key'; it has {}: rename one",
                found.join(", ")
            ),
        ));
    }
    Ok(())
}

/// The entries of some rows, which rise without repeats.
pub(super) fn read(table: &Path, rows: &[usize]) -> Result<Vec<Entry>, DataError> {
    let (_, columns) = outline(table)?;
    let present: Vec<&str> =
        COLUMNS.into_iter().filter(|name| columns.iter().any(|c| c == name)).collect();
    let mut entries = Vec::with_capacity(rows.len());
    for batch in read_rows(table, rows, &present)? {
        let of = |name: &str| {
            if present.contains(&name) {
                texts(&batch, name, table)
            } else {
                Ok(vec![None; batch.num_rows()])
            }
        };
        let [image, caption, url, key] =
            [of(COLUMNS[0])?, of(COLUMNS[1])?, of(COLUMNS[2])?, of(COLUMNS[3])?];
        let columns = image.into_iter().zip(caption).zip(url).zip(key);
        entries.extend(columns.map(|(((image, caption), url), key)| Entry {
            image,
            caption,
            url,
            key,
        }));
    }
    Ok(entries)
}

//! Images without classes: what a pool is made of.
use super::{
    ImageSource,
    files::{FileKind, is_hidden, kind},
    table_file::captions,
    text_table::Rows,
};
use crate::DataError;
use std::path::Path;

/// An image that nobody has labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct UnlabelledImage {
    /// Its path under the folder, or as the table gives it, `/`-separated.
    pub id: String,
    /// Where its pixels are.
    pub image: ImageSource,
    /// What the table says of it.
    pub captions: Vec<String>,
}

/// The images of a folder, at any depth and in the order of their paths; or of a table (csv, tsv, jsonl, parquet) with a
/// column `image` (relative to the table) and perhaps `caption`.
///
/// # Errors
/// There is no such path; no image in it; a table without the column, or damaged.
pub fn unlabelled(path: &Path) -> Result<Vec<UnlabelledImage>, DataError> {
    let state = std::fs::metadata(path).map_err(|e| DataError::io(path, e))?;
    let found = if state.is_dir() { of_folder(path)? } else { of_table(path)? };
    if found.is_empty() {
        return Err(DataError::invalid(
            path,
            "there are no images; give a folder or a table of images",
        ));
    }
    Ok(found)
}

fn of_folder(folder: &Path) -> Result<Vec<UnlabelledImage>, DataError> {
    let mut out = Vec::new();
    let seen = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !is_hidden(&entry.file_name().to_string_lossy())
    };
    let entries = walkdir::WalkDir::new(folder).follow_links(true).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(seen) {
        let entry = entry.map_err(|e| DataError::invalid(folder, e.to_string()))?;
        if entry.file_type().is_file() && kind(entry.path()) == FileKind::Image {
            let id = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let parts: Vec<_> = id.components().map(|c| c.as_os_str().to_string_lossy()).collect();
            out.push(UnlabelledImage {
                id: parts.join("/"),
                image: ImageSource::File(entry.into_path()),
                captions: Vec::new(),
            });
        }
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(out)
}

fn of_table(path: &Path) -> Result<Vec<UnlabelledImage>, DataError> {
    let rows = Rows::read(path)?;
    let column = |name: &str| rows.columns.iter().position(|c| c.eq_ignore_ascii_case(name));
    let Some(image) = column("image") else {
        let message = format!(
            "has no column 'image', only {}; name the column with the images' paths so",
            rows.columns.join(", ")
        );
        return Err(DataError::invalid(path, message));
    };
    let caption = column("caption");
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = rows.cells.iter().filter_map(|cells| Some((cells, cells[image].clone()?)));
    Ok(named
        .map(|(cells, id)| UnlabelledImage {
            image: ImageSource::File(folder.join(&id)),
            captions: caption.and_then(|at| cells[at].clone()).map(captions).unwrap_or_default(),
            id,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_and_tables_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("b/.hidden")).unwrap();
        for name in ["b/2.PNG", "a.jpg", "b/.hidden/3.png", "notes.txt"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let ids = |path: &Path| -> Vec<String> {
            unlabelled(path).unwrap().into_iter().map(|i| i.id).collect()
        };
        assert_eq!(ids(folder.path()), ["a.jpg", "b/2.PNG"]);
        let table = folder.path().join("pool.csv");
        std::fs::write(
            &table,
            "image,caption\na.jpg,\"[\"\"one\"\", \"\"two\"\"]\"\n,\nb/2.PNG,\n",
        )
        .unwrap();
        assert_eq!(ids(&table), ["a.jpg", "b/2.PNG"]);
        assert_eq!(unlabelled(&table).unwrap()[0].captions, ["one", "two"]);
        std::fs::write(&table, "path\na.jpg\n").unwrap();
        for (path, part) in
            [(table.as_path(), "no column 'image'"), (Path::new("/no/such"), "/no/such")]
        {
            let said = unlabelled(path).unwrap_err().to_string();
            assert!(said.contains(part), "{said}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(unlabelled(empty.path()).unwrap_err().to_string().contains("no images"));
    }
}

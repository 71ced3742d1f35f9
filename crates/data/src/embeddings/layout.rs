//! Which files make up a pool, and which table belongs to which shard.
use crate::DataError;
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// A file of embeddings and the table of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// The `.npy` file, `[n, d]`.
    pub embeddings: PathBuf,
    /// The Parquet table of `n` rows; only a pool of one file may lack it.
    pub metadata: Option<PathBuf>,
}

/// The folder of image embeddings and that of tables which `clip-retrieval inference` makes side by side.
const IMAGES: &str = "img_emb";
const TABLES: &str = "metadata";

/// Shards in the order of their numbers.
pub(super) fn find(path: &Path) -> Result<Vec<Shard>, DataError> {
    let state = std::fs::metadata(path).map_err(|e| DataError::io(path, e))?;
    if !state.is_dir() {
        return Ok(vec![single(path)?]);
    }
    let whole = path.join(IMAGES);
    let folder = if whole.is_dir() { &whole } else { path };
    let embeddings = files(folder, "npy")?;
    if embeddings.is_empty() {
        return Err(DataError::invalid(
            folder,
            format!(
                "no .npy files; expected embeddings as clip-retrieval writes them ({IMAGES}/{IMAGES}_0.npy beside {TABLES}/{TABLES}_0.parquet), or NAME_0.npy beside NAME_0.parquet"
            ),
        ));
    }
    if let [one] = embeddings.as_slice()
        && number(one).is_none()
    {
        return Ok(vec![single(one)?]);
    }
    let embeddings = numbered(&embeddings)?;
    let mut tables = files(folder, "parquet")?;
    let beside = folder.parent().unwrap_or(Path::new("")).join(TABLES);
    if tables.is_empty() && beside.is_dir() {
        tables = files(&beside, "parquet")?;
    }
    let mut tables = numbered(&tables)?;
    let shards = embeddings
        .into_iter()
        .map(|(number, embeddings)| match tables.remove(&number) {
            Some(table) => Ok(Shard { embeddings, metadata: Some(table) }),
            None => Err(DataError::invalid(
                &embeddings,
                format!(
                    "no metadata: expected a table of number {number}, as {0}/{0}_{number}.parquet beside the folder or a .parquet file of the same name in it; without it no row can be named",
                    TABLES
                ),
            )),
        })
        .collect::<Result<_, _>>()?;
    match tables.into_iter().next() {
        None => Ok(shards),
        Some((number, table)) => Err(DataError::invalid(
            table,
            format!(
                "metadata without embeddings: there is no .npy file of number {number} in {}; was it left out in copying?",
                folder.display()
            ),
        )),
    }
}

fn single(path: &Path) -> Result<Shard, DataError> {
    if path.extension() != Some(OsStr::new("npy")) {
        return Err(DataError::invalid(
            path,
            "a pool is a folder of embeddings or one .npy file; this is neither",
        ));
    }
    let table = path.with_extension("parquet");
    Ok(Shard { embeddings: path.to_owned(), metadata: table.is_file().then_some(table) })
}

/// Files of one kind, by name; hidden ones, which may be half written, are not among them.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, DataError> {
    let io = |e| DataError::io(folder, e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if path.extension() == Some(OsStr::new(extension)) && !hidden && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What is before the number at the end of a file's name, and the number: `img_emb_0012` is 12.
fn number(path: &Path) -> Option<(&str, u64)> {
    let stem = path.file_stem()?.to_str()?;
    let name = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((name, stem[name.len()..].parse().ok()?))
}

/// Files by their number; all of one name.
fn numbered(paths: &[PathBuf]) -> Result<BTreeMap<u64, PathBuf>, DataError> {
    let mut found: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mut first: Option<&str> = None;
    for path in paths {
        let (name, number) = number(path).ok_or_else(|| {
            DataError::invalid(path, "the file's name does not end with its number, as NAME_0 does; rename it, or leave one file alone in the folder")
        })?;
        let expected = *first.get_or_insert(name);
        if name != expected {
            return Err(DataError::invalid(
                path,
                format!(
                    "files of two names, '{expected}' and '{name}', in one folder; a pool is of one kind of embeddings, so put the others elsewhere"
                ),
            ));
        }
        if let Some(other) = found.insert(number, path.clone()) {
            return Err(DataError::invalid(
                path,
                format!("the number {number} is that of {} as well; keep one", other.display()),
            ));
        }
    }
    Ok(found)
}

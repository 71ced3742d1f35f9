//! Tables that hold the image files themselves, as Hugging Face's `datasets` writes them: a column `image` of `bytes` and `path`,
//! a column of class numbers whose names stand in the file's metadata, perhaps in several files for each split.
use super::{
    ImageSource, Sample,
    builder::Builder,
    split,
    stored::{StoredImage, StoredImages},
    table_file::captions,
    text_table::{self, ImageColumn, Rows},
};
use crate::{
    DataError,
    table::{is_all_null, leaf_texts},
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// One file of the table.
struct Shard {
    path: PathBuf,
    /// What ids begin with where images have no path: the file's place, without ending.
    name: String,
    split: Option<String>,
    image: ImageColumn,
    rows: Rows,
    /// Path of each image, as it stood where the table was made.
    paths: Vec<Option<String>>,
}

/// Opens one table.
pub(super) fn open_table(path: &Path, image: ImageColumn) -> Result<Builder, DataError> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "table".to_owned());
    read(vec![shard(path, name, image)?])
}

/// Opens the tables below a folder, in the order of their paths; `None` where none of them holds images.
pub(super) fn open_folder(root: &Path) -> Result<Option<Builder>, DataError> {
    let mut shards = Vec::new();
    for entry in walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|e| DataError::invalid(root, e.to_string()))?;
        if !entry.file_type().is_file() || !text_table::is_parquet(entry.path()) {
            continue;
        }
        let Some(image) = text_table::image_column(entry.path())? else { continue };
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path()).with_extension("");
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        shards.push(shard(entry.path(), parts.join("/"), image)?);
    }
    if shards.is_empty() { Ok(None) } else { read(shards).map(Some) }
}

fn shard(path: &Path, name: String, image: ImageColumn) -> Result<Shard, DataError> {
    let rows = Rows::read(path)?;
    let paths = if image.has_path {
        leaf_texts(path, &format!("{}.path", image.name))?
    } else {
        vec![None; rows.cells.len()]
    };
    Ok(Shard { split: split_of(&name), path: path.to_owned(), name, image, rows, paths })
}

/// The split that a file's place names: `data/train-00000-of-00002`, `default/validation/0000`.
fn split_of(name: &str) -> Option<String> {
    name.rsplit('/').find_map(|part| {
        let word = part.split(['-', '.', '_']).next().unwrap_or(part);
        [part, word].into_iter().find(|name| split::is_split_name(name)).map(str::to_owned)
    })
}

fn read(shards: Vec<Shard>) -> Result<Builder, DataError> {
    let mut draft = Builder::default();
    let class = class_column(&shards[0])?;
    let by_path = paths_are_names(&shards);
    let first = &shards[0].rows;
    draft.data.attributes = first
        .columns
        .iter()
        .filter(|name| is_attribute(name, &class, &first.nested))
        .cloned()
        .collect();
    left_out_columns(first, &class, &mut draft);
    if class != "class" {
        draft.note(format!("Column '{class}' is the class."));
    }
    let several = shards.len();
    for shard in shards {
        add(shard, &class, by_path, &mut draft)?;
    }
    super::table_file::canonical_splits(&mut draft);
    draft.note(format!(
        "The images stand in {several} table{}; an image is called by {}.",
        if several == 1 { "" } else { "s" },
        if by_path { "the path that the table gives it" } else { "its table and row" }
    ));
    Ok(draft)
}

/// `class`, or the one column of classes with names, or `label`.
fn class_column(shard: &Shard) -> Result<String, DataError> {
    let rows = &shard.rows;
    let has = |name: &str| rows.columns.iter().any(|column| column == name);
    let labelled = |name: &str| rows.class_labels.iter().any(|column| column == name);
    match rows.class_labels.as_slice() {
        _ if has("class") => Ok("class".to_owned()),
        _ if labelled("label") => Ok("label".to_owned()),
        [only] => Ok(only.clone()),
        [] if has("label") => Ok("label".to_owned()),
        [] => Err(DataError::invalid(
            &shard.path,
            format!("no column 'class' or 'label'; found {}", rows.columns.join(", ")),
        )),
        several => Err(DataError::invalid(
            &shard.path,
            format!(
                "several columns are classes ({}); rename the one that is meant to 'class'",
                several.join(", ")
            ),
        )),
    }
}

fn is_attribute(name: &str, class: &str, nested: &[String]) -> bool {
    let known = ["split", "caption", "group"];
    !name.is_empty() && name != class && !known.contains(&name) && !nested.iter().any(|n| n == name)
}

/// Names the columns that are not used.
pub(super) fn left_out_columns(rows: &Rows, class: &str, draft: &mut Builder) {
    // A column of image files is named where images are read from it.
    let mut out: Vec<String> = rows
        .without_text
        .iter()
        .filter(|(name, kind)| {
            !(matches!(name.as_str(), "image" | "img") && kind.contains("bytes"))
        })
        .map(|(name, kind)| format!("'{name}' ({kind})"))
        .collect();
    let lists = rows.nested.iter().filter(|name| *name != "caption" && *name != class);
    out.extend(lists.map(|name| format!("'{name}' (lists or objects)")));
    if !out.is_empty() {
        draft.note(format!("Columns that are no attributes were left out: {}.", out.join(", ")));
    }
}

/// Whether each image has a path, and no two the same.
fn paths_are_names(shards: &[Shard]) -> bool {
    let mut seen = HashSet::new();
    shards.iter().flat_map(|shard| &shard.paths).all(|path| {
        path.as_deref()
            .is_some_and(|path| !path.is_empty() && seen.insert(crate::names::path_key(path)))
    })
}

fn add(shard: Shard, class: &str, by_path: bool, draft: &mut Builder) -> Result<(), DataError> {
    let rows = shard.rows;
    let find = |name: &str| rows.columns.iter().position(|column| column == name);
    let Some(class) = find(class) else {
        let message = format!("no column '{class}', which other tables of the folder have");
        return Err(DataError::invalid(&shard.path, message));
    };
    let (split, caption, group) = (find("split"), find("caption"), find("group"));
    let places: Vec<Option<usize>> = draft.data.attributes.iter().map(|name| find(name)).collect();
    let column = match shard.image.is_struct {
        true => format!("{}.bytes", shard.image.name),
        false => shard.image.name.clone(),
    };
    // A table may hold paths alone; its images then lie beside it.
    let elsewhere = is_all_null(&shard.path, &column)?;
    let images = StoredImages::new(&shard.path, column, rows.cells.len());
    let folder = shard.path.parent().unwrap_or(Path::new(""));
    for (row, (mut cells, path)) in rows.cells.into_iter().zip(shard.paths).enumerate() {
        let id = match &path {
            Some(path) if by_path => path.replace('\\', "/"),
            _ => format!("{}/{row:06}", shard.name),
        };
        let class = cells[class].take().map(|class| crate::names::name_key(&class));
        let Some(class) = class.filter(|class| !class.is_empty()) else {
            draft.problem(id, format!("no class is named: row {}", row + 1), "left out");
            continue;
        };
        let image = match path {
            Some(path) if elsewhere => ImageSource::File(folder.join(path)),
            _ => ImageSource::Stored(StoredImage::new(&images, row)),
        };
        let mut take = |place: Option<usize>| place.and_then(|place| cells[place].take());
        let class = draft.class(&class);
        draft.data.samples.push(Sample {
            id,
            image,
            class,
            mask: None,
            split: take(split).or_else(|| shard.split.clone()),
            captions: take(caption).map_or_else(Vec::new, captions),
            group: take(group),
            attributes: places.iter().map(|&place| take(place)).collect(),
            parts: Vec::new(),
        });
    }
    Ok(())
}

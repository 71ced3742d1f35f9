//! A table of images: required and optional columns, paths, attributes.
use super::{
    ImageSource, Sample,
    builder::Builder,
    files::{Listings, Lookup},
    hugging_face, split,
    text_table::{self, Rows},
};
use crate::{
    DataError, MaskSource,
    names::{name_key, without_detours},
    table,
};
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

/// Columns with a meaning of their own; every other one is an attribute.
const KNOWN: [&str; 6] = ["image", "class", "mask", "split", "caption", "group"];

pub(super) fn open(path: &Path) -> Result<Builder, DataError> {
    if text_table::is_parquet(path)
        && let Some(image) = text_table::image_column(path)?
        && !table::outline(path)?.1.iter().any(|name| name == "image" && image.name != "image")
    {
        return hugging_face::open_table(path, image);
    }
    let rows = Rows::read(path)?;
    let columns = Columns::of(&rows, path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = Reader {
        draft: Builder::default(),
        listings: Listings::default(),
        seen: HashMap::new(),
        folder,
    };
    reader.draft.data.attributes =
        columns.attributes.iter().map(|&c| rows.columns[c].clone()).collect();
    reader.draft.data.parts =
        columns.parts.iter().map(|&c| rows.columns[c][PART.len()..].trim().to_owned()).collect();
    if rows.columns.iter().any(String::is_empty) {
        reader.draft.note("A column without a name was left out (a row index, perhaps).");
    }
    hugging_face::left_out_columns(&rows, &rows.columns[columns.class], &mut reader.draft);
    if rows.columns[columns.class] != "class" {
        reader.draft.note(format!("Column '{}' is the class.", rows.columns[columns.class]));
    }
    for (mut cells, line) in rows.cells.into_iter().zip(rows.lines) {
        reader.row(&mut cells, line, &columns);
    }
    let mut draft = reader.draft;
    canonical_splits(&mut draft);
    Ok(draft)
}

struct Columns {
    image: usize,
    class: usize,
    mask: Option<usize>,
    split: Option<usize>,
    caption: Option<usize>,
    group: Option<usize>,
    attributes: Vec<usize>,
    /// Columns of part masks.
    parts: Vec<usize>,
}

/// What the names of columns with masks of parts begin with: `mask:ears`.
const PART: &str = "mask:";

impl Columns {
    fn of(rows: &Rows, path: &Path) -> Result<Self, DataError> {
        let find = |name: &str| rows.columns.iter().position(|c| c == name);
        // Numbers of classes whose names stand in the file are classes, whatever their column is called.
        let labelled = || match rows.class_labels.as_slice() {
            [only] => find(only),
            _ => None,
        };
        let (Some(image), Some(class)) = (find("image"), find("class").or_else(labelled)) else {
            return Err(DataError::invalid(path, missing_columns(rows)));
        };
        Ok(Self {
            image,
            class,
            mask: find("mask"),
            split: find("split"),
            caption: find("caption"),
            group: find("group"),
            attributes: (0..rows.columns.len())
                .filter(|&c| {
                    let name = rows.columns[c].as_str();
                    let is_list = rows.nested.iter().any(|nested| nested == name);
                    let is_part = name.starts_with(PART);
                    c != class && !name.is_empty() && !KNOWN.contains(&name) && !is_list && !is_part
                })
                .collect(),
            parts: parts(rows, path)?,
        })
    }
}

/// The columns of part masks. Their names become parts of the names of conditions.
fn parts(rows: &Rows, path: &Path) -> Result<Vec<usize>, DataError> {
    let named = |&c: &usize| rows.columns[c].starts_with(PART);
    let columns: Vec<usize> = (0..rows.columns.len()).filter(named).collect();
    let called = |column: usize| rows.columns[column][PART.len()..].trim();
    for (at, &column) in columns.iter().enumerate() {
        if columns[..at].iter().any(|&other| called(other) == called(column)) {
            let message = format!("two columns are called '{PART}{}'; leave one", called(column));
            return Err(DataError::invalid(path, message));
        }
        let name = &rows.columns[column][PART.len()..];
        if name.trim().is_empty() || name.contains(['/', '\\']) {
            let message = format!(
                "the column '{}' is for masks of a part: it needs a name without slashes, as in {PART}ears",
                rows.columns[column]
            );
            return Err(DataError::invalid(path, message));
        }
    }
    Ok(columns)
}

fn missing_columns(rows: &Rows) -> String {
    if rows.columns.is_empty() {
        return "the table is empty; expected a header with the columns image and class".to_owned();
    }
    let absent: Vec<_> = ["image", "class"]
        .into_iter()
        .filter(|name| !rows.columns.iter().any(|c| c == name))
        .map(|name| format!("'{name}'"))
        .collect();
    let found: Vec<_> = rows.columns.iter().map(|c| format!("'{c}'")).collect();
    let hint = match rows.columns.as_slice() {
        [only] if only.contains(';') => "; the separator is a comma, not a semicolon".to_owned(),
        [only] if only.contains('\t') => "; separated by tabs it needs the ending .tsv".to_owned(),
        _ => rows
            .columns
            .iter()
            .find_map(|c| {
                let meant = match c.to_lowercase().as_str() {
                    "image" | "path" | "file" | "filename" | "file_name" | "image_path" => "image",
                    "class" | "label" | "target" | "category" | "class_name" => "class",
                    _ => return None,
                };
                let absent = !rows.columns.iter().any(|column| column == meant);
                absent.then(|| format!("; rename '{c}' to '{meant}', if that is what it is"))
            })
            .unwrap_or_default(),
    };
    format!("no column {}; found {}{hint}", absent.join(" and no column "), found.join(", "))
}

struct Reader<'p> {
    draft: Builder,
    listings: Listings,
    /// Path without detours to the index of its sample.
    seen: HashMap<String, usize>,
    folder: &'p Path,
}

impl Reader<'_> {
    fn row(&mut self, cells: &mut [Option<String>], line: u64, columns: &Columns) {
        let Some(id) = cells[columns.image].take() else {
            self.draft.problem(format!("line {line}"), "no image is named", "left out");
            return;
        };
        let class = cells[columns.class].take().map(|class| name_key(&class));
        let Some(class) = class.filter(|class| !class.is_empty()) else {
            self.draft.problem(id, format!("no class is named: line {line}"), "left out");
            return;
        };
        let Some((id, path)) = self.image(id) else { return };
        // The file itself: two names may be one path as names are compared, and two files.
        let key = without_detours(&path.to_string_lossy());
        if let Some(&first) = self.seen.get(&key) {
            let first = &self.draft.data.samples[first];
            let other = &self.draft.data.classes[first.class];
            let what = if *other == class {
                format!("the same path twice: line {line}, before as '{}'", first.id)
            } else {
                format!(
                    "the same path as two classes: line {line} as '{class}', before as '{other}'"
                )
            };
            self.draft.problem(id, what, "the first row is used");
            return;
        }
        self.seen.insert(key, self.draft.data.samples.len());
        let mask = columns
            .mask
            .and_then(|c| cells[c].take())
            .and_then(|mask| self.mask(&id, &mask, "used without its mask"));
        let mut part = |&column: &usize| {
            let file = cells[column].take()?;
            Some(MaskSource::File(self.mask(&id, &file, "used without this part")?))
        };
        let parts = columns.parts.iter().map(&mut part).collect();
        let mut take = |column: Option<usize>| column.and_then(|c| cells[c].take());
        let class = self.draft.class(&class);
        self.draft.data.samples.push(Sample {
            id,
            image: ImageSource::File(path),
            class,
            mask: mask.map(MaskSource::File),
            split: take(columns.split),
            captions: take(columns.caption).map(captions).unwrap_or_default(),
            group: take(columns.group),
            attributes: columns.attributes.iter().map(|&c| take(Some(c))).collect(),
            parts,
        });
    }

    /// The id, `/`-separated, and the file.
    fn image(&mut self, id: String) -> Option<(String, PathBuf)> {
        match self.locate(&id) {
            Ok((id, path, None)) => Some((id, path)),
            Ok((id, path, Some(what))) => {
                self.draft.problem(id.as_str(), what, "used");
                Some((id, path))
            }
            Err(what) => {
                let path = self.folder.join(&id);
                self.draft.first_missing.get_or_insert(path);
                self.draft.problem(id, what, "left out");
                None
            }
        }
    }

    fn mask(&mut self, id: &str, mask: &str, without: &str) -> Option<PathBuf> {
        match self.locate(mask) {
            Ok((_, path, None)) => Some(path),
            Ok((_, path, Some(what))) => {
                self.draft.problem(id, format!("mask of another name: '{mask}', {what}"), "used");
                Some(path)
            }
            Err(what) => {
                let what = format!("mask that is not there: '{mask}', {what}");
                self.draft.problem(id, what, without);
                None
            }
        }
    }

    /// Name, file, and what is odd about it; or why there is none.
    fn locate(&mut self, name: &str) -> Result<(String, PathBuf, Option<&'static str>), String> {
        let mut similar = None;
        // Paths that were written on Windows have other separators.
        for name in [name.to_owned(), name.trim().replace('\\', "/")] {
            let path = self.folder.join(&name);
            match self.listings.find(&path) {
                Lookup::Exact => return Ok((name, path, None)),
                Lookup::OtherForm(file) => {
                    let what = "the file's name differs by its Unicode form, blanks or the case of its ending";
                    return Ok((name, file, Some(what)));
                }
                Lookup::Missing(found) => similar = similar.or(found),
            }
        }
        let path = self.folder.join(name);
        if path.is_dir() {
            return Err("is a folder".to_owned());
        }
        Err(match similar {
            Some(other) => format!("no such file: the folder has '{other}'"),
            None => "no such file".to_owned(),
        })
    }
}

/// A JSON list of texts, or one text.
pub(super) fn captions(cell: String) -> Vec<String> {
    let list = cell.trim_start().starts_with('[').then(|| serde_json::from_str(&cell));
    match list {
        Some(Ok(list)) => list,
        _ => vec![cell],
    }
}

pub(super) fn canonical_splits(draft: &mut Builder) {
    let names: BTreeSet<String> =
        draft.data.samples.iter().filter_map(|s| s.split.clone()).collect();
    if names.is_empty() {
        return;
    }
    let renamed: HashMap<&str, String> = names
        .iter()
        .map(|name| (name.as_str(), split::canonical(name, names.iter().map(String::as_str))))
        .collect();
    for name in &names {
        if renamed[name.as_str()] != *name {
            draft.note(format!("Split '{name}' is used as '{}'.", renamed[name.as_str()]));
        }
    }
    let mut without = 0;
    for sample in &mut draft.data.samples {
        match &sample.split {
            Some(split) => sample.split = Some(renamed[split.as_str()].clone()),
            None => without += 1,
        }
    }
    if without > 0 {
        draft.note(format!("{without} images name no split: they are in none."));
    }
}

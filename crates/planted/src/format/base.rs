//! `base`: a world that takes tables from another file.
use super::reader;
use rightly_data::{DataError, files};
use std::path::Path;
use toml::{Table, Value};

/// The library of shapes, textures, items and places that comes with the program.
const LIBRARY: &str = include_str!("../../worlds/library.toml");

/// Tables whose entries are all there for the taking.
const SHELVES: [&str; 4] = ["colours", "shapes", "textures", "items"];
/// Tables of what a scene is drawn from: where a world names entries, it has these alone, and their
/// missing keys come from the base; where it has no such table, it has all of the base's.
const DRAWN: [&str; 6] = ["backgrounds", "sizes", "positions", "lights", "clutter", "occlusion"];
/// Tables whose missing keys come from the base.
const PLAIN: [&str; 2] = ["variety", "captions"];

/// Fills in what the file at `file` leaves to its base, if it names one.
pub(super) fn merge(file: &Path, mut table: Table) -> Result<Table, DataError> {
    let Some(name) = table.remove("base") else { return Ok(table) };
    let Value::String(name) = name else {
        let message = "base: expected \"library\" or the path of a TOML file, relative to this one";
        return Err(DataError::invalid(file, message));
    };
    let base = if name == "library" {
        reader::parse(Path::new("library"), LIBRARY)?
    } else {
        let path = file.parent().unwrap_or(Path::new("")).join(&name);
        let text = files::read_text(&path, files::SMALL).map_err(|e| {
            let message = format!("base: '{name}' can't be read ({e}); give \"library\" or a file");
            DataError::invalid(file, message)
        })?;
        reader::parse(&path, &text)?
    };
    for (key, theirs) in base {
        let known = |list: &[&str]| list.contains(&key.as_str());
        if !known(&SHELVES) && !known(&DRAWN) && !known(&PLAIN) {
            let message = format!(
                "base: '{name}' has the key '{key}'; a base has only {}, {}, {}",
                SHELVES.join(", "),
                DRAWN.join(", "),
                PLAIN.join(", ")
            );
            return Err(DataError::invalid(file, message));
        }
        let (drawn, deep) = (known(&DRAWN), !known(&PLAIN));
        match (table.get_mut(&key), theirs) {
            (None, theirs) => {
                table.insert(key, theirs);
            }
            (Some(Value::Table(ours)), Value::Table(theirs)) => fill(ours, theirs, drawn, deep),
            // A value of another type is named where it is read.
            _ => {}
        }
    }
    Ok(table)
}

/// Adds what `ours` lacks; entries that are tables on both sides are filled in key by key where
/// `deep`. Where `named_only`, entries that `ours` doesn't name are left out.
fn fill(ours: &mut Table, theirs: Table, named_only: bool, deep: bool) {
    for (name, value) in theirs {
        match (ours.get_mut(&name), value) {
            (None, _) if named_only => {}
            (None, value) => {
                ours.insert(name, value);
            }
            (Some(Value::Table(ours)), Value::Table(theirs)) if deep => {
                for (key, value) in theirs {
                    ours.entry(key).or_insert(value);
                }
            }
            _ => {}
        }
    }
}

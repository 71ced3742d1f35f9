//! Reads a TOML table key by key, so that every error names its file, its key and its value.
use super::{BySplit, Range};
use rightly_data::DataError;
use std::{
    cell::RefCell,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// A table of the file, with the keys that were asked for so far.
pub(super) struct Reader<'a> {
    file: &'a Path,
    /// Where the table stands: `classes[2].variants[0]`.
    place: String,
    table: &'a Table,
    known: RefCell<Vec<&'static str>>,
}

type Result<T> = std::result::Result<T, DataError>;

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a Path, table: &'a Table) -> Self {
        Self { file, place: String::new(), table, known: RefCell::default() }
    }

    fn at(&self, place: String, table: &'a Table) -> Self {
        Self { file: self.file, place, table, known: RefCell::default() }
    }

    /// `classes[2].share` for the key `share`.
    pub(super) fn place(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }

    /// The error at a key of this table.
    pub(super) fn error(&self, key: &str, message: impl AsRef<str>) -> DataError {
        DataError::invalid(self.file, format!("{}: {}", self.place(key), message.as_ref()))
    }

    fn wrong(&self, key: &str, expected: &str, found: &Value) -> DataError {
        self.error(key, format!("expected {expected}, found {}", shown(found)))
    }

    fn get(&self, key: &'static str) -> Option<&'a Value> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    fn required(&self, key: &'static str, what: &str) -> Result<&'a Value> {
        self.get(key).ok_or_else(|| self.error(key, format!("is missing; give {what}")))
    }

    /// Fails where the table holds a key that nobody asked for.
    pub(super) fn finish(self) -> Result<()> {
        let known = self.known.borrow();
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                Err(self.error(key, format!("is no key here; known are {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    pub(super) fn number(&self, key: &'static str, limits: RangeInclusive<f64>) -> Result<f64> {
        let expected = format!("a number from {} to {}", limits.start(), limits.end());
        let value = self.required(key, &expected)?;
        within(value, &limits).ok_or_else(|| self.wrong(key, &expected, value))
    }

    pub(super) fn number_or(
        &self,
        key: &'static str,
        default: f64,
        limits: RangeInclusive<f64>,
    ) -> Result<f64> {
        if self.has(key) { self.number(key, limits) } else { Ok(default) }
    }

    pub(super) fn whole_or(
        &self,
        key: &'static str,
        default: usize,
        limits: RangeInclusive<usize>,
    ) -> Result<usize> {
        let Some(value) = self.get(key) else { return Ok(default) };
        whole(value, &limits).ok_or_else(|| {
            let expected = format!("a whole number from {} to {}", limits.start(), limits.end());
            self.wrong(key, &expected, value)
        })
    }

    /// Two whole numbers.
    pub(super) fn wholes_or(
        &self,
        key: &'static str,
        default: [usize; 2],
        limits: RangeInclusive<usize>,
    ) -> Result<[usize; 2]> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let two = match value {
            Value::Array(items) if items.len() == 2 => {
                whole(&items[0], &limits).zip(whole(&items[1], &limits))
            }
            _ => None,
        };
        two.map(|(a, b)| [a, b]).ok_or_else(|| {
            let (low, high) = (limits.start(), limits.end());
            self.wrong(key, &format!("two whole numbers [A, B] from {low} to {high}"), value)
        })
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<bool> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(key, "true or false", other)),
        }
    }

    /// `[low, high]`, or one number for both.
    pub(super) fn range(&self, key: &'static str, limits: RangeInclusive<f64>) -> Result<Range> {
        let (low, high) = (limits.start(), limits.end());
        let expected = format!("a number or [LOW, HIGH] from {low} to {high}");
        let value = self.required(key, &expected)?;
        let pair = match value {
            Value::Array(items) if items.len() == 2 => {
                within(&items[0], &limits).zip(within(&items[1], &limits))
            }
            other => within(other, &limits).map(|v| (v, v)),
        };
        match pair {
            Some((low, high)) if low <= high => Ok(Range { low, high }),
            Some(_) => Err(self.wrong(key, "LOW not above HIGH", value)),
            None => Err(self.wrong(key, &expected, value)),
        }
    }

    pub(super) fn range_or(
        &self,
        key: &'static str,
        (low, high): (f64, f64),
        limits: RangeInclusive<f64>,
    ) -> Result<Range> {
        if self.has(key) { self.range(key, limits) } else { Ok(Range { low, high }) }
    }

    pub(super) fn text(&self, key: &'static str, what: &str) -> Result<&'a str> {
        match self.required(key, what)? {
            Value::String(text) if !text.trim().is_empty() => Ok(text),
            other => Err(self.wrong(key, what, other)),
        }
    }

    pub(super) fn text_or(&self, key: &'static str, default: &'a str) -> Result<&'a str> {
        if self.has(key) { self.text(key, "a text") } else { Ok(default) }
    }

    /// One text, or a list of at least one; `None` where the key is absent.
    pub(super) fn texts(&self, key: &'static str, what: &str) -> Result<Option<Vec<&'a str>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let list = std::slice::from_ref(value);
        let list = value.as_array().map_or(list, Vec::as_slice);
        let texts: Option<Vec<&str>> =
            list.iter().map(|v| v.as_str().filter(|t| !t.trim().is_empty())).collect();
        match texts {
            Some(texts) if !texts.is_empty() => Ok(Some(texts)),
            _ => Err(self.wrong(key, &format!("{what}, or a list of at least one"), value)),
        }
    }

    /// `[x, y]`.
    pub(super) fn point(&self, key: &'static str, limits: RangeInclusive<f64>) -> Result<[f64; 2]> {
        let (low, high) = (limits.start(), limits.end());
        let expected = format!("a point [X, Y] of numbers from {low} to {high}");
        let value = self.required(key, &expected)?;
        point(value, &limits).ok_or_else(|| self.wrong(key, &expected, value))
    }

    /// `[[x, y], …]`, as many as `count` allows.
    pub(super) fn points(
        &self,
        key: &'static str,
        count: RangeInclusive<usize>,
        limits: RangeInclusive<f64>,
    ) -> Result<Vec<[f64; 2]>> {
        let expected = format!(
            "{} to {} points [X, Y] of numbers from {} to {}",
            count.start(),
            count.end(),
            limits.start(),
            limits.end()
        );
        let value = self.required(key, &expected)?;
        let points: Option<Vec<_>> = value
            .as_array()
            .filter(|items| count.contains(&items.len()))
            .and_then(|items| items.iter().map(|item| point(item, &limits)).collect());
        points.ok_or_else(|| self.wrong(key, &expected, value))
    }

    /// A table below this one.
    pub(super) fn child(&self, key: &'static str) -> Result<Option<Reader<'a>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(self.at(self.place(key), table))),
            Some(other) => Err(self.wrong(key, "a table", other)),
        }
    }

    /// Named tables below `key`: `[key.NAME]`, in the order of the names.
    pub(super) fn children(&self, key: &'static str) -> Result<Vec<(&'a str, Reader<'a>)>> {
        let Some(group) = self.child(key)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (name, value) in group.table {
            match value {
                Value::Table(table) => {
                    found.push((name.as_str(), self.at(group.place(name), table)))
                }
                other => return Err(group.wrong(name, "a table", other)),
            }
        }
        found.sort_by_key(|(name, _)| *name);
        Ok(found)
    }

    /// An array of tables: `[[key]]`.
    pub(super) fn list(&self, key: &'static str) -> Result<Vec<Reader<'a>>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let Value::Array(items) = value else {
            return Err(self.wrong(key, "an array of tables", value));
        };
        items
            .iter()
            .enumerate()
            .map(|(i, item)| match item {
                Value::Table(table) => Ok(self.at(format!("{}[{i}]", self.place(key)), table)),
                other => Err(self.wrong(key, "an array of tables", other)),
            })
            .collect()
    }

    /// The keys of a table whose keys are names from elsewhere (splits, roles, backgrounds), in
    /// the order of the names, each with a reader of its value.
    pub(super) fn entries(&self) -> Vec<(&'a str, Entry<'a, '_>)> {
        let mut all: Vec<_> = self
            .table
            .iter()
            .map(|(name, value)| (name.as_str(), Entry { table: self, name, value }))
            .collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }

    /// A number for every split, or a table `{ SPLIT = number, other = number }`.
    pub(super) fn by_split(
        &self,
        key: &'static str,
        default: Option<f64>,
        splits: &[String],
        limits: RangeInclusive<f64>,
    ) -> Result<BySplit> {
        match (self.get(key), default) {
            (Some(value), _) => Entry { table: self, name: key, value }.by_split(splits, limits),
            (None, Some(default)) => Ok(BySplit(vec![default; splits.len()])),
            (None, None) => {
                self.required(key, "a number, or a table of numbers by split")?;
                Ok(BySplit::default())
            }
        }
    }
}

/// The value of a key that is itself a name.
pub(super) struct Entry<'a, 'r> {
    table: &'r Reader<'a>,
    name: &'a str,
    value: &'a Value,
}

impl<'a> Entry<'a, '_> {
    pub(super) fn error(&self, message: impl AsRef<str>) -> DataError {
        self.table.error(self.name, message)
    }

    pub(super) fn texts(&self, what: &str) -> Result<Vec<&'a str>> {
        let list = std::slice::from_ref(self.value);
        let list = self.value.as_array().map_or(list, Vec::as_slice);
        let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        let wrong = || {
            let expected = format!("{what}, or a list of at least one");
            self.table.wrong(self.name, &expected, self.value)
        };
        texts.filter(|texts| !texts.is_empty()).ok_or_else(wrong)
    }

    pub(super) fn whole(&self, limits: RangeInclusive<usize>) -> Result<usize> {
        whole(self.value, &limits).ok_or_else(|| {
            let expected = format!("a whole number from {} to {}", limits.start(), limits.end());
            self.table.wrong(self.name, &expected, self.value)
        })
    }

    pub(super) fn by_split(
        &self,
        splits: &[String],
        limits: RangeInclusive<f64>,
    ) -> Result<BySplit> {
        let (low, high) = (limits.start(), limits.end());
        let expected = format!("a number from {low} to {high}, or a table of them by split");
        let Value::Table(table) = self.value else {
            let number = within(self.value, &limits)
                .ok_or_else(|| self.table.wrong(self.name, &expected, self.value))?;
            return Ok(BySplit(vec![number; splits.len()]));
        };
        let reader = self.table.at(self.table.place(self.name), table);
        let mut values = vec![None; splits.len()];
        let mut other = None;
        for (name, entry) in reader.entries() {
            let expected = format!("a number from {low} to {high}");
            let number = within(entry.value, &limits)
                .ok_or_else(|| reader.wrong(name, &expected, entry.value))?;
            match splits.iter().position(|split| split == name) {
                Some(split) => values[split] = Some(number),
                None if name == "other" => other = Some(number),
                None => {
                    let splits = splits.join(", ");
                    let message =
                        format!("is no split; there are {splits} (and 'other' for the rest)");
                    return Err(reader.error(name, message));
                }
            }
        }
        let missing = values.iter().position(|v| v.or(other).is_none());
        if let Some(split) = missing {
            let message = "is missing; give it, or 'other' for all splits not named".to_owned();
            return Err(reader.error(&splits[split], message));
        }
        Ok(BySplit(values.into_iter().map(|v| v.or(other).unwrap_or(0.0)).collect()))
    }
}

fn within(value: &Value, limits: &RangeInclusive<f64>) -> Option<f64> {
    let number = match value {
        Value::Integer(n) => *n as f64,
        Value::Float(n) => *n,
        _ => return None,
    };
    limits.contains(&number).then_some(number)
}

fn whole(value: &Value, limits: &RangeInclusive<usize>) -> Option<usize> {
    value.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|n| limits.contains(n))
}

fn point(value: &Value, limits: &RangeInclusive<f64>) -> Option<[f64; 2]> {
    match value.as_array().map(Vec::as_slice) {
        Some([x, y]) => Some([within(x, limits)?, within(y, limits)?]),
        _ => None,
    }
}

/// A value as a user knows it, cut to a readable length.
fn shown(value: &Value) -> String {
    let text: String = match value {
        Value::String(text) => format!("the text '{text}'"),
        Value::Table(_) => "a table".to_owned(),
        Value::Array(items) if items.iter().any(Value::is_table) => "an array of tables".to_owned(),
        other => other.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    if text.chars().count() > 80 {
        return text.chars().take(80).chain("…".chars()).collect();
    }
    text
}

/// The whole file as a table.
pub(super) fn parse(file: &Path, text: &str) -> Result<Table> {
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text.bytes().take(span.start).filter(|&b| b == b'\n').count());
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let path: PathBuf = file.to_owned();
        let written = text.lines().nth(line - 1).unwrap_or("").trim();
        DataError::invalid(path, format!("line {line} is no TOML: {message}: {written}"))
    })
}

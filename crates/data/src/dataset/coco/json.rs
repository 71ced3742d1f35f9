//! The file as it is written: one entry that can't be read costs no other.
use crate::{DataError, files, mask::CocoSegment};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{borrow::Cow, fmt, path::Path};

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) images: Vec<Entry<Image>>,
    pub(super) annotations: Vec<Entry<Annotation>>,
    pub(super) categories: Vec<Entry<Category>>,
}

/// An entry, or what stands in its place.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Entry<T> {
    Good(T),
    Bad(Value),
}

/// Why an entry could not be read.
pub(super) fn why<T: DeserializeOwned>(value: &Value) -> String {
    match serde_json::from_value::<T>(value.clone()) {
        Err(error) => error.to_string(),
        Ok(_) => "it holds a number that is not finite".to_owned(),
    }
}

/// A number in COCO itself, text in files of some other tools.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    /// The id under `key` of an entry that is not what it should be.
    pub(super) fn of(value: &Value, key: &str) -> Option<Self> {
        serde_json::from_value(value.get(key)?.clone()).ok()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Text(t) => t.fmt(f),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Image {
    pub(super) id: Id,
    pub(super) file_name: String,
    width: Option<f64>,
    height: Option<f64>,
}

impl Image {
    /// `[height, width]` where the file states both.
    pub(super) fn size(&self) -> Result<Option<[usize; 2]>, String> {
        let whole = |side: f64| {
            let good = side >= 1.0 && side.fract() == 0.0 && side <= f64::from(u32::MAX);
            good.then_some(side as usize)
                .ok_or_else(|| format!("it states a side of {side} pixels"))
        };
        match (self.height, self.width) {
            (Some(height), Some(width)) => Ok(Some([whole(height)?, whole(width)?])),
            _ => Ok(None),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Category {
    pub(super) id: Id,
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Annotation {
    pub(super) id: Option<Id>,
    pub(super) image_id: Id,
    pub(super) category_id: Id,
    pub(super) area: Option<f64>,
    pub(super) bbox: Option<Vec<f64>>,
    iscrowd: Option<Crowd>,
    pub(super) segmentation: Option<Segmentation>,
}

impl Annotation {
    /// A region of many objects that nobody told apart: no object of its own.
    pub(super) fn is_crowd(&self) -> bool {
        matches!(self.iscrowd, Some(Crowd::Flag(true)))
            || matches!(self.iscrowd, Some(Crowd::Number(number)) if number != 0.0)
    }
    /// The annotation's id in words.
    pub(super) fn name(&self) -> String {
        name(self.id.as_ref())
    }
}

/// `annotation 7`, or one without an id.
pub(super) fn name(id: Option<&Id>) -> String {
    id.map_or_else(|| "an annotation without id".to_owned(), |id| format!("annotation {id}"))
}

/// Whether an entry that can't be read calls itself a crowd.
pub(super) fn marks_crowd(value: &Value) -> bool {
    let mark = value.get("iscrowd");
    mark.is_some_and(|mark| mark.as_bool() == Some(true) || mark.as_f64().is_some_and(|n| n != 0.0))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Crowd {
    Flag(bool),
    Number(f64),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    Runs { counts: Counts, size: [usize; 2] },
    Other(Value),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Counts {
    Plain(Vec<u32>),
    Compressed(String),
}

impl Segmentation {
    /// `None` where it holds nothing.
    pub(super) fn segment(self) -> Result<Option<CocoSegment>, String> {
        match self {
            Self::Polygons(polygons) if polygons.is_empty() => Ok(None),
            Self::Polygons(polygons) => Ok(Some(CocoSegment::Polygons(polygons))),
            Self::Runs { counts: Counts::Plain(counts), size } => {
                Ok(Some(CocoSegment::Rle { counts, size }))
            }
            Self::Runs { counts: Counts::Compressed(counts), size } => {
                Ok(Some(CocoSegment::CompressedRle { counts, size }))
            }
            Self::Other(value) => Err(format!(
                "its segmentation is neither polygons (lists of numbers) nor run lengths (counts and size): {}",
                shortened(&value.to_string())
            )),
        }
    }
}

fn shortened(text: &str) -> String {
    const LENGTH: usize = 60;
    match text.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Reads the whole file.
pub(super) fn read(path: &Path) -> Result<File, DataError> {
    let bytes = files::read(path, files::LARGE)?;
    serde_json::from_slice(&quoted(&bytes)).map_err(|e| {
        let expected = "expected COCO's object annotations with images, annotations and categories";
        DataError::invalid(path, format!("{e}; {expected}"))
    })
}

/// Python writes `NaN`, `Infinity` and `-Infinity`, which are no JSON. They are put into quotes, so
/// that they spoil the entry that holds them instead of the file.
fn quoted(bytes: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut copied, mut in_text) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'N' | b'I' | b'-' if !in_text => {
                if let Some(word) = WORDS.iter().find(|word| bytes[at..].starts_with(word)) {
                    let out = out.get_or_insert_with(|| Vec::with_capacity(bytes.len() + 64));
                    out.extend(&bytes[copied..at]);
                    out.push(b'"');
                    out.extend(*word);
                    out.push(b'"');
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    match out {
        None => Cow::Borrowed(bytes),
        Some(mut out) => {
            out.extend(&bytes[copied..]);
            Cow::Owned(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_json_are_quoted() {
        let text = |json: &str| String::from_utf8(quoted(json.as_bytes()).into_owned()).unwrap();
        for (json, expected) in [
            (r#"[NaN, -Infinity,Infinity]"#, r#"["NaN", "-Infinity","Infinity"]"#),
            (r#"{"NaN": "a \"NaN\" \\", "b": NaN}"#, r#"{"NaN": "a \"NaN\" \\", "b": "NaN"}"#),
            (r#"[-1, "I"]"#, r#"[-1, "I"]"#),
            ("N", "N"),
        ] {
            assert_eq!(text(json), expected);
        }
    }
}

//! Words that captions use: a word for each named thing, phrases with it, and sentence templates.
use super::reader::Reader;
use rightly_data::DataError;

/// `word` (the name where absent) and `key`'s phrases (the word where absent).
pub(super) fn read(
    table: &Reader<'_>,
    key: &'static str,
    name: &str,
) -> Result<(String, Vec<String>), DataError> {
    let word = table.text_or("word", name)?.to_owned();
    let plain = word.len() <= 40
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c == ' ' || c == '-');
    if !plain {
        let what = if table.has("word") { "" } else { "without a word of its own, its name " };
        let message = format!(
            "{what}'{word}' is no plain word; give word = \"…\" in small letters a to z, spaces and -"
        );
        return Err(table.error("word", message));
    }
    let phrases = table.texts(key, "a phrase")?.unwrap_or_default();
    let mut phrases: Vec<String> = phrases.into_iter().map(str::to_owned).collect();
    if phrases.is_empty() {
        phrases.push(word.clone());
    }
    Ok((word, phrases))
}

/// What a slot of a template stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// `a` or `an`, as what follows needs it; with a capital.
    Article { capital: bool },
    /// The class's word.
    Class,
    /// The class's plural.
    Classes,
    /// The word (or one of the phrases) of a thing.
    Thing { thing: Thing, phrase: bool },
}

/// Named things that a scene has one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    Variant,
    Background,
    Size,
    Position,
    Light,
    Clutter,
    Occlusion,
}

const THINGS: [(&str, Thing); 7] = [
    ("variant", Thing::Variant),
    ("background", Thing::Background),
    ("size", Thing::Size),
    ("position", Thing::Position),
    ("light", Thing::Light),
    ("clutter", Thing::Clutter),
    ("occlusion", Thing::Occlusion),
];

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Slot(Slot),
}

/// `[captions]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Captions {
    /// Fewest and most captions of a scene.
    pub(crate) count: [usize; 2],
    pub(crate) templates: Vec<Vec<Piece>>,
}

/// Where a world gives no templates.
const DEFAULT: [&str; 6] = [
    "{a} {class} {background.phrase}",
    "a photo of {a} {variant} {class}",
    "{a} {variant} {class}, {background.phrase}",
    "{a} {size} {class} {position.phrase}",
    "{a} {class} {light.phrase}",
    "a picture of {a} {variant} {class} {background.phrase}",
];

impl Captions {
    pub(super) fn read(root: &Reader<'_>) -> Result<Self, DataError> {
        let Some(table) = root.child("captions")? else {
            return Self::new(root, DEFAULT.to_vec(), [3, 5]);
        };
        let count = table.wholes_or("count", [3, 5], 1..=20)?;
        let templates =
            table.texts("templates", "a sentence with {slots}")?.unwrap_or(DEFAULT.to_vec());
        let captions = Self::new(&table, templates, count)?;
        table.finish()?;
        Ok(captions)
    }

    fn new(table: &Reader<'_>, texts: Vec<&str>, count: [usize; 2]) -> Result<Self, DataError> {
        if count[0] > count[1] {
            return Err(table.error("count", "expected [FEWEST, MOST] with FEWEST not above MOST"));
        }
        if texts.len() < count[1] {
            let (n, most) = (texts.len(), count[1]);
            let message = format!("{n} templates for up to {most} captions; give at least {most}");
            return Err(table.error("templates", message));
        }
        let parsed: Result<Vec<_>, String> = texts.iter().map(|text| template(text)).collect();
        let templates = parsed.map_err(|message| table.error("templates", message))?;
        Ok(Self { count, templates })
    }
}

fn template(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..]
            .find('}')
            .ok_or_else(|| format!("'{text}' has a '{{' without its '}}'"))?;
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        let name = &rest[open + 1..open + close];
        let slot = slot(name).ok_or_else(|| {
            let things: Vec<&str> = THINGS.iter().map(|(name, _)| *name).collect();
            let things = things.join(", ");
            format!(
                "'{{{name}}}' in '{text}' is no slot; there are a, A, class, classes, and {things}, \
                 each of these also as {{NAME.phrase}}"
            )
        })?;
        pieces.push(Piece::Slot(slot));
        rest = &rest[open + close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn slot(name: &str) -> Option<Slot> {
    let (name, phrase) = match name.strip_suffix(".phrase") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let thing = THINGS.iter().find(|(thing, _)| *thing == name).map(|(_, thing)| *thing);
    match (name, phrase) {
        ("a", false) => Some(Slot::Article { capital: false }),
        ("A", false) => Some(Slot::Article { capital: true }),
        ("class", false) => Some(Slot::Class),
        ("classes", false) => Some(Slot::Classes),
        _ => thing.map(|thing| Slot::Thing { thing, phrase }),
    }
}

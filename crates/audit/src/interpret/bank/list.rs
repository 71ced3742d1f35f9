//! The list of phrases that an image-text model chooses from.

use std::{collections::BTreeSet, path::Path};

use rightly_data::files;

use super::super::phrase::Form;
use crate::{Error, prose::with_article};

/// The list that comes with the program: colours, materials, poses, light, weather, places, company.
const BUILT_IN: &str = include_str!("phrases.txt");
/// Most phrases of a list, and most letters of one.
const PHRASES: usize = 100_000;
const LETTERS: usize = 200;
/// What a line has in the place of the class's name.
const CLASS: &str = "{}";
/// What a class is called where its name is no word.
pub(super) const ANYTHING: &str = "thing";

/// One phrase of the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(in super::super) struct Phrase {
    /// Without the class's name.
    pub(super) text: String,
    pub(super) form: Form,
    /// Of which kind it is: what stands in its place in other pictures is of the same kind. Empty: of no kind that was given.
    pub(super) kind: String,
}

impl Phrase {
    /// A phrase as captions use it.
    pub(in super::super) fn new(text: &str, form: Form) -> Self {
        Self { text: text.to_owned(), form, kind: String::new() }
    }

    /// `red {}`, `{} on the snow`, or a phrase alone.
    fn of_line(line: &str) -> Result<Self, String> {
        let letters = line.chars().count();
        if letters > LETTERS {
            return Err(format!("a phrase of {letters} letters; up to {LETTERS} are read"));
        }
        let Some((before, after)) = line.split_once(CLASS) else {
            return Ok(Self::new(line, Form::Beside));
        };
        let (before, after) = (before.trim(), after.trim());
        let (text, form) = match (before.is_empty(), after.is_empty()) {
            (false, true) => (before, Form::Before),
            (true, false) => (after, Form::After(String::new())),
            _ => {
                return Err(format!(
                    "'{line}': expected words on one side of {CLASS}, which stands for the class's name"
                ));
            }
        };
        if text.contains(CLASS) {
            return Err(format!("'{line}' has {CLASS} twice"));
        }
        Ok(Self::new(text, form))
    }

    /// With a class's name: "a red otter", "an otter on the snow", "an otter, snow".
    pub(super) fn said_of(&self, class: &str) -> String {
        match &self.form {
            Form::Before => with_article(&format!("{} {class}", self.text)),
            Form::After(words) if words.is_empty() => {
                format!("{} {}", with_article(class), self.text)
            }
            Form::After(words) => format!("{} {words} {}", with_article(class), self.text),
            _ => format!("{}, {}", with_article(class), self.text),
        }
    }

    /// Without it: "a red thing", "a thing on the snow"; what stands alone in the list stands alone here.
    pub(super) fn said_alone(&self) -> String {
        match &self.form {
            Form::Beside | Form::Value(_) => with_article(&self.text),
            _ => self.said_of(ANYTHING),
        }
    }
}

/// The phrases of a file, or those that come with the program: one a line, each once; `#` begins a remark, `##` a kind of
/// phrases, to which the lines below belong.
///
/// # Errors
/// The file can't be read, has no phrase or too many, or a line that is not understood.
pub(in super::super) fn read(file: Option<&Path>) -> Result<Vec<Phrase>, Error> {
    let Some(path) = file else {
        return parse(BUILT_IN).map_err(|why| Error::run(Path::new("phrases.txt"), why));
    };
    let wrong = |why: String| Error::Usage(format!("{}: {why}", path.display()));
    parse(&files::read_text(path, files::SMALL)?).map_err(wrong)
}

fn parse(text: &str) -> Result<Vec<Phrase>, String> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    let mut kind = String::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(name) = line.strip_prefix("##") {
            kind = name.trim_matches(['#', ' ']).to_owned();
        }
        if line.is_empty() || line.starts_with('#') || !seen.insert(line.clone()) {
            continue;
        }
        let own = Phrase::of_line(&line).map_err(|why| format!("line {}: {why}", at + 1))?;
        out.push(Phrase { kind: kind.clone(), ..own });
        if out.len() > PHRASES {
            return Err(format!("more than {PHRASES} phrases; give fewer"));
        }
    }
    if out.is_empty() {
        return Err(
            "holds no phrase; give one a line, such as 'red {}' or '{} on the snow'".to_owned()
        );
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_where_the_class_stands() {
        let text = "\u{feff}# mine\nwet {}\n## colours\nred {}\n\n## places\n{}  on the\tsnow\nsnow\nred {}\n";
        let own = parse(text).unwrap();
        let kinds: Vec<&str> = own.iter().map(|p| p.kind.as_str()).collect();
        assert_eq!(kinds, ["", "colours", "places", "places"]);
        let own = &own[1..];
        let said: Vec<String> = own.iter().map(|p| p.said_of("otter")).collect();
        assert_eq!(said, ["a red otter", "an otter on the snow", "an otter, snow"]);
        let alone: Vec<String> = own.iter().map(Phrase::said_alone).collect();
        assert_eq!(alone, ["a red thing", "a thing on the snow", "a snow"]);
        assert_eq!(own[1].text, "on the snow");
        for (text, part) in [
            ("# nothing\n", "holds no phrase"),
            ("red {}\na {} b\n", "line 2: 'a {} b'"),
            ("{}\n", "line 1"),
            ("red {} {}\n", "line 1"),
            (&"x".repeat(300), "300 letters"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn the_list_of_the_program_is_in_order() {
        let own = read(None).unwrap();
        assert!(
            own.len() > 300 && own.iter().all(|p| p.form != Form::Beside && !p.kind.is_empty()),
            "{}",
            own.len()
        );
        let missing = read(Some(Path::new("/no/such/list.txt"))).unwrap_err().to_string();
        assert!(missing.contains("list.txt"), "{missing}");
    }
}

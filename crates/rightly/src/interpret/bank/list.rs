//! The list of phrases that an image-text model chooses from.

use std::{collections::BTreeSet, path::Path};

use rightly_data::files;

use super::super::phrase::Form;
use crate::Error;

/// The list that comes with the program: colours, materials, poses, light, weather, places, company.
const BUILT_IN: &str = include_str!("phrases.txt");
/// Most phrases of a list, and most letters of one.
const PHRASES: usize = 100_000;
const LETTERS: usize = 200;
/// What a line has in the place of the class's name.
const CLASS: &str = "{}";

/// One phrase of the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(in super::super) struct Phrase {
    /// Without the class's name.
    pub(super) text: String,
    pub(super) form: Form,
}

impl Phrase {
    /// A phrase as captions use it.
    pub(in super::super) fn new(text: &str, form: Form) -> Self {
        Self { text: text.to_owned(), form }
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
        Ok(Self { text: text.to_owned(), form })
    }

    /// With a class's name: "red otter", "otter on the snow", "otter, snow".
    pub(super) fn said_of(&self, class: &str) -> String {
        match &self.form {
            Form::Before => format!("{} {class}", self.text),
            Form::After(words) if words.is_empty() => format!("{class} {}", self.text),
            Form::After(words) => format!("{class} {words} {}", self.text),
            _ => format!("{class}, {}", self.text),
        }
    }
}

/// The phrases of a file, or those that come with the program: one a line, each once; `#` begins a remark.
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
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() || line.starts_with('#') || !seen.insert(line.clone()) {
            continue;
        }
        out.push(Phrase::of_line(&line).map_err(|why| format!("line {}: {why}", at + 1))?);
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
        let own = parse("\u{feff}# colours\nred {}\n\n{}  on the\tsnow\nsnow\nred {}\n").unwrap();
        let said: Vec<String> = own.iter().map(|p| p.said_of("otter")).collect();
        assert_eq!(said, ["red otter", "otter on the snow", "otter, snow"]);
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
        assert!(own.len() > 300 && own.iter().all(|p| p.form != Form::Beside), "{}", own.len());
        let missing = read(Some(Path::new("/no/such/list.txt"))).unwrap_err().to_string();
        assert!(missing.contains("list.txt"), "{missing}");
    }
}

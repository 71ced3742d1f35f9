//! Everything that the binary prints goes through here. What comes from data (names of classes, files, tensors, …) can't
//! steer the terminal: control characters and those that turn the direction of text are shown as what they are.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

use serde::Serialize;

/// Standard output that can't be written.
#[derive(Debug)]
pub(crate) struct Unwritten(io::Error);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "standard output: {}", self.0)
    }
}

impl std::error::Error for Unwritten {}

/// Prints results to standard output: lines whose names are [`visible`] already, csv or json.
///
/// # Errors
/// Where standard output is closed or full.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let out = io::stdout();
    // Programs get every byte of a csv; a terminal gets none that it would obey.
    let text = if out.is_terminal() { lines(text) } else { text.to_owned() };
    let mut out = out.lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Unwritten)?;
    Ok(())
}

/// Prints an error to standard error.
pub(crate) fn error(text: &str) {
    say(&format!("error: {text}"));
}

/// Prints a line for the user to standard error, where it does not mix with results. A standard error that is closed or
/// full loses the line, never the work.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stderr().lock(), "{}", visible(text)));
}

/// Prints several lines to standard error.
pub(crate) fn explain(text: &str) {
    drop(write!(io::stderr().lock(), "{}", lines(text)));
}

/// A message of a TOML reader, which draws the line that it is about, on one line: the place and the reason.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    let parts = text.split_once("TOML parse error at ").and_then(|(before, rest)| {
        let place = rest.lines().next()?;
        let reason = rest.lines().rfind(|line| !line.trim().is_empty())?;
        Some(format!("{before}{place}: {}", reason.trim()))
    });
    parts.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Whether the reader of standard output went away (`rightly metrics RUN | head`).
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let unwritten = error.downcast_ref::<Unwritten>();
    unwritten.is_some_and(|Unwritten(error)| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Whether a terminal might obey a character instead of showing it: C0, DEL and C1, line separators, and marks that turn
/// the direction of what follows.
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// Text on one line as it is, such characters escaped: `\n`, `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if obeyed(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// As [`visible`], line breaks excepted.
pub(crate) fn lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// Indented json that ends in a line break; such characters in its texts are escaped as json has it, so that any reader
/// gets them back.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if obeyed(c) && c != '\n' {
            write!(out, "\\u{:04x}", u32::from(c))?;
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

/// A plain text table: the first row is the head; columns that hold numbers are set right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<Cow<'_, str>>> =
        rows.iter().map(|row| row.iter().map(|text| visible(text)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| {
        rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let number = |text: &str| text.is_empty() || text == "–" || text.parse::<f64>().is_ok();
    let right: Vec<bool> = (0..columns)
        .map(|c| rows.iter().skip(1).filter_map(|r| r.get(c)).all(|t| number(t)))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (c, text) in row.iter().enumerate() {
            let pad = " ".repeat(widths[c].saturating_sub(text.chars().count()));
            let gap = if c == 0 { "" } else { "  " };
            line += gap;
            if right[c] {
                line += &pad;
                line += text;
            } else {
                line += text;
                line += &pad;
            }
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let hostile =
            "a\u{1b}[2Jb\u{7}\u{9b}1m\r\n\u{202e}c\u{2066}\u{85}\u{7f}\u{2028}\tשלום 😀 é";
        let shown = visible(hostile);
        assert_eq!(
            shown,
            "a\\u{1b}[2Jb\\u{7}\\u{9b}1m\\r\\n\\u{202e}c\\u{2066}\\u{85}\\u{7f}\\u{2028}\\tשלום 😀 é"
        );
        let row = |text: &str| vec![text.to_owned(), "1".to_owned()];
        let text = table(&[row("head"), row(hostile)]);
        assert_eq!(text.lines().count(), 2);
        assert!(!text.replace('\n', "").chars().any(obeyed), "{text}");
        let json = json(&[hostile]).unwrap();
        assert!(!json.replace('\n', "").chars().any(obeyed), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [hostile]);
    }

    #[test]
    fn columns_are_set_by_what_is_shown() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["class", "n"]), row(["a\nb", "7"]), row(["c", "12"])]);
        assert_eq!(text, "class   n\na\\nb    7\nc      12\n");
    }
}

//! Everything that the binary prints goes through here.
#![expect(clippy::print_stderr, reason = "the one place that may write to standard error")]

use std::io::{self, Write};

/// Prints to standard output.
///
/// # Errors
/// Where standard output is closed or full.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints an error to standard error.
pub(crate) fn error(text: &str) {
    eprintln!("error: {text}");
}

/// Prints a line for the user to standard error, where it does not mix with results.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Whether the reader of standard output went away (`rightly metrics RUN | head`).
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// A plain text table: the first row is the head; columns that hold numbers are set right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
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

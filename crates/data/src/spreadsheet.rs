//! Text in the cells of tables that people open in a spreadsheet, which would take some of it for a formula.
//!
//! OWASP's rule ("CSV injection"): a text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a `'` before
//! it. Here plain numbers keep their form, and what was written can be read back: see [`original`].
use std::borrow::Cow;

/// Whether a spreadsheet might compute a text instead of showing it.
fn computed(text: &str) -> bool {
    let number = text.parse::<f64>().is_ok()
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) && !number
}

/// A text as a cell that is shown and never computed.
pub fn cell(text: &str) -> Cow<'_, str> {
    if computed(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of such a cell.
pub fn original(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if computed(text.trim_start_matches('\'')) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_everything_comes_back() {
        for (text, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            ("-inf", "'-inf"),
            ("", ""),
            ("-0.25", "-0.25"),
            ("+1e-3", "+1e-3"),
            ("'quoted'", "'quoted'"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("'-5", "'-5"),
            ("a=b", "a=b"),
            ("photos/-1.jpg", "photos/-1.jpg"),
        ] {
            assert_eq!(cell(text), expected, "{text}");
            assert_eq!(original(&cell(text)), text, "{text}");
        }
    }
}

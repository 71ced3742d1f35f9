//! The list of what the embedded engine refuses, in the documentation.
use std::collections::BTreeSet;
use std::fmt::Write as _;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operators.md");
const BEGIN: &str = "<!-- refused: begin -->\n";
const END: &str = "<!-- refused: end -->";

/// Holds the page's table against what the tests saw; `RIGHTLY_WRITE_DOCS=1` writes it.
pub(crate) fn check(refused: &BTreeSet<(String, String)>) {
    let mut table = "| operator | why |\n|---|---|\n".to_owned();
    for (op, why) in refused.iter().filter(|(op, _)| !op.is_empty()) {
        let why = why.trim_start_matches("rten: ").replace('|', "\\|");
        let missing = format!("{op} operator not supported or not enabled");
        let why = if why == missing { "not there" } else { why.as_str() };
        writeln!(table, "| {op} | {why} |").unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (old, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("RIGHTLY_WRITE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(PAGE, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
        return;
    }
    assert!(
        old == table,
        "docs/operators.md does not say what the engine refuses; RIGHTLY_WRITE_DOCS=1 writes it. Now:\n{table}"
    );
}

//! What could not be used.

use maud::{Markup, html};

use super::{Section, parts::wide};
use crate::{
    format::{name, plural},
    view::{ProblemRow, ReportView},
};

/// Kinds in the table.
const SHOWN: usize = 100;
/// Names of a kind.
const NAMED: usize = 3;

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let body = html! {
        (table(&view.problems))
        @if !view.notes.is_empty() {
            h3 { "What was understood, and what was not measured" }
            ul.notes { @for note in &view.notes { li { (name(note)) } } }
        }
        @if let Some(reason) = &view.without_photographs { p { "Photographs are missing from this report: " (name(reason)) } }
    };
    Some(Section::new("problems", "What could not be used", body))
}

/// Rows that say the same of several images or files.
struct Kind<'a> {
    rows: Vec<&'a ProblemRow>,
    /// The problem, an ellipsis in place of what differs.
    words: String,
}

impl<'a> Kind<'a> {
    fn of(row: &'a ProblemRow) -> Self {
        Self { rows: vec![row], words: row.problem.clone() }
    }

    fn takes(&mut self, row: &'a ProblemRow) {
        if self.words != row.problem {
            self.words = wording(&row.problem);
        }
        self.rows.push(row);
    }

    /// The first names, and how many more there are.
    fn names(&self) -> Markup {
        let more = self.rows.len().saturating_sub(NAMED);
        html! {
            @for (at, row) in self.rows.iter().take(NAMED).enumerate() {
                @if at > 0 { ", " }
                (name(&row.image))
            }
            @if more > 0 { " and " (more) " more" }
        }
    }
}

/// A text without its numbers and without what stands in quotes or behind a colon: what problems of one kind share.
fn wording(problem: &str) -> String {
    let mut out = String::new();
    let mut quoted: Option<char> = None;
    let mut before = ' ';
    let mut left_out = false;
    for c in problem.chars() {
        let apostrophe = c == '\'' && before.is_alphanumeric();
        match quoted {
            Some(quote) if c == quote => quoted = None,
            Some(_) => {}
            // An apostrophe inside a word quotes nothing.
            None if matches!(c, '\'' | '"') && !apostrophe => (quoted, left_out) = (Some(c), true),
            None if c.is_ascii_digit() => left_out = true,
            None if c == ':' => {
                out.push_str(": …");
                return out;
            }
            None => {
                if std::mem::take(&mut left_out) {
                    out.push('…');
                }
                out.push(c);
            }
        }
        before = c;
    }
    if left_out {
        out.push('…');
    }
    out
}

/// The rows by kind: one wording, one stage and one answer to it; the most frequent first.
fn kinds(rows: &[ProblemRow]) -> Vec<Kind<'_>> {
    let mut out: Vec<Kind<'_>> = Vec::new();
    let mut at = std::collections::HashMap::new();
    for row in rows {
        let key = (wording(&row.problem), wording(&row.action), row.stage.as_str());
        match at.get(&key) {
            Some(&kind) => Kind::takes(&mut out[kind], row),
            None => {
                at.insert(key, out.len());
                out.push(Kind::of(row));
            }
        }
    }
    // Stable: kinds of one size stay in the order of the file.
    out.sort_by_key(|kind| std::cmp::Reverse(kind.rows.len()));
    out
}

/// The rows of `problems.csv` by kind, or that there are none.
pub(crate) fn table(rows: &[ProblemRow]) -> Markup {
    let kinds = kinds(rows);
    let entries =
        if rows.len() == 1 { "1 entry".to_owned() } else { format!("{} entries", rows.len()) };
    html! {
        @if rows.is_empty() { p { "Everything could be used." } }
        @else {
            p { (entries) " of " (plural(kinds.len(), "kind")) "; each names what was done about it. The whole list is in problems.csv, beside this page." }
            (wide(html! { table.sortable.filterable id="problem-table" {
                thead { tr { th.number { "Entries" } th { "Problem" } th { "What was done" } th { "Stage" } th { "Images or files" } } }
                tbody { @for kind in kinds.iter().take(SHOWN) {
                    @let first = kind.rows[0];
                    tr {
                        td.number data-value=(kind.rows.len()) { (kind.rows.len()) }
                        td.words { (name(&kind.words)) }
                        td.words { (name(&first.action)) }
                        td { (first.stage) }
                        td.id { (kind.names()) }
                    }
                } }
            } }))
            @if kinds.len() > SHOWN { p.muted { "The first " (SHOWN) " kinds." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(image: &str, problem: &str, action: &str) -> ProblemRow {
        ProblemRow {
            image: image.to_owned(),
            stage: "evaluate".to_owned(),
            problem: problem.to_owned(),
            action: action.to_owned(),
        }
    }

    #[test]
    fn one_wording_is_one_kind() {
        let rows = [
            row("a", "no mask", "left out"),
            row("b", "the mask is 3 x 4, the image 6 x 8", "left out"),
            row("c", "the mask is 5 x 4, the image 6 x 8", "left out"),
            row("d", "can't be read: truncated", "left out"),
            row("e", "can't be read: no JPEG", "left out"),
            row("f", "can't be read: no JPEG", "resized"),
            row("g", "the mask is 5 x 4, the image 6 x 8", "left out"),
        ];
        let found: Vec<(usize, String)> =
            kinds(&rows).into_iter().map(|kind| (kind.rows.len(), kind.words)).collect();
        let expected = [
            (3, "the mask is … x …, the image … x …"),
            (2, "can't be read: …"),
            (1, "no mask"),
            (1, "can't be read: no JPEG"),
        ];
        assert_eq!(found, expected.map(|(n, words)| (n, words.to_owned())));
    }

    #[test]
    fn a_wording_has_no_names_and_numbers() {
        assert_eq!(wording("the class of 'a.jpg' is \"b\" here"), "the class of … is … here");
        assert_eq!(wording("an image's own mask"), "an image's own mask");
        assert_eq!(wording("only 12"), "only …");
    }

    #[test]
    fn the_first_names_and_the_number_of_the_others() {
        let rows: Vec<ProblemRow> =
            (0..129).map(|i| row(&format!("{i}.jpg"), "no surroundings", "left out")).collect();
        let text = table(&rows).into_string();
        assert!(text.contains("129 entries of 1 kind;"), "{text}");
        assert!(text.contains("<bdi>2.jpg</bdi> and 126 more"), "{text}");
        assert!(!text.contains("3.jpg"), "{text}");
    }
}

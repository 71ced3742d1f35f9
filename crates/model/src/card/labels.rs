//! The labels file.
use crate::ModelError;
use rightly_data::files;
use std::path::Path;

/// First lines that name columns and are no labels themselves.
const NAMES: [&str; 7] = ["label", "labels", "class", "classes", "name", "names", "class_name"];
/// First column of a file that numbers its labels.
const INDICES: [&str; 6] = ["index", "id", "output", "class_index", "class_id", "label_id"];

/// One label a line. An empty last line is none; an empty line between others is an output without a name. A header line
/// is recognised, and so are lines of an output's index and its label (with a comma, a semicolon, a tab or a colon
/// between them), in any order.
pub(crate) fn read_labels(path: &Path, outputs: usize) -> Result<Vec<String>, ModelError> {
    let text = files::read_text(path, files::SMALL)?;
    let invalid = |message: String| ModelError::Invalid { path: path.to_owned(), message };
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    if let Some(labels) = numbered(&lines).map_err(&invalid)? {
        return fitting(labels, outputs, path);
    }
    let headed = lines.first().is_some_and(|first| names_column(first));
    if headed && lines.len() == outputs {
        return Err(invalid(format!(
            "the first line, '{}', reads as a header, which leaves {} labels for {outputs} outputs; where it is the label \
             of output 0, number the lines: 0,{}",
            lines[0],
            outputs - 1,
            lines[0]
        )));
    }
    let labels = lines.iter().skip(usize::from(headed)).map(|line| (*line).to_owned()).collect();
    fitting(labels, outputs, path)
}

fn one_of(names: &[&str], text: &str) -> bool {
    let text = text.trim().trim_matches('"').to_lowercase().replace([' ', '-'], "_");
    names.contains(&text.as_str())
}

fn names_column(line: &str) -> bool {
    one_of(&NAMES, line)
}

/// The parts of a line of two columns.
fn columns(line: &str) -> Option<(&str, &str)> {
    let (index, label) = line.split_once([',', ';', '\t', ':'])?;
    let label = label.trim();
    let quoted = label.strip_prefix('"').and_then(|label| label.strip_suffix('"'));
    Some((index.trim().trim_matches('"'), quoted.unwrap_or(label)))
}

/// The labels of lines `index,label`, by index; `None` where the lines are labels alone.
fn numbered(lines: &[&str]) -> Result<Option<Vec<String>>, String> {
    let header = lines
        .first()
        .and_then(|first| columns(first))
        .is_some_and(|(index, label)| one_of(&INDICES, index) && one_of(&NAMES, label));
    let rows: Option<Vec<(usize, &str)>> = lines
        .iter()
        .skip(usize::from(header))
        .filter(|line| !line.is_empty())
        .map(|line| columns(line).and_then(|(index, label)| Some((index.parse().ok()?, label))))
        .collect();
    let rows = match rows {
        Some(rows) if !rows.is_empty() => rows,
        _ if header => {
            return Err(
                "the header names an index and a label, and a line below has no index".to_owned()
            );
        }
        _ => return Ok(None),
    };
    let places: std::collections::BTreeSet<usize> = rows.iter().map(|(index, _)| *index).collect();
    if !header && !places.into_iter().eq(0..rows.len()) {
        // Numbers that only begin a label: '12,5 mm'.
        return Ok(None);
    }
    let mut labels: Vec<Option<String>> = vec![None; rows.len()];
    for (index, label) in &rows {
        let count = labels.len();
        let place = labels.get_mut(*index).ok_or_else(|| {
            format!(
                "index {index} of label '{label}' is out of range: {count} lines have the indices 0 to {}",
                count - 1
            )
        })?;
        if let Some(other) = place.replace((*label).to_owned()) {
            return Err(format!("index {index} has two labels, '{other}' and '{label}'"));
        }
    }
    // As many indices as lines, each within them and none twice: none is missing.
    Ok(labels.into_iter().collect())
}

/// As many labels as the model has outputs.
fn fitting(labels: Vec<String>, outputs: usize, path: &Path) -> Result<Vec<String>, ModelError> {
    let count = labels.len();
    if count == outputs {
        return Ok(labels);
    }
    let background = labels.first().is_some_and(|first| first.eq_ignore_ascii_case("background"));
    let hint = if count == outputs + 1 {
        let first = if background {
            "its first line is 'background', which this model does not have: every label would be off by one"
        } else {
            "the classic 1001 against 1000 shift: one of them counts a 'background' class, and every label would be \
             off by one"
        };
        format!("{first}; use a file without that line")
    } else if count + 1 == outputs {
        "the model may count a 'background' class as output 0 (the classic 1001 against 1000 shift): every label \
         would be off by one; use a file with that line"
            .to_owned()
    } else {
        "give the labels that the model was trained with, one line an output".to_owned()
    };
    Err(ModelError::Invalid {
        path: path.to_owned(),
        message: format!("the file has {count} labels, the model {outputs} outputs; {hint}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, outputs: usize) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.txt");
        std::fs::write(&path, text).unwrap();
        read_labels(&path, outputs).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_are_labels() {
        assert_eq!(with("a\r\n b \n\nd\n\n", 4).unwrap(), ["a", "b", "", "d"]);
    }

    #[test]
    fn a_header_is_no_label() {
        for header in ["label", "Class", "\u{feff}names", "class name", "\"label\""] {
            assert_eq!(with(&format!("{header}\ntench\nshark\n"), 2).unwrap(), ["tench", "shark"]);
        }
        // A class of that name is told from a header by its number.
        let message = with("label\ntench\n", 2).unwrap_err();
        assert!(message.contains("reads as a header") && message.contains("0,label"), "{message}");
        assert_eq!(with("0,label\n1,tench\n", 2).unwrap(), ["label", "tench"]);
        assert!(with("label\ntench\n", 3).unwrap_err().contains("1 labels"));
        // Synonyms are no header.
        assert!(with("tench, Tinca tinca\nshark\n", 1).is_err());
    }

    #[test]
    fn lines_of_index_and_label_are_put_in_order() {
        for text in [
            "index,label\n1,shark\n0,\"tench, Tinca tinca\"\n",
            "id;name\n0;tench, Tinca tinca\n1;shark\n",
            "0\ttench, Tinca tinca\n1\tshark\n",
            "0: tench, Tinca tinca\n1: shark\n\n",
            "class_id,class_name\n0,tench, Tinca tinca\n1,shark\n",
        ] {
            assert_eq!(with(text, 2).unwrap(), ["tench, Tinca tinca", "shark"], "{text}");
        }
        for (text, said) in [
            ("index,name\n1,a\n2,b\n", "index 2 of label 'b' is out of range"),
            ("index,label\n0,a\n0,b\n", "index 0 has two labels, 'a' and 'b'"),
            ("index,label\n0,a\nb\n", "a line below has no index"),
            ("0,a\n1,b\n", "2 labels, the model 3 outputs"),
        ] {
            let outputs = if text == "0,a\n1,b\n" { 3 } else { 2 };
            let message = with(text, outputs).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
        // Digits alone are labels of their own.
        assert_eq!(with("7\n3\n", 2).unwrap(), ["7", "3"]);
        assert_eq!(with("12,5 mm\n13,0 mm\n", 2).unwrap(), ["12,5 mm", "13,0 mm"]);
    }

    #[test]
    fn a_shift_names_both_numbers_and_the_background() {
        let message = with("background\na\nb\n", 2).unwrap_err();
        assert!(message.contains("3 labels") && message.contains("2 outputs"), "{message}");
        assert!(message.contains("'background'"), "{message}");
        let message = with("a\nb\n", 3).unwrap_err();
        assert!(message.contains("2 labels, the model 3 outputs"), "{message}");
        assert!(message.contains("1001 against 1000"), "{message}");
        assert!(with("a\nb\n", 10).unwrap_err().contains("2 labels, the model 10 outputs"));
    }
}

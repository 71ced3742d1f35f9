//! The labels file.
use crate::ModelError;
use std::path::Path;

/// One label a line. An empty last line is none; an empty line between others is an output without a name.
pub(crate) fn read_labels(path: &Path, outputs: usize) -> Result<Vec<String>, ModelError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    let mut labels: Vec<String> =
        text.trim_start_matches('\u{feff}').lines().map(|line| line.trim().to_owned()).collect();
    while labels.last().is_some_and(String::is_empty) {
        labels.pop();
    }
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

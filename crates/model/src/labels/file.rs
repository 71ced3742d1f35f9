//! `class,output` rows.
use super::{LabelMap, close_names};
use crate::ModelError;
use rightly_data::files;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn read(
    classes: &[String],
    path: &Path,
    outputs: usize,
) -> Result<LabelMap, ModelError> {
    let invalid = |message: String| ModelError::Invalid { path: path.to_owned(), message };
    let text = files::read(path, files::SMALL)?;
    // A byte order mark, as spreadsheets write it, is no part of the first column's name.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|error| invalid(error.to_string()))?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| {
            invalid(format!(
                "expected the columns class and output, found '{}'",
                header.iter().collect::<Vec<_>>().join(",")
            ))
        })
    };
    let (class_column, output_column) = (column("class")?, column("output")?);
    let mut sets: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); classes.len()];
    let mut named: BTreeSet<String> = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| invalid(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let class = record.get(class_column).unwrap_or("");
        let output = record.get(output_column).unwrap_or("");
        let index = output.parse::<usize>().map_err(|_| {
            invalid(format!(
                "line {line}: output is '{output}', expected the index of a model output, 0 to {}",
                outputs.saturating_sub(1)
            ))
        })?;
        if index >= outputs {
            return Err(invalid(format!(
                "line {line}: output {index} is out of range, the model has {outputs} outputs (0 to {})",
                outputs.saturating_sub(1)
            )));
        }
        named.insert(class.to_owned());
        if let Some(place) = classes.iter().position(|name| name == class) {
            sets[place].insert(index);
        }
    }
    let missing: Vec<String> = classes
        .iter()
        .zip(&sets)
        .filter(|(_, set)| set.is_empty())
        .map(|(class, _)| {
            let close = close_names(class, named.iter().map(String::as_str), 1);
            match close.first() {
                Some(close) => format!("'{class}' (there is '{close}')"),
                None => format!("'{class}'"),
            }
        })
        .collect();
    if !missing.is_empty() {
        return Err(invalid(format!(
            "no row for {} of the dataset's {} classes: {}; add rows class,output",
            missing.len(),
            classes.len(),
            missing.join(", ")
        )));
    }
    Ok(LabelMap { outputs: sets.into_iter().map(|set| set.into_iter().collect()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<LabelMap, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.csv");
        std::fs::write(&path, text).unwrap();
        let classes = ["bicycle", "black swan"].map(str::to_owned);
        read(&classes, &path, 1000).map_err(|error| error.to_string())
    }

    #[test]
    fn several_rows_a_class_in_any_order_of_columns() {
        let map =
            with("note,output,class\nx,671,bicycle\n,444, bicycle\n,100,black swan\n,5,other\n")
                .unwrap();
        assert_eq!(map.outputs, [vec![444, 671], vec![100]]);
        assert!(with("\u{feff}class,output\nbicycle,1\nblack swan,2\n").is_ok());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, said) in [
            (
                "class,output\nbicycle,444\nblack swan,1000\n",
                "line 3: output 1000 is out of range, the model has 1000",
            ),
            ("class,output\nbicycle,4.5\n", "line 2: output is '4.5'"),
            ("class,output\nbicycle,-1\n", "line 2: output is '-1'"),
            ("class,output\nbicycle,1\nblack_swan,2\n", "'black swan' (there is 'black_swan')"),
            ("name,index\nbicycle,1\n", "found 'name,index'"),
            ("", "columns class and output"),
        ] {
            let message = with(text).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
    }
}

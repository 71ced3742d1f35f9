//! `class,output` rows.
use super::LabelMap;
use super::matching::Known;
use crate::ModelError;
use rightly_data::files;
use rightly_data::names::close_names;
use rightly_data::names::name_key;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn read(
    classes: &[String],
    path: &Path,
    labels: Option<&[String]>,
    outputs: usize,
) -> Result<LabelMap, ModelError> {
    let known = labels.map(Known::new);
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
        let index = index_of(output, known.as_ref(), outputs)
            .map_err(|message| invalid(format!("line {line}: {message}")))?;
        named.insert(class.to_owned());
        if let Some(place) = classes.iter().position(|name| name_key(name) == name_key(class)) {
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

/// An output by its index or its label.
fn index_of(output: &str, known: Option<&Known<'_>>, outputs: usize) -> Result<usize, String> {
    let last = outputs.saturating_sub(1);
    if let Ok(index) = output.parse::<usize>() {
        return if index < outputs {
            Ok(index)
        } else {
            Err(format!(
                "output {index} is out of range, the model has {outputs} outputs (0 to {last})"
            ))
        };
    }
    let Some(known) = known else {
        return Err(format!(
            "output is '{output}', expected the index of a model output, 0 to {last}, or a label (the model has no \
             labels)"
        ));
    };
    match (known.of(output), known.close(output)) {
        ([index], _) => Ok(*index),
        ([], Some((close, index))) => Err(format!(
            "output is '{output}', which is no index and no label (close: '{close}', output {index})"
        )),
        ([], None) => Err(format!(
            "output is '{output}', expected the index of a model output, 0 to {last}, or a label"
        )),
        (hits, _) => Err(format!("output '{output}' fits {}; give the index", known.listed(hits))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<LabelMap, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.csv");
        std::fs::write(&path, text).unwrap();
        let classes = ["bicycle", "black swan"].map(str::to_owned);
        read(&classes, &path, None, 1000).map_err(|error| error.to_string())
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
    fn outputs_by_their_labels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.csv");
        let labels = ["crane", "mountain bike, all-terrain bike", "crane", "n01860187 black swan"];
        let labels = labels.map(str::to_owned);
        let read = |rows: &str| {
            std::fs::write(&path, format!("class,output\nbicycle,{rows}\n")).unwrap();
            let found = read(&["bicycle".to_owned()], &path, Some(&labels), 4);
            found.map(|map| map.outputs).map_err(|error| error.to_string())
        };
        assert_eq!(read("All-terrain Bike\nbicycle,3").unwrap(), [vec![1, 3]]);
        assert_eq!(read("n01860187").unwrap(), [vec![3]]);
        assert!(read("crane").unwrap_err().contains("fits output 0 (crane) and output 2"));
        assert!(read("black swam").unwrap_err().contains("close: 'black swan', output 3"));
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

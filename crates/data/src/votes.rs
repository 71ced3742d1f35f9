//! Votes of people on which features of a class are its object and which are spurious.
//!
//! The file of Salient ImageNet (Singla and Feizi, ICLR 2022), or a small one written by hand: one row a class and
//! feature. Columns: `class` (a name) or `class_index` and `wnid`; `feature_index` (or `feature`); then either the votes
//! `main_object`, `separate_object`, `background`, or the judgement `spurious` (true or false).
use crate::{DataError, dataset::TextTable, names::name_key, spreadsheet::original};
use std::{collections::BTreeMap, path::Path};

/// What people said of one feature of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// Class name, or the WordNet id where the file has that.
    pub class: String,
    /// Index of the class's output (ImageNet's), where the file has it.
    pub class_index: Option<usize>,
    /// Index of the feature.
    pub feature: usize,
    /// Whether most do not see the main object in it (3 votes of 5).
    pub spurious: bool,
}

/// Reads a votes file, in the order of its rows.
///
/// # Errors
/// [`DataError`] where a column is missing, a cell is no number or judgement, a pair has no vote, or stands there twice.
pub fn read_votes(path: &Path) -> Result<Vec<Vote>, DataError> {
    let invalid = |message: String| DataError::invalid(path, message);
    let table = TextTable::read(path)?;
    let find = |names: &[&str]| table.columns.iter().position(|c| names.contains(&c.as_str()));
    let name = find(&["class"]).or_else(|| find(&["wnid"])).or_else(|| find(&["class_index"]));
    let feature = find(&["feature_index", "feature"]);
    let counts = [find(&["main_object"]), find(&["separate_object"]), find(&["background"])];
    let judged = find(&["spurious"]);
    let (Some(name), Some(feature)) = (name, feature) else {
        return Err(invalid(format!(
            "expected the columns class (or wnid) and feature_index; found {}",
            table.columns.join(", ")
        )));
    };
    if judged.is_none() && counts.contains(&None) {
        return Err(invalid(format!(
            "expected the votes main_object, separate_object and background, or a column spurious; found {}",
            table.columns.join(", ")
        )));
    }
    let index = find(&["class_index"]);
    let mut votes = Vec::with_capacity(table.cells.len());
    let mut seen: BTreeMap<(String, usize), u64> = BTreeMap::new();
    for (cells, &line) in table.cells.iter().zip(&table.lines) {
        let cell =
            |column: usize| cells.get(column).and_then(Option::as_deref).unwrap_or("").trim();
        let number = |column: usize| -> Result<usize, DataError> {
            cell(column).parse().map_err(|_| {
                let name = &table.columns[column];
                invalid(format!(
                    "line {line}: {name} is '{}', expected a whole number",
                    cell(column)
                ))
            })
        };
        let class = name_key(original(cell(name)));
        let feature = number(feature)?;
        if class.is_empty() {
            return Err(invalid(format!("line {line}: {} is empty", table.columns[name])));
        }
        if let Some(first) = seen.insert((class.clone(), feature), line) {
            return Err(invalid(format!(
                "lines {first} and {line} both judge feature {feature} of class '{class}'"
            )));
        }
        let spurious = match judged {
            Some(column) if !cell(column).is_empty() => {
                judgement(cell(column)).ok_or_else(|| {
                    invalid(format!(
                        "line {line}: spurious is '{}', expected true or false",
                        cell(column)
                    ))
                })?
            }
            // Not judged: a row of a template that nobody filled in.
            Some(_) => continue,
            None => {
                let mut votes = [0; 3];
                for (vote, column) in votes.iter_mut().zip(counts.iter().flatten()) {
                    *vote = number(*column)?;
                }
                let [main, separate, background] = votes;
                let all = main + separate + background;
                if all == 0 {
                    return Err(invalid(format!(
                        "line {line}: nobody voted on feature {feature} of '{class}'"
                    )));
                }
                2 * (separate + background) > all
            }
        };
        let class_index = index.map(number).transpose()?;
        votes.push(Vote { class, class_index, feature, spurious });
    }
    Ok(votes)
}

fn judgement(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "spurious" => Some(true),
        "false" | "no" | "0" | "core" => Some(false),
        _ => None,
    }
}

/// A class with its spurious top features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VotedClass {
    /// Index of the class's output, where the file has it.
    pub class_index: Option<usize>,
    /// Class name or WordNet id.
    pub class: String,
    /// Features that people judged.
    pub features: usize,
    /// Those that are spurious.
    pub spurious: usize,
}

/// The classes in the order of their index (of the file, without indices), each with its number of spurious features.
pub fn voted_classes(votes: &[Vote]) -> Vec<VotedClass> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut classes: Vec<VotedClass> = Vec::new();
    for vote in votes {
        let at = *places.entry(&vote.class).or_insert_with(|| {
            let class = vote.class.clone();
            classes.push(VotedClass {
                class_index: vote.class_index,
                class,
                features: 0,
                spurious: 0,
            });
            classes.len() - 1
        });
        classes[at].features += 1;
        classes[at].spurious += usize::from(vote.spurious);
    }
    classes.sort_by_key(|class| class.class_index);
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Vote>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("votes.csv");
        std::fs::write(&path, text).unwrap();
        read_votes(&path).map_err(|e| e.to_string())
    }

    #[test]
    fn most_votes_decide() {
        let votes = read(
            "class_index,wnid,feature_rank,feature_index,main_object,separate_object,background\n\
             7,n1,1,40,3,1,1\n7,n1,2,41,2,2,1\n2,n0,1,40,0,0,5\n",
        )
        .unwrap();
        assert_eq!(votes.iter().map(|v| v.spurious).collect::<Vec<_>>(), [false, true, true]);
        let classes = voted_classes(&votes);
        assert_eq!((classes[0].class.as_str(), classes[0].spurious), ("n0", 1));
        assert_eq!(
            (classes[1].class_index, classes[1].features, classes[1].spurious),
            (Some(7), 2, 1)
        );
    }

    #[test]
    fn a_file_written_by_hand_has_judgements() {
        let votes = read("class,feature,spurious\nboat,3,yes\nboat,9,false\nkite,1,\n").unwrap();
        assert_eq!(
            votes.iter().map(|v| (v.feature, v.spurious)).collect::<Vec<_>>(),
            [(3, true), (9, false)]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("class,feature\nboat,3\n", "or a column spurious"),
            ("feature,spurious\n3,yes\n", "class (or wnid)"),
            ("class,feature,spurious\nboat,x,yes\n", "line 2: feature is 'x'"),
            ("class,feature,spurious\nboat,1,perhaps\n", "line 2: spurious is 'perhaps'"),
            ("class,feature,spurious\nboat,1,yes\nboat,1,no\n", "lines 2 and 3"),
            ("wnid,feature,main_object,separate_object,background\nn1,1,0,0,0\n", "nobody voted"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}

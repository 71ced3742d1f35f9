//! Ranked lists in the layouts that users of the papers' code know, and read back.
//!
//! Hard ImageNet ships a pickled dictionary from class to paths, ordered by spuriosity; the same dictionary is written
//! here as JSON, with the balanced subset (the 100 highest and 100 lowest of each class) that its head is tuned on.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use rightly_data::{
    DataError,
    dataset::TextTable,
    files::{self, write_whole},
    pickle,
    spreadsheet::{self, original},
};
use serde_json::{Map, Value};

use super::{images::Population, judge::Basis, ranking::Ranking};
use crate::{Error, Inputs, RunDir, inputs::Names};

/// Images of each end in the balanced subset.
const BALANCED: usize = 100;

/// `rank/spuriosity.csv`, `rank/paths_by_rank.json` (the strongest cue first), `rank/balanced-subset.csv`, and
/// `rank/votes.csv`: the features as judged, to be filled in by hand and given back with `--votes`.
pub(super) fn write(
    inputs: &Inputs,
    population: &Population<'_>,
    ranking: &Ranking,
    run: &RunDir,
) -> Result<(), Error> {
    let id = |row: usize| inputs.dataset.samples[population.rows[row].sample].id.as_str();
    let mut paths = Map::new();
    let mut ranked =
        vec![vec!["id".to_owned(), "class".into(), "spuriosity".into(), "rank".into()]];
    let mut subset = vec![vec!["image".to_owned(), "class".into(), "end".into(), "rank".into()]];
    let mut votes = vec![vec!["class".to_owned(), "feature".into(), "spurious".into()]];
    for (name, class) in inputs.dataset.classes.iter().zip(&ranking.classes) {
        // A class without spuriosity has no order either.
        let values = class.spuriosity.as_deref().unwrap_or(&[]);
        let n = class.order.len();
        let mut list = Vec::with_capacity(n);
        for (rank, &at) in class.order.iter().enumerate() {
            let id = id(class.rows[at]);
            list.push(Value::from(id));
            ranked.push(vec![
                id.to_owned(),
                name.clone(),
                values[at].to_string(),
                (rank + 1).to_string(),
            ]);
            // In a small class the halves meet; no image stands there twice.
            let high = rank < BALANCED.min(n.div_ceil(2));
            if high || rank >= n - BALANCED.min(n / 2) {
                let end = if high { "high" } else { "low" };
                subset.push(vec![id.to_owned(), name.clone(), end.into(), (rank + 1).to_string()]);
            }
        }
        paths.insert(name.clone(), Value::Array(list));
        for feature in &class.features {
            let judged = feature.judgement.spurious.map_or(String::new(), |s| s.to_string());
            votes.push(vec![name.clone(), feature.important.feature.to_string(), judged]);
        }
    }
    csv(&run.path("rank/spuriosity.csv"), &ranked)?;
    csv(&run.path("rank/balanced-subset.csv"), &subset)?;
    if ranking.basis != Basis::Votes && votes.len() > 1 {
        csv(&run.path("rank/votes.csv"), &votes)?;
    }
    let path = run.path("rank/paths_by_rank.json");
    let text = serde_json::to_vec_pretty(&paths).map_err(|e| Error::run(&path, e.to_string()))?;
    Ok(write_whole(&path, &text)?)
}

fn csv(path: &Path, rows: &[Vec<String>]) -> Result<(), Error> {
    let bad = |e: &dyn std::fmt::Display| Error::run(path, e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|text| spreadsheet::cell(text).into_owned());
        writer.write_record(cells).map_err(|e| bad(&e))?;
    }
    Ok(write_whole(path, &writer.into_inner().map_err(|e| bad(&e))?)?)
}

/// Spuriosity of images by id, from a list that was made elsewhere: a table (csv, tsv, jsonl, parquet) with `id` or
/// `image` and `spuriosity` or `rank`; or a dictionary from class to paths, the strongest cue first, as JSON or as a
/// Python pickle (`paths_by_rank2.pkl`). Of a rank the negative stands for the spuriosity: only the order counts.
///
/// # Errors
/// The file can't be read, holds something else, or names no image of the data.
pub(super) fn read(path: &Path, inputs: &Inputs) -> Result<HashMap<String, f64>, Error> {
    let invalid = |message: String| Error::Data(DataError::invalid(path, message));
    let ending =
        path.extension().map_or(String::new(), |e| e.to_string_lossy().to_ascii_lowercase());
    let names = Names::new(&inputs.dataset, path);
    let stems = Stems::new(inputs);
    // A name as it is, or as `rank` writes one that a spreadsheet would compute.
    let id_of = |name: &str| names.id(name).or_else(|| stems.id(name));
    let mut out = HashMap::new();
    let mut stranger = None;
    let mut add = |name: &str, value: f64| match id_of(name).or_else(|| id_of(original(name))) {
        Some(id) => {
            out.insert(id.to_owned(), value);
        }
        None => {
            stranger.get_or_insert_with(|| name.to_owned());
        }
    };
    match ending.as_str() {
        "json" | "pkl" | "pickle" => {
            let bytes = files::read(path, files::SMALL)?;
            let expected = "expected a dictionary from class to a list of paths";
            let lists: BTreeMap<String, Vec<String>> = if ending == "json" {
                serde_json::from_slice(&bytes).map_err(|e| invalid(format!("{expected}: {e}")))?
            } else {
                pickle::lists(&bytes).map_err(|e| invalid(format!("{expected}: {e}")))?
            };
            for list in lists.values() {
                list.iter().enumerate().for_each(|(rank, name)| add(name, -(rank as f64)));
            }
        }
        _ => {
            let table = TextTable::read(path)?;
            let find = |names: [&str; 2]| {
                names.iter().find_map(|name| table.columns.iter().position(|c| c == name))
            };
            let (Some(id), Some(value)) = (find(["id", "image"]), find(["spuriosity", "rank"]))
            else {
                return Err(invalid(format!(
                    "expected the columns id (or image) and spuriosity (or rank); found {}",
                    table.columns.join(", ")
                )));
            };
            let sign = if table.columns[value] == "rank" { -1.0 } else { 1.0 };
            for (cells, line) in table.cells.iter().zip(&table.lines) {
                // A class without ranks has empty cells.
                let (Some(name), Some(text)) = (&cells[id], &cells[value]) else { continue };
                let number: f64 = text.trim().parse().map_err(|_| {
                    invalid(format!(
                        "line {line}: {} is '{text}', expected a number",
                        table.columns[value]
                    ))
                })?;
                add(name, sign * number);
            }
        }
    }
    if out.is_empty() {
        let first = stranger
            .map_or_else(|| "it lists no image".to_owned(), |name| format!("it has '{name}'"));
        return Err(invalid(format!("no image of the data stands in the list; {first}")));
    }
    Ok(out)
}

/// Images by the stem of their file name, where that is unique: lists hold paths of another machine.
struct Stems<'d>(HashMap<String, Option<&'d str>>);

impl<'d> Stems<'d> {
    fn new(inputs: &'d Inputs) -> Self {
        let mut stems: HashMap<String, Option<&str>> = HashMap::new();
        for sample in &inputs.dataset.samples {
            let known = stems.entry(stem(&sample.id)).or_insert(Some(&sample.id));
            if known.is_some_and(|id| id != sample.id) {
                *known = None;
            }
        }
        Self(stems)
    }

    fn id(&self, name: &str) -> Option<&'d str> {
        self.0.get(&stem(name)).copied().flatten()
    }
}

fn stem(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_pickles_of_lists_are_read() {
        // pickle.dumps({'n1': ['train/n1/a.JPEG', 'b'], 2: ('c',)}, protocol=2)
        let bytes = b"\x80\x02}q\x00(X\x02\x00\x00\x00n1q\x01]q\x02(X\x0f\x00\x00\x00train/n1/a.JPEGq\x03X\x01\x00\x00\x00bq\x04eK\x02X\x01\x00\x00\x00cq\x05\x85q\x06u.";
        let lists = pickle::lists(bytes).unwrap();
        assert_eq!(lists["n1"], ["train/n1/a.JPEG", "b"]);
        assert_eq!(lists["2"], ["c"]);
        assert!(pickle::lists(b"\x80\x02K\x05.").is_err());
        assert!(pickle::lists(b"garbage").is_err());
    }

    /// A damaged pickle is an error or another dictionary, whatever byte is wrong.
    #[test]
    fn damaged_pickles_do_not_panic() {
        let bytes = b"\x80\x02}q\x00(X\x02\x00\x00\x00n1q\x01]q\x02(X\x01\x00\x00\x00aq\x03eK\x02X\x01\x00\x00\x00cq\x05\x85q\x06u.";
        let mut read = 0;
        for at in 0..bytes.len() {
            assert!(pickle::lists(&bytes[..at]).is_err(), "cut at {at}");
            for value in 0..=u8::MAX {
                let mut damaged = bytes.to_vec();
                damaged[at] = value;
                read += usize::from(pickle::lists(&damaged).is_ok());
            }
        }
        assert!(read > bytes.len(), "the original, and letters that changed");
    }

    #[test]
    fn stems_leave_folders_and_endings() {
        assert_eq!(stem("/data/imagenet/train/n01/n01_7.JPEG"), "n01_7");
        assert_eq!(stem("C:\\x\\a.b.png"), "a.b");
        assert_eq!(stem("plain"), "plain");
    }
}

//! Parquet tables that pyarrow wrote (`golden/tables.py`): every kind of column, and Hugging Face's layout.
use crate::dataset_tree::{Tree, has_note, ids};
use rightly_data::{
    ImageSource,
    dataset::{OpenOptions, TextTable, typed_attributes},
    pixels::DecodeOptions,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Python and Rust write the same number or moment with other zeros.
fn same(found: &str, expected: &str) -> bool {
    let trimmed = |text: &str| {
        let (text, zone) = text.strip_suffix('Z').map_or((text, ""), |text| (text, "Z"));
        let text = if text.contains('.') { text.trim_end_matches('0') } else { text };
        format!("{}{zone}", text.trim_end_matches('.'))
    };
    let number = |text: &str| text.parse::<f64>().ok();
    trimmed(found) == trimmed(expected)
        || number(found).zip(number(expected)).is_some_and(|(a, b)| a as f32 == b as f32)
}

#[test]
fn every_kind_of_column_has_the_values_that_pyarrow_wrote() {
    let table = TextTable::read(&golden("tables/kinds.parquet")).unwrap();
    let text = std::fs::read_to_string(golden("tables.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let expected = expected["cells"].as_object().unwrap();
    assert!(expected.len() > 20);
    for (name, cells) in expected {
        let at = table.columns.iter().position(|c| c == name);
        let at = at.unwrap_or_else(|| panic!("no column '{name}'"));
        for (row, cell) in cells.as_array().unwrap().iter().enumerate() {
            let found = table.cells[row][at].as_deref();
            let agree = match (found, cell.as_str()) {
                (Some(found), Some(cell)) => same(found, cell),
                (found, cell) => found == cell,
            };
            assert!(agree, "{name}, row {row}: found {found:?}, pyarrow has {cell}");
        }
    }
    // Whole numbers keep their last digit.
    let at = table.columns.iter().position(|c| c == "uint64").unwrap();
    assert_eq!(table.cells[3][at].as_deref(), Some("18446744073709551615"));
}

#[test]
fn columns_of_every_kind_are_attributes_and_the_others_are_named() {
    let tree = Tree::new();
    tree.images(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    std::fs::copy(golden("tables/kinds.parquet"), tree.path("t.parquet")).unwrap();
    let data = tree.open("t.parquet");
    assert_eq!(data.classes, ["x", "y"]);
    for name in ["date32", "zoned", "time64", "decimal128", "half", "category", "ordered", "view"] {
        assert!(data.attributes.iter().any(|a| a == name), "{name} in {:?}", data.attributes);
    }
    for name in ["struct", "list", "bytes"] {
        assert!(!data.attributes.iter().any(|a| a == name), "{name}");
        assert!(has_note(&data, &format!("'{name}' (")), "{name} in {:?}", data.notes);
    }
    let typed = typed_attributes(&data, None);
    let of = |name: &str| typed.iter().find(|a| a.name == name).unwrap();
    assert_eq!(of("category").categories, ["day", "night"]);
    assert_eq!(of("category").values, [Some(0), None, Some(1), Some(0)]);
    assert_eq!(of("decimal128").categories, ["-0.01", "12.5", "99999.99"]);
    assert_eq!(of("half").values[1], None);
}

/// Files for training and testing, images inside, names of the classes in the metadata.
#[test]
fn a_folder_of_hugging_faces_tables_is_read() {
    let folder = golden("tables/hf");
    let data =
        rightly_data::Dataset::open(folder.to_str().unwrap(), &OpenOptions::default()).unwrap();
    assert_eq!(data.classes, ["cat", "dog"]);
    assert_eq!(ids(&data), ["f.png", "h.png", "a.png", "b.png", "c.png", "d.png", "e.png"]);
    let splits: Vec<_> = data.splits().into_iter().collect();
    assert_eq!(splits, [("test", 2), ("train", 5)]);
    let class_of = |id: &str| {
        let sample = data.samples.iter().find(|s| s.id == id).unwrap();
        data.classes[sample.class].as_str()
    };
    assert_eq!(
        ["a.png", "b.png", "d.png", "f.png", "h.png"].map(class_of),
        ["cat", "dog", "dog", "dog", "cat"]
    );
    // -1 is 'not labelled'.
    assert!(data.problems.iter().any(|p| p.image == "g.png" && p.problem.contains("no class")));
    assert_eq!(data.attributes, ["weather", "score"]);
    assert_eq!(data.samples[0].attributes[0].as_deref(), Some("wet"));
    // Each picture has a red of its own: those of rows in the second row group too.
    for (id, red) in [("a.png", 0), ("c.png", 20), ("e.png", 40), ("h.png", 70)] {
        let sample = data.samples.iter().find(|s| s.id == id).unwrap();
        assert!(matches!(sample.image, ImageSource::Stored(_)));
        let decoded = sample.image.load(&DecodeOptions::default()).unwrap();
        assert_eq!((decoded.image.width, decoded.image.height), (8, 6));
        assert_eq!(decoded.image.data[..3], [red, 0, 0], "{id}");
    }
}

#[test]
fn one_of_these_tables_is_read_as_well() {
    let table = golden("tables/hf/train-00000-of-00002.parquet");
    let data =
        rightly_data::Dataset::open(table.to_str().unwrap(), &OpenOptions::default()).unwrap();
    assert_eq!(ids(&data), ["a.png", "b.png", "c.png"]);
    assert_eq!(data.splits().into_iter().collect::<Vec<_>>(), [("train", 3)]);
    assert!(has_note(&data, "Column 'label' is the class"), "{:?}", data.notes);
    let path = data.samples[1].image.describe();
    assert!(path.ends_with("train-00000-of-00002.parquet#2"), "{path}");
}

/// Two tables with images of the same path: the rows are the names.
#[test]
fn ids_are_rows_where_paths_are_no_names() {
    let tree = Tree::new();
    for name in ["train-0", "test-0"] {
        let from = golden("tables/hf/train-00000-of-00002.parquet");
        std::fs::create_dir_all(tree.path("d/data")).unwrap();
        std::fs::copy(from, tree.path(&format!("d/data/{name}.parquet"))).unwrap();
    }
    let data = tree.open("d");
    assert_eq!(ids(&data)[..2], ["data/test-0/000000", "data/test-0/000001"]);
    assert_eq!(data.splits().into_iter().collect::<Vec<_>>(), [("test", 3), ("train", 3)]);
    // The same bytes stand in both.
    assert!(data.problems.iter().any(|p| p.problem.contains("same bytes in two splits")));
}

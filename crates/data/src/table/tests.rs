use super::*;
use arrow_array::{Float32Array, RecordBatch};
use std::path::Path;

fn example(shift: f32) -> RecordBatch {
    Columns::new()
        .utf8("id", ["å/1.jpg", "b,\"2\".jpg", "c"])
        .utf8_opt("split", [Some("val"), None, Some("test")])
        .i64("output", [1, -2, i64::MAX])
        .i64_opt("rank", [None, Some(4), None])
        .f64("loss", [0.5, f64::NAN, f64::INFINITY])
        .f64_opt("confidence", [Some(0.25), None, Some(-0.0)])
        .f32("iou", [shift, 1.0, 2.0])
        .f32_opt("delta", [None, Some(0.1), None])
        .bool("correct", [true, false, true])
        .bool_opt("kept", [Some(true), None, Some(false)])
        .list_f32("vector", [vec![shift, 2.0], vec![], vec![3.0]])
        .list_f32_opt("map", [None, Some(vec![0.5; 3]), Some(vec![])])
        .batch()
        .unwrap()
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/x.parquet");
    let mut writer = TableWriter::create(&path, example(0.0).schema()).unwrap();
    writer.write(&example(0.0)).unwrap();
    writer.write(&example(7.0)).unwrap();
    assert!(!path.exists(), "a table appears only when finished");
    writer.finish().unwrap();
    let table = Table::load(&path).unwrap();
    assert_eq!(table.rows(), 6);
    assert_eq!(table.columns()[..3], ["id", "split", "output"]);
    assert_eq!(table.texts("id").unwrap()[4].as_deref(), Some("b,\"2\".jpg"));
    assert_eq!(table.texts("split").unwrap()[1], None);
    assert_eq!(table.integers("output").unwrap()[2], Some(i64::MAX));
    assert!(table.floats("loss").unwrap()[1].unwrap().is_nan());
    assert_eq!(table.floats("iou").unwrap()[3], Some(7.0));
    assert_eq!(table.integers("kept").unwrap()[..3], [Some(1), None, Some(0)]);
    assert_eq!(table.lists_f32("vector").unwrap()[3], Some(vec![7.0, 2.0]));
    assert_eq!(table.lists_f32("map").unwrap()[..2], [None, Some(vec![0.5; 3])]);
    let batch = read(&path).unwrap().next().unwrap().unwrap();
    let iou: &Float32Array = column_as(&batch, "iou", &path).unwrap();
    assert_eq!(iou.value(1), 1.0);
}

#[test]
fn same_batches_same_bytes_and_nothing_left_over() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.parquet", "b.parquet"].map(|n| folder.path().join(n));
    for path in &paths {
        std::fs::write(path.with_file_name(".a.parquet.partial"), "left by a killed run").unwrap();
        write(path, &example(1.0)).unwrap();
    }
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    std::fs::remove_file(paths[0].with_file_name(".a.parquet.partial")).unwrap();
    let mut writer = TableWriter::create(&paths[0], example(2.0).schema()).unwrap();
    writer.write(&example(2.0)).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(Table::load(&paths[0]).unwrap().floats("iou").unwrap()[0], Some(1.0));
}

#[test]
fn errors_name_the_column_and_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, &example(1.0)).unwrap();
    let table = Table::load(&path).unwrap();
    let message = table.texts("image").unwrap_err().to_string();
    assert!(message.contains("no column 'image'") && message.contains("'split'"), "{message}");
    let message = table.integers("id").unwrap_err().to_string();
    assert!(message.contains("column 'id' is Utf8, expected integers"), "{message}");
    std::fs::write(&path, "no parquet").unwrap();
    assert!(Table::load(&path).unwrap_err().to_string().contains("not a Parquet file"));
    assert!(matches!(Table::load(Path::new("/nowhere.parquet")), Err(crate::DataError::Io { .. })));
    let uneven = Columns::new().utf8("a", ["x"]).i64("b", [1, 2]).batch().unwrap_err();
    assert!(uneven.to_string().contains("column 'b' has 2 rows, 'a' has 1"), "{uneven}");
    let twice = Columns::new().i64("b", [1]).i64("b", [1]).batch().unwrap_err();
    assert!(twice.to_string().contains("two columns 'b'"), "{twice}");
}

#[test]
fn empty_tables_keep_their_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, &Columns::new().utf8("id", [""; 0]).f64("x", []).batch().unwrap()).unwrap();
    let table = Table::load(&path).unwrap();
    assert_eq!((table.rows(), table.columns()), (0, vec!["id", "x"]));
    assert!(table.floats("x").unwrap().is_empty());
}

/// `tests/golden/tables.py` has what these hold.
fn bomb(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tables").join(name)
}

#[test]
fn tables_that_unpack_without_end_are_refused_by_every_reader() {
    // 70 million zeros in 112 bytes.
    let path = bomb("bomb-list.parquet");
    for said in [
        read_bounded(&path).unwrap().find_map(Result::err).unwrap().to_string(),
        Table::load(&path).unwrap_err().to_string(),
        read_rows(&path, &[0], &["vector"]).unwrap_err().to_string(),
    ] {
        assert!(said.contains("bomb-list.parquet: column 'vector.list.element': 48"), "{said}");
        assert!(said.contains("lists of 70000000 values"), "{said}");
    }
    // Names of images that are 6 GB together come in parts.
    let mut rows = 0;
    for batch in read_bounded(&bomb("bomb.parquet")).unwrap() {
        let batch = batch.unwrap();
        let bytes: u64 = batch.columns().iter().map(texts_bytes).sum();
        assert!(bytes <= 128 << 20 && batch.num_rows() > 0);
        rows += batch.num_rows();
    }
    assert_eq!(rows, 6000);
    for name in ["bomb.parquet", "bomb-delta.parquet", "bomb-page.parquet"] {
        let said = Table::load(&bomb(name)).unwrap_err().to_string();
        assert!(said.contains(name), "{said}");
    }
    let said = leaf_texts(&bomb("bomb.parquet"), "image").unwrap_err().to_string();
    assert!(said.contains("bomb.parquet: row"), "{said}");
}

/// Found by fuzzing: levels that end before their page does. The parquet crate asserts that they don't.
#[test]
fn a_page_that_contradicts_itself_is_refused_by_every_reader() {
    let path = bomb("damaged-levels.parquet");
    let columns = outline(&path).unwrap().1;
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    for said in [
        read(&path).unwrap().find_map(Result::err).unwrap().to_string(),
        read_bounded(&path).unwrap().find_map(Result::err).unwrap().to_string(),
        read_group(&path, 0, &columns).unwrap().find_map(Result::err).unwrap().to_string(),
        Table::load(&path).unwrap_err().to_string(),
        read_rows(&path, &[0], &columns).unwrap_err().to_string(),
    ] {
        assert!(said.contains("damaged-levels.parquet: can't read the table"), "{said}");
        assert!(said.contains("it is damaged"), "{said}");
    }
}

/// Whatever byte is another one, a reader gives rows or an error.
#[test]
fn a_byte_that_is_another_one_never_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.parquet");
    write(&path, &example(0.0)).unwrap();
    let good = std::fs::read(&path).unwrap();
    let (mut rows, mut errors) = (0, 0);
    for at in (0..good.len()).step_by(3) {
        for bits in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= bits;
            std::fs::write(&path, &bad).unwrap();
            match Table::load(&path) {
                Ok(table) => rows += table.rows(),
                Err(error) => {
                    assert!(error.to_string().contains("flipped.parquet"), "{error}");
                    errors += 1;
                }
            }
        }
    }
    assert!(rows > 100 && errors > 100, "{rows} rows, {errors} errors");
}

/// What stays a dictionary and keys is the same text.
#[test]
fn a_column_of_few_long_texts_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("few.parquet");
    let words = ["a".repeat(200_000), "b".repeat(200_000), String::new()];
    let rows: Vec<Option<&str>> =
        (0..2000).map(|row| words.get(row % 4).map(String::as_str)).collect();
    let batch = |rows: &[Option<&str>]| {
        Columns::new()
            .utf8_opt("words", rows.iter().copied())
            .i64("n", 0..rows.len() as i64)
            .batch()
    };
    let mut writer = TableWriter::create(&path, batch(&rows[..1]).unwrap().schema()).unwrap();
    // Two row groups, each with its own dictionary.
    writer.write(&batch(&rows[..1500]).unwrap()).unwrap();
    writer.write(&batch(&rows[1500..]).unwrap()).unwrap();
    writer.finish().unwrap();
    let mut found = Vec::new();
    for batch in read_columns(&path, &[0]).unwrap() {
        found.extend(texts_of(batch.unwrap().column(0)).unwrap());
    }
    assert_eq!(found.len(), rows.len());
    assert!(found.iter().zip(&rows).all(|(found, row)| found.as_deref() == *row));
    assert_eq!(Table::load(&path).unwrap().texts("words").unwrap(), found);
}

//! A table of images; the first byte says which format.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_data::{
    Dataset,
    dataset::{OpenOptions, TextTable},
};
use rightly_fuzz::{caught_panics_are_no_crash, file};

fuzz_target!(|bytes: &[u8]| {
    caught_panics_are_no_crash();
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let path = match kind {
        b'c' => file("table.csv", bytes),
        b't' => file("table.tsv", bytes),
        b'j' => file("table.jsonl", bytes),
        b'p' => file("table.parquet", bytes),
        _ => return,
    };
    let Ok(table) = TextTable::read(&path) else { return };
    assert_eq!(table.cells.len(), table.lines.len());
    assert!(table.cells.iter().all(|cells| cells.len() == table.columns.len()));
    let _ = Dataset::open(&path.to_string_lossy(), &OpenOptions::default());
});

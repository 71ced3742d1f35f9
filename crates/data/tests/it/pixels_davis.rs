//! Real photographs against Pillow (golden values: tests/golden/davis.py).
use crate::formula::{crc32, rows};
use rightly_data::pixels::{DecodeOptions, read};
use std::path::{Path, PathBuf};

#[test]
fn photographs_read_as_in_pillow() {
    let root = std::env::var_os("RIGHTLY_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let davis = root.join("davis");
    if !davis.is_dir() {
        assert!(
            std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none(),
            "{} is missing",
            davis.display()
        );
        return;
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows(include_str!("../golden/davis.csv")) {
        let image = read(&davis.join(row[0]), &DecodeOptions::default()).unwrap().image;
        count += 1;
        if format!("{:08x}", crc32(&image.data)) != row[1] {
            wrong.push(row[0]);
        }
    }
    assert_eq!(count, 277);
    assert!(
        wrong.is_empty(),
        "{} of {count} differ: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
}

use rightly_data::{
    Dataset, MaskSource,
    dataset::{AttributeKind, OpenOptions, typed_attributes},
};
use std::path::PathBuf;

/// A file of the real data, or `None` (said, and refused where the data is required).
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("RIGHTLY_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none_or(|v| v != "1"),
        "{} is required and missing",
        path.display()
    );
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: {} is not there (RIGHTLY_DATA)", path.display());
    }
    None
}

#[test]
fn davis() {
    let Some(table) = real("davis/dataset.csv") else { return };
    let data = Dataset::open(table.to_str().unwrap(), &OpenOptions::default()).unwrap();
    assert_eq!((data.samples.len(), data.classes.len()), (212, 11));
    assert_eq!(data.attributes, ["sequence", "frame"]);
    assert_eq!(data.samples[0].id, "images/blackswan/00000.jpg");
    assert!(data.problems.is_empty(), "{:?}", data.problems);
    assert!(data.samples.iter().all(|s| matches!(s.mask, Some(MaskSource::File(_)))));
    assert_eq!(data.choose_split(None).unwrap().0.len(), 212);
    let typed = typed_attributes(&data, Some("sequence"));
    assert_eq!(typed[0].kind, AttributeKind::Cluster);
    let typed = typed_attributes(&data, None);
    assert_eq!(typed[0].categories.len(), 16, "16 sequences");
    assert!(typed[1].is_used(), "{:?}", typed[1].kind);
    // The mask folder mirrors the image folder: the same masks as the column's.
    let masks = Some(table.with_file_name("masks"));
    let mirrored =
        Dataset::open(table.to_str().unwrap(), &OpenOptions { masks, ..Default::default() })
            .unwrap();
    assert_eq!(mirrored.samples, data.samples);
}

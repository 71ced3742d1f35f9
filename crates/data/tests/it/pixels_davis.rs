//! Real photographs against Pillow (golden values: tests/golden/davis.py).
use crate::formula::{crc32, rows};
use rightly_data::{
    MaskSource,
    mask::{MaskOptions, survey},
    pixels::{DecodeOptions, read},
};
use std::path::{Path, PathBuf};

/// The DAVIS folder, where there is one.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn davis() -> Option<PathBuf> {
    let root = std::env::var_os("RIGHTLY_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let davis = root.join("davis");
    if davis.is_dir() {
        return Some(davis);
    }
    assert!(
        std::env::var_os("RIGHTLY_REQUIRE_DATA").is_none_or(|value| value != "1"),
        "{} is missing",
        davis.display()
    );
    eprintln!("skipped: {} is missing", davis.display());
    None
}

#[test]
fn real_masks_are_surveyed_and_read() {
    let Some(davis) = davis() else { return };
    let sources: Vec<MaskSource> = rows(include_str!("../golden/davis.csv"))
        .map(|row| {
            MaskSource::File(davis.join(row[0].replace("images/", "masks/").replace("jpg", "png")))
        })
        .collect();
    let seen = survey(&sources.iter().collect::<Vec<_>>(), &MaskOptions::default());
    assert_eq!((seen.files, seen.read, seen.unreadable), (277, 277, 0));
    assert_eq!(seen.decision, "Mask values: 255 is object, 0 is not (seen in all 277 mask files).");
    let image = davis.join("images/blackswan/00000.jpg");
    let image = read(&image, &DecodeOptions::default()).unwrap();
    let mask = sources[0].load(&image, &seen.options).unwrap();
    assert_eq!((mask.width, mask.height), (854, 480));
    let share = mask.area() as f64 / mask.data.len() as f64;
    assert!(share > 0.05 && share < 0.3, "{share}");
}

#[test]
fn photographs_read_as_in_pillow() {
    let Some(davis) = davis() else { return };
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

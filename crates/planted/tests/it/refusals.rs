//! What is said of a damaged file of a world names the file.
use crate::damaged::{self, Read, Reader};
use rightly_data::{DataError, Dataset, dataset::OpenOptions, pixels::DecodeOptions};
use rightly_planted::{KINDS, World};

const WORLD: &str = include_str!("../../../../fuzz/seeds/world/small.toml");

/// Opens data and renders all that it lists.
fn open(data: &str) -> Result<(), DataError> {
    let dataset = Dataset::open(data, &OpenOptions { kinds: KINDS, ..OpenOptions::default() })?;
    for sample in &dataset.samples {
        let decoded = sample.image.load(&DecodeOptions::default())?;
        if let Some(mask) = &sample.mask {
            mask.load(&decoded, &dataset.mask_options)?;
        }
    }
    Ok(())
}

fn readers() -> Vec<Reader> {
    let reader = |name, read: Read| Reader { name, good: WORLD.as_bytes().to_vec(), read };
    vec![
        reader("world.toml", |p| World::from_file(p).map(drop)),
        reader("planted.toml", |p| open(&format!("planted:{}", p.display()))),
    ]
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn good_files_are_read() {
    damaged::good_files_are_read(readers(), folder);
}

#[test]
fn what_is_no_such_file_is_refused_by_name() {
    damaged::what_is_no_such_file_is_refused_by_name(readers(), folder);
}

#[test]
fn whatever_is_refused_is_refused_by_name() {
    let refusals = damaged::whatever_is_refused_is_refused_by_name(readers(), folder);
    assert!(refusals > 100, "{refusals}");
}

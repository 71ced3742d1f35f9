//! A table of losses over epochs.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_audit::dynamics;
use rightly_data::{Dataset, ImageSource, Sample};
use rightly_fuzz::{file, folder};

fuzz_target!(|bytes: &[u8]| {
    let sample = |id: &str| Sample {
        id: id.to_owned(),
        image: ImageSource::File(folder().join(id)),
        class: 0,
        mask: None,
        split: None,
        captions: Vec::new(),
        group: None,
        attributes: Vec::new(),
    };
    let samples = ["a.png", "b/c.png"].map(sample).to_vec();
    let dataset = Dataset { classes: vec!["class".into()], samples, ..Dataset::default() };
    let Ok(read) = dynamics::read(&file("dynamics.csv", bytes), &dataset) else { return };
    for (_, losses) in read.iter() {
        assert_eq!(losses.len(), read.epochs().len());
    }
});

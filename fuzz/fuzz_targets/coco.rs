//! COCO annotations: the file, and the masks of what it lists.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_data::{Dataset, dataset::OpenOptions};
use rightly_fuzz::{file, folder, image};

fuzz_target!(|bytes: &[u8]| {
    let name = format!("coco:{},{}", file("coco.json", bytes).display(), folder().display());
    let Ok(dataset) = Dataset::open(&name, &OpenOptions::default()) else { return };
    for sample in &dataset.samples {
        if let Some(mask) = &sample.mask {
            let _ = mask.load(&image(), &dataset.mask_options);
        }
    }
});

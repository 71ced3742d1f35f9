//! Mask files: `.npy`, PNG as stored, other pictures.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_data::{
    MaskSource,
    mask::{MaskOptions, survey},
};
use rightly_fuzz::{file, image};

fuzz_target!(|bytes: &[u8]| {
    let source = MaskSource::File(file("mask", bytes));
    let seen = survey(&[&source], &MaskOptions::default());
    let options = MaskOptions { resize_nearest: true, ..seen.options };
    if let Ok(mask) = source.load(&image(), &options) {
        assert_eq!((mask.width, mask.height, mask.data.len()), (6, 4, 24));
    }
});

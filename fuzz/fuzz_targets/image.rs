//! Decoding of every format, by content.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_data::pixels::{DecodeOptions, decode};
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let options = DecodeOptions { max_pixels: 1 << 20, ..DecodeOptions::default() };
    if let Ok(decoded) = decode(bytes, Path::new("image"), &options) {
        let image = decoded.image;
        assert_eq!(image.data.len(), image.width * image.height * 3);
    }
});

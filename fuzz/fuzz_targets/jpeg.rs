//! The project's own JPEG decoder.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_data::pixels::{DecodeOptions, decode};
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let file = [b"\xff\xd8\xff", bytes.strip_prefix(b"\xff\xd8\xff").unwrap_or(bytes)].concat();
    let options = DecodeOptions { max_pixels: 1 << 20, ..DecodeOptions::default() };
    if let Ok(decoded) = decode(&file, Path::new("image"), &options) {
        let image = decoded.image;
        assert_eq!(image.data.len(), image.width * image.height * 3);
    }
});

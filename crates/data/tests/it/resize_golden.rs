//! Resizing against Pillow (golden values: tests/golden/resize.py).
use crate::formula::{crc32, noise, rows};
use proptest::prelude::*;
use rightly_data::{
    RgbImage,
    resize::{Filter, resize, resize_channels},
};

pub(crate) fn filter(name: &str) -> Filter {
    match name {
        "nearest" => Filter::Nearest,
        "box" => Filter::Box,
        "bilinear" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        "lanczos" => Filter::Lanczos,
        other => panic!("{other}"),
    }
}

#[test]
fn every_byte_is_pillows() {
    let mut cases = 0;
    for row in rows(include_str!("../golden/resize.csv")) {
        let [mode, fh, fw, h, w, name, crc] = row[..] else { panic!("{row:?}") };
        let channels = match mode {
            "L" => 1,
            "LA" => 2,
            "RGB" => 3,
            _ => 4,
        };
        let [fh, fw, h, w] = [fh, fw, h, w].map(|side| side.parse::<usize>().unwrap());
        let data = noise(fh * fw * channels, channels as u64);
        let out = resize_channels(&data, (fh, fw), channels, (h, w), filter(name));
        assert_eq!(format!("{:08x}", crc32(&out)), crc, "{row:?}");
        if channels == 3 {
            let image = RgbImage { width: fw, height: fh, data };
            assert_eq!(resize(&image, h, w, filter(name)).data, out);
        }
        cases += 1;
    }
    assert_eq!(cases, 4 * 26 * 5);
}

proptest! {
    #[test]
    fn the_same_size_changes_nothing(height in 1usize..20, width in 1usize..20, seed in 0u64..99, f in 0usize..5) {
        let f = [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos][f];
        let data = noise(height * width * 4, seed);
        prop_assert_eq!(resize_channels(&data, (height, width), 4, (height, width), f), data);
    }
}

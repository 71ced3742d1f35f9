//! Decoding: golden values of Pillow, cut and mutated files, orientation, limits.
use crate::formula::{crc32, rows};
use proptest::prelude::*;
use rightly_data::{
    DataError,
    pixels::{DecodeOptions, Decoded, Orientation, decode, read, read_rgba},
};
use std::path::{Path, PathBuf};

pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/files").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(file(name)).unwrap()
}

fn open(bytes: &[u8]) -> Result<Decoded, DataError> {
    decode(bytes, Path::new("picture"), &DecodeOptions::default())
}

#[test]
fn every_kind_of_file_reads_as_in_pillow() {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for row in rows(include_str!("../golden/files.csv")) {
        let decoded = read(&file(row[0]), &DecodeOptions::default()).unwrap();
        assert_eq!(decoded.image.width.to_string(), row[1], "{row:?}");
        assert_eq!(decoded.image.height.to_string(), row[2], "{row:?}");
        if format!("{:08x}", crc32(&decoded.image.data)) != row[3] {
            wrong.push(row[0]);
        }
        cases += 1;
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(cases > 30);
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    for row in rows(include_str!("../golden/files.csv")) {
        let name = row[0];
        let whole = bytes(name);
        let image = open(&whole).unwrap().image;
        for cut in 0..whole.len() {
            // What a format has after its pixels (end markers, checksums, an unread directory entry)
            // may be missing; then the pixels are those of the whole file.
            if let Ok(part) = open(&whole[..cut]) {
                assert!(
                    part.image == image,
                    "{name} cut at {cut} of {} gave other pixels",
                    whole.len()
                );
                assert!(
                    whole.len() - cut <= 16 || name.ends_with(".tif"),
                    "{name} cut at {cut} of {}",
                    whole.len()
                );
            }
        }
    }
}

#[test]
fn a_jpeg_that_was_cut_and_closed_again_is_an_error() {
    for name in ["base-420.jpg", "prog-420.jpg", "gray.jpg", "restart.jpg", "cmyk.jpg"] {
        let whole = bytes(name);
        for cut in whole.len() / 3..whole.len() - 4 {
            let mut closed = whole[..cut].to_vec();
            closed.extend([0xFF, 0xD9]);
            assert!(open(&closed).is_err(), "{name} cut at {cut} of {} and closed", whole.len());
        }
    }
}

#[test]
fn a_wrong_checksum_is_an_error() {
    let mut png = bytes("rgb.png");
    let at = png.windows(4).position(|name| name == b"IDAT").unwrap() + 30;
    png[at] ^= 4;
    let error = open(&png).unwrap_err().to_string();
    assert!(error.starts_with("picture: the PNG data can't be decoded"), "{error}");
}

#[test]
fn errors_say_what_to_do() {
    let say = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert!(say(b"").contains("the file is empty"));
    assert!(say(b"<html>").contains("no JPEG, PNG, WebP"));
    let missing = read(Path::new("no/such.jpg"), &DecodeOptions::default()).unwrap_err();
    assert!(missing.to_string().starts_with("no/such.jpg: "));
    let options = DecodeOptions { max_pixels: 100, ..Default::default() };
    for name in ["gray.jpg", "rgb.png", "rgb.bmp", "rgb.tif", "palette.gif", "lossless.webp"] {
        let error = read(&file(name), &options).unwrap_err().to_string();
        assert!(error.contains("the limit is 100"), "{error}");
    }
    let options = DecodeOptions { max_bytes: 100, ..Default::default() };
    let error = read(&file("rgb.png"), &options).unwrap_err().to_string();
    assert!(error.contains("bytes, the limit is 100"), "{error}");
}

/// A JPEG with an EXIF orientation, in either byte order.
pub(crate) fn oriented(orientation: u8, big: bool) -> Vec<u8> {
    let jpeg = bytes("base-444.jpg");
    let exif: Vec<u8> = if big {
        [
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
            &[orientation],
            &[0; 6],
        ]
        .concat()
    } else {
        [
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(),
            &[orientation],
            &[0; 7],
        ]
        .concat()
    };
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn the_exif_orientation_is_applied() {
    let plain = open(&bytes("base-444.jpg")).unwrap().image;
    let (w, h) = (plain.width, plain.height);
    for orientation in 1..=8 {
        for big in [false, true] {
            let file = oriented(orientation, big);
            let shown = open(&file).unwrap();
            assert_eq!((shown.applied, shown.stored), (orientation, (w, h)));
            let turned = orientation >= 5;
            assert_eq!(
                (shown.image.width, shown.image.height),
                if turned { (h, w) } else { (w, h) }
            );
            // Where the stored picture's first pixel is shown.
            let (top, left) = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0)]
                [usize::from(orientation) - 1];
            let y = top * (shown.image.height - 1);
            let x = left * (shown.image.width - 1);
            let at = (y * shown.image.width + x) * 3;
            assert_eq!(shown.image.data[at..at + 3], plain.data[..3], "{orientation}");
            let options =
                DecodeOptions { orientation: Orientation::AsStored, ..Default::default() };
            let stored = decode(&file, Path::new("picture"), &options).unwrap();
            assert_eq!((stored.applied, &stored.image), (1, &plain));
        }
    }
}

#[test]
fn an_overlay_keeps_its_alpha() {
    let (w, h, data) = read_rgba(&file("rgba.png"), &DecodeOptions::default()).unwrap();
    assert_eq!((w, h), (19, 21));
    assert_eq!(data, crate::formula::noise(21 * 19 * 4, 8));
    let (_, _, data) = read_rgba(&file("rgb.png"), &DecodeOptions::default()).unwrap();
    assert!(data.chunks(4).all(|pixel| pixel[3] == 255));
}

#[test]
fn transparency_shows_the_background() {
    let options = DecodeOptions { background: [10, 20, 30], ..Default::default() };
    let over = read(&file("rgba.png"), &options).unwrap().image;
    let source = crate::formula::noise(21 * 19 * 4, 8);
    for (pixel, rgba) in over.data.chunks(3).zip(source.chunks(4)) {
        for (c, under) in [10.0, 20.0, 30.0].into_iter().enumerate() {
            let alpha = f64::from(rgba[3]) / 255.0;
            let exact = f64::from(rgba[c]) * alpha + under * (1.0 - alpha);
            assert!((f64::from(pixel[c]) - exact).abs() <= 0.51, "{pixel:?} {rgba:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn mutated_files_never_panic(
        which in 0usize..12,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let name = ["base-420.jpg", "prog-420.jpg", "restart-prog.jpg", "ycck.jpg", "440.jpg", "gray.jpg",
            "palette-trns.png", "gray16.png", "palette.gif", "rgb.tif", "palette.bmp", "lossless.webp"][which];
        let mut file = bytes(name);
        for (at, value) in edits {
            let at = at.index(file.len());
            file[at] = value;
        }
        let options = DecodeOptions { max_pixels: 1_000_000, ..Default::default() };
        if let Ok(decoded) = decode(&file, Path::new("picture"), &options) {
            prop_assert_eq!(decoded.image.data.len(), decoded.image.width * decoded.image.height * 3);
        }
    }
}

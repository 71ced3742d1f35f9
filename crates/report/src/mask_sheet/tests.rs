use super::*;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rightly_data::{MaskSource, RgbImage, dataset::OpenOptions, pixels::encode_png};
use sha2::{Digest as _, Sha256};
use std::path::Path;

fn png(path: &Path, pixel: impl Fn(usize, usize) -> u8) {
    let data = (0..20 * 16).flat_map(|at| [pixel(at % 20, at / 20); 3]).collect();
    let bytes = encode_png(&RgbImage { width: 20, height: 16, data }).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn the_page_shows_every_class_and_no_path_and_no_script() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let class = "<script>alert(1)</script>&\"cat";
    let class = class.replace('/', "-");
    for name in ["1", "2", "3"] {
        png(&root.join(format!("d/{class}/{name}.png")), |x, y| (10 * x + y) as u8);
        png(&root.join(format!("d/dog/{name}.png")), |x, y| (10 * x + 2 * y) as u8);
        png(&root.join(format!("m/{class}/{name}.png")), |x, _| if x < 5 { 255 } else { 0 });
    }
    // A mask of another size, and one that is no picture.
    std::fs::write(root.join(format!("m/{class}/3.png")), b"nothing").unwrap();
    let options = OpenOptions { masks: Some(root.join("m")), ..OpenOptions::default() };
    let data = Dataset::open(&root.join("d").to_string_lossy(), &options).unwrap();
    let page = mask_sheet("d", &data, &DecodeOptions::default()).unwrap();
    assert!(is_mask_sheet(page.as_bytes()) && !is_mask_sheet(b"<!DOCTYPE html>"));
    for part in
        ["&lt;script&gt;", "object: 25", "No image of this class has a mask", "255 is object"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("the mask can't be used: 3.png"), "files by name");
    // The page's own style by its hash, and no script at all.
    let (_, style) = page.split_once("<style>").unwrap();
    let (style, rest) = style.split_once("</style>").unwrap();
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    let policy = format!("style-src 'sha256-{hash}'; script-src 'none'");
    assert!(page.contains(&policy.replace('\'', "&#39;")) || page.contains(&policy), "{policy}");
    assert!(!rest.contains("style=") && !page.contains("unsafe-"), "no style of an element");
    for part in ["<script", root.to_str().unwrap(), "http://", "https://", "onload"] {
        assert!(!page.contains(part), "{part}");
    }
    assert_eq!(page, mask_sheet("d", &data, &DecodeOptions::default()).unwrap());
}

#[test]
fn what_is_in_doubt_is_shown_in_both_readings() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["1", "2"] {
        png(&root.join(format!("d/cat/{name}.png")), |x, y| (10 * x + y) as u8);
    }
    // Gray in three channels: the object is 1, its border 255.
    for name in ["1", "2"] {
        png(&root.join(format!("m/cat/{name}.png")), |x, y| match (x, y) {
            (4..12, 4..12) => 1,
            (2..14, 2..14) => 255,
            _ => 0,
        });
    }
    let options = OpenOptions { masks: Some(root.join("m")), ..OpenOptions::default() };
    let data = Dataset::open(&root.join("d").to_string_lossy(), &options).unwrap();
    assert!(matches!(&data.samples[0].mask, Some(MaskSource::File(_))));
    let page = mask_sheet("d", &data, &DecodeOptions::default()).unwrap();
    for part in [
        "In doubt",
        "as it is read",
        "the other reading",
        "object: 45",
        "object: 20",
        "--mask-void 255",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

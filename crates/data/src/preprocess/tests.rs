use super::*;
use crate::resize::Window;

fn with(resize: Option<Resize>, crop: Option<[usize; 2]>) -> Preprocess {
    Preprocess { resize, crop, ..Preprocess::preset("imagenet").unwrap() }
}

#[test]
fn the_long_side_is_truncated() {
    let placement = Placement::new(&with(Some(Resize::ShortSide(256)), None), 480, 854);
    assert_eq!(placement.resized, (256, 455));
    let placement = Placement::new(&with(Some(Resize::ShortSide(256)), None), 333, 250);
    assert_eq!(placement.resized, (340, 256));
}

#[test]
fn offsets_round_half_to_even() {
    // (455 - 224) / 2 = 115.5 -> 116, (455 - 226) / 2 = 114.5 -> 114, (256 - 227) / 2 = 14.5 -> 14
    let left = |width, crop| Placement::new(&with(None, Some([1, crop])), 1, width).window.left;
    assert_eq!(left(455, 224), 116);
    assert_eq!(left(455, 226), 114);
    assert_eq!(left(256, 227), 14);
    assert_eq!(left(256, 224), 16);
}

#[test]
fn a_crop_larger_than_the_picture_is_padded() {
    let image = RgbImage { width: 2, height: 1, data: vec![9; 6] };
    let out = with(None, Some([4, 5])).crop_image(&image);
    assert_eq!((out.width, out.height), (5, 4));
    let set: Vec<usize> = (0..20).filter(|&i| out.data[i * 3] == 9).collect();
    assert_eq!(set, [6, 7], "one row above, one column before");
    let mask = Mask { width: 2, height: 1, data: vec![true; 2] };
    let mask = with(None, Some([4, 5])).crop_mask(&mask, MaskSampling::Nearest);
    assert_eq!((0..20).filter(|&i| mask.data[i]).collect::<Vec<_>>(), [6, 7]);
}

#[test]
fn an_image_narrower_than_the_crop_and_taller_is_padded_and_cut() {
    let placement = Placement::new(&with(None, Some([3, 4])), 6, 3);
    assert_eq!(placement.window, Window { top: 2, left: 0, height: 3, width: 3 });
}

#[test]
fn channels_enter_in_the_models_order() {
    let planes = Planes { width: 1, height: 1, data: vec![0.1, 0.2, 0.3] };
    let out = Preprocess::preset("caffe-bgr").unwrap().normalise(&planes);
    assert_eq!(out, [0.3 * 255.0 - 104.0, 0.2f32 * 255.0 - 117.0, 0.1f32 * 255.0 - 123.0]);
}

#[test]
fn a_card_reads_and_writes() {
    let text = "resize = { short_side = 256 }\ncrop = 227\ninterpolation = \"bilinear\"\n\
                channels = \"bgr\"\nscale = 255.0\nmean = [104.0, 117.0, 123.0]\nstd = [1.0, 1.0, 1.0]\n";
    let read: Preprocess = toml::from_str(text).unwrap();
    assert_eq!(Some(read), Preprocess::preset("caffe-bgr"));
    for name in Preprocess::PRESETS {
        let preset = Preprocess::preset(name).unwrap();
        let named: Preprocess = toml::from_str(&format!("preset = \"{name}\"")).unwrap();
        assert_eq!(named, preset);
        let written = toml::to_string(&preset).unwrap();
        assert!(!written.contains("00001"), "{written}");
        assert_eq!(toml::from_str::<Preprocess>(&written).unwrap(), preset);
        let json = serde_json::to_string(&preset).unwrap();
        assert_eq!(serde_json::from_str::<Preprocess>(&json).unwrap(), preset);
    }
    let text = "preset = \"clip\"\ncrop = [96, 128]\nresize = { exact = [100, 130] }";
    let read: Preprocess = toml::from_str(text).unwrap();
    assert_eq!(read.output_size(), Some([96, 128]));
    assert_eq!(read.resize, Some(Resize::Exact([100, 130])));
}

#[test]
fn a_wrong_card_says_what_is_wrong() {
    for (text, part) in [
        ("preset = \"imagnet\"", "there are imagenet"),
        ("preset = \"imagenet\"\nnormalize = true", "unknown field `normalize`"),
        ("preset = \"imagenet\"\ncrop = \"224\"", "whole number, or [H, W]"),
        ("preset = \"imagenet\"\ncrop = 0", "crop of 0 pixels"),
        ("preset = \"imagenet\"\nresize = { longest = 3 }", "unknown variant `longest`"),
        ("preset = \"imagenet\"\nstd = [1.0, 0.0, 1.0]", "deviations must be above 0"),
        ("mean = [0.5, 0.5, 0.5]", "'std' is missing"),
        ("std = [1.0, 1.0, 1.0]", "'mean' is missing"),
    ] {
        let error = toml::from_str::<Preprocess>(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

/// What a magnified geometry shows, shrunk again, is what the plain one shows.
#[test]
fn a_magnified_geometry_shows_the_same_part() {
    let (width, height) = (90, 60);
    let ramp = |i: usize| [(i % width * 2) as u8, (i / width * 4) as u8, 0];
    let image = RgbImage { width, height, data: (0..width * height).flat_map(ramp).collect() };
    for (resize, crop) in [
        (Some(Resize::Exact([16, 16])), None),
        (Some(Resize::ShortSide(20)), Some([16, 16])),
        (Some(Resize::ShortSide(20)), None),
    ] {
        let plain = with(resize, crop);
        let (small, large) = (plain.crop_image(&image), plain.magnified(3).crop_image(&image));
        assert_eq!((large.width, large.height), (3 * small.width, 3 * small.height));
        for (y, x) in [(0, 0), (8, 8), (15, 15)] {
            let one = &small.data[3 * (y * small.width + x)..][..2];
            let other = &large.data[3 * ((3 * y + 1) * large.width + 3 * x + 1)..][..2];
            let near = one.iter().zip(other).all(|(a, b)| a.abs_diff(*b) <= 6);
            assert!(near, "{resize:?} {crop:?} at {y}, {x}: {one:?} {other:?}");
        }
    }
}

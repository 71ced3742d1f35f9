use super::*;
use crate::measures::testing::numbered;
use proptest::prelude::*;

fn overlay(height: usize, width: usize, pixels: &[[u8; 4]]) -> Overlay {
    Overlay { name: "mark".into(), width, height, rgba: pixels.concat() }
}

/// PNG files written by Pillow 13.0.0: two visible pixels; one that is fully transparent.
const VISIBLE: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 1, 8, 6, 0,
    0, 0, 244, 34, 127, 138, 0, 0, 0, 17, 73, 68, 65, 84, 120, 156, 99, 228, 18, 145, 211, 208,
    208, 208, 208, 0, 0, 3, 250, 1, 6, 162, 99, 186, 59, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96,
    130,
];
const CLEAR: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0,
    0, 0, 31, 21, 196, 137, 0, 0, 0, 13, 73, 68, 65, 84, 120, 156, 99, 224, 228, 228, 100, 0, 0, 0,
    86, 0, 28, 86, 136, 78, 1, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

#[test]
fn loading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mark.png");
    std::fs::write(&path, VISIBLE).unwrap();
    let mark = Overlay::load("mark", &path, &DecodeOptions::default()).unwrap();
    assert_eq!(mark, overlay(1, 2, &[[10, 20, 30, 40], [50, 60, 70, 80]]));
    std::fs::write(&path, CLEAR).unwrap();
    let error = Overlay::load("mark", &path, &DecodeOptions::default()).unwrap_err().to_string();
    assert!(error.contains("mark.png") && error.contains("transparent"), "{error}");
    assert!(Overlay::load("mark", &folder.path().join("none"), &DecodeOptions::default()).is_err());
}

#[test]
fn scaled_as_pillow_does_it() {
    let pixels = [[255, 0, 0, 255], [0, 255, 0, 0], [0, 0, 255, 128], [255, 255, 255, 255]];
    let mark = overlay(2, 2, &pixels);
    // Pillow 13.0.0: Image.resize((4, 3), BILINEAR) in mode RGBA.
    let expected = [
        255, 0, 0, 255, 255, 0, 0, 191, 255, 0, 0, 64, 0, 0, 0, 0, 170, 0, 85, 192, 185, 46, 115,
        176, 226, 170, 198, 144, 255, 255, 255, 128, 0, 0, 255, 128, 102, 102, 255, 160, 218, 218,
        255, 223, 255, 255, 255, 255,
    ];
    let fitted = mark.fit(3, 4);
    assert_eq!((fitted.height, fitted.width, &fitted.rgba[..]), (3, 4, &expected[..]));
    assert_eq!(mark.fit(2, 2), mark);
    // One of another size is scaled on the way.
    assert_eq!(mark.apply(&numbered(3, 4)).unwrap(), fitted.apply(&numbered(3, 4)).unwrap());
}

#[test]
fn names_and_files() {
    assert_eq!(parse("mark=a b/c.png"), Ok(("mark".into(), "a b/c.png".into())));
    assert_eq!(parse(" w=x=y.png"), Ok(("w".into(), "x=y.png".into())));
    for text in ["mark.png", "=a.png", " =a.png", "mark=", "a/b=c.png", "a\tb=c.png"] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(text) && error.contains("NAME=FILE.png"), "{error}");
    }
}

#[test]
fn blending() {
    let over = overlay(1, 3, &[[255, 0, 51, 255], [255, 0, 0, 51], [9, 9, 9, 0]]);
    let planes = Planes { width: 3, height: 1, data: vec![0.5; 9] };
    let out = over.apply(&planes).unwrap();
    // Opaque; alpha .2 of white or black over .5; transparent.
    let expected = [1.0, 0.6, 0.5, 0.0, 0.4, 0.5, 0.2, 0.4, 0.5];
    for (value, expected) in out.data.iter().zip(expected) {
        assert!((value - expected).abs() < 1e-6, "{:?}", out.data);
    }
    assert_eq!(out.data[2], 0.5);
}

#[test]
fn the_control_keeps_colour_and_opacity_and_loses_the_pattern() {
    let clear = [7, 7, 7, 0];
    let over = overlay(
        3,
        4,
        &[
            clear,
            clear,
            clear,
            clear,
            clear,
            [200, 0, 10, 100],
            clear,
            [100, 0, 10, 50],
            clear,
            clear,
            [0, 0, 10, 30],
            clear,
        ],
    );
    let control = over.control();
    // 2 x 3 box: alpha 180 / 6; red (200 * 100 + 100 * 50) / 180 = 138.9.
    let fill = [139, 0, 10, 30];
    let none = [0; 4];
    let expected = [none, none, none, none, none, fill, fill, fill, none, fill, fill, fill];
    assert_eq!(control.rgba, expected.concat());
    assert_eq!((control.name.as_str(), control.height, control.width), ("mark/control", 3, 4));
}

#[test]
fn the_control_of_nothing_is_nothing_and_of_little_is_visible() {
    let nothing = overlay(1, 2, &[[1, 2, 3, 0]; 2]);
    assert_eq!(nothing.control().rgba, [0; 8]);
    let mut pixels = vec![[0u8; 4]; 100];
    pixels[0] = [9, 8, 7, 1];
    pixels[99] = [9, 8, 7, 1];
    assert_eq!(overlay(10, 10, &pixels).control().rgba, [9, 8, 7, 1].repeat(100));
}

proptest! {
    #[test]
    fn a_blend_lies_between_picture_and_colour(
        pixels in prop::collection::vec(any::<[u8; 4]>(), 12),
    ) {
        let planes = numbered(3, 4);
        let out = overlay(3, 4, &pixels).apply(&planes).unwrap();
        for (at, (&after, &before)) in out.data.iter().zip(&planes.data).enumerate() {
            let pixel = pixels[at % 12];
            let colour = f32::from(pixel[at / 12]) / 255.0;
            prop_assert!(after >= before.min(colour) - 1e-6 && after <= before.max(colour) + 1e-6);
            match pixel[3] {
                0 => prop_assert_eq!(after, before),
                255 => prop_assert_eq!(after, colour),
                _ => {}
            }
        }
    }

    #[test]
    fn the_control_has_the_same_opacity(
        pixels in prop::collection::vec(any::<[u8; 4]>(), 30),
    ) {
        let over = overlay(5, 6, &pixels);
        let sum = |o: &Overlay| o.rgba.iter().skip(3).step_by(4).map(|&a| f64::from(a)).sum::<f64>();
        prop_assert!((sum(&over.control()) - sum(&over)).abs() <= 15.0);
    }
}

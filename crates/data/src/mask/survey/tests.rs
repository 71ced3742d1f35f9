use super::{super::rule, *};

/// A raster by formula.
fn raster(width: usize, height: usize, value: impl Fn(usize, usize) -> u32) -> Labels {
    let values = (0..width * height).map(|at| value(at % width, at / width)).collect();
    Labels::one_channel(width, height, values)
}

/// An ellipse of a raster of 40 x 30, by its signed distance in pixels (roughly).
fn distance(x: usize, y: usize) -> f64 {
    let (dx, dy) = ((x as f64 + 0.5 - 20.0) / 12.0, (y as f64 + 0.5 - 15.0) / 9.0);
    (dx.hypot(dy) - 1.0) * 10.0
}

fn hard(value: u32) -> Labels {
    raster(40, 30, |x, y| if distance(x, y) < 0.0 { value } else { 0 })
}

/// The object is `label`, its border of three pixels `void`.
fn bordered(label: u32, void: u32) -> Labels {
    raster(40, 30, |x, y| match distance(x, y) {
        d if d < 0.0 => label,
        d if d < 3.0 => void,
        _ => 0,
    })
}

/// Falls from `largest` to 0 over `width` pixels.
fn soft(largest: u32, width: f64) -> Labels {
    raster(40, 30, |x, y| {
        let covered = (0.5 - distance(x, y) / width).clamp(0.0, 1.0);
        (covered * f64::from(largest)).round() as u32
    })
}

fn share(labels: &Labels, options: &MaskOptions) -> f64 {
    let found = rule::objects(labels, options);
    found.iter().filter(|&&on| on).count() as f64 / found.len() as f64
}

/// Options and doubts of these files together.
fn decided(files: &[&Labels]) -> (MaskOptions, String, Vec<Doubt>) {
    let mut seen = Seen::default();
    for (i, labels) in files.iter().enumerate() {
        seen.add(Path::new(&format!("{i}.png")), labels);
    }
    let label_maps = seen.are_label_maps();
    let options = MaskOptions { label_maps, ..MaskOptions::default() };
    let words = words::decision(&seen, &options, files.len());
    let doubts = doubts::all(&seen, label_maps);
    (options, words, doubts)
}

#[test]
fn a_255_alone_is_object() {
    let (options, words, doubts) = decided(&[&hard(255), &hard(0)]);
    assert!((share(&hard(255), &options) - 0.283).abs() < 0.01);
    assert_eq!(words, "Mask values: 255 is object, 0 is not (seen in all 2 mask files).");
    assert_eq!(doubts, []);
}

/// Small labels beside 255 (65535 of 16 bits) in most files: void there, and only there.
#[test]
fn label_maps_with_void() {
    for void in [255, 65535] {
        let maps = [bordered(1, void), bordered(20, void), bordered(3, void)];
        let odd = [hard(255), soft(255, 2.0), hard(1), soft(65535, 2.0)];
        let files: Vec<&Labels> = maps.iter().chain(&odd[..2]).collect();
        let (options, words, doubts) = decided(&files);
        assert!(options.label_maps && words.contains("label maps with void"), "{words}");
        let right = share(&hard(1), &MaskOptions::default());
        for map in &maps {
            assert_eq!(share(map, &options), right);
        }
        for file in &odd {
            assert_eq!(share(file, &options), share(file, &MaskOptions::default()));
        }
        // 255 alone is said.
        assert_eq!(doubts.len(), 1);
        assert_eq!((doubts[0].files, doubts[0].shares[1]), (1, 0.0));
    }
}

/// Neither half of the files nor single ones decide for all.
#[test]
fn void_needs_most_of_the_files() {
    let map = bordered(1, 255);
    for others in [1, 5] {
        let other = hard(255);
        let files: Vec<&Labels> =
            std::iter::once(&map).chain(std::iter::repeat_n(&other, others)).collect();
        let (options, _, doubts) = decided(&files);
        assert!(!options.label_maps);
        assert!((doubts[0].shares[1] - share(&hard(1), &options)).abs() < 1e-12, "{doubts:?}");
        assert!((doubts[0].shares[0] - share(&map, &options)).abs() < 1e-12);
        assert!(share(&map, &options) > 0.4);
    }
    // Empty masks have no vote.
    let empty = hard(0);
    assert!(decided(&[&map, &empty, &empty, &empty]).0.label_maps);
}

/// Edges, ramps and mattes hold small values beside 255 too, and are no label maps.
#[test]
fn soft_masks_are_coverage() {
    for width in [1.0, 2.0, 6.0, 15.0] {
        let file = soft(255, width);
        let (options, _, doubts) = decided(&[&file, &file]);
        assert!(!options.label_maps, "{width}");
        let above = file.values.iter().filter(|&&v| v > 0).count() as f64 / 1200.0;
        assert_eq!(share(&file, &options), above);
        assert_eq!(doubts.len(), usize::from(width > 2.0), "{width}: {doubts:?}");
    }
    // Edges that were enlarged are flat, but thin.
    let small = soft(255, 2.0);
    let large = raster(160, 120, |x, y| small.values[y / 4 * 40 + x / 4]);
    let (options, _, doubts) = decided(&[&large]);
    assert!(!options.label_maps && share(&large, &options) > 0.28, "{doubts:?}");
}

/// Gray that was saved as colour is no label map, but is said.
#[test]
fn three_channels_are_no_label_map() {
    let map = bordered(1, 255);
    let gray = Labels { kind: Kind::GrayInColour, ..bordered(1, 255) };
    let (options, _, doubts) = decided(&[&gray, &gray]);
    assert!(!options.label_maps && doubts.len() == 1, "{doubts:?}");
    let colour = Labels { kind: Kind::Colour, ..map };
    let (options, words, doubts) = decided(&[&colour]);
    assert!(!options.label_maps && doubts.is_empty(), "{doubts:?}");
    assert!(words.contains("1 file with colours: any colour is object"), "{words}");
}

/// High labels beside 255: by the rule no label maps, but nobody can know.
#[test]
fn high_labels_are_in_doubt() {
    let (options, _, doubts) = decided(&[&bordered(180, 255)]);
    assert!(!options.label_maps);
    assert!(doubts[0].problem.contains("255 may be object or void"), "{doubts:?}");
}

/// Alpha against colours, index against colours: both shares.
#[test]
fn another_channel_is_said() {
    for (kind, word) in [(Kind::Alpha, "alpha"), (Kind::OneChannel, "palette index")] {
        let file = Labels { kind, other: Some(0.9), ..hard(255) };
        let (_, _, doubts) = decided(&[&file]);
        assert!(
            doubts[0].problem.contains(word) && doubts[0].problem.contains("0.900"),
            "{doubts:?}"
        );
        let same =
            Labels { kind, other: Some(share(&hard(255), &MaskOptions::default())), ..hard(255) };
        assert_eq!(decided(&[&same]).2, []);
    }
}

/// A lossy file of several levels, and one of small labels.
#[test]
fn lossy_files_in_doubt() {
    let levels = raster(40, 30, |x, _| match x {
        0..10 => 255,
        10..20 => 90,
        _ => 0,
    });
    let levels = Labels { lossy: true, ..levels };
    let (options, _, doubts) = decided(&[&levels]);
    assert_eq!(share(&levels, &options), 0.25);
    assert_eq!(doubts[0].shares, [0.25, 0.5]);
    let dark = Labels { lossy: true, ..hard(1) };
    assert!(decided(&[&dark]).2[0].problem.contains("can't be trusted"));
}

#[test]
fn what_the_user_gave_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.png");
    image::save_buffer(&file, &[0, 1, 255, 255], 2, 2, image::ColorType::L8).unwrap();
    let given = MaskOptions { object: Some(vec![3.into()]), ..MaskOptions::default() };
    let seen = survey(&[&MaskSource::File(file)], &given);
    assert_eq!(seen.options, given);
    assert!(seen.decision.contains("not seen: 3"), "{}", seen.decision);
    assert_eq!(seen.doubts, []);
}

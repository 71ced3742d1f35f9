use super::*;

fn mask(rows: &[&str]) -> Mask {
    Mask {
        width: rows[0].len(),
        height: rows.len(),
        data: rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect(),
    }
}

#[test]
fn figures_of_a_mask() {
    let m = mask(&["....", ".##.", "..#.", "...."]);
    assert_eq!(m.area(), 3);
    assert_eq!(m.bounding_box(), Some(BoundingBox { top: 1, left: 1, bottom: 2, right: 2 }));
    let (y, x) = m.centroid().unwrap();
    assert!((y - 11.0 / 6.0).abs() < 1e-12 && (x - 13.0 / 6.0).abs() < 1e-12);
    assert_eq!(m.invert().area(), 13);
    assert!(!m.is_empty() && !m.is_full());
}

#[test]
fn one_pixel_has_a_box_and_a_centre() {
    let m = mask(&["...", "..#"]);
    assert_eq!(m.bounding_box(), Some(BoundingBox { top: 1, left: 2, bottom: 1, right: 2 }));
    assert_eq!(m.centroid(), Some((1.5, 2.5)));
}

#[test]
fn empty_and_full() {
    let empty = mask(&["..", ".."]);
    assert!(empty.is_empty() && !empty.is_full());
    assert_eq!((empty.bounding_box(), empty.centroid()), (None, None));
    let full = empty.invert();
    assert!(full.is_full() && !full.is_empty());
    assert_eq!(full.centroid(), Some((1.0, 1.0)));
    let nothing = Mask { width: 0, height: 0, data: vec![] };
    assert!(nothing.is_empty() && !nothing.is_full());
}

#[test]
fn void_wins_over_object() {
    let given = |object: &[u32], void: &[u32]| MaskOptions {
        object: (!object.is_empty()).then(|| object.iter().map(|&v| v.into()).collect()),
        void: void.iter().map(|&v| v.into()).collect(),
        ..MaskOptions::default()
    };
    let options = given(&[1, 255], &[255]);
    assert!(options.is_object(1) && !options.is_object(255) && !options.is_object(2));
    assert!(given(&[], &[3]).is_object(7) && !given(&[], &[3]).is_object(3));
    let options = MaskOptions::default();
    assert!(options.is_object(7) && !options.is_object(0) && !options.given());
}

#[path = "../../tests/it/formula.rs"]
mod formula;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn png_labels_are_the_files_values() {
    let mut cases = 0;
    for row in formula::rows(include_str!("../../tests/golden/files.csv")) {
        if row[4].is_empty() {
            continue;
        }
        let read = labels::read(&golden("files").join(row[0])).unwrap();
        assert_eq!([read.width.to_string(), read.height.to_string()], [row[1], row[2]]);
        let bytes: Vec<u8> = read.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(format!("{:08x}", formula::crc32(&bytes)), row[4], "{row:?}");
        cases += 1;
    }
    assert_eq!(cases, 9);
    // Without variation in alpha, alpha says nothing.
    let opaque = tempfile::tempdir().unwrap().path().with_extension("png");
    let data: Vec<u8> =
        formula::noise(12, 1).chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    image::save_buffer(&opaque, &data, 4, 1, image::ColorType::Rgba8).unwrap();
    let read = labels::read(&opaque).unwrap();
    std::fs::remove_file(&opaque).unwrap();
    let largest: Vec<u32> =
        data.chunks(4).map(|p| u32::from(*p[..3].iter().max().unwrap())).collect();
    assert_eq!(read.values, largest);
}

#[test]
fn a_lossy_mask_is_object_from_half_of_its_own_largest_value_on() {
    let read = labels::read(&golden("files/gray.jpg")).unwrap();
    assert!(read.lossy);
    let largest = *read.values.iter().max().unwrap();
    let found = rule::objects(&read, &MaskOptions::default());
    assert!(read.values.iter().zip(found).all(|(value, on)| on == (2 * value >= largest)));
    // The same picture without its format, at a quarter of the scale.
    let dim = read.values.iter().map(|value| value / 4).collect();
    let dim =
        labels::Labels { lossy: true, ..labels::Labels::one_channel(read.width, read.height, dim) };
    let largest = *dim.values.iter().max().unwrap();
    let found = rule::objects(&dim, &MaskOptions::default());
    assert!(dim.values.iter().zip(found).all(|(value, on)| on == (2 * value >= largest)));
}

#[test]
fn npy_arrays_of_every_type() {
    let expected: Vec<u32> = (0..35).map(|i| i % 4).collect();
    for name in [
        "uint8",
        "uint16",
        "int32",
        "big-i4",
        "uint64",
        "float32",
        "big-f8",
        "fortran",
        "channel-last",
        "version2",
    ] {
        let read = labels::read(&golden(&format!("npy/{name}.npy"))).unwrap();
        assert_eq!((read.width, read.height), (7, 5), "{name}");
        assert_eq!(read.values, expected, "{name}");
    }
    let values = |name: &str| labels::read(&golden(&format!("npy/{name}.npy"))).unwrap().values;
    assert!(values("bool").iter().zip(&expected).all(|(&b, &e)| b == u32::from(e > 0)));
    assert!(values("signed").iter().zip(&expected).all(|(&v, &e)| v == e.saturating_sub(1)));
    // (e - 1) / 4: -0.25, 0, 0.25, 0.5, scaled to 255 and rounded up.
    assert!(
        values("fraction").iter().zip(&expected).all(|(&v, &e)| v == [0, 0, 128, 255][e as usize])
    );
    let error =
        |name: &str| labels::read(&golden(&format!("npy/{name}.npy"))).unwrap_err().to_string();
    assert!(error("three").contains("shape [2, 3, 4]"), "{}", error("three"));
    assert!(error("complex").contains("'<c8'"), "{}", error("complex"));
    let whole = std::fs::read(golden("npy/uint16.npy")).unwrap();
    for cut in 0..whole.len() {
        assert!(npy::parse(&whole[..cut], 1000).is_err(), "cut at {cut}");
    }
}

#[derive(serde::Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    polygons: Vec<Vec<f64>>,
    height: usize,
    width: usize,
    area: usize,
    crc32: String,
    counts: Vec<u32>,
    compressed: String,
}

#[test]
fn coco_segments_are_those_of_pycocotools() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../tests/golden/coco.json")).unwrap();
    assert_eq!(golden.cases.len(), 49);
    for case in golden.cases {
        let size = [case.height, case.width];
        for segment in [
            CocoSegment::Polygons(case.polygons.clone()),
            CocoSegment::Rle { counts: case.counts.clone(), size },
            CocoSegment::CompressedRle { counts: case.compressed.clone(), size },
        ] {
            let mask = coco::union(&[segment], case.height, case.width).unwrap();
            assert_eq!(mask.area(), case.area, "{:?}", case.polygons);
            let bytes: Vec<u8> = mask.data.iter().map(|&object| u8::from(object)).collect();
            assert_eq!(
                format!("{:08x}", formula::crc32(&bytes)),
                case.crc32,
                "{:?}",
                case.polygons
            );
        }
        assert_eq!(coco::compress(&case.counts), case.compressed);
    }
}

#[test]
fn a_wrong_segment_says_what_is_wrong() {
    let error = |segment: CocoSegment| coco::union(&[segment], 4, 5).unwrap_err();
    let rle = |counts: &[u32], size| CocoSegment::Rle { counts: counts.to_vec(), size };
    assert!(error(rle(&[3, 4], [4, 5])).contains("add up to 7, 4 x 5 pixels are 20"));
    assert!(error(rle(&[10, 10], [5, 4])).contains("for 5 x 4 pixels"));
    assert!(error(rle(&[u32::MAX, u32::MAX], [4, 5])).contains("add up to 8589934590"));
    let text = |counts: &str| CocoSegment::CompressedRle { counts: counts.into(), size: [4, 5] };
    assert!(error(text("T")).contains("end inside a number"));
    assert!(error(text("é")).contains("character"));
    assert!(error(text("ooooooooo0")).contains("more than 32 bits"));
    assert!(error(text("N")).contains("negative run"));
    let polygon = |points: &[f64]| CocoSegment::Polygons(vec![points.to_vec()]);
    assert!(error(polygon(&[1.0, 1.0, 2.0, 2.0])).contains("has 4 numbers"));
    assert!(error(polygon(&[1.0, 1.0, 2.0, 2.0, 3.0, f64::NAN])).contains("NaN"));
    assert!(error(polygon(&[1.0, 1.0, 2e9, 2.0, 3.0, 3.0])).contains("2000000000"));
}

#[test]
fn a_stated_size_that_no_image_has_is_refused_before_it_is_allocated() {
    let image = crate::RgbImage { width: 5, height: 4, data: vec![0; 60] };
    let image = crate::pixels::Decoded::plain(image);
    let options = MaskOptions { resize_nearest: true, ..MaskOptions::default() };
    for size in [[usize::MAX, 2], [1 << 20, 1 << 20], [0, 5], [4, 0], [0, usize::MAX]] {
        for segment in [
            CocoSegment::Rle { counts: vec![], size },
            CocoSegment::CompressedRle { counts: String::new(), size },
        ] {
            let error = MaskSource::Coco {
                file: Path::new("set.json").into(),
                segments: vec![segment],
                size: None,
            }
            .load(&image, &options)
            .unwrap_err();
            let said = error.to_string();
            assert!(
                said.starts_with("set.json: ") && said.contains("expected 1 to 100000000"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_mask_of_an_exif_turned_image() {
    let image = |stored: (usize, usize), applied: u8| {
        let (width, height) = if applied >= 5 { (stored.1, stored.0) } else { stored };
        let image = crate::RgbImage { width, height, data: vec![0; width * height * 3] };
        crate::pixels::Decoded { image, stored, applied }
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.png");
    // 3 x 2, object in the first pixel.
    image::save_buffer(&path, &[9, 0, 0, 0, 0, 0], 3, 2, image::ColorType::L8).unwrap();
    let source = MaskSource::File(path);
    let load = |image: &crate::pixels::Decoded| source.load(image, &MaskOptions::default());
    assert_eq!(load(&image((3, 2), 1)).unwrap(), mask(&["#..", "..."]));
    assert_eq!(load(&image((3, 2), 6)).unwrap(), mask(&[".#", "..", ".."]), "stored size");
    assert_eq!(load(&image((2, 3), 6)).unwrap(), mask(&["#..", "..."]), "displayed size");
    assert_eq!(load(&image((3, 2), 3)).unwrap(), mask(&["#..", "..."]), "displayed wins");
    let error = load(&image((4, 2), 6)).unwrap_err().to_string();
    assert!(
        error.contains("3 x 2 pixels (width x height), its image 2 x 4 (4 x 2 as stored"),
        "{error}"
    );
    let options = MaskOptions { resize_nearest: true, ..Default::default() };
    assert_eq!(source.load(&image((6, 4), 1), &options).unwrap().area(), 4);
    // Polygons: as stored, unless they leave it.
    let polygon = |x: f64| {
        let square = vec![x, 0.0, x + 1.0, 0.0, x + 1.0, 1.0, x, 1.0];
        MaskSource::Coco {
            file: Path::new("set.json").into(),
            segments: vec![CocoSegment::Polygons(vec![square])],
            size: None,
        }
    };
    let turned = image((2, 5), 6);
    let as_stored = polygon(0.0).load(&turned, &MaskOptions::default()).unwrap();
    assert_eq!((as_stored.width, as_stored.height), (5, 2));
    assert_eq!(as_stored.bounding_box().unwrap().left, 4);
    let as_shown = polygon(3.0).load(&turned, &MaskOptions::default()).unwrap();
    assert_eq!(as_shown.bounding_box().unwrap().left, 3);
}

proptest::proptest! {
    #[test]
    fn run_lengths_survive_the_round_trip(bits in proptest::collection::vec(proptest::bool::ANY, 1..200)) {
        let mut counts = vec![0u32];
        let mut value = false;
        for &bit in &bits {
            if bit != value {
                counts.push(0);
                value = bit;
            }
            *counts.last_mut().unwrap() += 1;
        }
        let text = coco::compress(&counts);
        proptest::prop_assert_eq!(&coco::decompress(&text).unwrap(), &counts);
        let segment = CocoSegment::CompressedRle { counts: text, size: [bits.len(), 1] };
        proptest::prop_assert_eq!(coco::union(&[segment], bits.len(), 1).unwrap().data, bits);
    }

    #[test]
    fn any_string_and_any_polygon_is_handled(text in "[ -~]{0,40}", points in proptest::collection::vec(-50.0..200.0f64, 0..20)) {
        let _ = coco::decompress(&text);
        let _ = coco::polygon_runs(&points, 30, 40);
    }

    #[test]
    fn any_npy_is_handled(edits in proptest::collection::vec((0usize..163, 0u8..=255), 1..5)) {
        let mut file = std::fs::read(golden("npy/uint8.npy")).unwrap();
        for (at, value) in edits {
            file[at] = value;
        }
        let _ = npy::parse(&file, 10_000);
    }
}

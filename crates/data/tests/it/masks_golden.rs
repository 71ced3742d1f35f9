//! Masks in every format against what Pillow and NumPy read from them (reference/masks.py).
use crate::formula::rows;
use rightly_data::{
    MaskSource, RgbImage,
    mask::{MaskOptions, MaskSurvey, survey},
    pixels::{DecodeOptions, encode_png, read},
};
use std::path::{Path, PathBuf};

fn golden(name: &str) -> MaskSource {
    MaskSource::File(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/masks").join(name))
}

/// A survey of these files, as of a dataset.
pub(crate) fn surveyed(sources: &[MaskSource]) -> MaskSurvey {
    survey(&sources.iter().collect::<Vec<_>>(), &MaskOptions::default())
}

/// The object's share in a mask file, for an image of any size.
pub(crate) fn share(source: &MaskSource, options: &MaskOptions, folder: &Path) -> f64 {
    let path = folder.join("image.png");
    for (width, height) in [(128, 96), (32, 24)] {
        let image = RgbImage { width, height, data: vec![7; width * height * 3] };
        std::fs::write(&path, encode_png(&image).unwrap()).unwrap();
        let decoded = read(&path, &DecodeOptions::default()).unwrap();
        match source.load(&decoded, options) {
            Ok(mask) => return mask.area() as f64 / mask.data.len() as f64,
            Err(error) => assert!(error.to_string().contains("pixels (width x height)"), "{error}"),
        }
    }
    panic!("{source:?} has neither size")
}

fn expected() -> Vec<(String, f64, String)> {
    rows(include_str!("../golden/masks.csv"))
        .map(|row| (row[0].to_owned(), row[1].parse().unwrap(), row[2].to_owned()))
        .collect()
}

#[test]
fn every_format_has_the_share_that_pillow_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, right, rule) in expected() {
        let source = golden(&name);
        let seen = surveyed(std::slice::from_ref(&source));
        assert_eq!((seen.read, seen.unreadable), (1, 0), "{name}");
        let found = share(&source, &seen.options, folder.path());
        // Lossless files are read to the pixel; another decoder's arithmetic moves single ones.
        let allowed = if rule == "from half on" { 0.005 } else { 1e-6 };
        if (found - right).abs() > allowed {
            wrong.push(format!("{name} ({rule}): {found:.6} for {right:.6}"));
        }
        // What was drawn is found by every way to save it, but for the soft matte, which says so.
        let drawn =
            if name.ends_with(".npy") || name.ends_with(".bmp") { right } else { 0.348_958 };
        match name.as_str() {
            "soft.png" => assert!(seen.doubts[0].problem.contains("soft masks"), "{name}"),
            "smooth.jpg" => assert!((found - drawn).abs() < 0.012, "{name}: {found}"),
            _ => {
                assert!((found - drawn).abs() <= 0.005, "{name}: {found} for {drawn}");
                assert_eq!(seen.doubts, [], "{name}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// All files in one folder: each is read as it is read alone.
#[test]
fn a_folder_of_every_format_reads_each_by_its_own_values() {
    let folder = tempfile::tempdir().unwrap();
    let coverage: Vec<(String, f64, String)> =
        expected().into_iter().filter(|(_, _, rule)| rule != "without the largest").collect();
    let sources: Vec<MaskSource> = coverage.iter().map(|(name, _, _)| golden(name)).collect();
    let seen = surveyed(&sources);
    for ((name, right, _), source) in coverage.iter().zip(&sources) {
        let found = share(source, &seen.options, folder.path());
        assert!((found - right).abs() <= 0.005, "{name}: {found} for {right}");
    }
    assert!(!seen.options.label_maps);
}

#[test]
fn label_maps_with_void_do_not_change_an_odd_file_and_it_does_not_change_them() {
    let folder = tempfile::tempdir().unwrap();
    let maps = ["void.png", "palette-void.png", "void-16.png", "void-255-in-16.png", "void.npy"];
    for odd in
        ["gray.png", "smooth.png", "rgb.png", "rgba.png", "q60.jpg", "q60-webp.png", "ones.png"]
    {
        let mut sources: Vec<MaskSource> = maps.iter().map(|name| golden(name)).collect();
        sources.push(golden(odd));
        let seen = surveyed(&sources);
        assert!(seen.options.label_maps, "{odd}");
        assert!(seen.decision.contains("label maps with void"), "{}", seen.decision);
        for (name, source) in maps.iter().chain([&odd]).zip(&sources) {
            let found = share(source, &seen.options, folder.path());
            let near = if name.ends_with(".npy") { 0.01 } else { 0.005 };
            assert!((found - 0.348_958).abs() < near, "{odd}: {name}: {found}");
        }
        // 255 alone beside label maps is said; the others can't be mistaken.
        let doubts: Vec<&str> = seen.doubts.iter().map(|d| d.problem.as_str()).collect();
        if odd == "gray.png" {
            assert!(doubts[0].starts_with("masks with 255 alone"), "{doubts:?}");
            assert!(seen.doubts[0].action.contains("--mask-void 255"), "{:?}", seen.doubts);
        } else {
            assert_eq!(doubts, [""; 0], "{odd}");
        }
    }
}

/// Label maps in no more than half of the files: 255 stays object, and both shares are said.
#[test]
fn label_maps_in_half_of_the_files_are_in_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let sources: Vec<MaskSource> =
        ["void.png", "palette-void.png", "gray.png", "ones.png"].map(golden).to_vec();
    let seen = surveyed(&sources);
    assert!(!seen.options.label_maps);
    assert!(share(&sources[0], &seen.options, folder.path()) > 0.4);
    let doubt = &seen.doubts[0];
    assert_eq!(doubt.files, 2);
    assert!((doubt.shares[1] - 0.348_958).abs() < 1e-5 && doubt.shares[0] > 0.4, "{doubt:?}");
    for part in ["2 of 4 mask files", "0.349"] {
        assert!(doubt.problem.contains(part), "{doubt:?}");
    }
    for flag in ["--mask-void 255", "--mask-object 1-255"] {
        assert!(doubt.action.contains(flag), "{doubt:?}");
    }
    let given = |object: &[&str], void: &[&str]| MaskOptions {
        object: (!object.is_empty()).then(|| object.iter().map(|v| v.parse().unwrap()).collect()),
        void: void.iter().map(|v| v.parse().unwrap()).collect(),
        ..MaskOptions::default()
    };
    let with = |options: &MaskOptions| share(&sources[0], options, folder.path());
    assert!((with(&given(&[], &["255"])) - doubt.shares[1]).abs() < 1e-5);
    assert!((with(&given(&["1-255"], &[])) - with(&seen.options)).abs() < 1e-9);
    // A range reads soft and lossy files as they stand, single values by their two sides.
    let soft = golden("soft.png");
    let found = share(&soft, &given(&["128-255"], &[]), folder.path());
    assert!((found - 0.348_958).abs() < 0.02, "{found}");
    let lossy = golden("q60.jpg");
    assert!((share(&lossy, &given(&["255"], &[]), folder.path()) - 0.348_958).abs() < 0.005);
    assert!(share(&lossy, &given(&["1-255"], &[]), folder.path()) > 0.4);
}

#[test]
fn an_array_with_nan_is_no_mask() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(path_of(&golden("ones.npy"))).unwrap();
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&f64::NAN.to_le_bytes());
    let file = folder.path().join("m.npy");
    std::fs::write(&file, bytes).unwrap();
    let seen = surveyed(&[MaskSource::File(file)]);
    assert_eq!((seen.read, seen.unreadable), (0, 1));
}

fn path_of(source: &MaskSource) -> PathBuf {
    match source {
        MaskSource::File(path) => path.clone(),
        other => panic!("{other:?} is no file"),
    }
}

use crate::dataset_tree::{Tree, has_note, ids, jpeg, mask_png, problems, with_masks};
use rightly_data::{Dataset, MaskSource, pixels::DecodeOptions};

fn masks(tree: &Tree, data: &Dataset) -> Vec<Option<String>> {
    data.samples
        .iter()
        .map(|s| match &s.mask {
            Some(MaskSource::File(path)) => {
                Some(path.strip_prefix(tree.root()).unwrap().to_str().unwrap().to_owned())
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_mirror_by_stem_with_any_ending() {
    let tree = Tree::new();
    tree.images(["d/a/1.jpg", "d/a/2.jpg", "d/a/caf\u{e9}.jpg", "d/b/1.jpg", "d/b/2.x.jpg"]);
    for name in ["m/a/1.png", "m/a/cafe\u{301}.PNG", "m/b/1.jpg", "m/b/1.png", "m/b/2.x.tif"] {
        tree.write(name, mask_png(8, 6, 255));
    }
    tree.write("m/b/9.png", mask_png(8, 6, 255)).write("m/readme.txt", "x");
    let data = tree.open_with("d", &with_masks(&tree, "m"));
    let expected = [
        Some("m/a/1.png"),
        None,
        Some("m/a/cafe\u{301}.PNG"),
        Some("m/b/1.jpg"),
        Some("m/b/2.x.tif"),
    ];
    assert_eq!(masks(&tree, &data), expected.map(|m| m.map(str::to_owned)));
    assert_eq!(
        problems(&data),
        ["b/1.jpg: several mask files: 'b/1.jpg' and 'b/1.png' -> 'b/1.jpg' is used"]
    );
    assert!(has_note(&data, "4 of 5 images have a mask"), "{:?}", data.notes);
    assert!(has_note(&data, "2 mask files belong to no image"), "{:?}", data.notes);
    assert!(has_note(&data, "1 of 5 images have no mask"), "{:?}", data.notes);
}

#[test]
fn masks_inside_the_data_are_no_class() {
    let tree = Tree::new();
    tree.images(["d/a/1.jpg", "d/a/2.jpg"]);
    tree.write("d/objects/a/1.png", mask_png(8, 6, 1));
    let data = tree.open_with("d", &with_masks(&tree, "d/objects"));
    assert_eq!(data.classes, ["a"]);
    assert_eq!(masks(&tree, &data)[0].as_deref(), Some("d/objects/a/1.png"));
}

#[test]
fn hard_imagenet_names_are_understood() {
    let tree = Tree::new();
    tree.images(["d/val/n03218198/ILSVRC2012_val_00000001.JPEG", "d/val/n03218198/x.JPEG"]);
    tree.write("m/val/n03218198_ILSVRC2012_val_00000001.JPEG", mask_png(8, 6, 255));
    tree.write("flat/n03218198_x.JPEG", mask_png(8, 6, 255));
    let data = tree.open_with("d", &with_masks(&tree, "m"));
    let name = "m/val/n03218198_ILSVRC2012_val_00000001.JPEG".to_owned();
    assert_eq!(masks(&tree, &data), [Some(name), None]);
    let data = tree.open_with("d", &with_masks(&tree, "flat"));
    assert_eq!(masks(&tree, &data), [None, Some("flat/n03218198_x.JPEG".to_owned())]);
}

#[test]
fn tables_take_masks_too_and_the_flag_wins() {
    let tree = Tree::new();
    tree.images(["images/a/1.jpg", "images/b/1.jpg"]);
    tree.write("own.png", mask_png(8, 6, 255));
    tree.write("t.csv", "image,class,mask\nimages/a/1.jpg,a,own.png\nimages/b/1.jpg,b,own.png\n");
    tree.write("m/a/1.png", mask_png(8, 6, 255));
    let data = tree.open_with("t.csv", &with_masks(&tree, "m"));
    let expected = [Some("m/a/1.png".to_owned()), Some("own.png".to_owned())];
    assert_eq!(masks(&tree, &data), expected);
    assert!(has_note(&data, "without the first 1 folder of"), "{:?}", data.notes);
    assert!(has_note(&data, "--masks replaces the mask"), "{:?}", data.notes);
    // Without their folders both images would be '1': no match is better than a wrong one.
    tree.write("flat/1.png", mask_png(8, 6, 255));
    let message = tree.error("t.csv", &with_masks(&tree, "flat"));
    assert!(message.contains("no mask matches"), "{message}");
}

#[test]
fn nothing_matches() {
    let tree = Tree::new();
    tree.images(["d/a/1.jpg", "d/a/2.jpg"]);
    tree.write("m/a/1_mask.png", mask_png(8, 6, 255)).write("m/a/2_mask.png", mask_png(8, 6, 255));
    std::fs::create_dir_all(tree.path("empty")).unwrap();
    let message = tree.error("d", &with_masks(&tree, "m"));
    for part in ["image 'a/1.jpg' needs 'a/1.png'", "found 'a/1_mask.png' and 1 more"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(tree.error("d", &with_masks(&tree, "empty")).contains("no mask files"));
    assert!(tree.error("d", &with_masks(&tree, "absent")).contains("absent"));
}

/// Files of 0 and 1 beside files of 0 and 255: each by its own largest value, none is void.
#[test]
fn values_are_decided_from_what_is_seen() {
    let tree = Tree::new();
    tree.write("d/a/1.jpg", jpeg(8, 6, 0)).write("d/a/2.jpg", jpeg(8, 6, 9));
    tree.write("m/a/1.png", mask_png(8, 6, 1)).write("m/a/2.png", mask_png(8, 6, 255));
    let mut options = with_masks(&tree, "m");
    let data = tree.open_with("d", &options);
    assert!(!data.mask_options.label_maps && problems(&data).is_empty());
    assert!(has_note(&data, "all above 0 are object"), "{:?}", data.notes);
    for sample in &data.samples {
        let image = sample.image.load(&DecodeOptions::default()).unwrap();
        let mask = sample.mask.as_ref().unwrap().load(&image, &data.mask_options).unwrap();
        assert_eq!(mask.area(), 12);
    }
    options.mask_options.object = Some(vec![255.into()]);
    let data = tree.open_with("d", &options);
    assert_eq!(data.mask_options, options.mask_options);
    assert_eq!(ids(&data), ["a/1.jpg", "a/2.jpg"]);
}

/// What can be read in two ways is a problem of the data that names the first image.
#[test]
fn masks_in_doubt_are_problems() {
    let tree = Tree::new();
    tree.write("d/a/1.jpg", jpeg(20, 16, 0)).write("d/a/2.jpg", jpeg(20, 16, 9));
    // The object is 1, a broad border of it 255.
    let labels = image::GrayImage::from_fn(20, 16, |x, y| {
        image::Luma([match (x, y) {
            (4..12, 4..12) => 1,
            (2..14, 2..14) => 255,
            _ => 0,
        }])
    });
    labels.save(tree.path("one.png")).unwrap();
    let labels = std::fs::read(tree.path("one.png")).unwrap();
    tree.write("m/a/1.png", mask_png(20, 16, 255)).write("m/a/2.png", labels);
    let data = tree.open_with("d", &with_masks(&tree, "m"));
    assert_eq!(
        problems(&data),
        [
            "a/2.jpg: masks with 255 beside smaller values can be read in two ways: in 1 of 2 mask files 255 may be object or void; the object's share there is 0.450 with 255 as object, 0.200 with 255 as void -> 255 is taken for object; --mask-void 255 (65535 in 16 bits) takes it for void, --mask-object 1-255 for object"
        ]
    );
}

//! COCO files against pycocotools (reference/coco_regions.py), and files in which something is wrong.
use crate::{
    dataset_tree::{Tree, has_note, ids, jpeg, problems},
    formula::crc32,
};
use rightly_data::{
    Dataset, RgbImage,
    dataset::OpenOptions,
    mask::MaskOptions,
    pixels::{DecodeOptions, encode_png},
};
use serde_json::{Value, json};

fn open(tree: &Tree, file: &str) -> Dataset {
    tree.write("c.json", file);
    let data = format!("coco:{},{}", tree.path("c.json").display(), tree.path("i").display());
    Dataset::open(&data, &OpenOptions::default()).unwrap()
}

#[derive(serde::Deserialize)]
struct Golden {
    file: Value,
    expected: Vec<Expected>,
}

#[derive(serde::Deserialize)]
struct Expected {
    file_name: String,
    class: String,
    area: usize,
    crc32: String,
}

#[test]
fn objects_and_classes_are_those_of_pycocotools() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/coco_regions.json")).unwrap();
    let tree = Tree::new();
    let image = RgbImage { width: 50, height: 40, data: vec![90; 50 * 40 * 3] };
    for expected in &golden.expected {
        tree.write(&format!("i/{}", expected.file_name), encode_png(&image).unwrap());
    }
    let data = open(&tree, &golden.file.to_string());
    assert_eq!(data.samples.len(), golden.expected.len());
    for (sample, expected) in data.samples.iter().zip(&golden.expected) {
        assert_eq!(sample.id, expected.file_name);
        assert_eq!(data.classes[sample.class], expected.class, "{}", sample.id);
        let decoded = sample.image.load(&DecodeOptions::default()).unwrap();
        let mask = sample.mask.as_ref().unwrap().load(&decoded, &data.mask_options).unwrap();
        assert_eq!(mask.area(), expected.area, "{}", sample.id);
        let bytes: Vec<u8> = mask.data.iter().map(|&on| u8::from(on)).collect();
        assert_eq!(format!("{:08x}", crc32(&bytes)), expected.crc32, "{}", sample.id);
    }
    assert_eq!(problems(&data), [""; 0]);
    assert!(has_note(&data, "12 crowd regions (iscrowd) are no objects"), "{:?}", data.notes);
}

/// A file with one good image and one with this annotation.
fn with(annotation: &Value) -> String {
    let square = json!([[0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 3.0]]);
    let mut bad = json!({"id": 7, "image_id": 2, "category_id": 1, "iscrowd": 0, "area": 12.0,
                         "bbox": [0, 0, 4, 3], "segmentation": square});
    for (key, value) in annotation.as_object().unwrap() {
        bad[key] = value.clone();
    }
    json!({
        "images": [{"id": 1, "file_name": "1.jpg", "height": 6, "width": 8},
                   {"id": 2, "file_name": "2.jpg", "height": 6, "width": 8}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [
            {"id": 3, "image_id": 1, "category_id": 1, "segmentation": square},
            {"id": 4, "image_id": 2, "category_id": 1, "segmentation": square},
            bad,
        ],
    })
    .to_string()
}

fn tree() -> Tree {
    let tree = Tree::new();
    tree.images(["i/1.jpg", "i/2.jpg"]);
    tree
}

#[test]
fn one_bad_annotation_costs_its_image_and_names_both() {
    let tree = tree();
    let rows = [
        (json!({"segmentation": [[1.0, 1.0, 3.0, 3.0]]}), "annotation 7: a polygon has 4 numbers"),
        (
            json!({"segmentation": [[1.0, 1.0, 3.0, 3.0, 5.0]]}),
            "annotation 7: a polygon has 5 numbers",
        ),
        (
            json!({"segmentation": {"counts": [0, 6, 41], "size": [6, 8]}}),
            "annotation 7: the run lengths add up to 47, 6 x 8 pixels are 48",
        ),
        (
            json!({"segmentation": {"counts": [0, 6, 42], "size": [8, 6]}}),
            "annotation 7: its run lengths are for 8 x 6 pixels (height x width), its image is listed with 6 x 8",
        ),
        (
            json!({"segmentation": {"counts": "T", "size": [6, 8]}}),
            "annotation 7: the compressed run lengths",
        ),
        (
            json!({"segmentation": {"counts": [0, -6, 54], "size": [6, 8]}}),
            "annotation 7: its segmentation is neither",
        ),
        (json!({"segmentation": [["x"]]}), "annotation 7: its segmentation is neither"),
        (
            json!({"segmentation": [[1e300, 1.0, 3.0, 3.0, 5.0, 1.0]]}),
            "annotation 7: a polygon holds the coordinate",
        ),
        (json!({"category_id": 5}), "annotation 7 names category 5, which is not listed"),
        (json!({"area": "large"}), "annotation 7 can't be read"),
        (json!({"bbox": [1, 2]}), "annotation 7: its bbox has 2 numbers"),
        (json!({"bbox": [1, 2, -3, 4]}), "annotation 7: its bbox has the size -3 x 4"),
        (json!({"area": -4.0}), "annotation 7: its area is -4"),
    ];
    for (annotation, part) in rows {
        let data = open(&tree, &with(&annotation));
        assert_eq!(ids(&data), ["1.jpg"], "{annotation}");
        let found = &problems(&data)[0];
        assert!(
            found.starts_with("2.jpg: one of its annotations can't be used: ")
                && found.contains(part),
            "{found}"
        );
        assert!(found.ends_with("-> left out"), "{found}");
    }
    // Python's way to write what JSON can't.
    for key in ["area", "segmentation"] {
        let nan = with(&json!({ key: "@" })).replace("\"@\"", "NaN");
        let data = open(&tree, &nan);
        assert_eq!(ids(&data), ["1.jpg"]);
        assert!(
            problems(&data)[0].contains("can't be used: annotation 7"),
            "{:?}",
            problems(&data)
        );
    }
    let nan =
        with(&json!({"segmentation": [["@", 1.0, 3.0, 3.0, 5.0, 1.0]]})).replace("\"@\"", "NaN");
    assert_eq!(ids(&open(&tree, &nan)), ["1.jpg"]);
    // An image that is not listed costs the annotation only.
    let data = open(&tree, &with(&json!({"image_id": 9})));
    assert_eq!(ids(&data), ["1.jpg", "2.jpg"]);
    assert_eq!(
        problems(&data)[0],
        "image 9: an annotation of an image that is not listed: annotation 7 -> left out"
    );
}

/// Whatever a crowd's segmentation is, it is no object.
#[test]
fn crowds_are_no_objects() {
    let tree = tree();
    for mark in [json!(1), json!(true), json!(1.0)] {
        for segmentation in [json!([[0.0, 0.0, 8.0, 0.0, 8.0, 6.0, 0.0, 6.0]]), json!("nothing")] {
            let crowd = json!({"iscrowd": mark, "area": 999.0, "segmentation": segmentation});
            let data = open(&tree, &with(&crowd));
            assert_eq!(ids(&data), ["1.jpg", "2.jpg"]);
            let decoded = data.samples[1].image.load(&DecodeOptions::default()).unwrap();
            let mask = data.samples[1].mask.as_ref().unwrap();
            assert_eq!(mask.load(&decoded, &MaskOptions::default()).unwrap().area(), 12);
        }
    }
    let mut file: Value = serde_json::from_str(&with(&json!({"iscrowd": 1}))).unwrap();
    file["annotations"].as_array_mut().unwrap().remove(1);
    let data = open(&tree, &file.to_string());
    assert_eq!(ids(&data), ["1.jpg"]);
    assert!(problems(&data)[0].contains("crowd regions only"), "{:?}", problems(&data));
}

#[test]
fn what_contradicts_the_files_own_numbers_is_said() {
    let tree = tree();
    for (annotation, part) in [
        (json!({"area": 900.0}), "annotation 7: its area is given as 900, its segmentation has 12"),
        (
            json!({"bbox": [0, 0, 40, 3]}),
            "annotation 7: its bbox is given as x 0, y 0, width 40, height 3",
        ),
        (
            json!({"bbox": null, "area": null, "segmentation": [[0.0, 0.0, 30.0, 0.0, 30.0, 3.0, 0.0, 3.0]]}),
            "its image is listed with 8 x 6 pixels",
        ),
    ] {
        let data = open(&tree, &with(&annotation));
        assert_eq!(ids(&data), ["1.jpg", "2.jpg"], "{annotation}");
        let found = &problems(&data)[0];
        assert!(found.starts_with("2.jpg: its annotations contradict themselves: "), "{found}");
        assert!(
            found.contains(part) && found.ends_with("-> used as its segmentation is drawn"),
            "{found}"
        );
    }
    // The image itself has another size than the file says.
    tree.write("i/2.jpg", jpeg(16, 12, 3));
    let data = open(&tree, &with(&json!({})));
    let decoded = data.samples[1].image.load(&DecodeOptions::default()).unwrap();
    let mask = data.samples[1].mask.as_ref().unwrap();
    let error = mask.load(&decoded, &MaskOptions::default()).unwrap_err().to_string();
    assert!(error.contains("8 x 6 pixels (width x height), its image 16 x 12"), "{error}");
    let resized = MaskOptions { resize_nearest: true, ..MaskOptions::default() };
    assert_eq!(mask.load(&decoded, &resized).unwrap().area(), 48);
}

/// An object that has a box only would be missing in the mask.
#[test]
fn a_mask_that_lacks_an_object_is_not_used() {
    let tree = tree();
    let data = open(&tree, &with(&json!({"segmentation": null})));
    assert!(data.samples[0].mask.is_some() && data.samples[1].mask.is_none());
    assert!(problems(&data)[0].contains("have a box only: 1"), "{:?}", problems(&data));
}

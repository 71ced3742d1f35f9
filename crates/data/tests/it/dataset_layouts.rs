use crate::dataset_tree::{Tree, has_note, ids, jpeg, mask_jpeg, mask_png, problems};
use base64::prelude::{BASE64_STANDARD, Engine};
use rightly_data::{
    Dataset, MaskSource, RgbImage, dataset::OpenOptions, mask::CocoSegment, pixels::DecodeOptions,
};
use serde_json::json;

fn open(data: &str) -> Dataset {
    Dataset::open(data, &OpenOptions::default()).unwrap()
}
fn error(data: &str) -> String {
    Dataset::open(data, &OpenOptions::default()).unwrap_err().to_string()
}

#[test]
fn coco() {
    let tree = Tree::new();
    tree.images(["i/000000000009.jpg", "i/000000000025.jpg", "i/sub/3.jpg", "i/4.jpg", "i/5.jpg"]);
    let square = json!([[0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 3.0]]);
    let file = json!({
        "info": {}, "licenses": [],
        "images": [
            {"id": 25, "file_name": "000000000025.jpg", "height": 6, "width": 8},
            {"id": 9, "file_name": "000000000009.jpg", "height": 6, "width": 8},
            {"id": 3, "file_name": "sub/3.jpg", "height": 6, "width": 8},
            {"id": 4, "file_name": "4.jpg", "height": 6, "width": 8},
            {"id": 5, "file_name": "5.jpg", "height": 6, "width": 8},
            {"id": 6, "file_name": "gone.jpg", "height": 6, "width": 8},
            {"id": 7, "file_name": "4.jpg", "height": 6, "width": 8},
        ],
        "categories": [
            {"id": 1, "name": "person", "supercategory": "person"},
            {"id": 18, "name": "dog", "supercategory": "animal"},
            {"id": 90, "name": "toothbrush", "supercategory": "indoor"},
        ],
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 18, "iscrowd": 0, "area": 12.0,
             "bbox": [0, 0, 4, 3], "segmentation": square},
            {"id": 2, "image_id": 9, "category_id": 1, "iscrowd": 0, "area": 7.0,
             "bbox": [0, 0, 4, 3], "segmentation": square},
            {"id": 3, "image_id": 9, "category_id": 1, "iscrowd": 0, "area": 6.0,
             "bbox": [0, 0, 1, 6],
             "segmentation": {"counts": [0, 6, 42], "size": [6, 8]}},
            {"id": 4, "image_id": 25, "category_id": 18, "iscrowd": 0, "area": 6.0,
             "bbox": [0, 0, 1, 6], "segmentation": {"counts": "06Z1", "size": [6, 8]}},
            // No area: from the polygon, 12 against the other's 6.
            {"id": 5, "image_id": 3, "category_id": 18, "segmentation": square},
            {"id": 6, "image_id": 3, "category_id": 1,
             "segmentation": {"counts": [0, 6, 42], "size": [6, 8]}},
            {"id": 7, "image_id": 4, "category_id": 18, "area": 4.0, "bbox": [0, 0, 2, 2]},
            {"id": 8, "image_id": 6, "category_id": 18, "area": 4.0, "bbox": [0, 0, 2, 2]},
        ],
    });
    tree.write("c.json", file.to_string());
    let images = tree.path("i");
    let data = open(&format!("coco:{},{}", tree.path("c.json").display(), images.display()));
    assert_eq!(data.classes, ["dog", "person"], "unused categories are no classes");
    assert_eq!(ids(&data), ["000000000009.jpg", "000000000025.jpg", "4.jpg", "sub/3.jpg"]);
    assert_eq!(data.samples.iter().map(|s| s.class).collect::<Vec<_>>(), [1, 0, 0, 0]);
    let polygon = CocoSegment::Polygons(vec![vec![0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 3.0]]);
    let runs = CocoSegment::Rle { counts: vec![0, 6, 42], size: [6, 8] };
    let text = CocoSegment::CompressedRle { counts: "06Z1".into(), size: [6, 8] };
    let segments = |i: usize| match &data.samples[i].mask {
        Some(MaskSource::Coco { segments, .. }) => segments.clone(),
        _ => vec![],
    };
    assert_eq!(segments(0), [polygon.clone(), runs]);
    assert_eq!(segments(1), [text]);
    assert_eq!(segments(2), []);
    assert_eq!(segments(3), [polygon]);
    assert_eq!(
        problems(&data),
        [
            "5.jpg: no annotation, so no class -> left out",
            "gone.jpg: no such file -> left out",
            "4.jpg: listed twice: as image 4 and image 7 -> the first is used",
            "person: class of one image -> no figure for it that needs two images",
        ]
    );
    assert!(has_note(&data, "2 images have objects of several categories"), "{:?}", data.notes);
    assert!(has_note(&data, "1 images have boxes only"), "{:?}", data.notes);
    // The first image's mask: the 4 x 3 rectangle and the first column of 6.
    let image = data.samples[0].image.load(&DecodeOptions::default()).unwrap();
    let mask = data.samples[0].mask.as_ref().unwrap().load(&image, &data.mask_options).unwrap();
    assert_eq!(mask.area(), 15);
}

#[test]
fn coco_errors() {
    let tree = Tree::new();
    tree.images(["i/1.jpg"]);
    let at =
        |json: &str| format!("coco:{},{}", tree.path(json).display(), tree.path("i").display());
    tree.write(
        "captions.json",
        r#"{"images": [], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
    );
    let message = error(&at("captions.json"));
    assert!(message.contains("captions.json") && message.contains("`categories`"), "{message}");
    tree.write(
        "c.json",
        r#"{"images": [], "categories": [], "annotations": [{"image_id": 1, "category_id": 5}]}"#,
    );
    assert!(error(&at("c.json")).contains("category 5"));
    assert!(error("coco:only.json").contains("coco:ANNOTATIONS.json,IMAGES"));
    assert!(error(&at("absent.json")).contains("absent.json"));
}

#[test]
fn imagenet() {
    let tree = Tree::new();
    tree.images([
        "in/train/n01440764/n01440764_18.JPEG",
        "in/train/n02492660/n02492660_1.JPEG",
        "in/val/n01440764/ILSVRC2012_val_00000293.JPEG",
        "in/val/n02492660/ILSVRC2012_val_00000294.JPEG",
        "flat/n01440764/n01440764_18.JPEG",
        "flat/n01440764/n01440764_19.JPEG",
        "unsorted/train/n01440764/n01440764_18.JPEG",
        "unsorted/val/ILSVRC2012_val_00000293.JPEG",
    ]);
    let data = open(&format!("imagenet:{}", tree.path("in").display()));
    let outputs = data.outputs.as_ref().unwrap();
    assert_eq!(outputs.len(), data.classes.len());
    let tench = data.classes.iter().position(|class| class == "n01440764").unwrap();
    assert_eq!(outputs[tench], [0], "synsets in ascending order are outputs 0 to 999");
    assert_eq!(data.classes, ["n01440764", "n02492660"]);
    assert_eq!(data.samples[0].id, "train/n01440764/n01440764_18.JPEG");
    let (indices, split, _) = data.choose_split(None).unwrap();
    assert_eq!((indices, split.as_str()), (vec![2, 3], "val"));
    let flat = open(&format!("imagenet:{}", tree.path("flat").display()));
    assert_eq!(flat.samples.len(), 2);
    let message = error(&format!("imagenet:{}", tree.path("unsorted").display()));
    assert!(message.contains("sorted into class folders"), "{message}");
}

#[test]
fn hard_imagenet() {
    let tree = Tree::new();
    let (sled, ski) = ("n03218198", "n04228054");
    tree.write(&format!("in/train/{sled}/{sled}_10.JPEG"), jpeg(50, 37, 1));
    tree.write(&format!("in/train/{sled}/{sled}_11.JPEG"), jpeg(50, 37, 2));
    tree.write(&format!("in/val/{ski}/ILSVRC2012_val_00000007.JPEG"), jpeg(40, 60, 3));
    tree.write(&format!("in/val/{ski}/ILSVRC2012_val_00000008.JPEG"), jpeg(40, 60, 4));
    // PNG content under the ending .JPEG, and a true JPEG.
    tree.write(&format!("m/train/{sled}_{sled}_10.JPEG"), mask_png(50, 37, 255));
    tree.write(&format!("m/val/{ski}_ILSVRC2012_val_00000007.JPEG"), mask_jpeg(40, 60));
    tree.write(&format!("m/val/{ski}_ILSVRC2012_val_00000009.JPEG"), mask_jpeg(40, 60));
    tree.write("m/val/n01440764_ILSVRC2012_val_00000293.JPEG", mask_jpeg(40, 60));
    tree.write("m/paths_by_rank2.pkl", "x").write("m/meta/idx_to_wnid.pkl", "x");
    let data =
        open(&format!("hard-imagenet:{},{}", tree.path("m").display(), tree.path("in").display()));
    assert_eq!(data.classes.len(), 15);
    assert_eq!((data.classes[0].as_str(), data.classes[3].as_str()), ("dog sled", "ski"));
    let outputs = data.outputs.as_ref().unwrap();
    assert_eq!((&outputs[0], &outputs[3], &outputs[14]), (&vec![537], &vec![795], &vec![801]));
    assert_eq!(
        ids(&data),
        [
            "train/n03218198/n03218198_10.JPEG".to_owned(),
            format!("val/{ski}/ILSVRC2012_val_00000007.JPEG")
        ]
    );
    assert_eq!(data.samples[1].class, 3);
    assert_eq!(data.choose_split(None).unwrap().1, "val");
    let found = problems(&data);
    let missing = format!(
        "val/{ski}/ILSVRC2012_val_00000009.JPEG: mask without its ImageNet image -> left out"
    );
    assert!(found.contains(&missing), "{found:?}");
    assert!(found.iter().any(|p| p.contains("15 classes")), "{found:?}");
    assert!(found.iter().any(|p| p.starts_with("snorkel: class without usable")), "{found:?}");
    for (sample, area) in data.samples.iter().zip([25 * 18, 20 * 30]) {
        let image = sample.image.load(&DecodeOptions::default()).unwrap();
        let mask = sample.mask.as_ref().unwrap().load(&image, &data.mask_options).unwrap();
        let off = mask.area().abs_diff(area);
        assert!(off <= area / 20, "{}: {} of {area}", sample.id, mask.area());
    }
}

/// `numpy.save` of a `[2, 18]` array of 64-bit integers.
fn attr_labels(present: &[usize], changed: &[usize]) -> Vec<u8> {
    let mut header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 18), }".to_owned();
    header += &" ".repeat(64 - (10 + header.len() + 1) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for row in [present, changed] {
        for column in 0..18 {
            bytes.extend(i64::from(row.contains(&column)).to_le_bytes());
        }
    }
    bytes
}

#[test]
fn rival10() {
    let tree = Tree::new();
    let names = [
        ("train", "n03796401_n03796401_12"),
        ("train", "n04467665_n04467665_3"),
        ("test", "n02123394_ILSVRC2012_val_00000055"),
        ("test", "n02124075_n02124075_9"),
    ];
    for (i, (split, name)) in names.iter().enumerate() {
        let folder = format!("r/RIVAL10/{split}/ordinary/{name}");
        tree.write(&format!("{folder}.JPEG"), jpeg(224, 224, i as u8));
        tree.write(&format!("{folder}_merged_mask.JPEG"), mask_jpeg(224, 224));
        // In the format of `pickle.dumps({name: base64 of a PNG}, 2)`, for the attribute 'wheels'.
        let mask = rightly_data::pixels::encode_png(&RgbImage {
            width: 224,
            height: 224,
            data: (0..224 * 224 * 3).map(|at| if at / 3 % 224 < 56 { 255 } else { 0 }).collect(),
        })
        .unwrap();
        let text = BASE64_STANDARD.encode(mask);
        let mut pickle = b"\x80\x02}(X\x06\0\0\0wheelsX".to_vec();
        pickle.extend((text.len() as u32).to_le_bytes());
        pickle.extend(text.bytes());
        pickle.extend(b"u.");
        tree.write(&format!("{folder}_attr_dict.pkl"), if i == 0 { pickle } else { b"x".to_vec() });
        if i < 3 {
            tree.write(&format!("{folder}_attr_labels.npy"), attr_labels(&[2, 12], &[0]));
            tree.write(
                &format!("r/RIVAL10/{split}/entire_object_masks/{name}.JPEG"),
                mask_jpeg(224, 224),
            );
        }
    }
    tree.write("r/RIVAL10/test/removed/n02123394_x.JPEG", jpeg(224, 224, 9));
    for root in ["r", "r/RIVAL10"] {
        let data = open(&format!("rival10:{}", tree.path(root).display()));
        assert_eq!(data.samples.len(), 4);
        assert_eq!(data.samples[0].id, "train/ordinary/n03796401_n03796401_12.JPEG");
        assert_eq!(data.classes[0], "truck");
        assert_eq!(data.outputs.as_ref().unwrap()[0], [675, 867]);
        assert_eq!(data.outputs.as_ref().unwrap()[4], [283, 285]);
        assert_eq!(data.samples.iter().map(|s| s.class).collect::<Vec<_>>(), [0, 0, 4, 4]);
        assert_eq!(data.attributes.len(), 18);
        let wheels = data.attributes.iter().position(|a| a == "wheels").unwrap();
        assert_eq!(data.samples[0].attributes[wheels].as_deref(), Some("true"));
        assert_eq!(data.samples[0].attributes[0].as_deref(), Some("false"), "row 1 is 'changed'");
        assert_eq!(data.parts, data.attributes);
        let shown: Vec<usize> = (0..18).filter(|&at| data.samples[0].parts[at].is_some()).collect();
        assert_eq!(shown, [wheels, 12]);
        let image = data.samples[0].image.load(&DecodeOptions::default()).unwrap();
        let load = |sample: usize, part: usize| {
            let source = data.samples[sample].parts[part].as_ref().unwrap();
            source.load(&image, &data.mask_options).map_err(|e| e.to_string())
        };
        let mask = load(0, wheels).unwrap();
        assert_eq!((mask.area(), mask.data[55], mask.data[56]), (224 * 56, true, false));
        assert!(load(0, 12).unwrap_err().contains("no mask of 'metallic'; it has those of wheels"));
        assert!(load(1, wheels).unwrap_err().contains("_attr_dict.pkl"));
        assert!(has_note(&data, "0 images of its train and 1 of its test"), "{:?}", data.notes);
        let last = &data.samples[3];
        assert!(last.mask.is_none() && last.attributes.iter().all(Option::is_none));
        let found = problems(&data);
        assert!(found.iter().any(|p| p.contains("entire_object_masks")), "{found:?}");
        assert!(found.iter().any(|p| p.contains("_attr_labels.npy")), "{found:?}");
    }
    assert!(error(&format!("rival10:{}", tree.root().display())).contains("train/ordinary"));
}

#[test]
fn breeds() {
    let tree = Tree::new();
    // living17's salamander: 27 and 29 are source, 26 and 28 target; its turtle: 37 source.
    let files = [
        ("train", "n01631663", "n01631663_1.JPEG"),
        ("train", "n01632777", "n01632777_2.JPEG"),
        ("val", "n01631663", "ILSVRC2012_val_00000007.JPEG"),
        ("train", "n01632458", "n01632458_3.JPEG"),
        ("train", "n01669191", "n01669191_4.JPEG"),
        ("train", "n01440764", "n01440764_5.JPEG"),
    ];
    for (i, (split, synset, name)) in files.iter().enumerate() {
        tree.write(&format!("i/{split}/{synset}/{name}"), jpeg(64, 64, i as u8));
    }
    let data = open(&format!("breeds:living17,{}", tree.path("i").display()));
    assert_eq!(data.classes.len(), 17);
    assert_eq!((data.classes[0].as_str(), data.classes[1].as_str()), ("salamander", "turtle"));
    assert_eq!(data.outputs.as_ref().unwrap()[0], [27, 29, 26, 28]);
    assert_eq!(data.attributes, ["subclass"]);
    let rows: Vec<(&str, usize, &str, &str)> = data
        .samples
        .iter()
        .map(|s| {
            let group = s.group.as_deref().unwrap();
            assert_eq!(s.attributes, [Some(group.to_owned())]);
            (s.id.rsplit('/').next().unwrap(), s.class, s.split.as_deref().unwrap(), group)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("n01631663_1.JPEG", 0, "train", "n01631663"),
            ("n01632458_3.JPEG", 0, "target-train", "n01632458"),
            ("n01632777_2.JPEG", 0, "train", "n01632777"),
            ("n01669191_4.JPEG", 1, "train", "n01669191"),
            ("ILSVRC2012_val_00000007.JPEG", 0, "val", "n01631663"),
        ]
    );
    assert!(has_note(&data, "class folders of the task are not there"), "{:?}", data.notes);
    assert!(error(&format!("breeds:living18,{}", tree.path("i").display())).contains("living17"));
    assert!(
        error(&format!("breeds:living17,{}", tree.path("x").display())).contains("train and val")
    );
}

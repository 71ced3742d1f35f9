//! Every file that a user can give, with bytes changed, lost or added: an error or data, never a
//! panic.
use crate::{
    dataset_tree::{Tree, mask_png},
    edits::{changed, edits},
};
use proptest::prelude::*;
use rightly_data::{
    Dataset,
    dataset::OpenOptions,
    pixels::DecodeOptions,
    table::{Columns, write},
};
use serde_json::json;

/// Opens the data and reads every image and mask.
fn use_all(data: &str) {
    let Ok(data) = Dataset::open(data, &OpenOptions::default()) else { return };
    let options = DecodeOptions { max_pixels: 100_000, ..DecodeOptions::default() };
    for sample in &data.samples {
        let Ok(decoded) = sample.image.load(&options) else { continue };
        if let Some(Ok(mask)) = sample.mask.as_ref().map(|m| m.load(&decoded, &data.mask_options)) {
            assert_eq!(mask.data.len(), mask.width * mask.height);
        }
    }
}

fn tree() -> Tree {
    let tree = Tree::new();
    tree.images(["a.jpg", "b.jpg"]).write("m.png", mask_png(8, 6, 255));
    tree
}

const CSV: &str = "image,class,mask,split,caption,group\na.jpg,cat,m.png,train,\"a, cat\",1\n\
                   b.jpg,dog,,test,,2\n";
const LINES: &str = "{\"image\":\"a.jpg\",\"class\":\"cat\",\"mask\":\"m.png\",\"x\":1.5}\n\
                     {\"image\":\"b.jpg\",\"class\":\"dog\",\"mask\":null}\n";

fn coco() -> String {
    let polygon = json!([[0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 3.0]]);
    let annotation = |image: u32, segmentation: serde_json::Value| {
        json!({"id": image, "image_id": image, "category_id": image, "iscrowd": 0, "area": 12.0,
               "bbox": [0, 0, 4, 3], "segmentation": segmentation})
    };
    json!({
        "images": [{"id": 1, "file_name": "a.jpg", "height": 6, "width": 8},
                   {"id": 2, "file_name": "b.jpg", "height": 6, "width": 8}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [annotation(1, polygon),
                        annotation(1, json!({"counts": [0, 6, 42], "size": [6, 8]})),
                        annotation(2, json!({"counts": "06Z1", "size": [6, 8]}))],
    })
    .to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn tables(which in 0usize..2, edits in edits()) {
        let tree = tree();
        let (name, text) = [("t.csv", CSV), ("t.jsonl", LINES)][which];
        tree.write(name, changed(text.as_bytes(), edits));
        use_all(&tree.path(name).to_string_lossy());
    }

    #[test]
    fn coco_annotations(edits in edits()) {
        let tree = tree();
        tree.write("c.json", changed(coco().as_bytes(), edits));
        let images = tree.path("a.jpg").parent().unwrap().to_owned();
        use_all(&format!("coco:{},{}", tree.path("c.json").display(), images.display()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn parquet_tables(edits in edits()) {
        let tree = tree();
        let columns = Columns::new()
            .utf8("image", ["a.jpg", "b.jpg"])
            .utf8("class", ["cat", "dog"])
            .f64("x", [1.5, 2.5]);
        let path = tree.path("t.parquet");
        write(&path, &columns.batch().unwrap()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        tree.write("t.parquet", changed(&bytes, edits));
        use_all(&path.to_string_lossy());
    }
}

//! Every file that a user can give, with bytes changed, lost or added: an error or data, never a
//! panic.
use crate::dataset_tree::{Tree, mask_png};
use proptest::{prelude::*, sample::Index};
use rightly_data::{
    Dataset,
    dataset::OpenOptions,
    pixels::DecodeOptions,
    planted::World,
    table::{Columns, write},
};
use serde_json::json;
use std::path::Path;

/// One change: where, with what, and whether the byte is replaced, put before, or taken out.
type Edit = (Index, u8, u8);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    // Half of the bytes are those that formats are made of.
    let byte =
        prop_oneof![any::<u8>(), prop::sample::select(br#"0123456789-.,:;"'[]{}e/"#.to_vec())];
    prop::collection::vec((any::<Index>(), byte, 0u8..3), 1..6)
}

fn changed(bytes: &[u8], edits: Vec<Edit>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, byte, how) in edits {
        if bytes.len() < 2 {
            break;
        }
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
    }
    bytes
}

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

/// The world of docs/worlds.md, small.
fn world() -> String {
    let docs = include_str!("../../../../docs/worlds.md");
    let from = docs.find("```toml\n").unwrap() + 8;
    let text = &docs[from..from + docs[from..].find("```").unwrap()];
    text.replace("[64, 64]", "[16, 16]").replace("train = 120", "train = 6").replace("= 80", "= 4")
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

    #[test]
    fn worlds(edits in edits()) {
        let bytes = changed(world().as_bytes(), edits);
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        if let Ok(world) = World::from_text(Path::new("w.toml"), text)
            && world.size().0 * world.size().1 <= 10_000
        {
            // Every mutation that leaves a valid world has to render.
            for split in world.splits() {
                if let Some(scene) = world.scene(split, 0, 0) {
                    prop_assert_eq!((scene.image.width, scene.image.height), world.size());
                }
            }
        }
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

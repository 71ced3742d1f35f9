use crate::dataset_tree::{Tree, has_note, ids, problems};
use rightly_data::{dataset::OpenOptions, pixels::DecodeOptions};

#[test]
fn class_folders() {
    let tree = Tree::new();
    tree.images([
        "d/zebra/b 1.JPG",
        "d/zebra/a.jpeg",
        "d/grå katt/é.png",
        "d/grå katt/ns",
        "d/zebra/deeper/c.jpg",
        "d/.ipynb_checkpoints/x.jpg",
        "d/__MACOSX/zebra/a.jpg",
        "d/zebra/._a.jpg",
    ]);
    tree.write("d/zebra/Thumbs.db", "x").write("d/zebra/labels.txt", "x");
    let data = tree.open("d");
    assert_eq!(data.classes, ["grå katt", "zebra"]);
    let expected =
        ["grå katt/ns", "grå katt/é.png", "zebra/a.jpeg", "zebra/b 1.JPG", "zebra/deeper/c.jpg"];
    assert_eq!(ids(&data), expected);
    assert_eq!(data.samples.iter().map(|s| s.class).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
    assert!(data.problems.is_empty(), "{:?}", data.problems);
    assert!(has_note(&data, "1 files that are no images"), "{:?}", data.notes);
    assert!(data.samples.iter().all(|s| s.split.is_none() && s.mask.is_none()));
    // A JPEG named .png and one without an ending decode by content.
    for sample in &data.samples {
        assert_eq!(sample.image.load(&DecodeOptions::default()).unwrap().stored, (8, 6));
    }
}

#[test]
fn split_folders() {
    let tree = Tree::new();
    tree.images(["d/train/a/1.jpg", "d/train/a/2.jpg", "d/train/b/1.jpg", "d/train/b/2.jpg"]);
    tree.images(["d/Validation/b/3.jpg", "d/ood/a/4.jpg", "d/masks/train/a/1.png"]);
    std::fs::create_dir_all(tree.path("d/Validation/c")).unwrap();
    let data = tree.open_with(
        "d",
        &OpenOptions { duplicates: rightly_data::dataset::Duplicates::Never, ..Default::default() },
    );
    assert_eq!(data.classes, ["a", "b"]);
    let splits: Vec<_> = data.splits().into_iter().collect();
    assert_eq!(splits, [("ood", 1), ("train", 4), ("val", 1)]);
    assert!(has_note(&data, "'Validation' (as 'val')"), "{:?}", data.notes);
    assert_eq!(
        problems(&data),
        [
            "masks: folder of masks: 1 files; give it as --masks -> left out",
            "Validation/c: class folder without images -> no figures for it",
        ]
    );
    assert_eq!(data.choose_split(None).unwrap().1, "val");
}

#[test]
fn a_class_may_be_called_train() {
    let tree = Tree::new();
    tree.images(["d/train/1.jpg", "d/train/2.jpg", "d/bus/1.jpg", "d/bus/2.jpg"]);
    let data = tree.open("d");
    assert_eq!(data.classes, ["bus", "train"]);
    assert!(data.splits().is_empty());
}

#[test]
fn numbered_folders_are_names() {
    let tree = Tree::new();
    tree.images(["d/1/a.jpg", "d/1/b.jpg", "d/10/a.jpg", "d/10/b.jpg", "d/2/a.jpg", "d/2/b.jpg"]);
    let data = tree.open("d");
    assert_eq!(data.classes, ["1", "10", "2"]);
    assert!(has_note(&data, "never guessed from their order"), "{:?}", data.notes);
}

#[test]
fn what_is_left_out_is_said() {
    let tree = Tree::new();
    tree.images(["d/a/1.jpg", "d/a/2.jpg", "d/b/1.jpg", "d/loose.jpg"]);
    tree.write("d/a/phone.HEIC", "x");
    std::fs::create_dir_all(tree.path("d/empty")).unwrap();
    let data = tree.open("d");
    assert_eq!(data.classes, ["a", "b"], "an empty folder is no class");
    let found = problems(&data);
    for expected in [
        "a/phone.HEIC: 'HEIC' pictures are not read; convert it to PNG -> left out",
        "loose.jpg: lies in no class folder -> left out",
        "empty: class folder without images -> no figures for it",
        "b: class of one image -> no figure for it that needs two images",
    ] {
        assert!(found.iter().any(|p| p == expected), "{expected} in {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(data.problems.iter().all(|p| p.stage == "data"));
}

#[test]
fn the_limit_counts_each_class_and_split() {
    let tree = Tree::new();
    for split in ["train", "test"] {
        for class in ["a", "b"] {
            for i in 0..4 {
                tree.write(&format!("d/{split}/{class}/{i}.jpg"), [0xff, 0xd8, i]);
            }
        }
    }
    let data = tree.open_with("d", &OpenOptions { limit: Some(2), ..Default::default() });
    assert_eq!(ids(&data)[..4], ["test/a/0.jpg", "test/a/1.jpg", "test/b/0.jpg", "test/b/1.jpg"]);
    assert_eq!(data.samples.len(), 8);
}

#[test]
fn folders_without_classes_are_refused() {
    let tree = Tree::new();
    tree.images(["flat/1.jpg", "flat/2.jpg"]);
    std::fs::create_dir_all(tree.path("nothing/a")).unwrap();
    let options = OpenOptions::default();
    let flat = tree.error("flat", &options);
    assert!(flat.contains("ROOT/CLASS/IMAGE") && flat.contains("'1.jpg'"), "{flat}");
    let nothing = tree.error("nothing", &options);
    assert!(nothing.contains("'a'"), "{nothing}");
    assert!(tree.error("absent", &options).contains("no such file or folder"));
    let unknown = rightly_data::Dataset::open("voc:somewhere", &options).unwrap_err().to_string();
    assert!(unknown.contains("'voc'") && unknown.contains("rival10:PATH"), "{unknown}");
}

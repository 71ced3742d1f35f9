//! How trees of folders are read: splits, classes, masks and tables beside each other.
use crate::dataset_tree::{Tree, has_note, ids, problems};
use rightly_data::dataset::{OpenOptions, SplitFolders};

/// Two pictures in each of these folders.
fn folders(names: &[&str]) -> Tree {
    let tree = Tree::new();
    for (at, name) in names.iter().enumerate() {
        for i in 0..2 {
            let picture = crate::dataset_tree::jpeg(8, 6, (at * 2 + i) as u8 * 9);
            tree.write(&format!("d/{name}/{i}.jpg"), picture);
        }
    }
    tree
}

fn with_splits(splits: SplitFolders) -> OpenOptions {
    OpenOptions { splits: Some(splits), ..OpenOptions::default() }
}

/// Classes and splits as one text.
fn read(names: &[&str]) -> String {
    outline(&folders(names).open("d"))
}

fn outline(data: &rightly_data::Dataset) -> String {
    let splits: Vec<String> = data.splits().iter().map(|(s, n)| format!("{s} {n}")).collect();
    format!("{} | {}", data.classes.join(" "), splits.join(" "))
}

/// What only one reading fits.
#[test]
fn trees_that_are_plain_are_read() {
    for (names, expected) in [
        (&["train/a", "train/b", "test"][..], "a b | train 4"),
        (&["Train/a", "Train/b", "TEST/a", "valid"], "a b | test 2 train 4"),
        (&["train2017/a", "train2017/b", "val2017/a"], "a b | train 4 val 2"),
        (&["training_set/a", "training_set/b", "test_set/b"], "a b | test 2 train 4"),
        (
            &[
                "seg_train/seg_train/a",
                "seg_train/seg_train/b",
                "seg_test/seg_test/a",
                "seg_pred/seg_pred",
            ],
            "a b | test 2 train 4",
        ),
        (&["train/images/a", "train/images/b", "test/images/a"], "a b | test 2 train 4"),
        (&["a/train", "a/test", "b/train", "b/test"], "a b | test 4 train 4"),
        (&["archive/train/a", "archive/train/b", "archive/val/a"], "a b | train 4 val 2"),
        (&["archive/x/train/a", "archive/x/train/b", "archive/x/val/a"], "a b | train 4 val 2"),
        (&["images/a", "images/b", "masks/a", "masks/b"], "a b | "),
        (
            &["images/train/a", "images/train/b", "images/val/a", "masks/train/a"],
            "a b | train 4 val 2",
        ),
        (&["images/a", "images/b", "mask/a", "gt/a"], "a b | "),
        (&["a/images", "a/masks", "b/images", "b/masks"], "a b | "),
        (&["bus", "train", "car"], "bus car train | "),
        (&["bus", "pool"], "bus pool | "),
        (&["mask", "no_mask"], "mask no_mask | "),
        (&["animals/cat", "animals/dog", "vehicles/car"], "animals vehicles | "),
        (&["steam_train", "pool table"], "pool table steam_train | "),
        (&["train/a", "train/b", "ood/a"], "a b | ood 2 train 4"),
        (&["only"], "only | "),
        (&["photos/a", "photos/b"], "a b | "),
    ] {
        assert_eq!(read(names), expected, "{names:?}");
    }
}

#[test]
fn what_is_left_out_is_named_once() {
    let data = folders(&["train/a", "train/b", "test"]).open("d");
    assert_eq!(
        problems(&data),
        ["test: split without class folders: 2 images in it have no class -> left out"]
    );
    assert_eq!(ids(&data)[0], "train/a/0.jpg");
    let data = folders(&["images/a", "images/b", "masks/a"]).open("d");
    assert_eq!(ids(&data)[0], "images/a/0.jpg");
    assert_eq!(
        problems(&data),
        ["masks: folder of masks: 2 files; give it as --masks -> left out"]
    );
    let data = folders(&["a", "b", ".hidden"]).open("d");
    assert!(has_note(&data, "1 hidden folders were skipped: '.hidden'"), "{:?}", data.notes);
    // Masks that lie beside their pictures are none.
    let tree = folders(&["a", "b"]);
    tree.images(["d/a/0_mask.png", "d/a/1_Mask.png"]);
    let data = tree.open("d");
    assert_eq!(data.samples.len(), 4);
    assert!(problems(&data)[0].starts_with("a/0_mask.png: masks beside their images: 2 files"));
}

/// What two readings fit is refused with both, and read as `--splits` says.
#[test]
fn trees_that_can_be_read_in_two_ways_are_refused() {
    for (names, on, off) in [
        (&["cat", "dog", "test"][..], "cat dog | ", "cat dog test | "),
        (&["cat", "dog", "test", "val"], "cat dog | ", "cat dog test val | "),
        (&["train/steam", "train/diesel", "bus"], "diesel steam | train 4", "bus train | "),
        (&["train/steam", "bus/red"], "steam | train 2", "bus train | "),
        (
            &["photo/cat", "photo/dog", "sketch/cat", "sketch/dog"],
            "cat dog | photo 4 sketch 4",
            "photo sketch | ",
        ),
        (&["a/train", "a/test", "b"], "a b | test 2 train 2", "a b | "),
    ] {
        let tree = folders(names);
        let said = tree.error("d", &OpenOptions::default());
        for part in ["two ways", "--splits on", "--splits off", "/d: "] {
            assert!(said.contains(part), "{names:?}: {said}");
        }
        assert_eq!(outline(&tree.open_with("d", &with_splits(SplitFolders::On))), on, "{names:?}");
        assert_eq!(
            outline(&tree.open_with("d", &with_splits(SplitFolders::Off))),
            off,
            "{names:?}"
        );
    }
}

#[test]
fn trees_without_classes_are_refused() {
    for (names, part) in [
        (&["train", "test"][..], "no image has a class"),
        (&["train2017", "val2017"], "no image has a class"),
        (&["trainA", "trainB", "testA", "testB"], "no image has a class"),
        (&["train"], "no image has a class"),
        (&["train/images", "valid/images", "test/images"], "no image has a class"),
        (&["images"], "lie in no class folder"),
        (&["masks/a", "masks/b"], "all 4 images are masks"),
        (&["images/a", "images/b", "extra/c"], "'images' lies beside 'extra'"),
    ] {
        let said = folders(names).error("d", &OpenOptions::default());
        assert!(said.contains(part), "{names:?}: {said}");
    }
    let off = with_splits(SplitFolders::Off);
    assert_eq!(outline(&folders(&["train", "test"]).open_with("d", &off)), "test train | ");
}

#[test]
fn a_table_in_the_folder_is_read_or_named() {
    let tree = folders(&["images/a", "images/b", "masks/a"]);
    tree.write(
        "d/set.csv",
        "image,class,mask\nimages/a/0.jpg,x,masks/a/0.jpg\nimages/b/1.jpg,y,\n",
    );
    tree.write("d/other.csv", "name,size\na,1\n");
    let data = tree.open("d");
    assert_eq!(data.classes, ["x", "y"]);
    assert_eq!(ids(&data), ["images/a/0.jpg", "images/b/1.jpg"]);
    assert!(data.samples[0].mask.is_some());
    assert!(has_note(&data, "set.csv is read"), "{:?}", data.notes);
    // Beside class folders it is named.
    let tree = folders(&["a", "b"]);
    tree.write("d/set.csv", "image,class\na/0.jpg,x\n");
    let data = tree.open("d");
    assert_eq!(data.classes, ["a", "b"]);
    assert!(has_note(&data, "set.csv was not read"), "{:?}", data.notes);
    // Two of them, and no classes otherwise: which one is asked for.
    let tree = folders(&["images"]);
    for name in ["train.csv", "test.csv"] {
        tree.write(&format!("d/{name}"), "image,class\nimages/0.jpg,x\n");
    }
    let said = tree.error("d", &OpenOptions::default());
    assert!(said.contains("train.csv") && said.contains("test.csv"), "{said}");
}

#[test]
fn a_cifar_folder_says_how_it_is_read() {
    let tree = Tree::new();
    tree.write("c/train.bin", "x").write("c/fine_label_names.txt", "x");
    let said = tree.error("c", &OpenOptions::default());
    assert!(said.contains("give cifar-100:") && said.contains("cifar-100-coarse:"), "{said}");
    tree.write("p/meta", "x").write("p/train", "x").write("p/test", "x");
    assert!(tree.error("p", &OpenOptions::default()).contains("Python version"));
    tree.write("t/data_batch_1.bin", "x");
    assert!(tree.error("t", &OpenOptions::default()).contains("CIFAR-10"));
}

#[test]
fn classes_called_as_scopes_of_figures_are_refused() {
    for name in ["mean", "*"] {
        let said = folders(&["a", name]).error("d", &OpenOptions::default());
        assert!(said.contains(&format!("called '{name}'")), "{said}");
    }
    assert_eq!(read(&["a", "Mean"]), "Mean a | ");
}

//! CIFAR-100's binary format: small files made here, and the real one.
use crate::{dataset_real::real, dataset_tree::Tree};
use rightly_data::{
    Dataset,
    dataset::{OpenOptions, Protocol},
    pixels::DecodeOptions,
};
use std::fmt::Write;

const RARE: &str = "beaver otter shark aquarium_fish orchid tulip bowl can mushroom pear clock lamp table couch \
    caterpillar butterfly bear wolf house bridge forest mountain kangaroo elephant raccoon possum lobster snail man \
    woman snake turtle shrew squirrel willow_tree palm_tree bus bicycle streetcar tractor";

/// Ten training images and one test image of each fine class; the first 40 fine classes carry the rare names.
fn small() -> Tree {
    let tree = Tree::new();
    let mut fine = RARE.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    fine.extend((40..100).map(|i| format!("thing{i}")));
    let mut coarse = String::new();
    (0..20).for_each(|i| writeln!(coarse, "super{i}").unwrap());
    tree.write("fine_label_names.txt", fine.join("\n"));
    tree.write("coarse_label_names.txt", coarse);
    let records = |n: usize| -> Vec<u8> {
        let record = |i: usize| {
            let fine = (i % 100) as u8;
            let mut record = vec![fine / 5, fine];
            record.extend((0..3072_usize).map(|at| (at / 1024 * 100 + at % 32 + i / 100) as u8));
            record
        };
        (0..n).flat_map(record).collect()
    };
    tree.write("train.bin", records(1000));
    tree.write("test.bin", records(100));
    tree
}

fn open(tree: &Tree, kind: &str, protocol: Option<Protocol>) -> Dataset {
    let data = format!("{kind}:{}", tree.root().display());
    Dataset::open(&data, &OpenOptions { protocol, ..OpenOptions::default() }).unwrap()
}

#[test]
fn records_are_read_as_planes() {
    let tree = small();
    let data = open(&tree, "cifar-100", None);
    assert_eq!((data.classes.len(), data.samples.len()), (100, 1100));
    assert_eq!(data.attributes, ["superclass"]);
    let sample = &data.samples[207];
    assert_eq!((sample.id.as_str(), sample.split.as_deref()), ("train/00207", Some("train")));
    assert_eq!(data.classes[sample.class], "can");
    assert_eq!(sample.attributes, [Some("super1".to_owned())]);
    let image = sample.image.load(&DecodeOptions::default()).unwrap().image;
    assert_eq!((image.width, image.height), (32, 32));
    // Row 1, column 3: the planes hold 2 + 3, 102 + 3, 202 + 3.
    assert_eq!(image.data[3 * 35..3 * 36], [5, 105, 205]);
    assert_eq!(data.samples[1000].id, "test/00000");
}

#[test]
fn superclasses_know_their_fine_classes() {
    let data = open(&small(), "cifar-100-coarse", None);
    assert_eq!((data.classes.len(), data.classes[7].as_str()), (20, "super7"));
    let sample = &data.samples[36];
    assert_eq!((sample.class, sample.group.as_deref()), (7, Some("bus")));
    assert_eq!(data.attributes, ["fine"]);
}

#[test]
fn protocol_dim_divides_each_fine_class_in_the_order_of_the_file() {
    let tree = small();
    for kind in ["cifar-100", "cifar-100-coarse"] {
        let data = open(&tree, kind, Some(Protocol::Dim));
        let of = |fine: usize, split: &str| -> Vec<usize> {
            let own = |id: &str| id[6..].parse::<usize>().unwrap();
            data.samples
                .iter()
                .filter(|s| s.split.as_deref() == Some(split) && own(&s.id) % 100 == fine)
                .map(|s| own(&s.id) / 100)
                .collect()
        };
        assert_eq!(of(50, "train"), [0, 1, 2, 3], "{kind}");
        assert_eq!(of(3, "train"), [0], "a rare class keeps a quarter");
        for fine in [3, 50] {
            assert_eq!(of(fine, "intervention"), [4, 5, 6, 7]);
            assert_eq!(of(fine, "val"), [8, 9]);
            assert_eq!(of(fine, "test"), [0]);
        }
    }
}

#[test]
fn bad_files_are_refused_in_words() {
    let tree = small();
    let error = |data: &str| {
        let options = OpenOptions { protocol: Some(Protocol::Dim), ..OpenOptions::default() };
        Dataset::open(data, &options).unwrap_err().to_string()
    };
    let data = format!("cifar-100:{}", tree.root().display());
    tree.write("train.bin", [0; 3075]);
    assert!(error(&data).contains("3075 bytes are no whole number of records of 3074"));
    let mut record = [0; 3074];
    record[1] = 100;
    tree.write("train.bin", record);
    assert!(error(&data).contains("record 0 has superclass 0 and fine class 100"));
    tree.write("fine_label_names.txt", "apple");
    assert!(error(&data).contains("1 names, expected 100"));
    assert!(error("cifar-100:/nowhere").contains("train.bin"));
    tree.images(["a/1.jpg", "b/1.jpg"]);
    assert!(error(tree.root().to_str().unwrap()).contains("--protocol only fits cifar-100"));
}

#[test]
fn the_real_files_divide_as_the_paper_says() {
    let Some(root) = real("cifar-100-binary") else { return };
    let options = OpenOptions { protocol: Some(Protocol::Dim), ..OpenOptions::default() };
    let data = Dataset::open(&format!("cifar-100-coarse:{}", root.display()), &options).unwrap();
    let splits = data.splits();
    let expected = [("intervention", 20_000), ("test", 10_000), ("train", 14_000), ("val", 10_000)];
    assert_eq!(splits.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(data.classes[0], "aquatic_mammals");
    let rare = data.samples.iter().filter(|s| {
        s.split.as_deref() == Some("train")
            && s.group.as_deref().is_some_and(|g| RARE.split_whitespace().any(|r| r == g))
    });
    assert_eq!(rare.count(), 40 * 50);
}

use crate::dataset_tree::{Tree, has_note, jpeg, problems};
use rightly_data::dataset::{Duplicates, OpenOptions};

#[test]
fn same_bytes_in_two_splits() {
    let tree = Tree::new();
    let (leak, own) = (jpeg(40, 30, 1), jpeg(40, 30, 200));
    tree.write("d/train/a/1.jpg", &leak).write("d/train/a/copy.jpg", &leak);
    tree.write("d/train/a/own.jpg", &own).write("d/test/a/2.jpg", &leak);
    // Same size, other bytes.
    let mut other = own.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    tree.write("d/test/a/3.jpg", &other);
    let data = tree.open("d");
    let expected = [
        "train/a/1.jpg: same bytes in two splits: 'train/a/1.jpg' in train is 'test/a/2.jpg' in test -> both are used",
        "train/a/copy.jpg: same bytes in two splits: 'train/a/copy.jpg' in train is 'test/a/2.jpg' in test -> both are used",
    ];
    assert_eq!(problems(&data), expected);
    let never = OpenOptions { duplicates: Duplicates::Never, ..Default::default() };
    assert!(tree.open_with("d", &never).problems.is_empty());
    // Within one split copies are the user's affair.
    tree.write("t.csv", "image,class\nd/train/a/1.jpg,a\nd/train/a/copy.jpg,a\n");
    assert!(tree.open("t.csv").problems.is_empty());
}

#[test]
fn names_that_differ_only_by_unicode_form() {
    let tree = Tree::new();
    tree.images(["d/a/caf\u{e9}.jpg", "d/a/cafe\u{301}.jpg", "d/A/1.jpg", "d/A/2.jpg"]);
    let data = tree.open("d");
    assert_eq!(data.samples.len(), 4);
    let expected = [
        "a: class that differs only by the case of its letters: from 'A' -> kept as two classes",
        "a/caf\u{e9}.jpg: name that differs only by Unicode form, blanks or the case of its ending: from 'a/cafe\u{301}.jpg' -> both are used",
    ];
    assert_eq!(problems(&data), expected);
    assert!(has_note(&data, "No image has a mask"));
}

use crate::dataset_tree::{Tree, has_note, ids, mask_png, problems};
use rightly_data::{
    ImageSource, MaskSource,
    dataset::OpenOptions,
    table::{self, Columns},
};

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|v| Some((*v).to_owned())).collect()
}

#[test]
fn csv_with_everything() {
    let tree = Tree::new();
    tree.images(["im/a 1.JPG", "im/ü,2.jpg", "im/3.jpg", "im/4.jpg"]);
    tree.write("m/a.png", mask_png(8, 6, 255));
    let text = "\u{feff}image,class,mask,split,caption,group,weather,frame\r\n\
        im/a 1.JPG,black swan,m/a.png,train,\"[\"\"a swan\"\", \"\"a pond\"\"]\",water,sunny,1\r\n\
        \"im/ü,2.jpg\",dog,,validation,\"a \"\"good\"\"\r\ndog\",,,2\r\n\
        im/3.jpg,black swan,,train,[not json,land,rain,3\r\n\
        im/4.jpg,dog,m/none.png,train,,,rain,4\r\n";
    tree.write("set.csv", text);
    let data = tree.open("set.csv");
    assert_eq!(data.classes, ["black swan", "dog"]);
    assert_eq!(ids(&data), ["im/a 1.JPG", "im/ü,2.jpg", "im/3.jpg", "im/4.jpg"]);
    assert_eq!(data.attributes, ["weather", "frame"]);
    let [first, second, third, fourth] = &data.samples[..] else { panic!() };
    assert_eq!(first.image, ImageSource::File(tree.root().join("im/a 1.JPG")));
    assert_eq!(first.mask, Some(MaskSource::File(tree.root().join("m/a.png"))));
    assert_eq!(first.captions, ["a swan", "a pond"]);
    assert_eq!(first.group.as_deref(), Some("water"));
    assert_eq!(first.attributes, some(&["sunny", "1"]));
    assert_eq!(second.captions, ["a \"good\"\r\ndog"]);
    assert_eq!((second.split.as_deref(), second.group.as_deref()), (Some("val"), None));
    assert_eq!(second.attributes, [None, Some("2".to_owned())]);
    assert_eq!(third.captions, ["[not json"]);
    assert_eq!(fourth.mask, None);
    assert_eq!(
        problems(&data),
        ["im/4.jpg: mask that is not there: 'm/none.png', no such file -> used without its mask"]
    );
    assert!(has_note(&data, "'validation' is used as 'val'"), "{:?}", data.notes);
    assert!(has_note(&data, "255 is object"), "{:?}", data.notes);
}

#[test]
fn the_four_formats_agree() {
    let tree = Tree::new();
    tree.images(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    tree.write("t.csv", "image,class,night,n,caption\na.jpg,x,true,1,\nb.jpg,x,false,,\"[\"\"p\"\",\"\"q\"\"]\"\nc.jpg,y,,3,\nd.jpg,y,true,4,r\n");
    tree.write("t.tsv", "image\tclass\tnight\tn\tcaption\na.jpg\tx\ttrue\t1\t\nb.jpg\tx\tfalse\t\t[\"p\",\"q\"]\nc.jpg\ty\t\t3\t\nd.jpg\ty\ttrue\t4\tr\n".replace("[\"p\",\"q\"]", "\"[\"\"p\"\",\"\"q\"\"]\""));
    tree.write(
        "t.jsonl",
        "{\"image\":\"a.jpg\",\"class\":\"x\",\"night\":true,\"n\":1}\n\n\
         {\"image\":\"b.jpg\",\"class\":\"x\",\"night\":false,\"n\":null,\"caption\":[\"p\",\"q\"]}\r\n\
         {\"image\":\"c.jpg\",\"class\":\"y\",\"n\":3}\n\
         {\"image\":\"d.jpg\",\"class\":\"y\",\"night\":true,\"n\":4,\"caption\":\"r\"}",
    );
    let batch = Columns::new()
        .utf8("image", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
        .utf8("class", ["x", "x", "y", "y"])
        .bool_opt("night", [Some(true), Some(false), None, Some(true)])
        .i64_opt("n", [Some(1), None, Some(3), Some(4)])
        .utf8_opt("caption", [None, Some("[\"p\",\"q\"]"), None, Some("r")])
        .batch()
        .unwrap();
    table::write(&tree.path("t.parquet"), &batch).unwrap();
    let csv = tree.open("t.csv");
    assert_eq!(csv.samples[1].captions, ["p", "q"]);
    assert_eq!(csv.samples[0].attributes, some(&["true", "1"]));
    for name in ["t.tsv", "t.jsonl", "t.parquet"] {
        let other = tree.open(name);
        assert_eq!(other.samples, csv.samples, "{name}");
        assert_eq!((&other.classes, &other.attributes), (&csv.classes, &csv.attributes), "{name}");
    }
}

#[test]
fn rows_that_do_not_serve_are_named() {
    let tree = Tree::new();
    tree.images(["a.jpg", "B.JPG", "c.jpg", "cafe\u{301}.jpg", "e/f.jpg"]);
    tree.write(
        "t.csv",
        "image,class\na.jpg,x\n./a.jpg,x\nc.jpg,x\nc.jpg,y\n,x\na2.jpg,\ngone.jpg,y\nb.jpg,y\n\
         caf\u{e9}.jpg,y\ne\\f.jpg,y\ne,y\n",
    );
    let data = tree.open("t.csv");
    assert_eq!(ids(&data), ["a.jpg", "c.jpg", "caf\u{e9}.jpg", "e/f.jpg"]);
    assert_eq!(
        problems(&data),
        [
            "./a.jpg: the same path twice: line 3, before as 'a.jpg' -> the first row is used",
            "c.jpg: the same path as two classes: line 5 as 'y', before as 'x' -> the first row is used",
            "line 6: no image is named -> left out",
            "a2.jpg: no class is named: line 7 -> left out",
            "gone.jpg: no such file -> left out",
            "b.jpg: no such file: the folder has 'B.JPG' -> left out",
            "caf\u{e9}.jpg: the file's name differs by its Unicode form, blanks or the case of its ending -> used",
            "e: is a folder -> left out",
        ]
    );
    let ImageSource::File(path) = &data.samples[2].image else { panic!() };
    assert!(path.exists());
}

#[test]
fn absolute_paths_and_other_folders() {
    let tree = Tree::new();
    tree.images(["there/a.jpg", "b.jpg"]);
    let a = tree.path("there/a.jpg").to_str().unwrap().to_owned();
    tree.write("tables/t.csv", format!("image,class\n{a},x\n../b.jpg,x\n"));
    let data = tree.open("tables/t.csv");
    assert_eq!(ids(&data), [a.as_str(), "../b.jpg"]);
    assert!(data.problems.is_empty(), "{:?}", data.problems);
}

#[test]
fn tables_that_are_wrong_say_how() {
    let tree = Tree::new();
    tree.images(["a.jpg"]);
    let options = OpenOptions::default();
    let cases: [(&str, &[u8], &[&str]); 13] = [
        (
            "1.csv",
            b"path,label\na.jpg,x\n",
            &[
                "no column 'image' and no column 'class'",
                "found 'path', 'label'",
                "rename 'path' to 'image'",
            ],
        ),
        ("2.csv", b"image;class\na.jpg;x\n", &["semicolon"]),
        ("3.csv", b"image\tclass\na.jpg\tx\n", &[".tsv"]),
        ("4.csv", b"", &["table is empty"]),
        ("5.csv", b"image,class\na.jpg,x,y\n", &["line 2 has 3 cells, the header has 2"]),
        ("6.csv", b"image,class\na.jpg,x\na.jpg,\xe9\n", &["line 3 is not UTF-8"]),
        ("7.csv", b"\xff\xfei\0m\0", &["UTF-16"]),
        ("8.csv", b"image,class,image\n", &["two columns are named 'image'"]),
        (
            "9.csv",
            b"image,class\nx/y.jpg,x\n",
            &["no usable image", "x/y.jpg", "relative to the folder"],
        ),
        (
            "10.jsonl",
            b"{\"image\":\"a.jpg\",\"class\":\"x\"}\n[1]\n",
            &["line 2 is no JSON object"],
        ),
        ("11.jsonl", b"{\"image\":\n", &["line 1"]),
        ("12.parquet", b"PAR1", &["not a Parquet file"]),
        ("13.xlsx", b"PK", &[".jsonl or .parquet"]),
    ];
    for (name, bytes, expected) in cases {
        tree.write(name, bytes);
        let message = tree.error(name, &options);
        for part in expected {
            assert!(message.contains(part), "{name}: '{part}' in '{message}'");
        }
        assert!(message.contains(name), "{message}");
    }
}

/// A table that was written elsewhere names files by other separators, Unicode forms, blanks and endings.
#[test]
fn names_from_other_systems_are_found() {
    let tree = Tree::new();
    tree.images(["a/\u{fc}.jpg", "a/2.JPG", "a/3.jpg", "a/4.JPG", "a/4.jpg"]);
    tree.write("m/2.png", mask_png(8, 6, 255));
    let rows = "a\\u\u{308}.JPG,x,\n./a/2.jpg ,x,m\\2.PNG\na//3.jpg,y,\na/4.JPG,y ,\na/4.jpg,y,\n";
    tree.write("t.csv", format!("image,class,mask\n{rows}"));
    let data = tree.open("t.csv");
    assert_eq!(data.samples.len(), 5);
    assert_eq!(data.classes, ["x", "y"], "blanks around a class are none of it");
    for sample in &data.samples {
        assert!(sample.image.load(&Default::default()).is_ok(), "{}", sample.id);
    }
    assert!(data.samples[1].mask.is_some());
    // Of the two files whose names differ only by the case of their endings each is itself.
    assert!(data.samples[3].image != data.samples[4].image);
    assert!(problems(&data).iter().any(|p| p.contains("ending: from 'a/4.JPG'")));
}

#[test]
fn columns_of_part_masks_are_parts_and_no_attributes() {
    let tree = Tree::new();
    tree.images(["a.jpg", "b.jpg"]);
    tree.write("ears.png", mask_png(8, 6, 255));
    tree.write(
        "t.csv",
        "image,class,mask:ears,mask: tail ,night\na.jpg,x,ears.png,,no\nb.jpg,x,gone.png,,yes\n",
    );
    let data = tree.open("t.csv");
    assert_eq!(
        (data.parts.as_slice(), data.attributes.as_slice()),
        (&["ears".to_owned(), "tail".to_owned()][..], &["night".to_owned()][..])
    );
    let [first, second] = &data.samples[..] else { panic!("{:?}", data.samples) };
    assert!(matches!(&first.parts[0], Some(MaskSource::File(file)) if file.ends_with("ears.png")));
    assert!(first.mask.is_none() && first.parts[1].is_none() && second.parts[0].is_none());
    let found = problems(&data);
    assert!(
        found.iter().any(|p| p.contains("gone.png") && p.contains("used without this part")),
        "{found:?}"
    );
    for (header, said) in [
        ("mask:ears,mask: ears", "two columns are called 'mask:ears'"),
        ("mask:left/ear,night", "a name without slashes"),
        ("mask:,night", "a name without slashes"),
    ] {
        tree.write("wrong.csv", format!("image,class,{header}\na.jpg,x,,\n"));
        let found = tree.error("wrong.csv", &OpenOptions::default());
        assert!(found.contains(said), "{found}");
    }
}

use super::*;
use std::collections::BTreeSet;

fn dataset(splits: &[Option<&str>]) -> Dataset {
    let samples = splits
        .iter()
        .enumerate()
        .map(|(i, split)| Sample {
            id: format!("{i}.png"),
            image: ImageSource::File(PathBuf::from(format!("{i}.png"))),
            class: 0,
            mask: None,
            split: split.map(str::to_owned),
            captions: vec![],
            group: None,
            attributes: vec![],
            parts: Vec::new(),
        })
        .collect();
    Dataset { given: "set.csv".into(), classes: vec!["a".into()], samples, ..Dataset::default() }
}

#[test]
fn the_split_is_test_then_val_then_all() {
    let data = dataset(&[Some("train"), Some("val"), Some("test"), None, Some("val")]);
    let (indices, name, how) = data.choose_split(None).unwrap();
    assert_eq!((indices, name.as_str()), (vec![2], "test"));
    assert!(how.contains("default"), "{how}");
    assert_eq!(data.choose_split(Some("val")).unwrap().0, [1, 4]);
    assert_eq!(data.choose_split(Some("all")).unwrap().0, [0, 1, 2, 3, 4]);
    let message = data.choose_split(Some("tests")).unwrap_err().to_string();
    assert!(
        message.starts_with("set.csv: --split tests: ") && message.contains("val (2)"),
        "{message}"
    );
    let no_test = dataset(&[Some("train"), Some("val")]);
    assert_eq!(no_test.choose_split(None).unwrap().1, "val");
    let only_train = dataset(&[Some("train"), Some("train")]);
    assert_eq!(only_train.choose_split(None).unwrap().0, [0, 1]);
    let none = dataset(&[None, None]);
    assert_eq!(none.choose_split(None).unwrap().0, [0, 1]);
    assert!(none.choose_split(Some("val")).unwrap_err().to_string().contains("no splits"));
}

#[test]
fn a_deal_keeps_clusters_shares_and_does_not_depend_on_order() {
    let ids: Vec<String> = (0..1000).map(|i| format!("images/{i}.jpg")).collect();
    let parts = deal(&ids, 0, &[2.0, 1.0, 1.0]);
    let count = |part| parts.iter().filter(|p| **p == part).count();
    assert_eq!([count(0), count(1), count(2)], [500, 250, 250]);
    let mut reversed: Vec<&String> = ids.iter().collect();
    reversed.reverse();
    let mut again = deal(&reversed, 0, &[2.0, 1.0, 1.0]);
    again.reverse();
    assert_eq!(parts, again);
    assert_ne!(parts, deal(&ids, 1, &[2.0, 1.0, 1.0]));
    // Cluster sizes 1 to 9: whole clusters, each part within half the largest of its share.
    let clusters: Vec<String> =
        (1..10).flat_map(|c| std::iter::repeat_n(format!("c{c}"), c)).collect();
    for seed in 0..50 {
        let parts = deal(&clusters, seed, &[1.0, 1.0]);
        for c in 1..10 {
            let name = format!("c{c}");
            let of: BTreeSet<_> =
                clusters.iter().zip(&parts).filter(|(k, _)| **k == name).map(|(_, p)| p).collect();
            assert_eq!(of.len(), 1);
        }
        let first = parts.iter().filter(|p| **p == 0).count() as f64;
        assert!((first - 22.5).abs() <= 4.5, "seed {seed}: {first} of 45");
    }
}

#[test]
fn a_deal_leaves_no_part_empty() {
    for seed in 0..50 {
        let keys = ["a", "a", "a", "a", "a", "a", "a", "b", "c"];
        let parts: BTreeSet<_> = deal(&keys, seed, &[0.6, 0.2, 0.2]).into_iter().collect();
        assert_eq!(parts.len(), 3, "seed {seed}");
    }
    assert_eq!(deal(&["a", "b"], 0, &[1.0]), [0, 0]);
    assert!(deal::<&str>(&[], 0, &[1.0, 1.0]).is_empty());
}

fn with_columns(columns: &[(&str, Vec<Option<String>>)]) -> Dataset {
    let mut data = dataset(&vec![None; columns[0].1.len()]);
    data.attributes = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (i, sample) in data.samples.iter_mut().enumerate() {
        sample.attributes = columns.iter().map(|(_, cells)| cells[i].clone()).collect();
    }
    data
}

#[test]
fn attributes_are_typed() {
    let n = 100;
    let column = |f: &dyn Fn(usize) -> String| (0..n).map(|i| Some(f(i))).collect::<Vec<_>>();
    let mut gaps = column(&|i| ["no", "yes"][i % 2].to_owned());
    gaps[3] = None;
    let data = with_columns(&[
        ("text", gaps),
        ("flag", column(&|i| (i % 3 == 0).to_string())),
        ("few", column(&|i| (i % 20).to_string())),
        ("many", column(&|i| (i % 40).to_string())),
        ("measure", column(&|i| format!("{}.5", i))),
        ("serial", column(&|i| i.to_string())),
        ("name", column(&|i| format!("img{i}"))),
        ("constant", column(&|_| "1".to_owned())),
        ("sequence", column(&|i| (i / 10).to_string())),
    ]);
    let typed = typed_attributes(&data, Some("sequence"));
    let by = |name: &str| typed.iter().find(|a| a.name == name).unwrap();
    assert_eq!(by("text").kind, AttributeKind::Categories);
    assert_eq!(by("text").categories, ["no", "yes"]);
    assert_eq!(by("text").values[..4], [Some(0), Some(1), Some(0), None]);
    assert_eq!(by("flag").categories, ["false", "true"]);
    assert_eq!(by("few").kind, AttributeKind::Categories);
    assert_eq!(by("few").categories[..3], ["0", "1", "2"], "numbers ascend, not as text");
    assert_eq!(by("few").values[10], Some(10));
    // 40 values, 100 images: 0..20 thrice, 20..40 twice; quartiles of the images.
    assert_eq!(by("many").kind, AttributeKind::Binned(vec![8.0, 16.0, 27.0]));
    assert_eq!(by("many").categories, ["<= 8", "> 8 to 16", "> 16 to 27", "> 27"]);
    assert_eq!([8, 9, 27, 28].map(|i| by("many").values[i].unwrap()), [0, 1, 2, 3]);
    assert!(by("measure").is_used(), "a measurement differs for each image and is no name");
    assert_eq!(by("serial").kind, AttributeKind::Unique);
    assert_eq!(by("name").kind, AttributeKind::Unique);
    assert_eq!(by("constant").kind, AttributeKind::Constant);
    assert_eq!(by("sequence").kind, AttributeKind::Cluster);
    assert!(!by("sequence").is_used());
    assert!(typed_attributes(&data, None).iter().all(|a| a.name != "sequence" || a.is_used()));
}

#[test]
fn bins_of_equal_numbers_merge() {
    let cells = |i: usize| Some(if i < 80 { "0".to_owned() } else { format!("{}", i) });
    let data = with_columns(&[("x", (0..120).map(cells).collect())]);
    let typed = typed_attributes(&data, None);
    assert_eq!(typed[0].kind, AttributeKind::Binned(vec![0.0, 89.0]));
    let negative = (0..50).map(|i| Some(format!("{}", i - 25))).chain([Some("-25".into())]);
    let data = with_columns(&[("x", negative.collect())]);
    let AttributeKind::Binned(bounds) = &typed_attributes(&data, None)[0].kind else { panic!() };
    assert!(bounds.is_sorted() && bounds[0] < 0.0, "{bounds:?}");
}

#[test]
fn endings_and_detours() {
    use files::{is_hidden, without_ending};
    assert_eq!(without_ending("a.b/c.d.jpg"), "a.b/c.d");
    assert_eq!(without_ending("a.b/c"), "a.b/c");
    assert_eq!(without_ending("x/.hidden"), "x/.hidden");
    assert!(is_hidden(".ipynb_checkpoints") && is_hidden("thumbs.db") && !is_hidden("cat"));
}

//! What a run leaves, and that it does not depend on how it was computed.

use std::collections::BTreeSet;

use rightly_audit::{
    RunDir,
    evaluate::{self, EvaluateOptions, MeasureName},
    findings::Kind,
    metrics::{MEAN, POOLED, find},
};
use rightly_data::{
    pixels::{self, DecodeOptions},
    table::Table,
};

use crate::support::{
    context, differences, inputs, open, quick, quickstart, run, run_until, tables,
};

#[test]
fn every_promised_figure_is_there_with_n_and_bounds_around_it() {
    let out = tempfile::tempdir().unwrap();
    let record = run(inputs(), &quick(), out.path()).unwrap();
    let metrics = &record.metrics;
    for (metric, condition) in [
        ("accuracy", Some("none")),
        ("accuracy", Some("gray")),
        ("accuracy", Some("gray-box")),
        ("accuracy", Some("tile")),
        ("accuracy", Some("background-gray")),
        ("accuracy", Some("background-blur")),
        ("accuracy", Some("background-swap/same-class")),
        ("accuracy", Some("background-swap/other-class/control")),
        ("background-excess", Some("background-gray")),
        ("background-gap", Some("background-swap")),
        ("kept", Some("gray-box")),
        ("accuracy", Some("noise-foreground/linf/0.25")),
        ("confidence", Some("none")),
        ("drop", Some("gray")),
        ("drop", Some("tile")),
        ("gray-control", Some("gray")),
        ("rfs", Some("linf/0.25")),
        ("noise-gap", Some("linf/0.25")),
        ("rfs-control", Some("linf/0.25")),
        ("cam-iou", Some("gradcam")),
        ("cam-delta-density", Some("gradcam")),
        ("cam-mass", Some("gradcam")),
        ("cam-pointing", Some("gradcam")),
        ("cam-average-precision", Some("gradcam")),
        ("cam-class-overlap", Some("gradcam")),
        ("object-share", None),
        ("object-share-crop", None),
        ("object-kept", None),
        ("object-distance", None),
    ] {
        for class in ["cross", "ring", "star", "wedge", POOLED, MEAN] {
            let row = find(metrics, metric, condition, class)
                .unwrap_or_else(|| panic!("no {metric} {condition:?} {class}"));
            assert!(row.n > 0, "{row:?}");
            if let (Some(low), Some(high), Some(value)) = (row.low, row.high, row.value) {
                assert!(low <= value && value <= high, "{row:?}");
            }
        }
    }
    let clean = find(metrics, "accuracy", Some("none"), POOLED).unwrap();
    assert_eq!(clean.n, 120);
    assert!(clean.value.unwrap() > 0.7, "{clean:?}");
}

#[test]
fn drops_are_paired_over_the_images_of_the_condition() {
    let out = tempfile::tempdir().unwrap();
    let record = run(inputs(), &quick(), out.path()).unwrap();
    let tile = find(&record.metrics, "drop", Some("tile"), POOLED).unwrap();
    let without = record.problems.iter().filter(|p| p.problem.contains("no free tile")).count();
    assert_eq!(tile.n + without, 120);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let (one, four) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run_until(inputs(), &quick(), one.path(), None, 1).unwrap();
    run_until(inputs(), &quick(), four.path(), None, 4).unwrap();
    let different = differences(&tables(one.path()), &tables(four.path()));
    assert!(different.is_empty(), "{different:?}");
}

/// Two that share a folder, each with its own view of the inputs, in an order of their own.
#[test]
fn shards_by_several_workers_merge_into_the_bytes_of_one_run() {
    let (whole, shared) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(inputs(), &quick(), whole.path()).unwrap();
    let options = quick();
    let dir = RunDir::new(shared.path());
    let first = open(inputs()).unwrap();
    first.claim(&dir, false).unwrap();
    let second = open(inputs()).unwrap();
    let other = RunDir::new(shared.path());
    let [a, b] = [(&first, &dir), (&second, &other)]
        .map(|(inputs, dir)| evaluate::plan(inputs, &options, &context(dir)).unwrap());
    let count = a.count();
    assert!(count > 3 && b.count() == count && a.missing(&context(&dir)).unwrap().len() == count);
    let said = evaluate::merge(&first, &options, &context(&dir)).unwrap_err().to_string();
    assert!(said.contains(&format!("{count} shards are missing")), "{said}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..count).rev().for_each(|shard| b.run_shard(shard, &context(&other)).unwrap());
        });
        // Every other one, so that some are computed by both.
        (0..count).step_by(2).for_each(|shard| a.run_shard(shard, &context(&dir)).unwrap());
    });
    assert!(a.run_shard(count, &context(&dir)).is_err());
    assert_eq!(a.missing(&context(&dir)).unwrap(), Vec::<usize>::new());
    evaluate::merge(&first, &options, &context(&dir)).unwrap();
    let different = differences(&tables(whole.path()), &tables(shared.path()));
    assert!(different.is_empty(), "{different:?}");
}

#[test]
fn an_interrupted_run_ends_with_the_bytes_of_an_uninterrupted_one() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(inputs(), &quick(), whole.path()).unwrap();
    for after in [1, 20, 50] {
        let error = run_until(inputs(), &quick(), broken.path(), Some(after), 2).unwrap_err();
        assert!(matches!(error, rightly_audit::Error::Interrupted), "{error}");
    }
    run(inputs(), &quick(), broken.path()).unwrap();
    let different = differences(&tables(whole.path()), &tables(broken.path()));
    assert!(different.is_empty(), "{different:?}");
}

#[test]
fn a_measure_added_later_leaves_the_others_and_ends_as_if_asked_for_at_once() {
    let (once, twice) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(inputs(), &quick(), once.path()).unwrap();
    let mut first = quick();
    first.measures = vec![MeasureName::Ablation];
    run(inputs(), &first, twice.path()).unwrap();
    assert!(!twice.path().join("measures/noise.parquet").exists());
    run(inputs(), &quick(), twice.path()).unwrap();
    let different = differences(&tables(once.path()), &tables(twice.path()));
    assert!(different.is_empty(), "{different:?}");
}

#[test]
fn a_finished_run_is_not_computed_again() {
    let out = tempfile::tempdir().unwrap();
    let first = run(inputs(), &quick(), out.path()).unwrap();
    // With `stop_after` of one image, a run that computes anything would be interrupted.
    let again = run_until(inputs(), &quick(), out.path(), Some(1), 2).unwrap();
    assert_eq!(first, again);
}

#[test]
fn without_masks_accuracy_and_maps_are_still_measured() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("image,class\n");
    for line in std::fs::read_to_string(quickstart("table.csv")).unwrap().lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        table += &format!("{},{}\n", quickstart(cells[0]).display(), cells[1]);
    }
    let data = folder.path().join("table.csv");
    std::fs::write(&data, table).unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    let record = run(options, &quick(), &folder.path().join("run")).unwrap();
    let names: BTreeSet<&str> = record.metrics.iter().map(|m| m.metric.as_str()).collect();
    let measured = ["accuracy", "cam-class-overlap", "confidence", "near-copies", "scenes"];
    assert_eq!(names, BTreeSet::from(measured));
    for name in ["Ablation", "Noise", "Objects"] {
        assert!(record.notes.iter().any(|n| n.starts_with(name)), "{name}: {:?}", record.notes);
    }
    assert!(folder.path().join("run/measures/cam.parquet").is_file());
}

/// 'wedge' is what the quickstart's model answers to many pictures without an object: it keeps half
/// of its accuracy, but not because of its own surroundings.
#[test]
fn a_default_answer_is_a_figure_and_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        EvaluateOptions { measures: vec![MeasureName::Ablation], ..EvaluateOptions::default() };
    let record = run(inputs(), &options, folder.path()).unwrap();
    let table = Table::load(&folder.path().join("predictions.parquet")).unwrap();
    let columns = (table.texts("id").unwrap(), table.texts("condition").unwrap());
    let outputs = table.integers("output").unwrap();
    // The other classes' boxed pictures, and how many of them are called wedge (output 3).
    let (mut n, mut said) = (0, 0.0);
    for ((id, condition), output) in columns.0.iter().zip(&columns.1).zip(outputs) {
        let own = id.as_deref().unwrap().contains("wedge");
        if condition.as_deref() == Some("gray-box") && !own {
            n += 1;
            said += f64::from(u8::from(output == Some(3)));
        }
    }
    let elsewhere = said / f64::from(n);
    let row = find(&record.metrics, "default-answer", Some("gray-box"), "wedge").unwrap();
    assert_eq!((row.value, row.n), (Some(elsewhere), n as usize));
    assert!(elsewhere > 0.3 && row.low.unwrap() < elsewhere && row.high.unwrap() > elsewhere);
    let accuracy = |at| find(&record.metrics, "accuracy", Some(at), "wedge").unwrap().value;
    let (clean, boxed) = (accuracy("none").unwrap(), accuracy("gray-box").unwrap());
    assert!(boxed > 0.5 * clean && boxed - elsewhere < 0.5 * clean, "{clean} {boxed} {elsewhere}");
    assert!(record.findings.iter().all(|f| f.class.as_deref() != Some("wedge")));
}

/// A mask that lies in a corner, where no object is: the box hides nothing, so every class is
/// recognised without what the mask calls its object.
#[test]
fn a_class_that_keeps_its_accuracy_by_itself_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("image,class,mask\n");
    for line in std::fs::read_to_string(quickstart("table.csv")).unwrap().lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let image = quickstart(cells[0]);
        let mut mask = pixels::read(&image, &DecodeOptions::default()).unwrap().image;
        for (at, pixel) in mask.data.chunks_exact_mut(3).enumerate() {
            let corner = at % mask.width < 3 && at / mask.width < 3;
            pixel.fill(if corner { 255 } else { 0 });
        }
        let file = folder.path().join(format!("{}.png", cells[0].replace(['/', '.'], "-")));
        std::fs::write(&file, pixels::encode_png(&mask).unwrap()).unwrap();
        // A name of its own: which picture lends its surroundings depends on names, and not on where the tests lie.
        let name = format!("b-{}", cells[0].replace('/', "-"));
        std::fs::copy(&image, folder.path().join(&name)).unwrap();
        table += &format!("{name},{},{}\n", cells[1], file.display());
    }
    let data = folder.path().join("table.csv");
    std::fs::write(&data, table).unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    let measures = vec![MeasureName::Ablation];
    let ablation = EvaluateOptions { measures, ..EvaluateOptions::default() };
    let record = run(options, &ablation, &folder.path().join("run")).unwrap();
    let all = BTreeSet::from(["cross", "ring", "star", "wedge"]);
    let of = |kind| record.findings.iter().filter(move |f| f.kind == kind);
    let classes = |kind| of(kind).filter_map(|f| f.class.as_deref()).collect::<BTreeSet<&str>>();
    assert_eq!(classes(Kind::ObjectIgnored), all);
    // What the mask leaves out are the true objects: exchanged as 'surroundings' they decide the answer. All of them attract,
    // so none is neutral, and no gap is claimed.
    assert_eq!(classes(Kind::SpuriousCue), all);
    for finding in of(Kind::SpuriousCue) {
        assert_eq!(finding.group.as_deref(), Some("background-swap/pull"));
        assert!(finding.low.unwrap() > 0.3 && finding.q.unwrap() <= 0.05, "{finding:?}");
        assert!(!finding.images.is_empty() && finding.evidence.len() == 2, "{finding:?}");
    }
    let neutral = find(&record.metrics, "background-gap", Some("background-swap/neutral"), POOLED);
    assert_eq!(neutral.unwrap().value, None);
    for finding in of(Kind::ObjectIgnored) {
        assert!(finding.low.unwrap() >= 0.5 && finding.q.unwrap() <= 0.05, "{finding:?}");
        assert_eq!(finding.evidence.len(), 3);
        assert!(finding.description.contains("of the other classes' pictures"), "{finding:?}");
    }
}

/// 'star' is given the output of 'cross', and so is right only where it is mistaken for one.
#[test]
fn a_class_that_fails_is_a_finding_with_a_hint_to_the_label_map() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.csv");
    std::fs::write(&map, "class,output\ncross,0\nring,1\nstar,0\nwedge,3\n").unwrap();
    let mut options = inputs();
    options.label_map = Some(map);
    let measures = vec![MeasureName::Ablation];
    let ablation = EvaluateOptions { measures, ..EvaluateOptions::default() };
    let record = run(options, &ablation, &folder.path().join("run")).unwrap();
    let failing: Vec<_> = record.findings.iter().filter(|f| f.kind == Kind::FailingClass).collect();
    let [finding] = failing[..] else { panic!("{failing:?}") };
    assert_eq!(finding.class.as_deref(), Some("star"));
    assert!(finding.q.unwrap() < 1e-6 && finding.low.unwrap() > 0.4, "{finding:?}");
    assert!(finding.description.contains("(output 2, "), "{finding:?}");
    assert!(finding.description.contains("the label map or the labels are wrong"), "{finding:?}");
    assert!(finding.images.len() > 20 && finding.evidence.len() == 2);
}

#[test]
fn a_wrong_label_map_is_said_first() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.csv");
    std::fs::write(&map, "class,output\ncross,1\nring,2\nstar,3\nwedge,0\n").unwrap();
    let mut options = inputs();
    options.label_map = Some(map);
    let record = run(options, &quick(), &folder.path().join("run")).unwrap();
    let titles: Vec<&str> = record.findings.iter().map(|f| f.title.as_str()).collect();
    assert!(titles.contains(&"labels look permuted"), "{titles:?}");
    assert!(titles.contains(&"clean accuracy is at chance"), "{titles:?}");
    assert!(record.findings.iter().all(|f| f.kind == rightly_audit::findings::Kind::DataProblem));
}

#[test]
fn an_unreadable_image_is_a_problem_and_not_a_sample() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("image,class,mask\n");
    let text = std::fs::read_to_string(quickstart("table.csv")).unwrap();
    for (i, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let mut image = quickstart(cells[0]);
        if i == 7 {
            let bytes = std::fs::read(&image).unwrap();
            image = folder.path().join("truncated.jpg");
            std::fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
        }
        table += &format!("{},{},{}\n", image.display(), cells[1], quickstart(cells[2]).display());
    }
    let data = folder.path().join("table.csv");
    std::fs::write(&data, table).unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    let out = folder.path().join("run");
    let record = run(options, &quick(), &out).unwrap();
    assert_eq!(find(&record.metrics, "accuracy", Some("none"), POOLED).unwrap().n, 119);
    let rows: Vec<_> =
        record.problems.iter().filter(|p| p.image.ends_with("truncated.jpg")).collect();
    assert_eq!(rows.len(), 1, "{:?}", record.problems);
    let csv = std::fs::read_to_string(out.join("problems.csv")).unwrap();
    assert!(csv.starts_with("image,stage,problem,what was done\n"), "{csv}");
    assert!(csv.contains("truncated.jpg"), "{csv}");
    assert_eq!(record.findings[0].kind, rightly_audit::findings::Kind::DataProblem);
}

/// Half of every object, the whole of it and a speck as parts: the whole gives the figures of the object itself, control
/// and all, and the speck costs nothing.
#[test]
fn parts_of_objects_are_made_gray_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut table = String::from("image,class,mask,mask:left half,mask:whole,mask:speck\n");
    for (i, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let file = quickstart(cells[2]);
        let bytes = std::fs::read(&file).unwrap();
        let mask = pixels::decode(&bytes, &file, &DecodeOptions::default()).unwrap().image;
        let part = |name: &str, is_in: &dyn Fn(usize, usize, bool) -> bool| {
            let mut part = mask.clone();
            for (at, pixel) in part.data.chunks_exact_mut(3).enumerate() {
                let (y, x) = (at / mask.width, at % mask.width);
                let on = mask.data[at * 3] > 0;
                pixel.fill(if is_in(y, x, on) { 255 } else { 0 });
            }
            let file = folder.path().join(format!("{name}-{i}.png"));
            std::fs::write(&file, pixels::encode_png(&part).unwrap()).unwrap();
            file.display().to_string()
        };
        let columns = mask.data.chunks_exact(3).enumerate().filter(|(_, p)| p[0] > 0);
        let columns: Vec<usize> = columns.map(|(at, _)| at % mask.width).collect();
        let middle = columns.iter().sum::<usize>() / columns.len();
        let half = part("half", &|_, x, on| on && x <= middle);
        let speck = part("speck", &|y, x, _| y == 0 && x < 2);
        // Of the first image the half is not to be had.
        let half = if i == 0 { String::new() } else { half };
        table += &format!(
            "{},{},{file},{half},{file},{speck}\n",
            quickstart(cells[0]).display(),
            cells[1],
            file = file.display(),
        );
    }
    let data = folder.path().join("table.csv");
    std::fs::write(&data, table).unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    options.masks = None;
    let ablation = EvaluateOptions { measures: vec![MeasureName::Ablation], ..quick() };
    let out = folder.path().join("run");
    let record = run(options, &ablation, &out).unwrap();
    let of = |metric: &str, condition: &str| {
        find(&record.metrics, metric, Some(condition), POOLED).unwrap().clone()
    };
    let half = of("drop", "part-gray/left half");
    assert!(half.n == 119 && half.low > Some(0.0), "{half:?}");
    for (metric, own, metric_of, other) in [
        ("drop", "part-gray/whole", "drop", "gray"),
        ("kept", "part-gray/whole", "kept", "gray"),
        ("accuracy", "part-gray/whole/control", "accuracy", "gray-control"),
        ("part-excess", "part-gray/whole", "gray-excess", "gray"),
    ] {
        let (own, other) = (of(metric, own), of(metric_of, other));
        assert_eq!(
            (own.value, own.low, own.high, own.n),
            (other.value, other.low, other.high, other.n)
        );
    }
    assert!(of("drop", "part-gray/speck").value.unwrap().abs() < 0.02);
    // The speck lies beside every object, which is said.
    let beside = |p: &&rightly_data::Problem| {
        p.problem == "the mask of the part 'speck' lies off the object"
    };
    assert_eq!(record.problems.iter().filter(beside).count(), 120);
    let table = Table::load(&out.join("predictions.parquet")).unwrap();
    let rows = table.texts("condition").unwrap();
    let count = |name: &str| rows.iter().filter(|row| row.as_deref() == Some(name)).count();
    assert_eq!(count("part-gray/speck"), 120);
    assert_eq!(count("part-gray/left half/control"), count("part-gray/left half"));
}

/// A file of figures over no image would read as a result.
#[test]
fn without_a_usable_image_there_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jpg"), "no picture").unwrap();
    let data = folder.path().join("table.csv");
    std::fs::write(&data, "image,class\na.jpg,cross\n").unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    options.masks = None;
    let out = folder.path().join("run");
    let said = run(options, &quick(), &out).unwrap_err().to_string();
    assert!(said.starts_with("none of the 1 images of split 'all' could be measured"), "{said}");
    assert!(said.contains("a.jpg: can't be read"), "{said}");
    assert!(!out.join("metrics.json").exists());
}

#[test]
fn clusters_of_one_class_are_not_estimable_there() {
    let mut options = inputs();
    options.cluster = Some("background".to_owned());
    let out = tempfile::tempdir().unwrap();
    let record = run(options, &quick(), out.path()).unwrap();
    let pooled = find(&record.metrics, "accuracy", Some("none"), POOLED).unwrap();
    assert_eq!(pooled.clusters, Some(4));
    assert!(pooled.low.is_some());
    let drop = find(&record.metrics, "drop", Some("gray"), POOLED).unwrap();
    assert_eq!(drop.p, None, "McNemar takes images as independent");
}

/// Three images say no background: each is a cluster of its own, which is said. Blanks around a value are no other value.
#[test]
fn images_without_a_cluster_are_clusters_of_their_own_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("image,class,place\n");
    let text = std::fs::read_to_string(quickstart("table.csv")).unwrap();
    for (at, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let place = if at < 3 { "" } else { ["here", " here", "there"][at % 3] };
        table += &format!("{},{},{place}\n", quickstart(cells[0]).display(), cells[1]);
    }
    let data = folder.path().join("table.csv");
    std::fs::write(&data, table).unwrap();
    let mut options = inputs();
    options.data = data.to_string_lossy().into_owned();
    options.cluster = Some("place".to_owned());
    let measures = vec![MeasureName::Objects];
    let record = run(options, &EvaluateOptions { measures, ..quick() }, &folder.path().join("run"));
    let record = record.unwrap();
    assert!(
        record.notes.iter().any(|n| n.starts_with("3 of ") && n.contains("no value of 'place'")),
        "{:?}",
        record.notes
    );
    let pooled = find(&record.metrics, "accuracy", Some("none"), POOLED).unwrap();
    assert_eq!(pooled.clusters, Some(5));
}

#[test]
fn an_unknown_cluster_column_names_those_that_exist() {
    let mut options = inputs();
    options.cluster = Some("video".to_owned());
    let error = open(options).err().unwrap().to_string();
    assert!(error.contains("video") && error.contains("background"), "{error}");
}

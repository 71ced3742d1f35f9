//! Repair as a stage, on copies of the quickstart's pictures: its model leans on backgrounds.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use rightly_audit::{
    Error, InputOptions, Inputs, Metric, RunDir,
    discover::DiscoverOptions,
    evaluate::evaluate,
    metrics::{POOLED, find},
    mitigate::{MitigateOptions, PoolLabels, Repair, mitigate, verdicts},
    rank::{RankOptions, rank},
    run::StageRecord,
};
use rightly_data::table::Table;
use rightly_model::Overrides;

use crate::{
    discover,
    support::{context, context_on, open, quick, quickstart},
};

/// Two copies of each picture train, three hold the groups, three are reported on.
fn split(copy: usize, _: &str) -> String {
    format!(",{}", ["train", "train", "val", "val", "val", "test", "test", "test"][copy])
}

fn options() -> MitigateOptions {
    MitigateOptions {
        repairs: vec![Repair::Dim],
        controls: 2,
        resamples: 200,
        ..MitigateOptions::default()
    }
}

/// Those that need nothing beside.
fn on_groups() -> Vec<Repair> {
    let other = |r: &Repair| r.adds_images() || r.needs_masks() || r.needs_ranks();
    Repair::ALL.into_iter().filter(|repair| !other(repair)).collect()
}

fn run(inputs: &Inputs, options: &MitigateOptions, out: &Path) -> Result<StageRecord, Error> {
    run_on(inputs, options, out, 2)
}

fn run_on(
    inputs: &Inputs,
    options: &MitigateOptions,
    out: &Path,
    threads: usize,
) -> Result<StageRecord, Error> {
    let run = RunDir::new(out);
    let _lock = run.lock()?;
    inputs.claim(&run, false)?;
    mitigate(inputs, options, &context_on(&run, threads))
}

fn value(metrics: &[Metric], metric: &str, condition: &str) -> f64 {
    let found = find(metrics, metric, Some(condition), POOLED);
    found.and_then(|m| m.value).unwrap_or_else(|| panic!("{metric} {condition}"))
}

#[test]
fn a_repaired_model_is_what_the_figures_are_about_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let table = discover::data(folder.path(), ",split", split);
    let out = folder.path().join("run");
    let inputs = open(discover::inputs(&table)).unwrap();
    // What was measured is measured again.
    let own = RunDir::new(&out);
    inputs.claim(&own, false).unwrap();
    evaluate(&inputs, &quick(), &context(&own)).unwrap();
    let found = DiscoverOptions { draws: 99, ..discover::options() };
    discover::run(discover::inputs(&table), &found, &out).unwrap();
    let repairs = vec![Repair::Dim, Repair::GroupDro, Repair::ClassBalanced];
    let options = MitigateOptions { repairs: repairs.clone(), ..options() };
    let record = run(&inputs, &options, &out).unwrap();

    let n = find(&record.metrics, "accuracy", Some("before"), POOLED).unwrap().n;
    assert_eq!(n, 360);
    let before = value(&record.metrics, "accuracy", "before");
    let evaluated = own.metrics().unwrap();
    assert_eq!(before, value(&evaluated, "accuracy", "none"), "before is what was audited");
    for repair in &repairs {
        let condition = format!("after/{repair}");
        let after = value(&record.metrics, "accuracy", &condition);
        // The main repair is measured again, others where they help.
        let again = RunDir::new(out.join(format!("mitigate/{repair}/run")));
        if *repair == Repair::Dim || again.root().is_dir() {
            let measured = value(&again.metrics().unwrap(), "accuracy", "none");
            assert_eq!(after, measured, "{repair}: the file answers as its head");
            let changed = format!("{condition}/none");
            let changed = value(&record.metrics, "accuracy-change", &changed);
            assert!((changed - (after - before)).abs() < 1e-12);
        }
        // The same figures from the table of answers.
        let file = out.join(format!("mitigate/{repair}/predictions.parquet"));
        let answers = Table::load(&file).unwrap();
        let right = answers.integers("after").unwrap();
        let hits = right.iter().filter(|r| **r == Some(1)).count();
        assert!((hits as f64 / 360.0 - after).abs() < 1e-12);
        let worst = value(&record.metrics, "worst-group-accuracy", &condition);
        assert_eq!(worst, lowest(&answers), "{repair}");
        let tried = fs::read_to_string(out.join(format!("mitigate/{repair}/tried.json"))).unwrap();
        let tried: serde_json::Value = serde_json::from_str(&tried).unwrap();
        assert_eq!(tried["images"], serde_json::json!([240, 360, 360]));
        assert!(tried["largest_difference"].as_f64().unwrap() < 1e-4);
        assert_eq!(tried["controls"].as_array().unwrap().len(), 2);
        assert!(tried["tried"].as_array().unwrap().iter().all(|t| t["error"].is_null()));
    }
    // Groups of one image are those of discover, and of every training image one.
    let groups = Table::load(&out.join("mitigate/groups.parquet")).unwrap();
    assert_eq!(groups.rows(), 960);
    let shares = groups.lists_f32("shares").unwrap();
    assert!(shares.iter().flatten().all(|s| (s.iter().sum::<f32>() - 1.0).abs() < 1e-3));
    // A domain is a group of every class.
    let (of, domains) = (groups.lists_f32("groups").unwrap(), groups.lists_f32("domains").unwrap());
    let mut known = BTreeMap::new();
    for (of, domains) in of.into_iter().flatten().zip(domains.into_iter().flatten()) {
        assert_eq!(domains.iter().map(|d| *d as i64).collect::<BTreeSet<_>>().len(), of.len());
        for (group, domain) in of.iter().zip(&domains) {
            assert_eq!(*known.entry(*group as i64).or_insert(*domain), *domain);
        }
    }
    let distinct: BTreeSet<i64> = known.values().map(|domain| *domain as i64).collect();
    assert!(distinct.len() < known.len(), "{known:?}");
    assert_eq!(verdicts(&own).unwrap().len(), 3);
    let said = record.notes.join("\n");
    assert!(said.contains("240 images of the model's training split and 360 held-out"), "{said}");
    assert!(said.contains("Groups of training images are told from their features"), "{said}");

    assert_eq!(run(&inputs, &options, &out).unwrap(), record, "what is there is not made again");
    let other = folder.path().join("one-thread");
    discover::run(discover::inputs(&table), &found, &other).unwrap();
    let again = run_on(&inputs, &options, &other, 1).unwrap();
    // Nothing was evaluated there: no measures to run again.
    let shared = |record: &StageRecord| -> Vec<Metric> {
        let own = record.metrics.iter().filter(|m| !m.metric.ends_with("-change"));
        own.cloned().collect()
    };
    assert_eq!(shared(&again), shared(&record));
    for file in ["repaired.onnx", "predictions.parquet", "labels.txt"] {
        let of = |run: &Path| fs::read(run.join("mitigate/dim").join(file)).unwrap();
        assert!(of(&out) == of(&other), "{file}");
    }
}

/// Lowest accuracy of a group of at least 20 answers.
fn lowest(answers: &Table) -> f64 {
    let mut groups = std::collections::BTreeMap::<(String, String), [f64; 2]>::new();
    let (class, group) = (answers.texts("class").unwrap(), answers.texts("group").unwrap());
    for (at, right) in answers.integers("after").unwrap().into_iter().enumerate() {
        if let (Some(class), Some(group), Some(right)) = (&class[at], &group[at], right) {
            let sum = groups.entry((class.clone(), group.clone())).or_default();
            sum[0] += right as f64;
            sum[1] += 1.0;
        }
    }
    let large = groups.values().filter(|sum| sum[1] >= 20.0);
    large.map(|sum| sum[0] / sum[1]).fold(f64::INFINITY, f64::min)
}

#[test]
fn known_groups_need_no_discovery_and_every_way_to_repair_runs() {
    let folder = tempfile::tempdir().unwrap();
    let table = discover::data(folder.path(), ",split", split);
    let out = folder.path().join("run");
    let inputs = open(discover::inputs(&table)).unwrap();
    let options = MitigateOptions {
        repairs: on_groups(),
        groups: Some("group".to_owned()),
        controls: 0,
        ..options()
    };
    let record = run(&inputs, &options, &out).unwrap();
    let of = |metric: &str, condition: &str| value(&record.metrics, metric, condition);
    for repair in on_groups() {
        let condition = format!("after/{repair}");
        // Groups are the known ones: both figures are about the same images.
        assert_eq!(
            of("worst-group-accuracy", &condition),
            of("worst-true-group-accuracy", &condition)
        );
        assert!(out.join(format!("mitigate/{repair}/repaired.onnx")).is_file());
        assert!(
            !record.metrics.iter().any(|m| m.condition.as_deref() == Some("after/random-groups"))
        );
    }
    // The quickstart's model fails on other backgrounds; its features know better.
    let gain = of("gain", "after/group-dro");
    assert!(gain > 0.1, "{gain}");
    let words = &verdicts(&RunDir::new(&out)).unwrap()[0].words;
    assert!(words.contains("the lowest accuracy of any group gains"), "{words}");

    // The same groups from a file.
    let text = fs::read_to_string(&table).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{},{}\n", cells[0], cells[2])
    });
    let file = folder.path().join("groups.csv");
    fs::write(&file, format!("image,group\n{}", rows.collect::<String>())).unwrap();
    let by_file = MitigateOptions {
        repairs: vec![Repair::GroupDro],
        groups: Some(file.to_string_lossy().into_owned()),
        ..options.clone()
    };
    let other = folder.path().join("by-file");
    let again = run(&inputs, &by_file, &other).unwrap();
    assert_eq!(value(&again.metrics, "gain", "after/group-dro"), gain);
}

#[test]
fn a_model_of_more_outputs_gets_a_head_of_the_datas_classes() {
    let folder = tempfile::tempdir().unwrap();
    let table = discover::data(folder.path(), ",split", split);
    // Three of the four classes.
    let text = fs::read_to_string(&table).unwrap();
    let first = text.lines().nth(1).unwrap().split(',').nth(1).unwrap().to_owned();
    let kept = text.lines().filter(|line| line.split(',').nth(1) != Some(first.as_str()));
    fs::write(&table, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let out = folder.path().join("run");
    let inputs = open(discover::inputs(&table)).unwrap();
    let own = RunDir::new(&out);
    inputs.claim(&own, false).unwrap();
    evaluate(&inputs, &quick(), &context(&own)).unwrap();
    let options = MitigateOptions { groups: Some("group".to_owned()), controls: 1, ..options() };
    let record = run(&inputs, &options, &out).unwrap();
    let said = record.notes.join("\n");
    assert!(said.contains("has the data's 3 classes, not the model's 4 outputs"), "{said}");
    // Among three outputs the model is right at least as often as among four.
    let before = value(&record.metrics, "accuracy", "before");
    assert!(before >= value(&own.metrics().unwrap(), "accuracy", "none"));
    let file = out.join("mitigate/dim/repaired.onnx");
    let repaired = InputOptions { model: file, ..discover::inputs(&table) };
    let repaired = Inputs::open(repaired, &Overrides::default()).unwrap();
    assert_eq!(repaired.classifier.labels(), repaired.dataset.classes);
    let again = folder.path().join("again");
    let again = RunDir::new(&again);
    repaired.claim(&again, false).unwrap();
    let measured = evaluate(&repaired, &quick(), &context(&again)).unwrap();
    let after = value(&record.metrics, "accuracy", "after/dim");
    assert_eq!(value(&measured.metrics, "accuracy", "none"), after);
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let table = discover::data(folder.path(), ",split", split);
    let inputs = open(discover::inputs(&table)).unwrap();
    let fails = |options: MitigateOptions| {
        let out = folder.path().join("run");
        run(&inputs, &options, &out).unwrap_err().to_string()
    };
    let message = fails(options());
    assert!(message.contains("run discover first"), "{message}");
    let by = |groups: &str| MitigateOptions { groups: Some(groups.to_owned()), ..options() };
    let message = fails(by("weather"));
    assert!(message.contains("--groups weather: no method of discover, column"), "{message}");
    let message = fails(MitigateOptions { train_split: Some("test".to_owned()), ..by("group") });
    assert!(message.contains("--train-split test") && message.contains("train and judge"));
    let message = fails(MitigateOptions { train_split: Some("more".to_owned()), ..by("group") });
    assert!(message.contains("no image has this split; the data has test, train, val"));
    let message = "magic".parse::<Repair>().unwrap_err().to_string();
    assert!(message.contains("there are dim, group-dro"), "{message}");
}

/// Two copies of each picture in a pool.
fn with_pool(copy: usize, _: &str) -> String {
    format!(
        ",{}",
        ["train", "val", "val", "test", "test", "test", "intervention", "intervention"][copy]
    )
}

#[test]
fn images_of_a_pool_are_chosen_for_the_groups_that_fail() {
    let folder = tempfile::tempdir().unwrap();
    let table = discover::data(folder.path(), ",split", with_pool);
    let inputs = open(discover::inputs(&table)).unwrap();
    let out = folder.path().join("run");
    let by = MitigateOptions {
        repairs: vec![Repair::Intervention, Repair::Hardest],
        groups: Some("group".to_owned()),
        budget: 40,
        ..options()
    };
    let record = run(&inputs, &by, &out).unwrap();
    let condition = |m: &&Metric| m.condition.as_deref() == Some("after/random-images");
    let worst = record.metrics.iter().filter(condition);
    assert_eq!(worst.filter(|m| m.metric == "worst-group-accuracy").count(), 1);
    let chosen = Table::load(&out.join("mitigate/intervention/chosen.parquet")).unwrap();
    assert!((1..=40).contains(&chosen.rows()), "{}", chosen.rows());
    // Groups that are no worse than the rest get none.
    let before: Vec<&Metric> = record
        .metrics
        .iter()
        .filter(|m| m.metric == "subgroup-accuracy" && m.condition.as_deref() == Some("before"))
        .collect();
    let (class, group) = (chosen.texts("class").unwrap(), chosen.texts("group").unwrap());
    let ids = chosen.texts("id").unwrap();
    let splits: std::collections::BTreeMap<&str, &str> = inputs
        .dataset
        .samples
        .iter()
        .map(|s| (s.id.as_str(), s.split.as_deref().unwrap_or_default()))
        .collect();
    for at in 0..chosen.rows() {
        let of = before.iter().find(|m| (&m.class, &m.group) == (&class[at], &group[at])).unwrap();
        assert!(of.value.unwrap() < 0.9, "{:?} {:?} {:?}", class[at], group[at], of.value);
        assert_eq!(splits[ids[at].as_deref().unwrap()], "intervention");
    }
    let hardest = Table::load(&out.join("mitigate/hardest/chosen.parquet")).unwrap();
    let losses = hardest.floats("loss").unwrap();
    assert_eq!(losses.len(), 40);
    assert!(losses.windows(2).all(|pair| pair[0] >= pair[1]));
    let said = record.notes.join("\n");
    assert!(said.contains("Pool: the 240 images of 'intervention'; 240 can be used"), "{said}");
    assert!(said.contains("To collect: "), "{said}");
    let wanted = Table::load(&out.join("mitigate/collect.parquet")).unwrap();
    assert!(wanted.rows() > 0 && wanted.floats("low").unwrap().iter().flatten().all(|l| *l > 0.0));

    // The same pictures as a folder without classes; a pool of other classes; no pool.
    let pool = folder.path().join("pool");
    fs::create_dir(&pool).unwrap();
    for (id, split) in &splits {
        if *split == "intervention" {
            fs::copy(folder.path().join(id), pool.join(id)).unwrap();
        }
    }
    let predicted = MitigateOptions {
        pool: Some(pool.to_string_lossy().into_owned()),
        pool_labels: PoolLabels::Predicted,
        repairs: vec![Repair::Intervention],
        ..by.clone()
    };
    let other = folder.path().join("predicted");
    let record = run(&inputs, &predicted, &other).unwrap();
    let said = record.notes.join("\n");
    assert!(said.contains("with the classes that the model gives them; 240 can be used"), "{said}");
    fs::create_dir(pool.join("zebra")).unwrap();
    fs::copy(
        pool.join(splits.keys().find(|id| splits[*id] == "intervention").unwrap()),
        pool.join("zebra/a.png"),
    )
    .unwrap();
    let given = MitigateOptions { pool_labels: PoolLabels::Given, ..predicted };
    let message = run(&inputs, &given, &other).unwrap_err().to_string();
    assert!(message.contains("none of its classes (zebra) is one of the data's"), "{message}");
    let table = discover::data(folder.path(), ",split", split);
    let inputs = open(discover::inputs(&table)).unwrap();
    let message = run(&inputs, &by, &folder.path().join("none")).unwrap_err().to_string();
    assert!(message.contains("'intervention' adds images"), "{message}");
}

#[test]
fn objects_and_cues_are_known_where_masks_and_ranks_are() {
    let folder = tempfile::tempdir().unwrap();
    let table = discover::data(folder.path(), ",split", split);
    let inputs = open(discover::inputs(&table)).unwrap();
    let repairs = |repairs: &[Repair]| MitigateOptions {
        repairs: repairs.to_vec(),
        groups: Some("group".to_owned()),
        controls: 0,
        ..options()
    };
    let out = folder.path().join("run");
    let message = run(&inputs, &repairs(&[Repair::Saliency]), &out).unwrap_err().to_string();
    assert!(message.contains("no training image has a mask"), "{message}");
    let message = run(&inputs, &repairs(&[Repair::BalancedSubset]), &out).unwrap_err().to_string();
    assert!(message.contains("run rank first"), "{message}");

    // The same with masks: each copy has that of its picture.
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let mask: std::collections::HashMap<&str, &str> = text
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0].rsplit('/').next().unwrap(), cells[2])
        })
        .collect();
    let rows = fs::read_to_string(&table).unwrap();
    let rows: String = rows
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{line},mask\n"),
            _ => {
                let image = line.split(',').next().unwrap().split_once('-').unwrap().1;
                let path = quickstart(mask[image]).canonicalize().unwrap();
                format!("{line},{}\n", path.display())
            }
        })
        .collect();
    fs::write(&table, rows).unwrap();
    let inputs = open(discover::inputs(&table)).unwrap();
    let out = folder.path().join("masked");
    let own = RunDir::new(&out);
    inputs.claim(&own, false).unwrap();
    let ranked = RankOptions { resamples: 100, draws: 99, ..RankOptions::default() };
    rank(&inputs, &ranked, &context(&own)).unwrap();
    let all: Vec<Repair> =
        Repair::ALL.into_iter().filter(|r| r.needs_masks() || r.needs_ranks()).collect();
    assert_eq!(all.len(), 5);
    let record = run(&inputs, &repairs(&all), &out).unwrap();
    let worst =
        |repair: Repair| value(&record.metrics, "worst-group-accuracy", &format!("after/{repair}"));
    for &repair in &all {
        assert!(out.join(format!("mitigate/{repair}/repaired.onnx")).is_file());
    }
    // A head that has seen backgrounds and gray silhouettes alone is no better on the worst group. (Over all images it may be:
    // silhouettes show the shapes that these classes are.)
    assert!(worst(Repair::BackgroundOnly) <= worst(Repair::Saliency));
    // The trunk has seen the changed pictures; other repairs of the same run ask no more of it.
    let counted = std::sync::atomic::AtomicUsize::new(0);
    let sink = |event| {
        if matches!(event, rightly_audit::Event::Image) {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let watched = rightly_audit::Context { sink: &sink, ..context(&own) };
    mitigate(&inputs, &repairs(&[Repair::CoreNoise]), &watched).unwrap();
    assert_eq!(counted.into_inner(), 0);
}

#[test]
fn no_cluster_trains_and_is_reported_on() {
    let folder = tempfile::tempdir().unwrap();
    // The first copy of the training images is of a cluster of held-out ones.
    let columns = |copy: usize, _: &str| {
        let source = ["v2", "t1", "v2", "v3", "v4", "e5", "e6", "e7"][copy];
        format!("{},{source}", split(copy, ""))
    };
    let table = discover::data(folder.path(), ",split,source", columns);
    let clustered = InputOptions { cluster: Some("source".to_owned()), ..discover::inputs(&table) };
    let inputs = open(clustered).unwrap();
    let out = folder.path().join("run");
    let by = MitigateOptions { groups: Some("group".to_owned()), controls: 0, ..options() };
    let record = run(&inputs, &by, &out).unwrap();
    let said = record.notes.join("\n");
    assert!(said.contains("120 training images are left out"), "{said}");
    let tried = fs::read_to_string(out.join("mitigate/dim/tried.json")).unwrap();
    let tried: serde_json::Value = serde_json::from_str(&tried).unwrap();
    assert_eq!(tried["images"], serde_json::json!([120, 360, 360]));
    let accuracy = find(&record.metrics, "accuracy", Some("before"), POOLED).unwrap();
    assert_eq!(accuracy.clusters, Some(3));
}

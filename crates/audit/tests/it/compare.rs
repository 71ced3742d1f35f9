//! Two real runs held against each other, on the quickstart's pictures and on DAVIS.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use rightly_audit::{
    InputOptions, RunDir,
    compare::{self, CompareOptions, Comparison, compare},
    evaluate::{EvaluateOptions, MeasureName},
    metrics::{MEAN, POOLED},
    run::Pairing,
};

use crate::support::{inputs, quick, quickstart, real_data, run};

fn held(a: &Path, b: &Path) -> Result<Comparison, rightly_audit::Error> {
    let options = CompareOptions { resamples: 300, ..CompareOptions::default() };
    compare(a, b, &options, &AtomicBool::new(false))
}

/// The quickstart's network under a card that gives it darker pictures.
fn other_model(folder: &Path) -> PathBuf {
    let card = fs::read_to_string(quickstart("model.toml")).unwrap();
    let darker = card.replace("scale = 1.0", "scale = 0.55");
    assert_ne!(card, darker);
    fs::write(folder.join("darker.toml"), darker).unwrap();
    fs::copy(quickstart("labels.txt"), folder.join("labels.txt")).unwrap();
    fs::copy(quickstart("model.onnx"), folder.join("darker.onnx")).unwrap();
    folder.join("darker.onnx")
}

/// Two runs over the same images, under two models.
fn two(folder: &Path) -> [PathBuf; 2] {
    let [a, b] = ["a", "b"].map(|name| folder.join(name));
    run(inputs(), &quick(), &a).unwrap();
    let darker = InputOptions { model: other_model(folder), ..inputs() };
    run(darker, &quick(), &b).unwrap();
    [a, b]
}

#[test]
fn two_models_on_the_same_images() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = two(folder.path());
    let comparison = held(&a, &b).unwrap();
    let compared = &comparison.manifest.compare;
    assert_eq!(compared.pairing, Pairing::Paired);
    assert_eq!((compared.shared, compared.only_a, compared.only_b), (120, 0, 0));
    // Every figure of the stage that both have, and what is taken from the tables agrees with what
    // the runs recorded.
    let recorded = RunDir::new(&b).metrics().unwrap();
    assert_eq!(comparison.rows.len(), recorded.len());
    let metrics: Vec<&str> = comparison.rows.iter().map(|row| row.a.metric.as_str()).collect();
    for metric in ["accuracy", "drop", "rfs", "noise-gap", "rfs-control", "cam-iou-median"] {
        assert!(metrics.contains(&metric), "{metric}");
    }
    let clean = comparison.rows.iter().find(|row| row.a.is("accuracy", Some("none"), POOLED));
    let clean = &clean.unwrap().difference;
    assert!(clean.value.unwrap() < 0.0 && clean.q.is_some() && clean.n == 120, "{clean:?}");
    let shares = comparison.rows.iter().filter(|row| row.a.metric == "object-share");
    assert!(shares.clone().count() > 4);
    assert!(shares.filter_map(|row| row.difference.value).all(|v| v == 0.0));
    let tested = comparison.rows.iter().filter(|row| row.difference.p.is_some());
    assert!(tested.clone().count() > 100);
    for row in comparison.rows.iter().filter(|row| row.difference.value.is_some()) {
        let m = &row.difference;
        let apart = row.b.value.unwrap() - row.a.value.unwrap();
        assert!((apart - m.value.unwrap()).abs() < 1e-6, "{row:?}");
        if let (Some(low), Some(high)) = (m.low, m.high) {
            assert!(low <= high && low <= apart + 1e-6 && apart <= high + 1e-6, "{row:?}");
        }
    }
    assert!(comparison.record.notes.iter().any(|n| n.starts_with("Preprocessing differs")));
    assert!(metrics.contains(&"object-kept"));
    assert!(comparison.rows.iter().any(|row| row.a.is("rfs", Some("linf/0.25"), MEAN)));
}

#[test]
fn a_comparison_is_a_run_of_its_own_with_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = two(folder.path());
    let out = folder.path().join("ab");
    let comparison = held(&a, &b).unwrap();
    comparison.write(&RunDir::new(&out), false).unwrap();
    let files = || -> Vec<Vec<u8>> {
        ["run.toml", compare::SIDES, "metrics.json", "findings.json", "problems.csv"]
            .map(|name| fs::read(out.join(name)).unwrap())
            .into()
    };
    let first = files();
    held(&a, &b).unwrap().write(&RunDir::new(&out), false).unwrap();
    assert!(first == files());
    let run = RunDir::open(&out).unwrap();
    assert_eq!(run.comparison().unwrap(), Some(comparison.manifest.clone()));
    assert_eq!(compare::read_rows(&run).unwrap(), comparison.rows);
    assert_eq!(run.metrics().unwrap(), comparison.record.metrics);
    assert_eq!(RunDir::new(&a).comparison().unwrap(), None);

    // Other inputs are refused, and so are the runs themselves.
    let turned = held(&b, &a).unwrap();
    let error = turned.write(&run, false).unwrap_err().to_string();
    assert!(error.contains("other runs") && error.contains("--force"), "{error}");
    turned.write(&run, true).unwrap();
    for run in [&a, &b] {
        let error = comparison.write(&RunDir::new(run), true).unwrap_err().to_string();
        assert!(error.contains("one of the two runs"), "{error}");
        assert!(run.join("metrics.json").is_file());
    }
    let third = folder.path().join("c");
    RunDir::new(&third).adopt(&RunDir::new(&a), "run.toml").unwrap();
    let error = comparison.write(&RunDir::new(&third), false).unwrap_err().to_string();
    assert!(error.contains("an audit"), "{error}");
}

#[test]
fn what_can_not_be_compared_is_said_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let a = folder.path().join("a");
    let ablation = EvaluateOptions { measures: vec![MeasureName::Objects], ..quick() };
    run(inputs(), &ablation, &a).unwrap();
    let refused = |b: &Path| held(&a, b).unwrap_err().to_string();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = refused(&empty);
    assert!(error.contains("empty") && error.contains("not a run directory"), "{error}");
    assert!(refused(&a.join("../a")).contains("given twice"));
    // Started and never finished.
    let begun = folder.path().join("begun");
    RunDir::new(&begun).adopt(&RunDir::new(&a), "run.toml").unwrap();
    let error = refused(&begun);
    assert!(error.contains("begun") && error.contains("has not finished `evaluate`"), "{error}");
    // A comparison is no audit.
    let copy = folder.path().join("copy");
    for file in [
        ".work/stages/evaluate.json",
        "run.toml",
        "metrics.json",
        "samples.parquet",
        "predictions.parquet",
        "measures/objects.parquet",
    ] {
        RunDir::new(&copy).adopt(&RunDir::new(&a), file).unwrap();
    }
    let out = folder.path().join("ab");
    let comparison = held(&a, &copy).unwrap();
    assert!(comparison.rows.iter().all(|row| row.difference.value.is_none_or(|v| v == 0.0)));
    comparison.write(&RunDir::new(&out), false).unwrap();
    let error = refused(&out);
    assert!(error.contains("compares two others"), "{error}");
}

#[test]
fn two_datasets_under_one_model_are_unpaired() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    let halves: [Vec<&str>; 2] =
        lines.enumerate().fold([Vec::new(), Vec::new()], |mut h, (i, line)| {
            h[i % 2].push(line);
            h
        });
    let runs = ["even", "odd"].map(|name| folder.path().join(name));
    for (half, out) in halves.iter().zip(&runs) {
        let rows: Vec<String> = half
            .iter()
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let file = |at: usize| quickstart(cells[at]).display().to_string();
                let mut row = vec![file(0), cells[1].to_owned(), file(2)];
                row.extend(cells[3..].iter().map(|&c| c.to_owned()));
                row.join(",")
            })
            .collect();
        let table = out.with_extension("csv");
        fs::write(&table, format!("{head}\n{}\n", rows.join("\n"))).unwrap();
        let options = InputOptions { data: table.to_string_lossy().into_owned(), ..inputs() };
        let ablation = EvaluateOptions { measures: vec![MeasureName::Ablation], ..quick() };
        run(options, &ablation, out).unwrap();
    }
    let comparison = held(&runs[0], &runs[1]).unwrap();
    assert_eq!(comparison.manifest.compare.pairing, Pairing::Unpaired);
    let clean = comparison.rows.iter().find(|row| row.a.is("accuracy", Some("none"), POOLED));
    let clean = &clean.unwrap().difference;
    assert_eq!(clean.n, 120);
    assert!(clean.low.unwrap() < 0.0 && clean.high.unwrap() > 0.0, "halves of one data: {clean:?}");
}

#[test]
fn two_imagenet_models_on_clustered_frames() {
    let Some(data) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let runs = ["squeezenet-1.0", "efficientnet-lite0"].map(|model| {
        let mut options = InputOptions::new(
            data.join(format!("models/{model}.onnx")),
            data.join("davis/dataset.csv").to_string_lossy().into_owned(),
        );
        options.label_map = Some(data.join("davis/label-map.csv"));
        options.cluster = Some("sequence".to_owned());
        options.limit = Some(2);
        let ablation = EvaluateOptions { measures: vec![MeasureName::Ablation], ..quick() };
        let out = folder.path().join(model);
        run(options, &ablation, &out).unwrap();
        out
    });
    let comparison = held(&runs[0], &runs[1]).unwrap();
    let row = |class: &str| {
        let mut rows = comparison.rows.iter();
        &rows.find(|row| row.a.is("drop", Some("gray-box"), class)).unwrap().difference
    };
    assert!(row(POOLED).clusters.unwrap() >= 10 && row(POOLED).low.is_some(), "{:?}", row(POOLED));
    // Both frames of a class are of one video.
    assert_eq!((row("cow").clusters, row("cow").low, row("cow").p), (Some(1), None, None));
}

//! Ranking by spuriosity: against NumPy, and as a stage on the quickstart's pictures.

use std::{collections::BTreeMap, fs, path::Path};

use ndarray::Array1;
use rightly_audit::{
    Error, InputOptions, RunDir,
    features::Source,
    findings::Kind,
    metrics::{MEAN, POOLED, find},
    rank::{RankOptions, most_important, rank},
    run::StageRecord,
    spuriosity,
};
use rightly_data::table::Table;
use rightly_stats::extremes::{gap, gap_p};
use serde::Deserialize;

use crate::support::{context_on, inputs, npy_bytes, open, quickstart};

#[derive(Deserialize)]
struct Golden {
    features: Vec<Vec<f32>>,
    labels: Vec<usize>,
    head: Vec<Vec<f32>>,
    right: Vec<u8>,
    classes: Vec<GoldenClass>,
}

#[derive(Deserialize)]
struct GoldenClass {
    top: Vec<usize>,
    importance: Vec<f64>,
    spurious: Vec<usize>,
    spuriosity: Vec<f64>,
    rank: Vec<usize>,
    gap: BTreeMap<usize, f64>,
    p: BTreeMap<usize, f64>,
}

/// `reference/spuriosity.py` made the values with NumPy and SciPy.
#[test]
fn importance_spuriosity_ranks_gaps_and_p_agree_with_numpy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/spuriosity.json");
    let golden: Golden = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (class, expected) in golden.classes.iter().enumerate() {
        let own: Vec<usize> =
            (0..golden.labels.len()).filter(|&i| golden.labels[i] == class).collect();
        let right: Vec<usize> = own.iter().copied().filter(|&i| golden.right[i] == 1).collect();
        let d = golden.head[class].len();
        let mean = |f: usize| {
            right.iter().map(|&i| f64::from(golden.features[i][f])).sum::<f64>()
                / right.len() as f64
        };
        let means = Array1::from_iter((0..d).map(mean));
        let weights = Array1::from(golden.head[class].clone());
        let top = most_important(means.view(), weights.view(), 5);
        assert_eq!(top.iter().map(|i| i.feature).collect::<Vec<_>>(), expected.top);
        for (found, expected) in top.iter().zip(&expected.importance) {
            assert!((found.importance.unwrap() - expected).abs() < 1e-9);
        }
        let column = |f: usize| own.iter().map(|&i| f64::from(golden.features[i][f])).collect();
        let columns: Vec<Vec<f64>> = expected.spurious.iter().map(|&f| column(f)).collect();
        let found = spuriosity::spuriosity(&columns, &vec![true; columns.len()]);
        assert!(found.standardised.last().unwrap().is_none(), "feature 3 is constant");
        let values = found.values.unwrap();
        for (found, expected) in values.iter().zip(&expected.spuriosity) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        let order = spuriosity::descending(&values);
        for (rank, &at) in order.iter().enumerate() {
            assert_eq!(expected.rank[at], rank + 1);
        }
        let outcomes: Vec<bool> = order.iter().map(|&at| golden.right[own[at]] == 1).collect();
        let as_numbers: Vec<f64> = outcomes.iter().map(|&r| f64::from(u8::from(r))).collect();
        for (&k, expected) in &expected.gap {
            assert!((gap(&as_numbers, k).unwrap() - expected).abs() < 1e-12);
        }
        for (&k, expected) in &expected.p {
            assert!((gap_p(&outcomes, &[k], 0, "", 0).unwrap() - expected).abs() < 1e-9);
        }
    }
}

fn options() -> RankOptions {
    RankOptions { ks: vec![5, 10, 100], resamples: 200, draws: 499, ..RankOptions::default() }
}

fn run(inputs: InputOptions, options: &RankOptions, out: &Path) -> Result<StageRecord, Error> {
    run_on(inputs, options, out, 2)
}

fn run_on(
    inputs: InputOptions,
    options: &RankOptions,
    out: &Path,
    threads: usize,
) -> Result<StageRecord, Error> {
    let inputs = open(inputs)?;
    let run = RunDir::new(out);
    let _lock = run.lock()?;
    inputs.claim(&run, false)?;
    rank(&inputs, options, &context_on(&run, threads))
}

const TABLES: [&str; 9] = [
    "features/model.parquet",
    "features/model-outcomes.parquet",
    "rank/spuriosity.parquet",
    "rank/features.parquet",
    "rank/evidence.parquet",
    "rank/examples.parquet",
    "rank/spuriosity.csv",
    "rank/paths_by_rank.json",
    "metrics.json",
];

#[test]
fn the_stage_leaves_ranks_gaps_and_lists() {
    let out = tempfile::tempdir().unwrap();
    let record = run(inputs(), &options(), out.path()).unwrap();
    let table = Table::load(&out.path().join("rank/spuriosity.parquet")).unwrap();
    assert_eq!(table.columns()[..4], ["id", "class", "spuriosity", "rank"]);
    let (ids, ranks) = (table.texts("id").unwrap(), table.integers("rank").unwrap());
    let classes = table.texts("class").unwrap();
    let vectors = Table::load(&out.path().join("features/model.parquet")).unwrap();
    assert_eq!(vectors.rows(), 120);
    let mut ranked: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (class, rank) in classes.iter().zip(&ranks) {
        if let Some(rank) = rank {
            ranked.entry(class.as_deref().unwrap()).or_default().push(*rank);
        }
    }
    assert!(!ranked.is_empty(), "some class has a spurious feature");
    for ranks in ranked.values_mut() {
        ranks.sort_unstable();
        assert!(ranks.iter().enumerate().all(|(i, &rank)| rank == i as i64 + 1), "{ranks:?}");
    }
    for (class, ranks) in &ranked {
        let row = find(&record.metrics, "gap", Some("k=100"), class).unwrap();
        assert_eq!(row.n, 2 * (ranks.len() / 2), "cut to half of the class");
        let (low, high) = (row.low.unwrap(), row.high.unwrap());
        assert!(low <= row.value.unwrap() && row.value.unwrap() <= high && row.p.is_some());
    }
    for class in [POOLED, MEAN] {
        assert!(find(&record.metrics, "gap", Some("k=5"), class).unwrap().n > 0);
    }
    // The strongest cue first.
    let text = fs::read_to_string(out.path().join("rank/paths_by_rank.json")).unwrap();
    let paths: BTreeMap<String, Vec<String>> = serde_json::from_str(&text).unwrap();
    for (class, ids_of_class) in &paths {
        if let Some(first) = ids_of_class.first() {
            let at = ids.iter().position(|id| id.as_deref() == Some(first)).unwrap();
            assert_eq!((classes[at].as_deref(), ranks[at]), (Some(class.as_str()), Some(1)));
        }
    }
    assert!(record.findings.iter().all(|f| f.kind == Kind::SpuriousCue && f.images.len() >= 10));
    // 'wedge' stands on any texture, and is lost on the two that give other classes away: without the object its gap is
    // clear. Thirty photographs do not show it, and a finding needs both gaps.
    let row = |metric: &str| find(&record.metrics, metric, Some("k=10"), "wedge").unwrap();
    let (whole, bare) = (row("gap"), row("gap-without-object"));
    assert!(bare.value.unwrap() >= 0.5 && bare.low.unwrap() >= 0.05 && bare.q.unwrap() <= 0.05);
    assert_eq!(bare.n, 20);
    let both = [whole, bare].iter().all(|m| m.q.unwrap() <= 0.05 && m.low.unwrap() >= 0.05);
    assert_eq!(record.findings.iter().any(|f| f.class.as_deref() == Some("wedge")), both);
    for class in ["star", "wedge"] {
        assert!(
            find(&record.metrics, "gap-without-object", Some("k=10"), class)
                .is_some_and(|m| m.n == 20)
        );
    }
}

/// The quickstart with splits, its paths made absolute.
fn with_splits(folder: &Path) -> InputOptions {
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let absolute = |path: &str| quickstart(path).canonicalize().unwrap().display().to_string();
    let rows: String = text
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            match at {
                0 => format!("{line},split\n"),
                _ => {
                    let (image, mask) = (absolute(cells[0]), absolute(cells[2]));
                    let split = if at % 2 == 0 { "val" } else { "test" };
                    format!("{image},{},{mask},{},{split}\n", cells[1], cells[3])
                }
            }
        })
        .collect();
    let table = folder.join("table.csv");
    fs::write(&table, rows).unwrap();
    InputOptions::new(quickstart("model.onnx"), table.to_string_lossy().into_owned())
}

#[test]
fn features_are_chosen_on_the_other_split_and_no_image_counts_twice() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = with_splits(folder.path());
    let out = folder.path().join("a");
    let record = run(inputs.clone(), &options(), &out).unwrap();
    let said = |record: &StageRecord, part: &str| record.notes.iter().any(|n| n.contains(part));
    assert!(said(&record, "'val' that the audited model has right"), "{:?}", record.notes);
    assert_eq!(Table::load(&out.join("rank/spuriosity.parquet")).unwrap().rows(), 60);
    assert_eq!(Table::load(&out.join("features/model.parquet")).unwrap().rows(), 120);
    // All images are ranked, those of the split that features are chosen on among them.
    let all = InputOptions { split: Some("all".to_owned()), ..inputs };
    let out = folder.path().join("b");
    let options = RankOptions { fit_split: Some("val".to_owned()), ..options() };
    let record = run(all, &options, &out).unwrap();
    assert!(said(&record, "right or wrong"), "{:?}", record.notes);
    assert_eq!(Table::load(&out.join("features/model.parquet")).unwrap().rows(), 120);
    assert_eq!(Table::load(&out.join("rank/spuriosity.parquet")).unwrap().rows(), 120);
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_nothing_twice() {
    let (one, four) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = run_on(inputs(), &options(), one.path(), 1).unwrap();
    run_on(inputs(), &options(), four.path(), 4).unwrap();
    for name in TABLES {
        let read =
            |folder: &Path| fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(read(one.path()), read(four.path()), "{name}");
    }
    let before =
        fs::metadata(one.path().join("rank/spuriosity.parquet")).unwrap().modified().unwrap();
    let again = run_on(inputs(), &options(), one.path(), 1).unwrap();
    let after =
        fs::metadata(one.path().join("rank/spuriosity.parquet")).unwrap().modified().unwrap();
    assert_eq!((first, before), (again, after), "what is done is not done again");
}

/// Ranks that were written are read back, and give the same gaps.
#[test]
fn ranked_lists_come_back() {
    let (out, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let record = run(inputs(), &options(), out.path()).unwrap();
    let gaps = |record: &StageRecord| -> Vec<_> {
        let rows = record.metrics.iter().filter(|m| m.metric == "gap");
        rows.map(|m| (m.class.clone(), m.condition.clone(), m.value, m.n)).collect()
    };
    for list in ["spuriosity.parquet", "spuriosity.csv", "paths_by_rank.json"] {
        let again = RankOptions { ranks: Some(out.path().join("rank").join(list)), ..options() };
        let read = run(inputs(), &again, &back.path().join(list)).unwrap();
        assert_eq!(gaps(&record), gaps(&read), "{list}");
    }
}

/// Judged by hand: the template is filled in and given back.
#[test]
fn votes_decide_where_they_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a");
    run(inputs(), &options(), &out).unwrap();
    let template = fs::read_to_string(out.join("rank/votes.csv")).unwrap();
    let votes: String = template
        .lines()
        .enumerate()
        .map(|(at, line)| match line.rsplit_once(',') {
            Some((row, _)) if at > 0 => {
                format!("{row},{}\n", if at % 2 == 1 { "yes" } else { "no" })
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let file = folder.path().join("votes.csv");
    fs::write(&file, &votes).unwrap();
    let options = RankOptions { votes: Some(file.clone()), ..options() };
    run(inputs(), &options, &folder.path().join("b")).unwrap();
    let table = Table::load(&folder.path().join("b/rank/features.parquet")).unwrap();
    assert_eq!(table.rows(), template.lines().count() - 1);
    assert!(table.texts("basis").unwrap().iter().all(|b| b.as_deref() == Some("votes")));
    let spurious = table.integers("spurious").unwrap();
    let judged: Vec<i64> = spurious.into_iter().flatten().collect();
    assert!(judged.iter().enumerate().all(|(at, &s)| s == i64::from(at % 2 == 0)), "{judged:?}");
    fs::write(&file, "class,feature,spurious\ncross,99999,yes\n").unwrap();
    let error = run(inputs(), &options, &folder.path().join("c")).unwrap_err().to_string();
    assert!(error.contains("99999") && error.contains("votes.csv"), "{error}");
}

/// Vectors from outside, in both forms, with a probe for weights.
#[test]
fn features_from_a_file_give_the_ranks_of_the_same_features() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    run(inputs(), &options(), &own).unwrap();
    let vectors =
        Table::load(&own.join("features/model.parquet")).unwrap().lists_f32("vector").unwrap();
    let vectors: Vec<Vec<f32>> = vectors.into_iter().flatten().collect();
    let d = vectors[0].len();
    let npy = folder.path().join("clip.npy");
    fs::write(&npy, npy_bytes(d, &vectors.concat())).unwrap();
    let parquet = folder.path().join("clip2.parquet");
    fs::copy(own.join("features/model.parquet"), &parquet).unwrap();
    let ranks = |out: &Path| {
        let table = Table::load(&out.join("rank/spuriosity.parquet")).unwrap();
        (table.texts("id").unwrap(), table.integers("rank").unwrap())
    };
    let mut found = Vec::new();
    for file in [npy, parquet] {
        let out = folder.path().join(file.file_stem().unwrap()).join("run");
        let options =
            RankOptions { features: rightly_audit::features::Source::File(file), ..options() };
        let record = run(inputs(), &options, &out).unwrap();
        assert!(record.notes.iter().any(|n| n.contains("probe")), "{:?}", record.notes);
        found.push(ranks(&out));
    }
    assert_eq!(found[0], found[1]);
}

/// The quickstart has one split: features are chosen without regard to what is right.
#[test]
fn without_a_second_split_the_choice_does_not_look_at_the_outcomes() {
    let out = tempfile::tempdir().unwrap();
    let record = run(inputs(), &options(), out.path()).unwrap();
    let said = |part: &str| record.notes.iter().any(|n| n.contains(part));
    assert!(said("right or wrong"), "{:?}", record.notes);
    assert!(quickstart("table.csv").is_file());
    let error =
        run(inputs(), &RankOptions { fit_split: Some("holdout".into()), ..options() }, out.path());
    assert!(error.unwrap_err().to_string().contains("--fit-split holdout"));
}

/// The audited network as an encoder: its own head chooses the same features, where its card says what the outputs are.
#[test]
fn an_encoder_with_a_head_has_its_own_right() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = with_splits(folder.path());
    let network = folder.path().join("encoder.onnx");
    fs::copy(quickstart("model.onnx"), &network).unwrap();
    fs::copy(quickstart("labels.txt"), folder.path().join("labels.txt")).unwrap();
    let card = fs::read_to_string(quickstart("model.toml")).unwrap();
    let chosen = |features: Source, out: &str| {
        let out = folder.path().join(out);
        let options = RankOptions { features, ..options() };
        let record = run(inputs.clone(), &options, &out).unwrap();
        let table = Table::load(&out.join("rank/features.parquet")).unwrap();
        let (features, by) =
            (table.integers("feature").unwrap(), table.texts("chosen_by").unwrap());
        (features, by[0].clone().unwrap(), record.notes)
    };
    let said = |notes: &[String], part: &str| notes.iter().any(|n| n.contains(part));
    let encoder = || Source::Encoder(network.clone(), Box::default());
    let own = chosen(Source::Model, "own");
    assert_eq!(own.1, "model");
    fs::write(folder.path().join("encoder.toml"), &card).unwrap();
    let same = chosen(encoder(), "same");
    assert_eq!((&same.0, same.1.as_str()), (&own.0, "encoder"));
    assert!(said(&same.2, "the encoder's own last layer has right"), "{:?}", same.2);
    // With the labels of two outputs exchanged it is right on other images, and other features speak for these classes.
    let labels = fs::read_to_string(quickstart("labels.txt")).unwrap();
    let mut lines: Vec<&str> = labels.lines().collect();
    lines.swap(0, 1);
    fs::write(folder.path().join("labels.txt"), lines.join("\n")).unwrap();
    let other = chosen(encoder(), "other");
    assert!(other.1 == "encoder" && other.0 != own.0);
    // Nothing says what its outputs are.
    fs::write(folder.path().join("encoder.toml"), card.replace("labels = ", "# labels = "))
        .unwrap();
    let probed = chosen(encoder(), "probed");
    assert_eq!(probed.1, "model");
    assert!(
        said(&probed.2, "belong to no class") && said(&probed.2, "linear probe"),
        "{:?}",
        probed.2
    );
}

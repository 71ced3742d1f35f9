//! Ranking with attributes as the judge: opposite features are not one cue.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use rightly_audit::{
    InputOptions, RunDir,
    features::Source,
    rank::{RankOptions, rank},
};
use rightly_data::table::Table;

use crate::support::{context, open, quickstart};

/// Each class has a feature that is higher where the mark is, and a weaker one that is higher where it is not.
#[test]
fn what_goes_with_the_opposite_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut table = "image,class,mark\n".to_owned();
    let mut classes: Vec<&str> = Vec::new();
    let mut vectors: Vec<f32> = Vec::new();
    for (at, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let class = classes.iter().position(|c| *c == cells[1]).unwrap_or(classes.len());
        if class == classes.len() {
            classes.push(cells[1]);
        }
        let marked = at / 4 % 2 == 0;
        let image = quickstart(cells[0]).canonicalize().unwrap();
        let mark = if marked { "yes" } else { "no" };
        writeln!(table, "{},{},{mark}", image.display(), cells[1]).unwrap();
        for f in 0..8 {
            let noise = 0.05 * ((at * 8 + f) as f32 * 12.9898).sin();
            let (own, with) = (f / 2 == class, if f % 2 == 0 { marked } else { !marked });
            let level = if f % 2 == 0 { 2.0 } else { 1.0 };
            let raised = if with { 1.3 } else { 1.0 };
            vectors.push(noise + if own { level * raised } else { 0.0 });
        }
    }
    let file = folder.path().join("table.csv");
    fs::write(&file, table).unwrap();
    let npy = folder.path().join("features.npy");
    fs::write(&npy, crate::support::npy_bytes(8, &vectors)).unwrap();
    let inputs = InputOptions::new(quickstart("model.onnx"), file.to_string_lossy().into_owned());
    let inputs = open(inputs).unwrap();
    let run = RunDir::new(folder.path().join("run"));
    inputs.claim(&run, false).unwrap();
    let options = RankOptions {
        ks: vec![10],
        resamples: 200,
        draws: 199,
        features: Source::File(npy),
        ..RankOptions::default()
    };
    rank(&inputs, &options, &context(&run)).unwrap();

    let found = Table::load(&run.path("rank/features.parquet")).unwrap();
    let columns = found.texts("class").unwrap().into_iter().zip(found.texts("word").unwrap());
    let cue = found.integers("cue").unwrap();
    for class in &classes {
        let words = |in_cue: i64| -> BTreeSet<String> {
            let rows = columns.clone().zip(&cue);
            rows.filter(|((c, _), cue)| c.as_deref() == Some(*class) && **cue == Some(in_cue))
                .filter_map(|((_, word), _)| word)
                .collect()
        };
        assert_eq!(words(1), BTreeSet::from(["mark: yes".to_owned()]), "{class}");
        assert_eq!(words(0), BTreeSet::from(["mark: no".to_owned()]), "{class}");
    }
    // Half of a class's thirty images carry the mark, and these come first.
    let ranks = Table::load(&run.path("rank/spuriosity.parquet")).unwrap();
    let ids = ranks.texts("id").unwrap();
    let marked: BTreeSet<String> = inputs
        .dataset
        .samples
        .iter()
        .enumerate()
        .filter(|(at, _)| at / 4 % 2 == 0)
        .map(|(_, sample)| sample.id.clone())
        .collect();
    for (id, rank) in ids.into_iter().zip(ranks.integers("rank").unwrap()) {
        let (id, rank) = (id.unwrap(), rank.unwrap());
        assert_eq!(marked.contains(&id), rank <= 15, "{id} has rank {rank}");
    }
}

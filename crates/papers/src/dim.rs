//! DIM's experiment on CIFAR-100 (Zhang et al., CVPR 2024, section 4): 20 superclasses as classes, two rare fine classes in
//! each, and how well methods find them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use ndarray::Array2;
use rightly_audit::{
    Error, Event, RunDir, Sink, discover::Method, features::Outcome, inputs::KINDS, workers,
};
use rightly_data::{
    Dataset,
    dataset::{OpenOptions, Protocol},
};
use rightly_model::{Encoder, EngineKind, Overrides};
use rightly_stats::{Design, Estimate};
use serde::Serialize;

use crate::{
    classifier::{Classified, Labelled, Trainer, head, network},
    judge::Score,
    mitigated::{Experiment, MitigationRow, Networks, Sums},
    study::{Study, Way, ways},
    table, vectors,
};

/// Bootstrap resamples of intervals over classes.
const RESAMPLES: usize = 2000;

/// What the experiment is made of.
pub struct DimOptions<'a> {
    /// `cifar-100-coarse:PATH`.
    pub data: String,
    /// The network that gives features, unless a file does.
    pub encoder: Option<PathBuf>,
    /// Features of every image of the data (`.npy` in its order, or Parquet).
    pub features: Option<PathBuf>,
    /// The audited classifier: a network from scratch; none: a linear head on the features.
    pub trainer: Option<&'a dyn Trainer>,
    /// Epochs of the head.
    pub epochs: usize,
    /// Seeds of classifiers and of halves.
    pub seeds: u64,
    /// Methods, the default first.
    pub methods: Vec<Method>,
    /// Folder of everything.
    pub out: PathBuf,
    /// Worker threads; results do not depend on it.
    pub threads: usize,
}

/// One method: means over classes and seeds.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Method, `dim --paper-compat`, or the true subclasses.
    pub method: String,
    /// Part of the data: `half of val` or `test`.
    pub part: String,
    /// Largest share of one rare subclass among the ten strongest images of a slice.
    pub purity: Figure,
    /// Share of rare subclasses that one of the two worst slices catches.
    pub covered: Figure,
    /// Share of rare subclasses by which one of them is named.
    pub named: Figure,
    /// Accuracy of the rest minus that of the slice.
    pub gap: Figure,
    /// `covered` and `gap` of the first method minus this one's, paired by class.
    pub less_than_first: [Figure; 2],
}

/// A mean over classes with its interval.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Figure {
    /// Mean.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub struct DimResult {
    /// Accuracy of the classifier on validation images: all, of rare subclasses, of the others (mean of seeds).
    pub accuracy: [f64; 3],
    /// What the classifier and the features are, in words.
    pub words: String,
    /// Figures of the ten classes that were not tuned on.
    pub rows: Vec<Row>,
    /// Figures of all twenty.
    pub all: Vec<Row>,
    /// Ways to mitigate, as heads on the features, on the test images of all twenty.
    pub mitigation: Vec<MitigationRow>,
    /// The same as whole networks, where the classifier is one.
    pub networks: Vec<MitigationRow>,
    /// `table.md` in the folder.
    #[serde(skip)]
    pub table: PathBuf,
}

/// Runs the experiment; what was computed in `out` is not computed again.
///
/// # Errors
/// Data, encoder or features can't be read; training fails; `stop` was set.
pub fn dim_cifar100(
    options: &DimOptions<'_>,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<DimResult, Error> {
    let protocol =
        OpenOptions { protocol: Some(Protocol::Dim), kinds: KINDS, ..OpenOptions::default() };
    let dataset = Dataset::open(&options.data, &protocol)?;
    if let Some(without) = dataset.samples.iter().find(|sample| sample.group.is_none()) {
        return Err(Error::Usage(format!(
            "{}: '{}' has no subclass (a column 'group'); every image needs one here",
            options.data, without.id
        )));
    }
    let run = RunDir::new(&options.out);
    let of = |split: &str| -> Vec<usize> {
        let own = |&at: &usize| dataset.samples[at].split.as_deref() == Some(split);
        (0..dataset.samples.len()).filter(own).collect()
    };
    let with_pool = [of("train"), of("val"), of("test"), of("intervention")];
    let (all, what) = features(options, &dataset, &with_pool, &run, stop, sink)?;
    let [train, val, test, _] = &with_pool;
    let parts = [train.clone(), val.clone(), test.clone()];
    let features = [all[0].clone(), all[1].clone(), all[2].clone()];
    let rare = rare_subclasses(&dataset, &parts);
    let (mut mitigated, mut scratch) = (Sums::default(), Sums::default());
    let ways = ways(&options.methods);
    let mut accuracy = [0.0; 3];
    // [part][way][class]: sums over seeds.
    let classes = dataset.classes.len();
    let mut sums = vec![vec![vec![Score::default(); classes]; ways.len()]; 2];
    let mut words = String::new();
    for seed in 0..options.seeds {
        let (classified, name) = classified(options, &dataset, &parts, &features, seed, stop)?;
        words = format!("{name}; {what}");
        for (sum, value) in
            accuracy.iter_mut().zip(accuracies(&dataset, &parts[1], &classified.val, &rare))
        {
            *sum += value / options.seeds as f64;
        }
        let study = Study {
            dataset: &dataset,
            parts: &parts,
            features: &features,
            classified: &classified,
            rare: &rare,
            seed,
        };
        let scores =
            workers::ordered(
                classes,
                options.threads,
                stop,
                |class| Ok(study.class(&ways, class)),
            )?;
        for (class, by_part) in scores.into_iter().enumerate() {
            for (part, by_way) in by_part.into_iter().enumerate() {
                for (way, score) in by_way.into_iter().enumerate() {
                    let sum = &mut sums[part][way][class];
                    let share = 1.0 / options.seeds as f64;
                    sum.purity += share * score.purity;
                    sum.covered += share * score.covered;
                    sum.named += share * score.named;
                    sum.gap += share * score.gap;
                }
            }
        }
        let experiment = Experiment {
            dataset: &dataset,
            parts: &with_pool,
            features: &all,
            classified: &classified,
            rare: &rare,
            epochs: options.epochs,
            seed,
        };
        experiment.run(&ways, &mut mitigated)?;
        if let Some(trainer) = options.trainer {
            let networks = Networks { trainer, out: &options.out, threads: options.threads, stop };
            experiment.run_networks(&ways, &networks, &mut scratch)?;
        }
        sink(Event::Note(format!("seed {seed}: done")));
    }
    // Methods were chosen on the classes of even index.
    let held_out: Vec<usize> = (0..classes).filter(|class| class % 2 == 1).collect();
    let every: Vec<usize> = (0..classes).collect();
    let mut result = DimResult {
        accuracy,
        words,
        rows: rows(&ways, &sums, &held_out),
        all: rows(&ways, &sums, &every),
        mitigation: mitigated.rows(),
        networks: scratch.rows(),
        table: options.out.join("table.md"),
    };
    result.table = table::write(&options.out, &result, options.seeds)?;
    Ok(result)
}

/// Features of the parts, and where they come from.
fn features(
    options: &DimOptions<'_>,
    dataset: &Dataset,
    parts: &[Vec<usize>; 4],
    run: &RunDir,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<([Array2<f32>; 4], String), Error> {
    let all: Vec<usize> = parts.concat();
    let name =
        |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (rows, what) = match (&options.features, &options.encoder) {
        (Some(path), _) => {
            // A file has a row for every image, those that the protocol leaves out as well.
            let whole = Dataset::open(
                &options.data,
                &OpenOptions { kinds: KINDS, ..OpenOptions::default() },
            )?;
            let ids: Vec<&str> = all.iter().map(|&at| dataset.samples[at].id.as_str()).collect();
            (vectors::given(&whole, &ids, path)?, format!("features from {}", name(path)))
        }
        (None, Some(path)) => {
            let encoder = Encoder::open(path, &Overrides::default(), EngineKind::Rten)?;
            let rows = vectors::encode(dataset, &all, &encoder, run, options.threads, stop, sink)?;
            let what = format!(
                "features of {} ('{}', {} values)",
                name(path),
                encoder.layer(),
                encoder.dim()
            );
            (rows, what)
        }
        (None, None) => {
            return Err(Error::Usage(
                "features are needed: give --encoder MODEL.onnx, or --features FILE".to_owned(),
            ));
        }
    };
    let mut from = 0;
    let cut = parts.each_ref().map(|part| {
        from += part.len();
        rows.slice(ndarray::s![from - part.len()..from, ..]).to_owned()
    });
    Ok((cut, what))
}

fn classified(
    options: &DimOptions<'_>,
    dataset: &Dataset,
    parts: &[Vec<usize>; 3],
    features: &[Array2<f32>; 3],
    seed: u64,
    stop: &AtomicBool,
) -> Result<(Classified, String), Error> {
    if let Some(trainer) = options.trainer {
        let folder = options.out.join(format!("classifier-{seed}"));
        let folder = trainer.train(seed, &folder, None).map_err(|e| Error::Usage(e.to_string()))?;
        let found = network(dataset, &parts[1], &parts[2], &folder, options.threads, stop)?;
        return Ok((found, format!("classifier: {} from scratch", trainer.name())));
    }
    let labels: Vec<Vec<usize>> = parts
        .iter()
        .map(|part| part.iter().map(|&at| dataset.samples[at].class).collect())
        .collect();
    let part = |at: usize| Labelled { values: features[at].view(), labels: &labels[at] };
    let found = head(part(0), part(1), part(2), dataset.classes.len(), options.epochs, seed)?;
    Ok((found, format!("classifier: a linear head on the features, {} epochs", options.epochs)))
}

/// Each subclass that is rarer in training than the most frequent one of its class.
fn rare_subclasses<'d>(dataset: &'d Dataset, parts: &[Vec<usize>; 3]) -> BTreeSet<&'d str> {
    let mut counts = std::collections::BTreeMap::new();
    for &at in &parts[0] {
        let sample = &dataset.samples[at];
        if let Some(group) = sample.group.as_deref() {
            *counts.entry((sample.class, group)).or_insert(0_usize) += 1;
        }
    }
    let most = |class: usize| {
        counts.iter().filter(|((of, _), _)| *of == class).map(|(_, n)| *n).max().unwrap_or(0)
    };
    counts.iter().filter(|((class, _), n)| 2 * **n < most(*class)).map(|((_, g), _)| *g).collect()
}

fn accuracies(
    dataset: &Dataset,
    val: &[usize],
    outcomes: &[Outcome],
    rare: &BTreeSet<&str>,
) -> [f64; 3] {
    let share = |keep: &dyn Fn(bool) -> bool| {
        let own = val.iter().zip(outcomes).filter(|(at, _)| {
            keep(dataset.samples[**at].group.as_deref().is_some_and(|g| rare.contains(g)))
        });
        let hits: Vec<bool> = own.map(|(_, o)| o.correct).collect();
        hits.iter().filter(|&&h| h).count() as f64 / hits.len().max(1) as f64
    };
    [share(&|_| true), share(&|rare| rare), share(&|rare| !rare)]
}

fn rows(ways: &[Way], sums: &[Vec<Vec<Score>>], classes: &[usize]) -> Vec<Row> {
    let mut out = Vec::new();
    for (part, by_way) in sums.iter().enumerate() {
        for (at, way) in ways.iter().enumerate() {
            let over = |value: &dyn Fn(usize) -> f64| {
                let values: Vec<f64> = classes.iter().map(|&class| value(class)).collect();
                let design = Design::new(vec![0; values.len()], None, 0, RESAMPLES);
                Figure::from(design.mean(&values))
            };
            let of = |pick: fn(&Score) -> f64| over(&|class| pick(&by_way[at][class]));
            let less = |pick: fn(&Score) -> f64| {
                over(&|class| pick(&by_way[0][class]) - pick(&by_way[at][class]))
            };
            out.push(Row {
                method: way.name.clone(),
                part: ["half of val", "test"][part].to_owned(),
                purity: of(|s| s.purity),
                covered: of(|s| s.covered),
                named: of(|s| s.named),
                gap: of(|s| s.gap),
                less_than_first: [less(|s| s.covered), less(|s| s.gap)],
            });
        }
    }
    out
}

impl From<Estimate> for Figure {
    fn from(e: Estimate) -> Self {
        Self { value: e.value, low: e.low, high: e.high }
    }
}

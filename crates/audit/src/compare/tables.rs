//! Per-image values from a run's Parquet tables.

use std::collections::BTreeMap;

use rightly_data::table::{self, Table};

use crate::{Error, RunDir, evaluate};

/// One image under one condition, averaged over its trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub(super) correct: f64,
    pub(super) confidence: f64,
}

/// Columns of `measures/saliency.parquet` with their metrics.
const MAPS: [(&str, &str); 6] = [
    ("iou", "cam-iou"),
    ("delta_density", "cam-delta-density"),
    ("mass", "cam-mass"),
    ("average_precision", "cam-average-precision"),
    ("pointing", "cam-pointing"),
    ("class_overlap", "cam-class-overlap"),
];

/// The figures of a layer's maps, by metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) columns: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// Columns of `measures/objects.parquet` in the order of [`Tables::objects`], with their metrics.
pub(super) const OBJECTS: [(&str, &str); 5] = [
    ("share", "object-share"),
    ("share_crop", "object-share-crop"),
    ("share_random_crop", "object-share-random-crop"),
    ("kept", "object-kept"),
    ("distance", "object-distance"),
];

/// Values of all images, in the order of `samples.parquet`; `None` where an image can't serve.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tables {
    /// By condition.
    pub(super) seen: BTreeMap<String, Vec<Option<Seen>>>,
    /// By layer, that of the run first.
    pub(super) saliency: Vec<Layer>,
    pub(super) objects: Vec<Option<[f64; 5]>>,
    /// Share of the moved mask that lies on the object.
    pub(super) overlap: Vec<Option<f64>>,
}

/// Where each id stands; ids that stand for several images are left out.
pub(super) struct Places<'a> {
    pub(super) at: &'a BTreeMap<String, usize>,
    pub(super) images: usize,
}

impl Places<'_> {
    fn of(&self, id: &Option<String>) -> Option<usize> {
        self.at.get(id.as_deref()?).copied()
    }
}

impl Tables {
    pub(super) fn read(run: &RunDir, places: &Places<'_>) -> Result<Self, Error> {
        Ok(Self {
            seen: predictions(run, places)?,
            saliency: saliency(run, places)?,
            objects: objects(run, places)?,
            overlap: overlap(run, places)?,
        })
    }
}

/// Sums over the trials of one image.
#[derive(Clone, Copy, Default)]
struct Sums {
    trials: u32,
    correct: f64,
    confidence: f64,
}

/// An image that lacks a trial that others have is left out, as `evaluate` leaves it out: all
/// images then have the same number of trials behind them.
fn predictions(
    run: &RunDir,
    places: &Places<'_>,
) -> Result<BTreeMap<String, Vec<Option<Seen>>>, Error> {
    let Some(path) = run.file_of(evaluate::STAGE, "predictions.parquet")? else {
        return Ok(BTreeMap::new());
    };
    let mut sums: BTreeMap<String, Vec<Sums>> = BTreeMap::new();
    for batch in table::read(&path)? {
        let batch = batch?;
        let ids = table::texts(&batch, "id", &path)?;
        let conditions = table::texts(&batch, "condition", &path)?;
        let correct = table::integers(&batch, "correct", &path)?;
        let confidence = table::floats(&batch, "confidence", &path)?;
        for row in 0..ids.len() {
            let (Some(image), Some(condition)) = (places.of(&ids[row]), &conditions[row]) else {
                continue;
            };
            let (Some(correct), Some(confidence)) = (correct[row], confidence[row]) else {
                continue;
            };
            if !sums.contains_key(condition) {
                sums.insert(condition.clone(), vec![Sums::default(); places.images]);
            }
            if let Some(column) = sums.get_mut(condition) {
                let sum = &mut column[image];
                sum.trials += 1;
                sum.correct += correct as f64;
                sum.confidence += confidence;
            }
        }
    }
    Ok(sums
        .into_iter()
        .map(|(condition, column)| {
            let trials = column.iter().map(|s| s.trials).max().unwrap_or(0);
            let n = f64::from(trials);
            let seen = |s: Sums| {
                let seen = Seen { correct: s.correct / n, confidence: s.confidence / n };
                (s.trials == trials && trials > 0).then_some(seen)
            };
            (condition, column.into_iter().map(seen).collect())
        })
        .collect())
}

fn saliency(run: &RunDir, places: &Places<'_>) -> Result<Vec<Layer>, Error> {
    let mut out: Vec<Layer> = Vec::new();
    let Some(path) = run.file_of(evaluate::STAGE, "measures/saliency.parquet")? else {
        return Ok(out);
    };
    let table = Table::load(&path)?;
    let (ids, layers) = (table.texts("id")?, table.texts("layer")?);
    let mut read: Vec<(&'static str, Vec<Option<f64>>)> = Vec::new();
    for (column, metric) in MAPS {
        read.push((
            metric,
            match column {
                "pointing" => {
                    let on = table.integers(column)?;
                    on.into_iter().map(|on| on.map(|on| on as f64)).collect()
                }
                _ => table.floats(column)?,
            },
        ));
    }
    for row in 0..ids.len() {
        let (Some(image), Some(layer)) = (places.of(&ids[row]), &layers[row]) else { continue };
        let at = out.iter().position(|known| known.name == *layer).unwrap_or_else(|| {
            let empty = MAPS.map(|(_, metric)| (metric, vec![None; places.images]));
            out.push(Layer { name: layer.clone(), columns: BTreeMap::from(empty) });
            out.len() - 1
        });
        for (metric, values) in &read {
            out[at]
                .columns
                .get_mut(metric)
                .expect("every metric has its column: by construction")[image] = values[row];
        }
    }
    Ok(out)
}

fn objects(run: &RunDir, places: &Places<'_>) -> Result<Vec<Option<[f64; 5]>>, Error> {
    let mut out = vec![None; places.images];
    let Some(path) = run.file_of(evaluate::STAGE, "measures/objects.parquet")? else {
        return Ok(out);
    };
    let table = Table::load(&path)?;
    let ids = table.texts("id")?;
    let columns: Vec<Vec<Option<f64>>> =
        OBJECTS.iter().map(|(name, _)| table.floats(name)).collect::<Result<_, _>>()?;
    for (row, id) in ids.iter().enumerate() {
        let Some(image) = places.of(id) else { continue };
        let values: Option<Vec<f64>> = columns.iter().map(|column| column[row]).collect();
        // One without all values can't serve.
        out[image] = values.map(|own| own.try_into().expect("one of each column: by construction"));
    }
    Ok(out)
}

fn overlap(run: &RunDir, places: &Places<'_>) -> Result<Vec<Option<f64>>, Error> {
    let mut out = vec![None; places.images];
    let Some(path) = run.file_of(evaluate::STAGE, "measures/ablation.parquet")? else {
        return Ok(out);
    };
    let table = Table::load(&path)?;
    let ids = table.texts("id")?;
    for (id, value) in ids.iter().zip(table.floats("control_overlap")?) {
        if let Some(image) = places.of(id) {
            out[image] = value;
        }
    }
    Ok(out)
}

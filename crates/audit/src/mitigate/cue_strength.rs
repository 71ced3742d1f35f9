//! How strongly images that train carry the spurious features of their class.

use std::collections::{BTreeMap, HashMap};

use ndarray::Axis;
use rightly_data::table::Table;

use super::{
    Repair,
    material::{Material, by_class},
};
use crate::{Error, Inputs, RunDir, rank, spuriosity::spuriosity};

/// Spuriosity of training and held-out images, by sample.
pub(super) type Spuriosity = HashMap<usize, f64>;

/// Whether a repair needs it.
pub(super) fn needed(repairs: &[Repair]) -> bool {
    repairs.iter().any(|repair| repair.needs_ranks())
}

/// Changes with what `rank` found, where it is needed.
///
/// # Errors
/// The stage's record can't be read.
pub(super) fn key(repairs: &[Repair], run: &RunDir) -> Result<Option<String>, Error> {
    let record = if needed(repairs) { run.stage(rank::STAGE)? } else { None };
    Ok(record.map(|record| record.key))
}

/// Directions of the classes that `rank` ranked by all features together.
fn directions(run: &RunDir) -> Result<BTreeMap<String, Vec<f32>>, Error> {
    let Some(path) = run.file_of(rank::STAGE, rank::EVIDENCE)? else {
        return Ok(BTreeMap::new());
    };
    let table = Table::load(&path)?;
    let rows = table.texts("class")?.into_iter().zip(table.lists_f32("direction")?);
    Ok(rows.filter_map(|(class, direction)| Some((class?, direction?))).collect())
}

/// The mean of the standardised features that `rank` found spurious (Spuriosity Rankings, Moayeri et al. 2023), over the
/// training and held-out images of each class; of a class without any every image has 0.
///
/// # Errors
/// `rank` has not run on the model's own features, or found no spurious feature.
pub(super) fn gather(
    inputs: &Inputs,
    run: &RunDir,
    material: &Material,
) -> Result<Spuriosity, Error> {
    let missing = |why: &str| {
        Error::Usage(format!(
            "'balanced-subset' and 'lowest-spuriosity' need the spurious features of the model itself: {why}"
        ))
    };
    if run.stage(rank::STAGE)?.is_none() {
        return Err(missing("run rank first"));
    }
    let manifest = run.manifest()?;
    let of = manifest.stages.get(rank::STAGE).and_then(|table| table.get("features")?.as_str());
    if of != Some("model") {
        return Err(missing("rank ran on other features; run it without --encoder and --features"));
    }
    let path = run.file_of(rank::STAGE, rank::FEATURES)?;
    let path = path.ok_or_else(|| missing("run rank first"))?;
    let table = Table::load(&path)?;
    let (class, feature) = (table.texts("class")?, table.integers("feature")?);
    let mut cues: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, cue) in table.integers("cue")?.into_iter().enumerate() {
        if let (Some(1), Some(class), Some(feature)) = (cue, &class[at], feature[at]) {
            let feature = usize::try_from(feature)
                .map_err(|_| Error::run(&path, format!("feature {feature} is none")))?;
            cues.entry(class.clone()).or_default().push(feature);
        }
    }
    let whole = directions(run)?;
    if cues.is_empty() && whole.is_empty() {
        return Err(missing("rank found none"));
    }
    let all = material.train.with(&material.held);
    let mut out = Spuriosity::new();
    for (class, rows) in by_class(&all.labels) {
        let own = cues.get(&inputs.dataset.classes[class]).map_or(&[][..], Vec::as_slice);
        let values = all.values.select(Axis(0), &rows);
        let mut columns: Vec<Vec<f64>> = own
            .iter()
            .filter(|&&feature| feature < values.ncols())
            .map(|&feature| values.column(feature).iter().map(|&v| f64::from(v)).collect())
            .collect();
        // Where no few features are the cue, all of them together are.
        if let Some(direction) = whole.get(&inputs.dataset.classes[class])
            && direction.len() == values.ncols()
        {
            let product = |row: ndarray::ArrayView1<'_, f32>| {
                row.iter().zip(direction).map(|(&v, &d)| f64::from(v) * f64::from(d)).sum()
            };
            columns = vec![values.outer_iter().map(product).collect()];
        }
        let found = spuriosity(&columns, &vec![true; columns.len()]).values;
        for (place, &row) in rows.iter().enumerate() {
            let value = found.as_ref().map_or(0.0, |values| values[place]);
            out.insert(all.samples[row], value);
        }
    }
    Ok(out)
}

//! What the model makes of the images that are named.

use super::phrase_test::Right;
use crate::{
    Error, Inputs, RunDir, discover,
    features::{Outcomes, outcomes_of},
    rank,
};

/// Whether the model is right on each sample that a stage before has asked it about.
///
/// # Errors
/// A table of the run can't be read.
pub(super) fn right(inputs: &Inputs, run: &RunDir) -> Result<Right, Error> {
    let mut out = Right::new();
    let manifest = run.manifest()?;
    for stage in [discover::STAGE, rank::STAGE] {
        let options = manifest.stages.get(stage);
        let Some(name) = options.and_then(|o| o.get("features")).and_then(|v| v.as_str()) else {
            continue;
        };
        let Some(path) = run.existing(&outcomes_of(name))? else { continue };
        let outcomes = Outcomes::read(&path)?;
        for (at, sample) in inputs.dataset.samples.iter().enumerate() {
            if let Some(right) = outcomes.correct(&sample.id) {
                out.entry(at).or_insert(right);
            }
        }
    }
    Ok(out)
}

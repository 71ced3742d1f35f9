//! What the figures of this stage say is wrong.

mod chance;
mod data;
mod objects;

use rightly_data::Problem;

use super::{columns::Columns, options::EvaluateOptions};
use crate::{Finding, Inputs, Metric};

pub use chance::{AT_CHANCE, TOO_FEW};

pub(super) fn find_all(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
    problems: &[Problem],
) -> Vec<Finding> {
    let mut findings = data::data_problems(inputs, problems);
    findings.extend(data::engines_differ(inputs));
    let at_chance = chance::at_chance(inputs, columns, metrics);
    let meaningful = at_chance.is_none();
    findings.extend(at_chance);
    findings.extend(data::permuted(inputs, columns, metrics));
    // Reliance figures mean nothing where the model does no better than chance.
    if meaningful {
        findings.extend(objects::ignored(inputs, options, columns, metrics));
    }
    findings
}

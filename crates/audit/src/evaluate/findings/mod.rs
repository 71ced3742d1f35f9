//! What the figures of this stage say is wrong.

mod backgrounds;
mod chance;
mod classes;
mod data;
mod objects;
mod overlays;
mod scopes;

use rightly_data::Problem;

use super::{columns::Columns, options::EvaluateOptions};
use crate::{Finding, Inputs, Metric};

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
    let permuted = data::permuted(inputs, columns, metrics);
    let named_alike = permuted.is_none();
    findings.extend(permuted);
    // Reliance figures mean nothing where the model does no better than chance.
    if meaningful {
        findings.extend(overlays::costly(inputs, options, columns, metrics));
        findings.extend(backgrounds::followed(inputs, options, columns, metrics));
        findings.extend(objects::ignored(inputs, options, columns, metrics));
    }
    if meaningful && named_alike {
        findings.extend(classes::failing(inputs, options, columns, metrics));
    }
    findings
}

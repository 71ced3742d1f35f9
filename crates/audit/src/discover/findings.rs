//! Subgroups that hold on images which had no part in finding them.

use super::{
    DiscoverOptions,
    assignment::Grouped,
    gap_test::{Judged, JudgedClass},
};
use crate::{
    Finding, Inputs, Metric,
    features::Source,
    findings::{Kind, title_figures},
};

/// Most images that a finding names.
const NAMED: usize = 200;
/// What features of the audited model can't rule out.
const BOUNDARY: &str = " If they share nothing that can be seen, the subgroup may be no more than the edge of what the model \
                        takes for the class: pictures there are alike in its own features. A second network's \
                        features can show it.";

/// The findings of one class, of all methods; `confirm` holds the samples of its confirming part.
pub(super) fn find(
    inputs: &Inputs,
    options: &DiscoverOptions,
    confirm: &[usize],
    grouped: &[Grouped],
    class: &JudgedClass,
    metrics: &[Metric],
) -> Vec<Finding> {
    let mut out = Vec::new();
    for (method, groups) in grouped.iter().zip(&class.methods) {
        for (group, judged) in groups.iter().enumerate() {
            if judged.holds(options.min_effect) {
                let features = &options.features;
                out.push(finding(inputs, features, confirm, method, group, judged, metrics));
            }
        }
    }
    out
}

fn finding(
    inputs: &Inputs,
    features: &Source,
    confirm: &[usize],
    method: &Grouped,
    group: usize,
    judged: &Judged,
    metrics: &[Metric],
) -> Finding {
    let class = &inputs.dataset.classes[method.class];
    let name = method.name(group);
    let members = method.members(group);
    let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
    let accuracy = judged.accuracy.value;
    let rest = accuracy.zip(judged.gap.value).map(|(own, gap)| own + gap);
    let own_features = matches!(features, Source::Model);
    let what = match &method.slices[group].words {
        Some(words) => format!("where {words}"),
        None => "on a subgroup".to_owned(),
    };
    let own =
        |m: &&Metric| m.group.as_deref() == Some(name.as_str()) && m.class.as_ref() == Some(class);
    Finding {
        kind: Kind::FailingSubgroup,
        class: Some(class.clone()),
        group: Some(name.clone()),
        title: format!("'{class}' fails {what}: {}", title_figures(accuracy, judged.gap.value)),
        description: format!(
            "{} images of '{class}' look alike to {}; {:.0} % of them are right, of the other images of the class \
             {:.0} %. The subgroup was found on other images and held here. Look at its images to see what they share, and \
             add training images like them.{}",
            members.len(),
            if own_features { "the model" } else { "the network whose features were used" },
            percent(accuracy),
            percent(rest),
            if own_features && judged.anew.is_none() { BOUNDARY } else { "" },
        ),
        effect: judged.gap.value,
        low: judged.gap.low,
        high: judged.gap.high,
        n: judged.gap.n,
        p: judged.p,
        q: judged.q,
        severity: judged.gap.value.unwrap_or(0.0).clamp(0.0, 1.0),
        images: members
            .iter()
            .take(NAMED)
            .map(|&at| inputs.dataset.samples[confirm[at]].id.clone())
            .collect(),
        evidence: metrics.iter().filter(own).cloned().collect(),
    }
}

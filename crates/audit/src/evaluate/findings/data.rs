//! What is wrong with the data itself: files, labels, the label map.

use std::collections::BTreeMap;

use rightly_data::Problem;

use super::super::{STAGE, columns::Columns};
use crate::{
    Finding, Inputs, Metric,
    findings::Kind,
    metrics::{POOLED, find},
};

pub(super) fn data_problem(title: String, description: String, images: Vec<String>) -> Finding {
    Finding {
        kind: Kind::DataProblem,
        class: None,
        group: None,
        title,
        description,
        effect: None,
        low: None,
        high: None,
        n: images.len(),
        p: None,
        q: None,
        severity: 0.5,
        images,
        evidence: Vec::new(),
    }
}

/// What is wrong with the data as it stands, one finding for each kind of problem.
pub(super) fn data_problems(inputs: &Inputs, problems: &[Problem]) -> Vec<Finding> {
    let mut kinds: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        let of_data = problem.stage != STAGE;
        let unreadable =
            problem.problem.starts_with("can't be read") || problem.problem.contains("not finite");
        if of_data || unreadable {
            let kind = problem.problem.split([':', '"', '(']).next();
            // An apostrophe ends no word that is a kind; a name in quotes does.
            let kind = kind.and_then(|kind| kind.split(" '").next());
            let kind = kind.expect("a split text has a first part: by construction");
            kinds.entry(kind.trim()).or_default().push(problem);
        }
    }
    kinds
        .into_iter()
        .map(|(kind, list)| {
            let images: Vec<String> = list.iter().map(|p| p.image.clone()).collect();
            let first = list[0];
            let description = format!(
                "{} of {} images or files: {kind}; {}. For example {}: {}. All are in problems.csv.",
                list.len(),
                inputs.dataset.samples.len(),
                first.action,
                first.image,
                first.problem,
            );
            data_problem(format!("{kind} ({})", list.len()), description, images)
        })
        .collect()
}

/// Where a second engine gives other answers than the one that was asked for by its name.
pub(super) fn engines_differ(inputs: &Inputs) -> Option<Finding> {
    let second = inputs.look().second.as_ref()?;
    let (title, description) = second.finding(inputs.look())?;
    let mut finding = data_problem(title, description, second.other_answers.clone());
    finding.severity = 1.0;
    Some(finding)
}

/// Where renaming the classes by one permutation lifts accuracy far: labels in another order.
pub(super) fn permuted(inputs: &Inputs, columns: &Columns, metrics: &[Metric]) -> Option<Finding> {
    let accuracy = find(metrics, "accuracy", Some("none"), POOLED)?;
    let classes = inputs.dataset.classes.len();
    let mut counts = vec![vec![0_usize; classes]; classes];
    let mut n = 0_usize;
    for (&i, output) in inputs.selected.iter().zip(&columns.output) {
        let Some(output) = output else { continue };
        n += 1;
        let owner = |o: &Vec<usize>| o.contains(&(*output as usize));
        if let Some(said) = inputs.label_map.outputs.iter().position(owner) {
            counts[inputs.dataset.samples[i].class][said] += 1;
        }
    }
    let renamed: Vec<usize> =
        counts.iter().map(|row| (0..classes).rev().max_by_key(|&c| row[c]).unwrap_or(0)).collect();
    let mut distinct = renamed.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let moved: Vec<usize> = (0..classes).filter(|&c| renamed[c] != c).collect();
    if n == 0 || distinct.len() < classes || moved.len() < 2 {
        return None;
    }
    let right: usize = (0..classes).map(|c| counts[c][renamed[c]]).sum();
    let (value, lifted) = (accuracy.value?, right as f64 / n as f64);
    if lifted < 0.5 || lifted < value + 0.3 {
        return None;
    }
    let names = &inputs.dataset.classes;
    let pairs: Vec<String> = moved
        .iter()
        .take(5)
        .map(|&c| format!("'{}' is called '{}'", names[c], names[renamed[c]]))
        .collect();
    let mut finding = data_problem(
        "labels look permuted".to_owned(),
        format!(
            "Accuracy is {:.1} %, but {:.1} % if the classes are renamed: {}{}. Check the order of \
             the labels and the label map.",
            100.0 * value,
            100.0 * lifted,
            pairs.join(", "),
            if moved.len() > 5 { ", …" } else { "" },
        ),
        Vec::new(),
    );
    finding.severity = 1.0;
    finding.n = n;
    finding.effect = Some(lifted - value);
    finding.evidence = vec![accuracy.clone()];
    Some(finding)
}

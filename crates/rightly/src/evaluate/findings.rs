//! What the figures of this stage say is wrong.

use std::collections::BTreeMap;

use rightly_data::Problem;
use rightly_stats::{multiple::benjamini_hochberg, quantile::normal_cdf};

use super::{STAGE, columns::Columns, figures::Board, options::EvaluateOptions};
use crate::{
    Finding, Inputs, Metric,
    findings::Kind,
    metrics::{POOLED, find},
};

/// Fewest images behind a finding about a class.
const FEWEST: usize = 20;
/// Corrected p-value below which a finding counts.
const Q: f64 = 0.05;
/// Share of the clean accuracy that a class keeps without its object, from which on the object
/// counts as ignored.
const KEPT: f64 = 0.5;

pub(super) fn find_all(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
    problems: &[Problem],
) -> Vec<Finding> {
    let mut findings = data_problems(inputs, problems);
    findings.extend(at_chance(inputs, columns, metrics));
    findings.extend(permuted(inputs, columns, metrics));
    // Reliance figures mean nothing where the model does no better than chance.
    if !findings.iter().any(|f| f.title == AT_CHANCE) {
        findings.extend(objects_ignored(inputs, options, columns, metrics));
    }
    findings
}

fn data_problem(title: String, description: String, images: Vec<String>) -> Finding {
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
fn data_problems(inputs: &Inputs, problems: &[Problem]) -> Vec<Finding> {
    let mut kinds: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        let of_data = problem.stage != STAGE;
        let unreadable =
            problem.problem.starts_with("can't be read") || problem.problem.contains("not finite");
        if of_data || unreadable {
            let kind = problem.problem.split([':', '\'', '"', '(']).next().unwrap_or_default();
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

/// Title of the finding that makes every other figure meaningless.
pub const AT_CHANCE: &str = "clean accuracy is at chance";

/// Accuracy that predictions independent of the labels would have: for each output, the share of
/// images that got it times the share of images for which it is right.
fn chance(inputs: &Inputs, columns: &Columns) -> f64 {
    let mut predicted: BTreeMap<usize, f64> = BTreeMap::new();
    let mut classes = vec![0.0; inputs.dataset.classes.len()];
    let mut n = 0.0;
    for (&i, output) in inputs.selected.iter().zip(&columns.output) {
        if let Some(output) = output {
            *predicted.entry(*output as usize).or_default() += 1.0;
            classes[inputs.dataset.samples[i].class] += 1.0;
            n += 1.0;
        }
    }
    let expected = predicted.iter().map(|(output, times)| {
        let right = inputs.label_map.outputs.iter().zip(&classes);
        let share: f64 = right.filter(|(o, _)| o.contains(output)).map(|(_, c)| c / n).sum();
        times / n * share
    });
    if n > 0.0 { expected.sum() } else { 0.0 }
}

fn at_chance(inputs: &Inputs, columns: &Columns, metrics: &[Metric]) -> Option<Finding> {
    let accuracy = find(metrics, "accuracy", Some("none"), POOLED)?;
    let value = accuracy.value?;
    // With one output right for everything there is no chance to compare with.
    if inputs.dataset.classes.len() < 2 {
        return None;
    }
    let chance = chance(inputs, columns);
    let low = accuracy.low.unwrap_or(value);
    if low > chance && value > 1.5 * chance {
        return None;
    }
    let mut finding = data_problem(
        AT_CHANCE.to_owned(),
        format!(
            "The model is right in {:.1} % of {} images; predictions that ignore the picture would \
             be right in {:.1} %. No figure about reliance means anything until this is mended: \
             usually the preprocessing, the labels or the label map are wrong (see `rightly model` \
             and `rightly data`).",
            100.0 * value,
            accuracy.n,
            100.0 * chance,
        ),
        Vec::new(),
    );
    finding.severity = 1.0;
    finding.n = accuracy.n;
    (finding.effect, finding.low, finding.high) = (Some(value), accuracy.low, accuracy.high);
    finding.evidence = vec![accuracy.clone()];
    Some(finding)
}

/// Where renaming the classes by one permutation lifts accuracy far: labels in another order.
fn permuted(inputs: &Inputs, columns: &Columns, metrics: &[Metric]) -> Option<Finding> {
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

/// Classes that keep at least half of their clean accuracy with the object boxed in gray.
fn objects_ignored(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
) -> Vec<Finding> {
    let (Some(clean), Some(boxed)) = (columns.seen.get("none"), columns.seen.get("gray-box"))
    else {
        return Vec::new();
    };
    let board = Board::new(inputs, options);
    let mut tried = Vec::new();
    for (class, name) in board.classes().iter().enumerate() {
        let images: Vec<usize> = (0..clean.len())
            .filter(|&i| board.class_of()[i] == class && clean[i].is_some() && boxed[i].is_some())
            .collect();
        if images.len() < FEWEST {
            continue;
        }
        let value = |column: &[Option<super::columns::Seen>]| -> Vec<f64> {
            images.iter().map(|&i| column[i].map_or(0.0, |s| f64::from(s.correct))).collect()
        };
        let (before, after) = (value(clean), value(boxed));
        let sum = |w: &[f64], v: &[f64]| w.iter().zip(v).map(|(w, v)| w * v).sum::<f64>();
        let design = board.design(&images);
        let kept = design.functional(1, |w, out| out[0] = sum(w, &after) / sum(w, &before))[0];
        // One-sided test of "keeps no more than half": the mean of after - half of before.
        let margins: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - KEPT * b).collect();
        let margin = design.mean_within(&margins, -1.0, 1.0);
        let (Some(share), Some(low), Some(high)) = (kept.value, kept.low, kept.high) else {
            continue;
        };
        let (Some(m), Some(m_low), Some(m_high)) = (margin.value, margin.low, margin.high) else {
            continue;
        };
        let error = (m_high - m_low) / (2.0 * 1.96);
        let p = if error > 0.0 { 1.0 - normal_cdf(m / error) } else { 1.0 };
        tried.push((class, name, images, share, low, high, p));
    }
    let q = benjamini_hochberg(&tried.iter().map(|t| t.6).collect::<Vec<_>>());
    tried
        .into_iter()
        .zip(q)
        .filter(|((_, _, _, _, low, _, _), q)| *low >= KEPT && *q <= Q)
        .map(|((class, name, images, share, low, high, p), q)| {
            let row = |condition| find(metrics, "accuracy", Some(condition), name).cloned();
            let evidence: Vec<Metric> = ["none", "gray-box"].into_iter().filter_map(row).collect();
            let accuracy = |at: usize| evidence.get(at).and_then(|m| m.value).unwrap_or_default();
            // How much of what the class keeps any picture without an object would give it.
            let elsewhere = answers_elsewhere(inputs, columns, class);
            let default = (elsewhere / accuracy(1).max(f64::EPSILON)).min(1.0);
            let (title, reading) = if default >= KEPT {
                let title = format!("'{name}' is the answer to many pictures without an object");
                let reading = "that is its answer to many pictures without an object, so the \
                               surroundings may say little. Compare with the other measures before \
                               collecting data.";
                (title, reading)
            } else {
                let title = format!("'{name}' is recognised without its object");
                let reading = "the model reads it off the surroundings. Collect pictures of it \
                               elsewhere, or repair the head.";
                (title, reading)
            };
            Finding {
                kind: Kind::ObjectIgnored,
                class: Some(name.clone()),
                group: None,
                title,
                description: format!(
                    "With the object's box filled with gray the class is still named in {:.0} % of \
                     {} images ({:.0} % with the object), and in {:.0} % of the other classes' \
                     pictures boxed alike: {reading}",
                    100.0 * accuracy(1),
                    images.len(),
                    100.0 * accuracy(0),
                    100.0 * elsewhere,
                ),
                effect: Some(share),
                low: Some(low),
                high: Some(high),
                n: images.len(),
                p: Some(p),
                q: Some(q),
                severity: low.min(1.0) * (1.0 - default),
                images: strongest(inputs, &images, boxed),
                evidence,
            }
        })
        .collect()
}

/// Share of the other classes' pictures with the object boxed that get an output of `class`.
fn answers_elsewhere(inputs: &Inputs, columns: &Columns, class: usize) -> f64 {
    let of_class = &inputs.label_map.outputs[class];
    let (mut n, mut said) = (0_usize, 0_usize);
    for (&i, output) in inputs.selected.iter().zip(&columns.boxed_output) {
        if let Some(output) = output
            && inputs.dataset.samples[i].class != class
        {
            n += 1;
            said += usize::from(of_class.contains(&(*output as usize)));
        }
    }
    if n == 0 { 0.0 } else { said as f64 / n as f64 }
}

/// Images that stay right without their object, most confident first.
fn strongest(
    inputs: &Inputs,
    images: &[usize],
    boxed: &[Option<super::columns::Seen>],
) -> Vec<String> {
    let mut right: Vec<(usize, f32)> = images
        .iter()
        .filter_map(|&i| boxed[i].filter(|s| s.correct == 1.0).map(|s| (i, s.confidence)))
        .collect();
    right.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let id = |i: usize| inputs.dataset.samples[inputs.selected[i]].id.clone();
    right.into_iter().map(|(i, _)| id(i)).collect()
}

//! The figures that two runs have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::side::Side;
use crate::Metric;

/// A figure of both runs: its rows, class by class.
pub(super) struct Figure<'a> {
    pub(super) stage: &'a str,
    pub(super) metric: &'a str,
    pub(super) condition: Option<&'a str>,
    pub(super) rows: Vec<[&'a Metric; 2]>,
}

type Key<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

fn key(m: &Metric) -> Key<'_> {
    (&m.stage, &m.metric, m.condition.as_deref(), m.class.as_deref())
}

/// Rows that can be held against each other. Figures of subgroups are not: each run discovered its
/// own, and equal names are not equal images.
fn plain(metrics: &[Metric]) -> impl Iterator<Item = &Metric> {
    metrics.iter().filter(|m| m.group.is_none())
}

/// The figures that both runs have, in the order of A.
pub(super) fn common<'a>(a: &'a Side, b: &'a Side) -> Vec<Figure<'a>> {
    let in_b: BTreeMap<Key<'_>, &Metric> = plain(&b.metrics).map(|m| (key(m), m)).collect();
    let mut figures: Vec<Figure<'a>> = Vec::new();
    let mut at: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for ours in plain(&a.metrics) {
        let Some(theirs) = in_b.get(&key(ours)) else { continue };
        let (stage, metric, condition, _) = key(ours);
        let at = *at.entry((stage, metric, condition, None)).or_insert_with(|| {
            figures.push(Figure { stage, metric, condition, rows: Vec::new() });
            figures.len() - 1
        });
        figures[at].rows.push([ours, theirs]);
    }
    figures
}

/// Names of the figures that `of` has and `other` lacks, each `metric condition` once.
pub(super) fn missing(of: &Side, other: &Side) -> Vec<String> {
    let name = |m: &Metric| match &m.condition {
        Some(condition) => format!("{} {condition}", m.metric),
        None => m.metric.clone(),
    };
    let theirs: BTreeSet<String> = other.metrics.iter().map(name).collect();
    let mut out: Vec<String> = plain(&of.metrics).map(name).collect();
    out.retain(|name| !theirs.contains(name));
    out.sort_unstable();
    out.dedup();
    out
}

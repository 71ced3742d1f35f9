//! Which class figures are correlated between the runs.

use super::{
    STAGE,
    correlation::{Class, METRICS, correlate, of_figures},
    rows::{Setting, condition},
};
use crate::{Metric, metrics::POOLED, run::Pairing};

/// What hiding the object costs each class.
const COST: (&str, &str) = ("drop", "gray-box");
/// What the least spurious images of a class lose against the most spurious ones.
const GAP: (&str, &str) = ("rank", "gap");

/// Correlations over the classes that both runs have; nothing where a quantity was not measured in
/// both.
pub(super) fn correlations(setting: &Setting<'_>) -> Vec<Metric> {
    // Not measured in both: nothing to say.
    let mut out: Vec<Metric> = cost(setting).into_iter().flatten().collect();
    out.extend(gaps(setting));
    out
}

fn cost(setting: &Setting<'_>) -> Option<Vec<Metric>> {
    let (metric, name) = COST;
    let columns = setting.columns(metric, Some(name))?;
    let usable = setting.usable(&columns);
    let [a, b] = setting.sides;
    let classes: Vec<Class> = a
        .classes
        .iter()
        .filter(|class| b.classes.contains(class))
        .map(|class| Class {
            of: [0, 1].map(|run| {
                let own = usable[run].iter().filter(|&&at| of(setting, run, at).1 == class);
                own.filter_map(|&at| {
                    let value = setting.value(run, at, &columns[run])?[0];
                    let unit = match setting.cluster(run, at) {
                        Some(cluster) => format!("cluster {cluster}"),
                        None => of(setting, run, at).0.to_owned(),
                    };
                    Some((unit, value))
                })
                .collect()
            }),
        })
        .collect();
    let options = setting.options;
    let found = correlate(&classes, options.seed, options.resamples);
    let condition = condition(Some(name));
    let row = |(metric, e)| Metric::new(STAGE, metric, Some(&condition), POOLED, e);
    Some(METRICS.into_iter().zip(found).map(row).collect())
}

/// Id and class of a pair or of an image of a run.
fn of<'a>(setting: &Setting<'a>, run: usize, at: usize) -> (&'a str, &'a String) {
    let (run, image) = match setting.pairs.pairing {
        Pairing::Paired => (0, setting.pairs.shared[at].0),
        Pairing::Unpaired => (run, at),
    };
    let image = &setting.sides[run].images[image];
    (&image.id, &image.class)
}

/// The raw correlations of the gaps that `rank` recorded. Their images are not in the tables, so
/// there are no halves to correct with.
fn gaps(setting: &Setting<'_>) -> Vec<Metric> {
    let (stage, metric) = GAP;
    let [a, b] = setting.sides;
    let gaps = |m: &&Metric| m.stage == stage && m.metric == metric && m.group.is_none();
    let mut conditions: Vec<&str> =
        a.metrics.iter().filter(gaps).filter_map(|m| m.condition.as_deref()).collect();
    conditions.dedup();
    let mut out = Vec::new();
    for name in conditions {
        let value = |metrics: &[Metric], class: &str| {
            let mut rows = metrics.iter().filter(gaps);
            rows.find(|m| m.is(metric, Some(name), class)).and_then(|m| m.value)
        };
        let pairs = a
            .classes
            .iter()
            .filter_map(|class| Some((value(&a.metrics, class)?, value(&b.metrics, class)?)));
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.unzip();
        if x.is_empty() {
            continue;
        }
        let found = of_figures(&x, &y, setting.options.seed, setting.options.resamples);
        let condition = condition(Some(name));
        for (metric, e) in [METRICS[0], METRICS[3]].into_iter().zip(found) {
            out.push(Metric::new(STAGE, metric, Some(&condition), POOLED, e));
        }
    }
    out
}

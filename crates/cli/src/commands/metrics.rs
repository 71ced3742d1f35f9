//! `rightly metrics`: the figures of a run as table, csv or json.

use rightly::{Metric, RunDir};
use rightly_data::spreadsheet;

use crate::{
    args::{Format, MetricsArgs},
    output,
};

pub(crate) fn run(args: &MetricsArgs) -> anyhow::Result<()> {
    let metrics = RunDir::open(&args.run)?.metrics()?;
    let same = |wanted: &Option<String>, found: Option<&str>| {
        wanted.as_deref().is_none_or(|w| Some(w) == found)
    };
    let chosen: Vec<&Metric> = metrics
        .iter()
        .filter(|m| {
            same(&args.stage, Some(&m.stage))
                && same(&args.metric, Some(&m.metric))
                && same(&args.condition, m.condition.as_deref())
                && same(&args.class, m.class.as_deref())
        })
        .collect();
    if chosen.is_empty() && !metrics.is_empty() {
        let of = |pick: fn(&Metric) -> &str| {
            let mut names: Vec<&str> = metrics.iter().map(pick).collect();
            names.sort_unstable();
            names.dedup();
            names.join(", ")
        };
        anyhow::bail!(
            "{}: no figure fits these flags; its stages are {}, its metrics {}",
            args.run.display(),
            of(|m| &m.stage),
            of(|m| &m.metric)
        );
    }
    output::print(&format(&chosen, args.format)?)
}

/// The figures as text that ends in a line break.
pub(crate) fn format(metrics: &[&Metric], format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Json => output::json(&metrics)?,
        Format::Csv => csv(metrics)?,
        Format::Table => table(metrics),
    })
}

fn csv(metrics: &[&Metric]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let text = |text: &Option<String>| text.as_deref().map(|t| spreadsheet::cell(t).into_owned());
    for metric in metrics {
        writer.serialize(Metric {
            condition: text(&metric.condition),
            class: text(&metric.class),
            group: text(&metric.group),
            ..(*metric).clone()
        })?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A figure without a condition, class or group has an empty cell there.
pub(super) fn or_empty(text: &Option<String>) -> String {
    text.as_deref().map_or_else(String::new, str::to_owned)
}

fn table(metrics: &[&Metric]) -> String {
    // Nothing has no sign.
    let number = |v: Option<f64>| {
        v.map_or("–".to_owned(), |v| format!("{:.3}", if v.abs() < 0.0005 { 0.0 } else { v }))
    };
    let clustered = metrics.iter().any(|m| m.clusters.is_some());
    let grouped = metrics.iter().any(|m| m.group.is_some());
    let mut head = vec!["metric", "condition", "class"];
    if grouped {
        head.push("group");
    }
    head.extend(["value", "low", "high", "n"]);
    if clustered {
        head.push("clusters");
    }
    let corrected = metrics.iter().any(|m| m.q.is_some());
    if corrected {
        head.push("q");
    }
    let mut rows: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    for m in metrics {
        let mut row = vec![m.metric.clone(), or_empty(&m.condition), or_empty(&m.class)];
        if grouped {
            row.push(or_empty(&m.group));
        }
        row.extend([number(m.value), number(m.low), number(m.high), m.n.to_string()]);
        if clustered {
            row.push(m.clusters.map_or(String::new(), |c| c.to_string()));
        }
        if corrected {
            row.push(m.q.map_or("–".to_owned(), |q| format!("{q:.4}")));
        }
        rows.push(row);
    }
    output::table(&rows)
}

//! `rightly compare`: the differences between two runs.

use std::{cmp::Ordering, path::PathBuf};

use rightly::{
    Metric, RunDir,
    compare::{self, CompareOptions, Comparison, Row},
    metrics::{MEAN, POOLED},
    place::{self, Input, Made},
};

use super::metrics;
use crate::{
    args::{CompareArgs, Format},
    interrupt::INTERRUPT,
    options, output,
};

/// Differences with a corrected p-value up to this are printed first.
const SHOWN_FIRST: f64 = 0.05;

pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let options = CompareOptions {
        seed: args.seed,
        threads: options::threads(args.threads),
        ..CompareOptions::default()
    };
    let interrupt = &INTERRUPT;
    for run in [&args.a, &args.b] {
        RunDir::open(run)?;
    }
    let inputs = [Input::new("RUN_A", &args.a), Input::new("RUN_B", &args.b)];
    // Before the work, so that of several at once one does it.
    let take = |out: &PathBuf| place::take(out, Made::Run, &inputs, args.force);
    let _lock = args.out.as_ref().map(take).transpose()?;
    let comparison =
        interrupt.listening(|stop| compare::compare(&args.a, &args.b, &options, stop))?;
    if !args.quiet {
        for note in &comparison.record.notes {
            output::say(note);
        }
        for finding in &comparison.record.findings {
            output::say(&format!("data problem: {}. {}", finding.title, finding.description));
        }
        for problem in &comparison.record.problems {
            let what = format!("{}: {}; {}", problem.image, problem.problem, problem.action);
            output::say(&format!("not compared: {what}"));
        }
    }
    let text = print(args, &comparison)?;
    if let Some(out) = &args.out {
        let run = RunDir::new(out);
        comparison.check_target(&run)?;
        comparison.write(&run, args.force)?;
        let report = rightly_report::write(run.root())?;
        output::print(&text)?;
        if !args.quiet {
            output::say(&format!("report: {}", report.display()));
        }
        return Ok(());
    }
    output::print(&text)
}

/// The chosen differences as text that ends in a line break.
fn print(args: &CompareArgs, comparison: &Comparison) -> anyhow::Result<String> {
    let overall = |class: &str| class == POOLED || class == MEAN;
    let wanted = |m: &Metric| {
        let class = m.class.as_deref();
        let of_class = match args.class.as_deref() {
            None => class.is_some_and(overall),
            Some("") => !class.is_some_and(overall),
            Some(name) => class == Some(name),
        };
        of_class && args.metric.as_ref().is_none_or(|metric| *metric == m.metric)
    };
    let chosen: Vec<&Metric> = comparison.record.metrics.iter().filter(|m| wanted(m)).collect();
    if chosen.is_empty() {
        let mut names: Vec<&str> = comparison.record.metrics.iter().map(|m| &*m.metric).collect();
        let mut classes: Vec<&str> =
            comparison.record.metrics.iter().filter_map(|m| m.class.as_deref()).collect();
        for list in [&mut names, &mut classes] {
            list.sort_unstable();
            list.dedup();
        }
        anyhow::bail!(
            "no difference fits --class and --metric; both runs have the metrics {} and the \
             classes {}",
            names.join(", "),
            classes.join(", ")
        );
    }
    if args.format != Format::Table {
        return metrics::format(&chosen, args.format);
    }
    let under_noise = |row: &Row| {
        args.metric.is_none() && row.a.condition.as_deref().is_some_and(|c| c.starts_with("noise-"))
    };
    let mut rows: Vec<&Row> =
        comparison.rows.iter().filter(|row| wanted(&row.difference) && !under_noise(row)).collect();
    rows.sort_by(|a, b| order(&a.difference, &b.difference));
    let alone = chosen.into_iter().filter(|m| m.metric.starts_with("class-correlation"));
    Ok(table(&rows, &alone.collect::<Vec<_>>()))
}

/// What holds after correction first, then the largest; ties in the order of the file.
fn order(a: &Metric, b: &Metric) -> Ordering {
    let apart = |m: &Metric| m.low.zip(m.high).is_none_or(|(low, high)| low > 0.0 || high < 0.0);
    let holds = |m: &Metric| m.q.is_some_and(|q| q <= SHOWN_FIRST) && apart(m);
    let size = |m: &Metric| m.value.map_or(-1.0, f64::abs);
    holds(b).cmp(&holds(a)).then_with(|| size(b).total_cmp(&size(a)))
}

fn table(rows: &[&Row], alone: &[&Metric]) -> String {
    let number = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
    let clustered = rows.iter().any(|row| row.difference.clusters.is_some());
    let mut head = vec!["metric", "condition", "class", "A", "B", "B - A", "low", "high", "n"];
    if clustered {
        head.push("clusters");
    }
    head.push("q");
    let mut lines: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    let mut add = |m: &Metric, sides: [Option<f64>; 2]| {
        let condition = metrics::or_empty(&m.condition);
        let mut line = vec![
            m.metric.clone(),
            condition.strip_prefix("A|B/").unwrap_or(&condition).to_owned(),
            metrics::or_empty(&m.class),
            number(sides[0]),
            number(sides[1]),
            number(m.value),
            number(m.low),
            number(m.high),
            m.n.to_string(),
        ];
        if clustered {
            line.push(m.clusters.map_or(String::new(), |c| c.to_string()));
        }
        line.push(m.q.map_or("–".to_owned(), |q| format!("{q:.4}")));
        lines.push(line);
    };
    rows.iter().for_each(|row| add(&row.difference, [row.a.value, row.b.value]));
    alone.iter().for_each(|m| add(m, [None, None]));
    output::table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_comes_first_then_the_largest() {
        let mut list = [
            metric(0.3, Some(0.2)),
            metric(-0.4, None),
            metric(0.1, Some(0.01)),
            metric(-0.2, Some(0.04)),
        ];
        list.sort_by(order);
        let values: Vec<f64> = list.iter().filter_map(|m| m.value).collect();
        assert_eq!(values, [-0.2, 0.1, -0.4, 0.3]);
    }

    fn metric(value: f64, q: Option<f64>) -> Metric {
        Metric {
            stage: "compare".to_owned(),
            metric: "accuracy".to_owned(),
            condition: Some("A|B/none".to_owned()),
            class: Some("*".to_owned()),
            group: None,
            value: Some(value),
            low: None,
            high: None,
            n: 1,
            clusters: None,
            p: None,
            q,
        }
    }
}

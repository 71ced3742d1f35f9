//! What was planted against what was found, as a table.

use rightly::{
    Metric, RunDir,
    metrics::{POOLED, find},
    mitigate,
    planted_truth::{Match, Verdict},
};

use crate::output;

const NO_DATA: &str = "no data";

pub(super) fn table(verdict: &Verdict) -> String {
    let mut rows = vec![["planted", "class", "what", "costs", "found"].map(str::to_owned).to_vec()];
    rows.extend(verdict.found.iter().chain(&verdict.missed).filter_map(planted));
    let mut out = if rows.len() > 1 {
        output::table(&rows)
    } else {
        "Nothing was planted in this world.\n".to_owned()
    };
    let planted = verdict.found.len() + verdict.missed.len();
    out += &format!(
        "\n{} of {planted} planted truths found, {} false alarms.\n",
        verdict.found.len(),
        verdict.false_alarms.len()
    );
    for alarm in verdict.false_alarms.iter().filter_map(|m| m.finding.as_ref()) {
        out += &format!("false alarm: {}\n", output::visible(&alarm.title));
    }
    out
}

/// The repaired model beside the model as it was; nothing where there was nothing to repair.
pub(super) fn repair(run: &RunDir) -> anyhow::Result<String> {
    let Some(record) = run.stage(mitigate::STAGE)? else { return Ok(String::new()) };
    let verdicts = mitigate::verdicts(run)?;
    let mut rows = vec![["model", "all images", "worst group found"].map(str::to_owned).to_vec()];
    let mut add = |name: &str, condition: &str| {
        let of = |metric: &str| {
            let found = find(&record.metrics, metric, Some(condition), POOLED);
            found.map_or_else(|| NO_DATA.to_owned(), share)
        };
        rows.push(vec![name.to_owned(), of("accuracy"), of("worst-group-accuracy")]);
    };
    add("as trained", "before");
    add("repaired for random groups", "after/random-groups");
    for verdict in &verdicts {
        let file = format!("mitigate/{}/repaired.onnx", verdict.repair);
        add(&format!("repaired: {file}"), &format!("after/{}", verdict.repair));
    }
    let mut out = format!("\n{}\n", output::table(&rows));
    verdicts.iter().for_each(|verdict| out += &format!("{}\n", output::visible(&verdict.words)));
    Ok(out)
}

/// Percent with the interval.
fn share(metric: &Metric) -> String {
    match (metric.value, metric.low, metric.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{:.0} % [{:.0}, {:.0}]", 100.0 * value, 100.0 * low, 100.0 * high)
        }
        _ => NO_DATA.to_owned(),
    }
}

fn planted(row: &Match) -> Option<Vec<String>> {
    let truth = row.truth.as_ref()?;
    let costs = match (truth.gap, truth.low, truth.high) {
        (Some(gap), Some(low), Some(high)) => format!(
            "{:.0} points [{:.0}, {:.0}], n {}",
            100.0 * gap,
            100.0 * low,
            100.0 * high,
            truth.n
        ),
        _ => "no data".to_owned(),
    };
    let said = row.finding.as_ref().map_or_else(|| "missed".to_owned(), |f| f.title.clone());
    Some(vec![
        truth.kind.name().to_owned(),
        truth.class.clone(),
        format!("{} {}", truth.attribute, truth.value),
        costs,
        said,
    ])
}

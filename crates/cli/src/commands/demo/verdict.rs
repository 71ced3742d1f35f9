//! What was planted against what was found, as a table.

use rightly::truth::{Match, Verdict};

use crate::output;

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
        out += &format!("false alarm: {}\n", alarm.title);
    }
    out
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

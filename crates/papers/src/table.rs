//! The experiment's table, as Markdown and as JSON.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use rightly_audit::Error;
use rightly_data::files::write_whole;

use crate::{
    dim::{DimResult, Figure, Row},
    mitigated::MitigationRow,
};

/// Writes `table.md` and `results.json`; gives the first one's path.
///
/// # Errors
/// The folder can't be written.
pub(crate) fn write(out: &Path, result: &DimResult, seeds: u64) -> Result<PathBuf, Error> {
    let path = out.join("table.md");
    write_whole(&path, markdown(result, seeds).as_bytes())?;
    let json = out.join("results.json");
    let text =
        serde_json::to_string_pretty(result).map_err(|e| Error::run(&json, e.to_string()))?;
    write_whole(&json, format!("{text}\n").as_bytes())?;
    Ok(path)
}

fn markdown(result: &DimResult, seeds: u64) -> String {
    let [all, rare, other] = result.accuracy;
    let plural = if seeds == 1 { "" } else { "s" };
    let mut text = format!(
        "DIM's protocol on CIFAR-100, {seeds} seed{plural}. {}.\n\nAccuracy on validation images: {all:.3}; rare fine classes \
         {rare:.3}, others {other:.3}.\n",
        result.words
    );
    let parts = [
        ("half of val", "Fitted on half of the validation images, judged on the other half"),
        ("test", "Fitted on the validation images, judged on the test images"),
    ];
    for (rows, which) in [
        (&result.rows, "ten superclasses that nothing was tuned on"),
        (&result.all, "all twenty superclasses"),
    ] {
        for (part, what) in parts {
            let _ = write!(
                text,
                "\n{what}; {which}:\n\n| method | purity@10 | covered | named | gap | default's covered beyond | default's gap beyond |\n\
                 |---|---|---|---|---|---|---|\n"
            );
            for row in rows.iter().filter(|row| row.part == part) {
                text.push_str(&line(row));
            }
        }
    }
    for (rows, what) in [
        (&result.mitigation, "as linear heads on the features"),
        (&result.networks, "as whole networks"),
    ] {
        if rows.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "\nMitigation, {what}; test images, all twenty superclasses:\n\n| way | accuracy | rare fine classes | the others | \
             sorted fine classes (worst first) | more than ERM: accuracy | rare | worst | more than random images: rare | worst \
             |\n|---|---|---|---|---|---|---|---|---|---|\n"
        );
        rows.iter().for_each(|row| text.push_str(&mitigation(row)));
    }
    text.push_str(
        "\nThe two slices of a class with the lowest accuracy where they were fitted are looked at. purity@10: the largest \
         share of one rare fine class among the ten strongest images of a slice. covered: share of the two rare fine classes \
         that reach .5 in one of them. named: share of them that are the name of one (the fine class as attribute, chosen \
         where the slice was fitted and tested where it is judged). gap: accuracy of the rest of the class minus that of the \
         slice. Brackets: 95 % intervals over superclasses.\n",
    );
    text
}

fn line(row: &Row) -> String {
    let [covered, gap] = &row.less_than_first;
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        row.method,
        plain(&row.purity),
        plain(&row.covered),
        plain(&row.named),
        plain(&row.gap),
        signed(covered),
        signed(gap)
    )
}

fn mitigation(row: &MitigationRow) -> String {
    let sorted: Vec<String> = row
        .sorted
        .iter()
        .map(|f| f.value.map_or_else(|| "?".to_owned(), |v| format!("{v:.3}")))
        .collect();
    let [accuracy, rare, worst] = &row.more_than_erm;
    let [rare_more, worst_more] = match &row.more_than_random {
        Some([_, rare, worst]) => [fine(rare), fine(worst)],
        None => Default::default(),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        row.way,
        plain(&row.accuracy),
        plain(&row.rare),
        plain(&row.common),
        sorted.join(" "),
        fine(accuracy),
        fine(rare),
        fine(worst),
        rare_more,
        worst_more
    )
}

fn fine(f: &Figure) -> String {
    let show = |v: Option<f64>| v.map_or_else(|| "?".to_owned(), |v| format!("{v:+.3}"));
    format!("{} [{}, {}]", show(f.value), show(f.low), show(f.high))
}

fn plain(f: &Figure) -> String {
    let show = |v: Option<f64>| v.map_or_else(|| "?".to_owned(), |v| format!("{v:.2}"));
    format!("{} [{}, {}]", show(f.value), show(f.low), show(f.high))
}

fn signed(f: &Figure) -> String {
    let show = |v: Option<f64>| v.map_or_else(|| "?".to_owned(), |v| format!("{v:+.2}"));
    format!("{} [{}, {}]", show(f.value), show(f.low), show(f.high))
}

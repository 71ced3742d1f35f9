//! The verdict on two runs, by stated rules.
//!
//! A difference counts where its p-value, corrected for every difference that was tested, is at
//! most .05 and its interval leaves zero out. The judgement speaks of two: accuracy as photographed, and the share of it
//! that is kept when the object is hidden (its box gray, else gray, else tiled over). Points lost are not compared: the
//! model that is right more often has more to lose. The sentences give both with intervals, then noise and maps where they
//! were measured, and how many of all differences hold.

use super::words::{self, units};
use crate::{
    format::{count, interval, number, plural},
    verdict::{Verdict, isolated},
    view::{ComparisonView, Difference},
};

/// Conditions that hide the object, the one that hides most first.
const HIDDEN: [(&str, &str); 3] = [
    ("gray-box", "the object's box is gray"),
    ("gray", "the object is gray"),
    ("tile", "the object is tiled over"),
];

/// Which way a difference points, beyond chance.
fn direction(row: Option<&Difference>) -> Option<bool> {
    let row = row.filter(|row| row.holds())?;
    Some(row.difference.value? > 0.0)
}

pub(super) fn verdict(view: &ComparisonView) -> Verdict {
    let (a, b) = (isolated(&view.a.name), isolated(&view.b.name));
    let clean = view.find("accuracy", Some("none"), "*");
    let hidden = HIDDEN
        .iter()
        .find_map(|(condition, words)| Some((view.find("kept", Some(condition), "*")?, *words)));
    let (tested, holding) = view.tested();
    let right = direction(clean).map(|more| if more { "more" } else { "less" });
    let keeps = direction(hidden.map(|(row, _)| row))
        .map(|more| if more { "a larger share" } else { "a smaller share" });
    let when = hidden.map_or("the object is hidden", |(_, words)| words);
    let nothing_left = hidden.and_then(|(row, _)| nothing_left(row));
    let judgement = match (right, keeps) {
        (Some(right), Some(share)) => format!(
            "{b} is right {right} often than {a}, and keeps {share} of its right answers when {when}."
        ),
        (Some(right), None) => {
            let rest = match (hidden, nothing_left) {
                (_, Some(all)) => format!("; both lose {all} of their right answers when {when}"),
                (Some(_), None) => {
                    "; that one keeps more of its right answers when the object is hidden is not shown"
                        .to_owned()
                }
                (None, None) => String::new(),
            };
            format!("{b} is right {right} often than {a}{rest}.")
        }
        (None, Some(share)) => format!(
            "{b} keeps {share} of its right answers than {a} when {when}; that one is right more often is not shown."
        ),
        (None, None) if tested == 0 => {
            format!("No difference between {a} and {b} could be tested.")
        }
        (None, None) => {
            let rest = nothing_left.map_or(String::new(), |all| {
                format!(" Both lose {all} of their right answers when {when}.")
            });
            format!(
                "Whether {b} is right more often than {a}, or relies more on the object, can't be told \
                 from these images.{rest}"
            )
        }
    };
    let mut sentences = Vec::new();
    sentences.extend(clean.map(|row| sentence("Accuracy as photographed", row)));
    sentences.extend(hidden.map(|(row, words)| {
        sentence(&format!("Share of the right answers kept when {words}"), row)
    }));
    sentences.extend(noise(view));
    sentences.extend(maps(view));
    sentences.push(overall(view, tested, holding, clean));
    let tone = if right.is_some() || keeps.is_some() { "mixed" } else { "none" };
    Verdict { judgement, tone, sentences }
}

/// How much both lose where both lose as good as everything.
fn nothing_left(row: &Difference) -> Option<&'static str> {
    let most = row.a.value?.max(row.b.value?);
    match most {
        _ if most == 0.0 => Some("all"),
        _ if most <= 0.05 => Some("nearly all"),
        _ => None,
    }
}

/// Both figures, the difference, and whether it is beyond chance.
fn sentence(what: &str, row: &Difference) -> String {
    let [unit, of_difference] = units(&row.a.metric);
    let chance = match row.q {
        Some(_) if row.holds() => "beyond chance",
        Some(_) => "not beyond chance",
        None => "not tested",
    };
    let q = match row.q {
        Some(q) if q < 0.001 => format!(", corrected p {}", words::q(Some(q))),
        Some(q) => format!(", corrected p =\u{a0}{}", words::q(Some(q))),
        None => String::new(),
    };
    format!(
        "{what}: {} in A, {} in B; difference {} ({}, {}{q}): {chance}.",
        unit.figure(&row.a),
        unit.figure(&row.b),
        of_difference.figure(&row.difference),
        interval(&row.difference, of_difference),
        count(&row.difference),
    )
}

fn noise(view: &ComparisonView) -> Option<String> {
    let levels = view.conditions("rfs");
    let level = levels.iter().find(|l| **l == "linf/0.25").or(levels.first())?;
    let row =
        view.find("rfs", Some(level), "mean").or_else(|| view.find("rfs", Some(level), "*"))?;
    Some(sentence(
        &format!("Sensitivity to noise on the object against around it (RFS at {level})"),
        row,
    ))
}

fn maps(view: &ComparisonView) -> Option<String> {
    let methods = view.conditions("cam-iou");
    let row = view.find("cam-iou", methods.first().copied(), "*")?;
    Some(sentence("Mean overlap of activation map and object (IoU)", row))
}

/// How many differences hold, and what could not have been seen.
fn overall(
    view: &ComparisonView,
    tested: usize,
    holding: usize,
    clean: Option<&Difference>,
) -> String {
    let mut text = format!(
        "Of {} that were tested, {} after correction for all of them.",
        plural(tested, "difference"),
        if holding == 1 { "1 holds".to_owned() } else { format!("{holding} hold") },
    );
    if let Some((low, high)) = clean.and_then(|row| row.difference.interval()) {
        let images = if view.paired { "these pairs" } else { "these images" };
        text += &format!(
            " Differences of accuracy below about {} points can't be seen with {images}.",
            number(100.0 * 0.5 * (high - low), 1)
        );
    }
    text
}

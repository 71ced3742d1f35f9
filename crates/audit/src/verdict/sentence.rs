//! The answer as one sentence.

use super::{Answer, Cause, Evidence, Hidden, Need};
use crate::{
    discover,
    findings::{Kind, TOO_FEW},
    prose::counted,
    rank,
};

/// Most things of one kind that the sentence names.
const NAMED: usize = 6;

pub(super) fn sentence(
    evidence: &Evidence<'_>,
    answer: Answer,
    causes: &[Cause],
    hidden: Option<&Hidden<'_>>,
) -> String {
    let model = evidence.model;
    if answer == Answer::Meaningless {
        return match evidence.clean() {
            Some(_) => format!(
                "{model} is no better than chance on these images, so no other figure means anything."
            ),
            None => "No image could be evaluated.".to_owned(),
        };
    }
    if evidence.has(TOO_FEW) {
        return format!("Too few images to tell whether {model} is better than chance.");
    }
    let faults = faults(evidence, causes);
    let lead = lead(hidden, causes);
    match (lead, faults.is_empty()) {
        (Some((lead, good)), false) => {
            let but = if good { ", but it" } else { ", and it" };
            format!("{model} {lead}{but} {}.", listed(&faults))
        }
        (None, false) => format!("{model} {}.", listed(&faults)),
        (Some((lead, _)), true) => format!("{model} {lead}{}.", looked_for(evidence)),
        (None, true) => {
            let unknown = match hidden {
                Some(_) => format!("How far {model} needs the object, these images don't tell"),
                None => format!("How far {model} relies on the object was not measured"),
            };
            format!("{unknown}{}.", looked_for(evidence))
        }
    }
}

/// What hiding the object says, and whether that is good.
fn lead(hidden: Option<&Hidden<'_>>, causes: &[Cause]) -> Option<(&'static str, bool)> {
    let cues = causes.iter().any(|cause| cause.cue.is_some() && cause.class.is_some());
    Some(match hidden?.need {
        // What else it uses is said by name.
        Need::Both if cues => ("uses the object", true),
        Need::Needed => ("needs the object for at least three quarters of its right answers", true),
        Need::Mostly => ("needs the object for most of its right answers", true),
        Need::Both => ("uses the object, and the surroundings as well", false),
        Need::NotNeeded => {
            ("does not need the object: without it at least half of its accuracy is left", false)
        }
        Need::Open | Need::Unknown if hidden?.used => {
            ("uses the object (how much it needs it, these images don't tell)", true)
        }
        Need::NeverRight => ("is never right", false),
        Need::Open | Need::Unknown => return None,
    })
}

/// What was found, as what the model does.
fn faults(evidence: &Evidence<'_>, causes: &[Cause]) -> Vec<String> {
    let of = |kind: Kind| causes.iter().filter(move |cause| cause.kind == kind);
    let overlay = |cause: &&Cause| evidence.findings[cause.finding].overlay().is_some();
    let mut out = Vec::new();
    let leaning: Vec<&Cause> = of(Kind::SpuriousCue)
        .chain(of(Kind::ObjectIgnored))
        .filter(|cause| cause.class.is_some() && !overlay(cause))
        .collect();
    let mut classes: Vec<String> = Vec::new();
    for cause in leaning {
        let class = cause.class.as_deref().unwrap_or_default();
        let cue = cause.cue.as_deref();
        let said = match cue {
            Some(cue) => format!("{class} ({cue})"),
            None => class.to_owned(),
        };
        let known = |own: &String| *own == said || own.starts_with(&format!("{class} ("));
        if !classes.iter().any(known) {
            classes.push(said);
        }
    }
    let all = evidence.of_classes().count();
    if !classes.is_empty() {
        let which = match (classes.len(), all) {
            (1, _) => format!("one class: {}", classes[0]),
            (n, 0) => format!("{n} classes: {}", shortened(&classes)),
            (n, all) => format!("{n} of {all} classes: {}", shortened(&classes)),
        };
        out.push(format!("leans on cues in {which}"));
    }
    for cause in of(Kind::SpuriousCue).filter(overlay) {
        let name = cause.cue.as_deref().unwrap_or_default();
        let points = 100.0 * cause.effect.unwrap_or(f64::NAN);
        let whose = cause.class.as_ref().map_or(String::new(), |class| format!(" of '{class}'"));
        out.push(format!("loses {points:.0} points{whose} to the overlay '{name}'"));
    }
    let groups: Vec<String> = of(Kind::FailingSubgroup).map(group).collect();
    if !groups.is_empty() {
        out.push(format!("fails on {}: {}", counted(groups.len(), "subgroup"), shortened(&groups)));
    }
    let failing: Vec<String> = of(Kind::FailingClass)
        .map(|cause| {
            let class = cause.class.clone().unwrap_or_default();
            let accuracy = evidence.of_classes().find(|(own, _)| *own == class);
            let share = accuracy.and_then(|(_, m)| m.value);
            share.map_or(class.clone(), |share| format!("{class} ({:.0} % right)", 100.0 * share))
        })
        .collect();
    if !failing.is_empty() {
        let classes = if failing.len() == 1 { "one class" } else { "classes" };
        out.push(format!("fails on {classes}: {}", shortened(&failing)));
    }
    out
}

/// A subgroup by its name, else by its class: "violet or teal cars", "some of 'bus'".
pub(super) fn group(cause: &Cause) -> String {
    let name = cause.title.rsplit_once(" fail: ").map(|(name, _)| name.to_owned());
    let most = || {
        let rest = cause.title.strip_prefix("A group of ")?;
        let (name, _) = rest.rsplit_once(" fails: ")?;
        Some(name.trim_end_matches(',').to_owned())
    };
    match name.or_else(most) {
        Some(name) => uncapitalised(&name),
        None => format!("some of '{}'", cause.class.as_deref().unwrap_or_default()),
    }
}

fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// What else was looked for without success, or was not looked for.
fn looked_for(evidence: &Evidence<'_>) -> &'static str {
    let subgroups = evidence.ran(discover::STAGE) && super::subgroups_tested(evidence.metrics);
    match (evidence.ran(rank::STAGE), subgroups) {
        (true, true) => "; neither a cue nor a failing subgroup was found",
        (true, false) => "; no cue was found, and subgroups were not looked for",
        (false, true) => "; no failing subgroup was found, and cues were not looked for",
        (false, false) => "; cues and subgroups were not looked for",
    }
}

fn shortened(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// "a", "a, and b", "a; it b; and it c": parts with colons are apart.
fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first, middle @ .., last] => {
            let middle: String = middle.iter().map(|part| format!("; it {part}")).collect();
            format!("{first}{middle}; and it {last}")
        }
    }
}

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
                "{model} is not shown to be better than chance on these images, so no other figure means anything."
            ),
            None => "No image could be evaluated.".to_owned(),
        };
    }
    if evidence.has(TOO_FEW) {
        return format!("Too few images to tell whether {model} is better than chance.");
    }
    let faults = faults(evidence, causes);
    let lead = lead(hidden);
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
fn lead(hidden: Option<&Hidden<'_>>) -> Option<(String, bool)> {
    let hidden = hidden?;
    let kept = 100.0 * hidden.left.value.unwrap_or(f64::NAN) / hidden.clean;
    let (said, good) = match hidden.need {
        Need::Needed => ("needs the object for at least three quarters of its right answers", true),
        Need::Mostly => ("needs the object for most of its right answers", true),
        Need::Both => {
            return Some((format!("keeps {kept:.0} % of its accuracy without the object"), false));
        }
        Need::NotNeeded => {
            let said = format!(
                "does not need the object: it keeps {kept:.0} % of its accuracy without it"
            );
            return Some((said, false));
        }
        Need::Open | Need::Unknown if hidden.used => {
            ("uses the object (how much it needs it, these images don't tell)", true)
        }
        Need::NeverRight => ("is never right", false),
        Need::Open | Need::Unknown => return None,
    };
    // Else the accuracy without the object, which stands beside the sentence, would contradict it.
    let counted = hidden.default_matters && hidden.default.is_some() && hidden.need != Need::Open;
    let but =
        if counted { " (not counting what it answers to any picture without one)" } else { "" };
    Some((format!("{said}{but}"), good))
}

/// What was found, as what the model does.
fn faults(evidence: &Evidence<'_>, causes: &[Cause]) -> Vec<String> {
    let of = |kind: Kind| causes.iter().filter(move |cause| cause.kind == kind);
    let overlay = |cause: &&Cause| evidence.findings[cause.finding].overlay().is_some();
    let mut out = Vec::new();
    let leaning =
        of(Kind::SpuriousCue).chain(of(Kind::ObjectIgnored)).filter(|cause| !overlay(cause));
    let mut seen: Vec<&str> = Vec::new();
    let mut classes: Vec<String> = Vec::new();
    for cause in leaning {
        let Some(class) = cause.class.as_deref() else { continue };
        if seen.contains(&class) {
            continue;
        }
        seen.push(class);
        classes.push(match &cause.cue {
            Some(cue) => format!("{class} ({cue})"),
            None => class.to_owned(),
        });
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
        let Some(name) = cause.cue.as_deref() else { continue };
        let points = 100.0 * cause.effect.unwrap_or(f64::NAN);
        let whose = cause.class.as_ref().map_or(String::new(), |class| format!(" of '{class}'"));
        out.push(format!("loses {points:.0} points{whose} to the overlay '{name}'"));
    }
    let groups: Vec<String> = of(Kind::FailingSubgroup).map(group).collect();
    if !groups.is_empty() {
        out.push(format!("fails on {}: {}", counted(groups.len(), "subgroup"), shortened(&groups)));
    }
    let failing = |shown: bool| -> Vec<String> {
        let own = of(Kind::FailingClass).filter(|cause| cause.low.is_some() == shown);
        own.filter_map(|cause| failing_class(evidence, cause)).collect()
    };
    let which = |classes: &[String]| if classes.len() == 1 { "one class" } else { "classes" };
    let sure = failing(true);
    if !sure.is_empty() {
        out.push(format!("fails on {}: {}", which(&sure), shortened(&sure)));
    }
    let unsure = failing(false);
    if !unsure.is_empty() {
        out.push(format!(
            "gets {} mostly wrong: {}, too few clusters for an interval",
            which(&unsure),
            shortened(&unsure)
        ));
    }
    out
}

/// "goat (0 of 18 right)".
fn failing_class(evidence: &Evidence<'_>, cause: &Cause) -> Option<String> {
    let class = cause.class.clone()?;
    let own = evidence.of_classes().find(|(own, _)| *own == class);
    Some(match own.and_then(|(_, m)| Some((m.value?, m.n))) {
        Some((share, n)) => format!("{class} ({:.0} of {n} right)", share * n as f64),
        None => class,
    })
}

/// A subgroup by its name, else by its class: "violet or teal cars", "some of 'bus'".
pub(super) fn group(cause: &Cause) -> String {
    let name = cause.title.rsplit_once(" fail: ").map(|(name, _)| name.to_owned());
    let most = || {
        let rest = cause.title.strip_prefix("A group of ")?;
        let (name, _) = rest.rsplit_once(" fails: ")?;
        // The figures are the group's, not those of all images that the words fit.
        Some(format!("a group of {}", name.trim_end_matches(',')))
    };
    match name.or_else(most) {
        Some(name) => uncapitalised(&name),
        None => match &cause.class {
            Some(class) => format!("some of '{class}'"),
            None => "some images".to_owned(),
        },
    }
}

fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// What else was looked for without success, or was not looked for.
fn looked_for(evidence: &Evidence<'_>) -> String {
    let looked = evidence.looked();
    let part = |tested: usize| match tested {
        tested if tested == looked.classes => String::new(),
        tested => format!(" ({tested} of {} classes tested)", looked.classes),
    };
    let said = |stage: &str, what: &str, none: &str, tested: usize| match tested {
        _ if !evidence.ran(stage) => format!("{what} were not looked for"),
        0 => format!("{what} could be tested in no class"),
        tested => format!("no {none} was found{}", part(tested)),
    };
    if !evidence.ran(rank::STAGE) && !evidence.ran(discover::STAGE) {
        return "; cues and subgroups were not looked for".to_owned();
    }
    format!(
        "; {}, and {}",
        said(rank::STAGE, "cues", "cue", looked.cues),
        said(discover::STAGE, "subgroups", "failing subgroup", looked.subgroups)
    )
}

fn shortened(names: &[String]) -> String {
    // Names with a comma are held apart.
    let between = if names.iter().any(|name| name.contains(", ")) { "; " } else { ", " };
    let shown = names[..names.len().min(NAMED)].join(between);
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

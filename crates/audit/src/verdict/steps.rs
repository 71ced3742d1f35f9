//! What to do about the findings, the most useful first.

use serde::{Deserialize, Serialize};

use super::{Answer, Cause, Evidence, Need};
use crate::{
    findings::{Kind, SURROUNDINGS},
    metrics::POOLED,
    mitigate::{self, Answer as Helped},
};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What, a sentence.
    pub what: String,
    /// The command that does it, where one does; `RUN` stands for the run directory.
    pub command: Option<String>,
}

/// Most classes or groups that a step names.
const NAMED: usize = 5;
/// Share of images with a near-copy from which intervals need clusters.
const NEAR_COPIES: f64 = 0.1;
/// Clusters below which a class has no interval.
const FEWEST_CLUSTERS: usize = 5;

pub(super) fn steps(
    evidence: &Evidence<'_>,
    answer: Answer,
    causes: &[Cause],
    repairs: &[mitigate::Verdict],
) -> Vec<Step> {
    let inputs = evidence.inputs;
    let (model, data) = (quoted(&inputs.model.display()), quoted(&inputs.data));
    let mut same = format!("--model {model} --data {data}");
    for (flag, path) in [("--masks", &inputs.masks), ("--label-map", &inputs.label_map)] {
        if let Some(path) = path {
            same += &format!(" {flag} {}", quoted(&path.display()));
        }
    }
    let clustered = match evidence.cluster {
        Some(column) => format!("{same} --cluster {}", quoted(&column)),
        None => same.clone(),
    };
    let mut out = Vec::new();
    let mut add = |what: String, command: Option<String>| out.push(Step { what, command });
    let of = |kind: Kind| causes.iter().filter(move |cause| cause.kind == kind);
    if answer == Answer::Meaningless {
        if evidence.clean().is_none() {
            add("See problems.csv for what is wrong with the images.".to_owned(), None);
        } else {
            add(
                "Check preprocessing, labels and label map: they are the usual reason.".to_owned(),
                Some(format!("rightly model {model} --data {data}")),
            );
        }
    }
    let problems: Vec<&str> = of(Kind::DataProblem).map(|cause| cause.title.as_str()).collect();
    if !problems.is_empty() && answer != Answer::Meaningless {
        add(
            format!("Mend the data first: {}.", some(&problems)),
            Some(format!("rightly data {data}")),
        );
    }
    let failing: Vec<&str> = of(Kind::FailingClass).filter_map(|c| c.class.as_deref()).collect();
    if !failing.is_empty() {
        add(
            format!(
                "Check which outputs the label map gives to {}; where they are right, collect more of its images.",
                some(&failing)
            ),
            None,
        );
    }
    let leaning: Vec<&Cause> = of(Kind::SpuriousCue).chain(of(Kind::ObjectIgnored)).collect();
    let mut cues: Vec<String> = Vec::new();
    for cause in &leaning {
        let Some(class) = cause.class.as_deref() else { continue };
        let what = match cause.cue.as_deref() {
            Some(cue) if cue != SURROUNDINGS => format!("{class} without '{cue}'"),
            _ => format!("{class} in other surroundings"),
        };
        if !cues.contains(&what) {
            cues.push(what);
        }
    }
    if !cues.is_empty() {
        add(format!("Collect training images of {}.", some(&cues)), None);
    }
    for overlay in leaning.iter().filter(|cause| cause.class.is_none()) {
        if let Some(name) = &overlay.cue {
            add(
                format!(
                    "Add training images of many classes that carry '{name}', or remove it from those that do."
                ),
                None,
            );
        }
    }
    let need = super::needed(evidence.metrics).map(|hidden| hidden.need);
    if cues.is_empty() && matches!(need, Some(Need::Both | Need::NotNeeded)) {
        add("Collect training images of all classes in other surroundings.".to_owned(), None);
    }
    let groups: Vec<String> = of(Kind::FailingSubgroup).map(super::sentence::group).collect();
    if !groups.is_empty() {
        add(format!("Collect training images of what fails: {}.", some(&groups)), None);
    }
    let helps = |answer: Helped| repairs.iter().find(|own| own.answer == answer);
    match (helps(Helped::Helps), helps(Helped::HelpsAtACost)) {
        (Some(repair), _) => {
            add(format!("Take the repaired model mitigate/{}/repaired.onnx.", repair.repair), None)
        }
        (None, Some(repair)) => add(
            format!(
                "Weigh the repaired model mitigate/{}/repaired.onnx: it raises the worst group, and others lose (section 'Repair').",
                repair.repair
            ),
            None,
        ),
        (None, None) if repairs.is_empty() && !groups.is_empty() => add(
            "Repair the head for these groups.".to_owned(),
            Some(format!("rightly mitigate {clustered} --out RUN")),
        ),
        (None, None) => {}
    }
    let few =
        evidence.of_classes().filter(|(_, m)| m.clusters.is_some_and(|c| c < FEWEST_CLUSTERS));
    let few = few.count();
    if few > 0 {
        let column = evidence.cluster.unwrap_or("cluster");
        add(
            format!(
                "Add images from more values of '{column}': {} on fewer than {FEWEST_CLUSTERS}, without an interval.",
                if few == 1 { "1 class rests".to_owned() } else { format!("{few} classes rest") }
            ),
            None,
        );
    }
    let copies = evidence.metrics.iter().find(|m| m.is("near-copies", None, POOLED));
    if evidence.cluster.is_none()
        && copies.and_then(|m| m.value).is_some_and(|share| share >= NEAR_COPIES)
    {
        add(
            "Say which images belong together: intervals count near-copies as independent now."
                .to_owned(),
            Some(format!("rightly evaluate {same} --cluster COLUMN --out RUN")),
        );
    }
    if answer != Answer::Meaningless
        && evidence.clean().is_some()
        && super::needed(evidence.metrics).is_none()
    {
        add(
            "Give object masks: without them nothing is said of reliance on the object.".to_owned(),
            Some(format!("rightly evaluate {clustered} --masks DIR --out RUN")),
        );
    }
    out
}

fn some<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let between = if shown.iter().any(|name| name.contains(", ")) { "; " } else { ", " };
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(between),
        more => format!("{} and {more} more", shown.join(between)),
    }
}

/// As a shell takes it.
fn quoted(text: &impl std::fmt::Display) -> String {
    let text = text.to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-:=?,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

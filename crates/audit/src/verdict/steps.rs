//! What to do about the findings, the most useful first.

use serde::{Deserialize, Serialize};

use super::{Answer, Cause, Evidence};
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
    let inputs = &evidence.manifest.inputs;
    let (model, data) = (inputs.model.display(), &inputs.data);
    let mut out = Vec::new();
    let mut add = |what: String, command: Option<String>| out.push(Step { what, command });
    let of = |kind: Kind| causes.iter().filter(move |cause| cause.kind == kind);
    if answer == Answer::Meaningless {
        add(
            "Check preprocessing, labels and label map: they are the usual reason.".to_owned(),
            Some(format!("rightly model {model} --data {data}")),
        );
    }
    let problems: Vec<&str> = of(Kind::DataProblem).map(|cause| cause.title.as_str()).collect();
    if !problems.is_empty() && answer != Answer::Meaningless {
        add(
            format!("Mend the data first: {}.", some(&problems)),
            Some(format!("rightly data {data}")),
        );
    }
    let cues: Vec<String> = of(Kind::SpuriousCue)
        .chain(of(Kind::ObjectIgnored))
        .filter_map(|cause| Some((cause.class.as_deref()?, cause.cue.as_deref()?)))
        .map(|(class, cue)| match cue == SURROUNDINGS {
            true => format!("{class} in other surroundings"),
            false => format!("{class} without {cue}"),
        })
        .collect();
    if !cues.is_empty() {
        add(format!("Collect training images of {}.", some(&cues)), None);
    }
    let groups: Vec<String> = of(Kind::FailingSubgroup).map(super::sentence::group).collect();
    if !groups.is_empty() {
        add(
            format!(
                "Collect training images of {}; the finding's pictures show what they look like.",
                some(&groups)
            ),
            None,
        );
    }
    match repairs.iter().find(|own| matches!(own.answer, Helped::Helps | Helped::HelpsAtACost)) {
        Some(repair) => {
            let file = format!("mitigate/{}/repaired.onnx", repair.repair);
            add(
                match repair.answer {
                    Helped::Helps => format!("Take the repaired model {file}."),
                    _ => format!(
                        "The repaired model {file} raises the worst group at a cost: the report says who loses."
                    ),
                },
                None,
            );
        }
        None if repairs.is_empty() && !groups.is_empty() => add(
            "Repair the head for these groups.".to_owned(),
            Some(format!("rightly mitigate --model {model} --data {data} --out RUN")),
        ),
        None => {}
    }
    let few =
        evidence.of_classes().filter(|(_, m)| m.clusters.is_some_and(|c| c < FEWEST_CLUSTERS));
    let few = few.count();
    if few > 0 {
        let column = evidence.manifest.cluster.as_deref().unwrap_or("cluster");
        add(
            format!(
                "Add images from more values of '{column}': {few} classes rest on fewer than {FEWEST_CLUSTERS}, and have no interval."
            ),
            None,
        );
    }
    let copies = evidence.metrics.iter().find(|m| m.is("near-copies", None, POOLED));
    if evidence.manifest.cluster.is_none()
        && copies.and_then(|m| m.value).is_some_and(|share| share >= NEAR_COPIES)
    {
        add(
            "Say which images belong together: intervals count near-copies as independent now."
                .to_owned(),
            Some(format!(
                "rightly evaluate --model {model} --data {data} --cluster COLUMN --out RUN"
            )),
        );
    }
    if evidence.clean().is_some() && super::needed(evidence.metrics).is_none() {
        add(
            "Give object masks: without them nothing is said of reliance on the object.".to_owned(),
            Some(format!("rightly evaluate --model {model} --data {data} --masks DIR --out RUN")),
        );
    }
    out
}

fn some<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

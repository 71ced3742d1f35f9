//! What stands in the way of a comparison: what makes it doubtful, and what was left out.

use rightly_data::Problem;

use super::{STAGE, common, pairing::Pairs, side::Side};
use crate::{
    Finding,
    findings::{AT_CHANCE, Kind},
    inputs::Outputs,
    metrics::POOLED,
    run::Pairing,
};

/// Names that are spelled out in one row; the rest is counted.
const SPELLED: usize = 8;

fn doubt(title: impl Into<String>, description: String, n: usize, severity: f64) -> Finding {
    Finding {
        kind: Kind::DataProblem,
        class: None,
        group: None,
        title: title.into(),
        description,
        effect: None,
        low: None,
        high: None,
        n,
        p: None,
        q: None,
        severity,
        images: Vec::new(),
        evidence: Vec::new(),
    }
}

/// What makes the differences doubtful.
pub(super) fn doubts(a: &Side, b: &Side, pairs: &Pairs) -> Vec<Finding> {
    let mut out = Vec::new();
    for (name, side) in [("A", a), ("B", b)] {
        if let Some(found) = side.findings.iter().find(|f| f.title == AT_CHANCE) {
            let mut finding = doubt(
                format!("clean accuracy of {name} is at chance"),
                format!(
                    "In {name} ({}) the model is no better than chance, so its figures about \
                     reliance mean nothing, nor do differences from them. Usually the \
                     preprocessing, the labels or the label map are wrong.",
                    side.root.display()
                ),
                found.n,
                1.0,
            );
            finding.evidence.clone_from(&found.evidence);
            out.push(finding);
        }
    }
    let same_data = a.manifest.hashes.data == b.manifest.hashes.data;
    if same_data && a.manifest.split != b.manifest.split {
        out.push(doubt(
            "the runs report different splits of the same data",
            format!(
                "A reports '{}', B '{}'. A difference between them is that of the splits as much as \
                 that of the models; evaluate both with the same --split.",
                a.manifest.split, b.manifest.split
            ),
            a.images.len() + b.images.len(),
            0.9,
        ));
    }
    if pairs.pairing == Pairing::Unpaired && !pairs.shared.is_empty() {
        out.push(doubt(
            format!("few images in common ({})", pairs.shared.len()),
            format!(
                "{} images are in both runs (A has {}, B {}): too few to pair, and counted as \
                 independent. Evaluate both models on the same images to see smaller differences.",
                pairs.shared.len(),
                a.images.len(),
                b.images.len()
            ),
            pairs.shared.len(),
            0.6,
        ));
    }
    if pairs.resized > 0 {
        out.push(doubt(
            format!("same names, other pictures ({})", pairs.resized),
            format!(
                "{} images have the same id and class in both runs but differ in width or height, so \
                 they are not the same pictures; they are not paired.",
                pairs.resized
            ),
            pairs.resized,
            0.8,
        ));
    }
    let (ours, theirs) = (&a.manifest.inputs, &b.manifest.inputs);
    if ours.outputs != theirs.outputs {
        let name = |outputs| if outputs == Outputs::All { "all" } else { "the mapped" };
        out.push(doubt(
            "the answers are taken over other outputs",
            format!(
                "A takes the largest of {} outputs, B of {}: among fewer answers more are right. \
                 Evaluate both with the same --outputs.",
                name(ours.outputs),
                name(theirs.outputs)
            ),
            a.images.len() + b.images.len(),
            0.7,
        ));
    }
    let masks = |side: &Side| {
        let i = &side.manifest.inputs;
        format!(
            "{:?}",
            (&i.mask_object, &i.mask_void, i.mask_resize, i.mask_sampling, i.masks.is_some())
        )
    };
    if same_data && masks(a) != masks(b) {
        out.push(doubt(
            "the masks are read in different ways",
            "The runs' options about masks differ, so figures with a hidden object differ for that \
             reason too; evaluate both with the same mask options (run.toml lists them)."
                .to_owned(),
            pairs.shared.len(),
            0.7,
        ));
    }
    if let (Some(ours), Some(theirs)) = (a.option("target"), b.option("target"))
        && ours != theirs
        && [a, b].iter().all(|side| !side.tables.saliency.is_empty())
    {
        out.push(doubt(
            "the activation maps explain different outputs",
            format!(
                "--target is {ours} in A and {theirs} in B; figures of maps can't be compared."
            ),
            pairs.shared.len(),
            0.5,
        ));
    }
    out
}

/// What else differs between the runs, a sentence each.
pub(super) fn notes(a: &Side, b: &Side, pairs: &Pairs) -> Vec<String> {
    let mut out = vec![pairs.choice.clone()];
    let mut differ = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            out.push(format!("{what} differs: {ours} in A, {theirs} in B."));
        }
    };
    let preprocess = |side: &Side, other: &Side| {
        let lines = |side: &Side| -> Vec<String> {
            let text = toml::to_string(&side.manifest.card.preprocess)
                .expect("it was read from run.toml: by construction");
            text.lines().map(str::to_owned).collect()
        };
        let theirs = lines(other);
        let own = lines(side).into_iter().filter(|l| !l.starts_with('[') && !theirs.contains(l));
        let own: Vec<String> = own.collect();
        if own.is_empty() { "none of that".to_owned() } else { own.join(", ") }
    };
    differ("Preprocessing", preprocess(a, b), preprocess(b, a));
    differ("The engine", a.manifest.inputs.engine.clone(), b.manifest.inputs.engine.clone());
    differ("The version of rightly", a.manifest.version.clone(), b.manifest.version.clone());
    let option = |side: &Side, name: &str| {
        side.option(name).map_or_else(|| "not recorded".to_owned(), ToString::to_string)
    };
    if [a, b].iter().all(|side| side.tables.seen.keys().any(|c| c.starts_with("noise-"))) {
        differ("The number of noise draws", option(a, "trials"), option(b, "trials"));
    }
    if pairs.pairing == Pairing::Unpaired {
        let name = |side: &Side| format!("'{}'", side.manifest.split);
        differ("The split", name(a), name(b));
    }
    let cluster =
        |side: &Side| side.manifest.cluster.clone().unwrap_or_else(|| "the image".to_owned());
    differ("The unit of sampling", cluster(a), cluster(b));
    if pairs.pairing == Pairing::Paired && a.clustered() != b.clustered() {
        out.push(
            "The clusters that one run names hold for both, since the images are the same."
                .to_owned(),
        );
    }
    let shared = a.classes.iter().filter(|class| b.classes.contains(class)).count();
    if pairs.pairing == Pairing::Unpaired && (shared < a.classes.len() || shared < b.classes.len())
    {
        out.push(format!(
            "The classes are not the same ({} in A, {} in B, {shared} shared), so differences over \
             all images and of the mean of the classes are also those of the classes.",
            a.classes.len(),
            b.classes.len()
        ));
    }
    out
}

/// Some names, and how many more there are.
fn spelled(names: &[String]) -> String {
    let first = names.iter().take(SPELLED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SPELLED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// What could not be compared, one row a kind.
pub(super) fn problems(a: &Side, b: &Side, pairs: &Pairs) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut row = |what: String, problem: String, action: &str| {
        out.push(Problem {
            image: what,
            stage: STAGE.to_owned(),
            problem,
            action: action.to_owned(),
        });
    };
    let sides = [("A", a, b), ("B", b, a)];
    for (name, side, _) in sides {
        let only = side.images.len() - pairs.shared.len();
        if pairs.pairing == Pairing::Paired && only > 0 {
            row(format!("{only} images"), format!("only in {name}"), "left out of the comparison");
        }
        let repeated = &side.repeated;
        if !repeated.is_empty() {
            row(
                format!("{} ids", repeated.len()),
                format!("stand for several images of {name}: {}", spelled(repeated)),
                "left out of the comparison",
            );
        }
    }
    if pairs.resized > 0 {
        row(
            format!("{} images", pairs.resized),
            "same id and class in both runs, but other width or height".to_owned(),
            "not paired",
        );
    }
    for (name, side, other) in sides {
        let classes: Vec<String> =
            side.classes.iter().filter(|class| !other.classes.contains(class)).cloned().collect();
        if !classes.is_empty() {
            row(
                format!("{} classes", classes.len()),
                format!("only in {name}: {}", spelled(&classes)),
                "no differences of their own",
            );
        }
    }
    for (name, side, other) in sides {
        let figures = common::missing(side, other);
        if !figures.is_empty() {
            row(
                format!("{} figures", figures.len()),
                format!("only in {name}: {}", spelled(&figures)),
                "no difference",
            );
        }
    }
    let groups = |side: &Side| side.metrics.iter().filter(|m| m.group.is_some()).count();
    if groups(a) > 0 && groups(b) > 0 {
        row(
            "figures of subgroups".to_owned(),
            "each run discovered its own subgroups; equal names are not equal images".to_owned(),
            "no difference",
        );
    }
    out
}

/// The class of figures over all images, for messages about what is common.
pub(super) fn nothing_common(a: &Side, b: &Side) -> String {
    let names = |side: &Side| {
        let of_all = side.metrics.iter().filter(|m| m.class.as_deref() == Some(POOLED));
        let mut names: Vec<String> = of_all.map(|m| m.metric.clone()).collect();
        names.dedup();
        spelled(&names)
    };
    format!(
        "{} and {} have no figure in common, so there is nothing to compare (A has {}; B has {}); \
         evaluate both with the same --measures",
        a.root.display(),
        b.root.display(),
        names(a),
        names(b)
    )
}

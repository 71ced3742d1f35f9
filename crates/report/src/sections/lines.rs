//! What a folded section says in a line.

use crate::{
    format::{Unit, interval, plural},
    verdict::{control, noise, overlays},
    view::{Figure, ReportView},
};

/// The line of a section; none where it stays open.
pub(super) fn of(id: &str, view: &ReportView) -> Option<String> {
    Some(match id {
        "planted" => planted(view),
        "ablation" => ablation(view),
        "object-parts" => "What single parts of the object are worth.".to_owned(),
        "surroundings" => surroundings(view),
        "noise" => noise(view).unwrap_or_else(|| "Accuracy under noise.".to_owned()),
        "overlay" => overlays(view)
            .first()
            .cloned()
            .unwrap_or_else(|| "What was laid over the pictures.".to_owned()),
        "saliency" => saliency(view),
        "cues" => cues(view),
        "subgroups" => subgroups(view),
        "repair" => repair(view),
        "objects" => objects(view),
        "dynamics" => "The loss after each epoch of training.".to_owned(),
        "classes" => classes(view),
        "confusions" => confusions(view),
        "mistakes" => format!(
            "{} that leave the true class the least probability.",
            plural(view.mistakes.len(), "wrong answer")
        ),
        "problems" => problems(view),
        "method" => "How each figure is measured, and what this page does not say.".to_owned(),
        "facts" => "Model, data, versions and options.".to_owned(),
        _ => return None,
    })
}

/// "35 % (95 % interval 33 to 38 %)".
fn said(figure: &Figure, unit: Unit) -> String {
    format!("{} ({})", unit.figure(figure), interval(figure, unit))
}

fn planted(view: &ReportView) -> String {
    let Some(planted) = &view.planted else { return String::new() };
    let found = planted.rows.iter().filter(|row| row.found.is_some()).count();
    let alarms = plural(planted.false_alarms.len(), "false alarm");
    match planted.rows.len() {
        0 => format!("Nothing was planted in this world; {alarms}."),
        all => format!(
            "The truth is known here: {found} of {all} planted faults were found, with {alarms}."
        ),
    }
}

fn ablation(view: &ReportView) -> String {
    let of = |condition: &str| view.figures.all("accuracy", Some(condition));
    let left = [("gray-box", "With the object's box gray"), ("gray", "With the object gray")]
        .into_iter()
        .find_map(|(condition, words)| Some((words, of(condition)?)));
    let first =
        left.map(|(words, figure)| format!("{words} {} are right.", said(figure, Unit::Percent)));
    let control = control(view);
    [first, control].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn surroundings(view: &ReportView) -> String {
    let of = |condition: &str| view.figures.all("accuracy", Some(condition));
    match (of("background-gray"), of("background-swap/neutral")) {
        (Some(alone), _) => {
            format!("Of the object alone, all else gray, {} are right.", said(alone, Unit::Percent))
        }
        (None, Some(other)) => format!(
            "In surroundings that attract no other class {} are right.",
            said(other, Unit::Percent)
        ),
        _ => "What is right when everything but the object changes.".to_owned(),
    }
}

fn saliency(view: &ReportView) -> String {
    let method = view.cams.as_ref().map(|cams| cams.method.as_str());
    let of = |metric: &str| view.figures.all(metric, method);
    match (of("cam-mass"), of("cam-iou")) {
        (Some(mass), _) => format!("{} of the maps lies on the object.", said(mass, Unit::Percent)),
        (None, Some(iou)) => format!("Maps and objects overlap by {}.", said(iou, Unit::Plain)),
        _ => "Where the maps of the answers point.".to_owned(),
    }
}

fn cues(view: &ReportView) -> String {
    let classes = view.ranks.as_ref().map_or(0, |ranks| ranks.classes.len());
    // What overlays and exchanged surroundings say stands elsewhere.
    let ranked = |f: &&crate::view::FindingView| {
        f.kind == "spurious-cue"
            && f.title.contains(" leans on ")
            && !f.title.contains("surroundings")
    };
    let found = view.findings.iter().filter(ranked).count();
    let held = match found {
        0 => "no class is shown to lean on a cue".to_owned(),
        1 => "one cue is shown".to_owned(),
        n => format!("{n} cues are shown"),
    };
    format!(
        "Images of {} were ranked by what is not their object: {held}.",
        plural(classes, "class")
    )
}

fn subgroups(view: &ReportView) -> String {
    let Some(groups) = &view.groups else { return String::new() };
    let found = groups.classes.iter().flat_map(|c| &c.groups).filter(|g| g.found).count();
    match groups.tried.1 {
        0 => "No group could be tested.".to_owned(),
        all => format!("{} tested against the rest of their class, {found} fail.", were(all)),
    }
}

fn were(n: usize) -> String {
    if n == 1 { "1 group was".to_owned() } else { format!("{n} groups were") }
}

fn repair(view: &ReportView) -> String {
    let words = view.repair.as_ref().and_then(|repair| repair.repairs.first());
    let words = words.map_or("", |repair| repair.words.as_str());
    // The first clause is the judgement.
    let end = words.find([';', '.']).map_or(words.len(), |at| match words[at..].starts_with(';') {
        true => at,
        false => words.find("; ").unwrap_or(words.len()),
    });
    format!("{}.", words[..end].trim_end_matches('.'))
}

fn objects(view: &ReportView) -> String {
    match view.figures.all("object-share-crop", None) {
        Some(share) => {
            format!("The object fills {} of what the model sees.", said(share, Unit::Percent))
        }
        None => "How large the objects are and where they lie.".to_owned(),
    }
}

fn classes(view: &ReportView) -> String {
    let own =
        |f: &&Figure| f.class.as_ref().is_some_and(|class| view.facts.classes.contains(class));
    let mut known: Vec<(&str, f64)> = view
        .figures
        .of("accuracy", Some("none"))
        .filter(own)
        .filter_map(|f| Some((f.class.as_deref()?, f.value?)))
        .collect();
    known.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(b.0)));
    match (known.first(), known.last()) {
        (Some(worst), Some(best)) if known.len() > 1 => format!(
            "From {} ({}) to {} ({}).",
            Unit::Percent.value(worst.1),
            worst.0,
            Unit::Percent.value(best.1),
            best.0
        ),
        _ => "The accuracy of each class.".to_owned(),
    }
}

fn confusions(view: &ReportView) -> String {
    let first = view.confusions.first().map(|pair| {
        format!(
            "Most often {} is called {}: {} of {}.",
            pair.class,
            pair.answer,
            pair.count,
            plural(pair.n, "image")
        )
    });
    first.unwrap_or_else(|| "No wrong answer is frequent.".to_owned())
}

fn problems(view: &ReportView) -> String {
    match view.problems.len() {
        0 => {
            "Every image could be used. What was understood of the data, and what was not measured."
                .to_owned()
        }
        n => format!(
            "{} of the data. What was understood, and what was not measured.",
            plural(n, "problem")
        ),
    }
}

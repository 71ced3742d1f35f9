//! Classes that lean on a cue: accuracy falls where the cue is weak, on images that had no part in finding it.

use super::{
    class_gap::ClassGap,
    figures::Figures,
    images::Population,
    judge::Basis,
    ranking::{ClassFeature, Ranking},
};
use crate::{
    Finding, Inputs,
    findings::{Kind, LEANS_ON_COLUMN},
};

pub(super) fn find(
    inputs: &Inputs,
    min_effect: f64,
    population: &Population<'_>,
    ranking: &Ranking,
    figures: &Figures,
) -> Vec<Finding> {
    if !ranking.judged {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (class, gap) in figures.classes.iter().enumerate() {
        let Some(gap) = gap else { continue };
        if gap.holds(min_effect) {
            out.push(finding(inputs, population, ranking, figures, class, gap));
        }
    }
    out
}

fn finding(
    inputs: &Inputs,
    population: &Population<'_>,
    ranking: &Ranking,
    figures: &Figures,
    class: usize,
    ClassGap { k, gap, p, q, ranked, .. }: &ClassGap,
) -> Finding {
    let name = &inputs.dataset.classes[class];
    let share = |rows: &[usize]| {
        let right = rows.iter().filter(|&&row| population.rows[row].correct).count();
        100.0 * right as f64 / rows.len().max(1) as f64
    };
    let (title, cue) = words(name, ranking, class);
    let bare = ranking.classes[class].without_object.is_empty();
    let how =
        if bare { "" } else { " (ranked by what the pictures show with the object's box gray)" };
    let own = |m: &&crate::Metric| m.class.as_deref() == Some(name.as_str());
    Finding {
        kind: Kind::SpuriousCue,
        class: Some(name.clone()),
        group: None,
        title,
        description: format!(
            "Of the {k} images that show the cue most strongly {:.0} % are right, of the {k} that show it least {:.0} \
             %{how}. {cue} Look at the two ends of the ranking to see what it is, and add training images of '{name}' \
             without it.",
            share(&ranked[..*k]),
            share(&ranked[ranked.len() - k..]),
        ),
        effect: gap.value,
        low: gap.low,
        high: gap.high,
        n: gap.n,
        p: *p,
        q: *q,
        severity: gap.value.unwrap_or(0.0).clamp(0.0, 1.0),
        images: ranked[..*k]
            .iter()
            .map(|&row| inputs.dataset.samples[population.rows[row].sample].id.clone())
            .collect(),
        evidence: figures.metrics.iter().filter(own).cloned().collect(),
    }
}

/// The title, and a sentence on what the cue is and how that is known.
fn words(name: &str, ranking: &Ranking, class: usize) -> (String, String) {
    let features: Vec<&ClassFeature> = ranking.classes[class].spurious().map(|(_, f)| f).collect();
    let list: Vec<String> = features.iter().map(|f| f.important.feature.to_string()).collect();
    let plural = if list.len() == 1 { "" } else { "s" };
    let which = format!("The cue is feature{plural} {}", list.join(", "));
    let mut goes_with: Vec<&str> =
        features.iter().filter_map(|f| f.judgement.word.as_deref()).collect();
    goes_with.sort_unstable();
    goes_with.dedup();
    let goes_with = goes_with.join("; ");
    let plain = format!("'{name}' leans on a cue that is not its object");
    if let Some(left) = ranking.classes[class].as_a_whole() {
        let share = 100.0 * left.share.value.unwrap_or(f64::NAN);
        let cue = format!(
            "With its object's box gray {share:.0} % of the evidence for the class is left; images are ranked by all features \
             together, since few of them do not carry it."
        );
        return (plain, cue);
    }
    match ranking.basis {
        _ if list.is_empty() => (plain, "The ranks were given.".to_owned()),
        Basis::Masks => (
            plain,
            format!(
                "{which}: with the object's box gray, more than half of what chance would keep of it is left."
            ),
        ),
        Basis::Attributes => (
            format!("'{name}'{LEANS_ON_COLUMN}{goes_with}"),
            format!(
                "{which}, higher where the table says {goes_with}. Whether that lies beside the object or is a kind of \
                 it, the table can't tell."
            ),
        ),
        Basis::Votes | Basis::None => (plain, format!("{which}, off the object as people voted.")),
    }
}

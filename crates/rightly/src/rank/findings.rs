//! Classes that lean on a cue: accuracy falls where the cue is weak, on images that had no part in finding it.

use super::{
    figures::{ClassGap, Figures},
    judge::Basis,
    population::Population,
    ranking::{ClassFeature, Ranking},
};
use crate::{Finding, Inputs, findings::Kind};

/// Fewest images behind a finding.
const FEWEST: usize = 20;
/// Corrected p-value up to which a gap is a finding.
const Q: f64 = 0.05;

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
        let holds = gap.q.is_some_and(|q| q <= Q)
            && 2 * gap.k >= FEWEST
            && gap.gap.value.is_some_and(|v| v > 0.0)
            && gap.gap.low.is_some_and(|low| low >= min_effect);
        if holds {
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
    ClassGap { k, gap, p, q, ranked }: &ClassGap,
) -> Finding {
    let name = &inputs.dataset.classes[class];
    let share = |rows: &[usize]| {
        let right = rows.iter().filter(|&&row| population.rows[row].correct).count();
        100.0 * right as f64 / rows.len().max(1) as f64
    };
    let features: Vec<&ClassFeature> = ranking.classes[class].spurious().map(|(_, f)| f).collect();
    let which = match features.as_slice() {
        [] => "the ranks that were given".to_owned(),
        [one] => format!("feature {}", one.important.feature),
        several => {
            let list: Vec<String> =
                several.iter().map(|f| f.important.feature.to_string()).collect();
            format!("features {}", list.join(", "))
        }
    };
    let mut words: Vec<&str> =
        features.iter().filter_map(|f| f.judgement.word.as_deref()).collect();
    words.sort_unstable();
    words.dedup();
    let goes_with =
        if words.is_empty() { String::new() } else { format!(" (goes with {})", words.join("; ")) };
    let why = match ranking.basis {
        Basis::Votes => "people voted them to be off the object",
        Basis::Masks => "they keep more than half of their activation without the object",
        Basis::Attributes => "they follow an attribute or a word of the captions",
        Basis::None => "given",
    };
    let own = |m: &&crate::Metric| m.class.as_deref() == Some(name.as_str());
    Finding {
        kind: Kind::SpuriousCue,
        class: Some(name.clone()),
        group: None,
        title: format!("'{name}' leans on a cue that is not its object"),
        description: format!(
            "Of the {k} images that show the cue most strongly {:.0} % are right, of the {k} that show it least {:.0} %{}. \
             The cue is {which}{goes_with}: {why}. Look at the two ends of the ranking to see what it is, and add \
             training images of '{name}' without it.",
            share(&ranked[..*k]),
            share(&ranked[ranked.len() - k..]),
            if ranking.classes[class].without_object.is_empty() {
                ""
            } else {
                " (ranked by what the pictures show with the object's box gray)"
            },
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

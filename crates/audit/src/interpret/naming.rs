//! Findings of earlier stages under their names.

use std::collections::BTreeMap;

use super::{
    STAGE,
    phrase_test::Tested,
    role::{Role, choose},
    unnamed::{CUE, Subject},
    wording,
};
use crate::{
    Finding, Metric,
    findings::{Kind, LEANS_ON, title_figures},
    language::Words,
};

/// A subject with the phrases that hold, that of its title first.
pub(super) struct Named<'a> {
    pub(super) subject: &'a Subject,
    pub(super) class: &'a str,
    pub(super) phrases: Vec<&'a Tested>,
    /// The part of the first phrase in the title; none: the words that hold are no title.
    pub(super) role: Option<Role>,
    /// A language model's words for it.
    pub(super) told: Option<Words>,
}

impl<'a> Named<'a> {
    /// Of phrases that hold, best first.
    pub(super) fn new(
        subject: &'a Subject,
        class: &'a str,
        mut phrases: Vec<&'a Tested>,
        least_share: f64,
    ) -> Self {
        let chosen = choose(&phrases, subject, least_share);
        if let Some((at, _)) = chosen {
            let first = phrases.remove(at);
            phrases.insert(0, first);
        }
        Self { subject, class, phrases, role: chosen.map(|c| c.1), told: None }
    }

    /// The phrase of its title, and its part in it.
    fn chosen(&self) -> Option<(&'a Tested, Role)> {
        Some((*self.phrases.first()?, self.role?))
    }

    /// What it is called in tables.
    pub(super) fn title(&self) -> Option<String> {
        let (best, role) = self.chosen()?;
        if let (Role::Name, Some(words)) = (role, &self.told) {
            return Some(words.title.clone());
        }
        Some(match role {
            Role::Name if self.subject.group == CUE => wording::cue(best),
            Role::Name => wording::title(self.class, best),
            Role::Most => wording::most(self.class, best),
            Role::Near => wording::near(self.class, best),
        })
    }

    /// The title of a finding: the figures are those of what it names.
    fn says(&self, finding: &Finding) -> Option<String> {
        let (best, role) = self.chosen()?;
        let title = self.title()?;
        let of_group = || {
            let accuracy = |m: &&Metric| m.metric == "subgroup-accuracy";
            let accuracy = finding.evidence.iter().find(accuracy).and_then(|m| m.value);
            title_figures(accuracy, finding.effect)
        };
        Some(match (finding.kind, role) {
            (Kind::SpuriousCue, _) => {
                let class = self.class;
                let figures = wording::cue_figures(best.contrast.as_ref()?);
                format!("'{class}'{LEANS_ON}{title}; {figures}")
            }
            (_, Role::Name) => {
                format!("{} fail: {}", capital(&title), wording::figures(best.contrast.as_ref()?))
            }
            (_, Role::Most) => format!("A group of {title}, fails: {}", of_group()),
            (_, Role::Near) => format!("A group of {title} fails: {}", of_group()),
        })
    }
}

/// How well the phrase of each subject separates it, what it is true of, and the accuracy of the images that have it.
pub(super) fn figures(named: &[Named<'_>]) -> Vec<Metric> {
    let mut out = Vec::new();
    for n in named {
        let Some(best) = n.phrases.first() else { continue };
        let source = best.candidate.source.name();
        let mut add = |metric: &str, condition: &str, figure, tested: bool| {
            let row = Metric::new(STAGE, metric, Some(condition), n.class, figure);
            let group = Some(n.subject.group.clone());
            let [p, q] = if tested { [Some(best.p), Some(best.q)] } else { [None, None] };
            out.push(Metric { group, p, q, ..row });
        };
        add("name-auc", source, best.auc, true);
        if n.role.is_some() && best.share.n > 0 {
            add("name-share", source, best.share, false);
        }
        if let (Some(_), Some(contrast)) = (n.role, &best.contrast) {
            add("name-accuracy", "with", contrast.with, false);
            add("name-accuracy", "without", contrast.without, false);
            add("name-gap", source, contrast.gap, false);
        }
    }
    out
}

/// The findings whose subject has words, with these in the description and, where they are a title, in the title; the others are
/// left out.
pub(super) fn findings(found: &[Finding], named: &[Named<'_>], metrics: &[Metric]) -> Vec<Finding> {
    let by_group: BTreeMap<(&str, &str), &Named<'_>> = named
        .iter()
        .filter(|n| !n.phrases.is_empty())
        .map(|n| ((n.class, n.subject.group.as_str()), n))
        .collect();
    found
        .iter()
        .filter_map(|finding| {
            let class = finding.class.as_deref()?;
            let group = match finding.kind {
                Kind::FailingSubgroup => finding.group.as_deref()?,
                // Overlays and surroundings have their names.
                Kind::SpuriousCue if finding.group.is_none() => CUE,
                _ => return None,
            };
            let named = by_group.get(&(class, group))?;
            let mut out = finding.clone();
            if let Some(title) = named.says(finding) {
                out.title = title;
            }
            let sentence = wording::sentence(named.subject, &named.phrases, named.role);
            let told = named.told.as_ref().map_or(String::new(), |w| format!("{} ", w.sentence));
            out.description = format!("{} {told}{sentence}", finding.description);
            let own = |m: &&Metric| {
                m.class.as_deref() == Some(class) && m.group.as_deref() == Some(group)
            };
            out.evidence.extend(metrics.iter().filter(own).cloned());
            Some(out)
        })
        .collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

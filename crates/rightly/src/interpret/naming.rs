//! Findings of earlier stages under their names.

use std::collections::BTreeMap;

use super::{
    subjects::{CUE, Subject},
    tested::Tested,
    wording,
};
use crate::{Finding, Metric, discover, findings::Kind, language::Words};

/// A subject with the phrases that hold, best first.
pub(super) struct Named<'a> {
    pub(super) subject: &'a Subject,
    pub(super) class: &'a str,
    pub(super) phrases: Vec<&'a Tested>,
    /// A language model's words for it.
    pub(super) told: Option<Words>,
}

impl Named<'_> {
    /// Its name in `metrics.json` and in titles.
    pub(super) fn title(&self) -> Option<String> {
        let best = self.phrases.first()?;
        if let Some(words) = &self.told {
            return Some(words.title.clone());
        }
        Some(if self.subject.group == CUE {
            wording::cue(best)
        } else {
            wording::title(self.class, best)
        })
    }
}

/// The findings whose subject has a name, with this name in title and description; the others are left out.
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
            let title = named.title()?;
            out.title = match finding.kind {
                Kind::SpuriousCue => format!("'{class}' leans on a cue: {title}"),
                _ => {
                    let accuracy = |m: &&Metric| m.metric == "subgroup-accuracy";
                    let accuracy = finding.evidence.iter().find(accuracy).and_then(|m| m.value);
                    let figures = discover::title_figures(accuracy, finding.effect);
                    format!("{} fail: {figures}", capital(&title))
                }
            };
            let sentence = wording::sentence(named.subject, &named.phrases);
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

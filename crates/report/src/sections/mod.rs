//! The sections of a report, one module each. A section whose data is missing gives nothing; a
//! later stage adds a module and a line in [`ORDER`].

mod ablation;
mod classes;
mod confusions;
mod dynamics;
mod facts;
pub(crate) mod findings;
mod glance;
mod groups;
mod lines;
mod method;
mod mistakes;
mod noise;
mod object_parts;
mod objects;
mod overlay;
pub(crate) mod parts;
mod planted;
pub(crate) mod problems;
mod prose;
mod ranks;
mod repair;
mod saliency;
mod surroundings;
mod words;

use maud::Markup;

use crate::view::ReportView;

/// A part of the page with an entry in the contents.
pub(crate) struct Section {
    /// Anchor.
    pub(crate) id: &'static str,
    /// Heading.
    pub(crate) title: &'static str,
    /// What it says in a line: it is folded to that. Else it is open.
    pub(crate) line: Option<String>,
    pub(crate) body: Markup,
}

impl Section {
    /// An open section.
    pub(crate) fn new(id: &'static str, title: &'static str, body: Markup) -> Self {
        Self { id, title, line: None, body }
    }
}

/// From what to know first to what to look up.
const ORDER: [fn(&ReportView) -> Option<Section>; 20] = [
    glance::section,
    planted::section,
    findings::section,
    ablation::section,
    object_parts::section,
    surroundings::section,
    noise::section,
    overlay::section,
    saliency::section,
    ranks::section,
    groups::section,
    repair::section,
    objects::section,
    dynamics::section,
    classes::section,
    confusions::section,
    mistakes::section,
    problems::section,
    method::section,
    facts::section,
];

/// All sections that the view has data for.
pub(crate) fn all(view: &ReportView) -> Vec<Section> {
    let sections = ORDER.iter().filter_map(|section| section(view));
    sections.map(|own| Section { line: lines::of(own.id, view), ..own }).collect()
}

//! `findings.json`: what is wrong, worst first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Error, Metric};

/// Title of the finding that makes every other figure meaningless.
pub const AT_CHANCE: &str = "clean accuracy is at chance";
/// Title where even a model that is always right could not be told from a blind answer.
pub const TOO_FEW: &str = "too few images to tell clean accuracy from chance";

/// What a class leans on where only its surroundings as a whole are known.
pub const SURROUNDINGS: &str = "its surroundings";
/// Between the class and the cue in the title of a finding.
pub(crate) const LEANS_ON: &str = " leans on a cue: ";
/// The same where a column of the table goes with the cue.
pub(crate) const LEANS_ON_COLUMN: &str = " leans on what goes with ";

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Data or preprocessing that makes other figures doubtful; always listed first.
    DataProblem,
    /// A cue without which accuracy falls, or an overlay under which it falls.
    SpuriousCue,
    /// A subgroup of a class on which the model fails.
    FailingSubgroup,
    /// A class that is right less than half as often as the others.
    FailingClass,
    /// A class that keeps at least half of its clean accuracy with its object boxed in gray.
    ObjectIgnored,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::DataProblem,
        Self::SpuriousCue,
        Self::FailingSubgroup,
        Self::FailingClass,
        Self::ObjectIgnored,
    ];

    /// The name in `findings.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataProblem => "data-problem",
            Self::SpuriousCue => "spurious-cue",
            Self::FailingSubgroup => "failing-subgroup",
            Self::FailingClass => "failing-class",
            Self::ObjectIgnored => "object-ignored",
        }
    }
}

impl Finding {
    /// The name of the overlay that the finding is about.
    pub fn overlay(&self) -> Option<&str> {
        let group = self.group.as_deref().filter(|_| self.kind == Kind::SpuriousCue)?;
        group.strip_prefix("overlay/")
    }

    /// What the class leans on, or the overlay that costs accuracy; none where it is no cue, or one without a name.
    pub fn cue(&self) -> Option<String> {
        if let Some(overlay) = self.overlay() {
            return Some(overlay.to_owned());
        }
        match self.kind {
            Kind::ObjectIgnored => Some(SURROUNDINGS.to_owned()),
            Kind::SpuriousCue if self.group.is_some() => Some(SURROUNDINGS.to_owned()),
            Kind::SpuriousCue => {
                let named = self.title.split_once(LEANS_ON).map(|(_, rest)| {
                    // The figures of a title come last.
                    rest.rsplit_once("; ").map_or(rest, |(cue, _)| cue)
                });
                let column = || Some(self.title.split_once(LEANS_ON_COLUMN)?.1);
                named.or_else(column).map(str::to_owned)
            }
            _ => None,
        }
    }

    /// Whether its images tell it from other findings of its class: a class that fails as a whole holds all of them, and
    /// an overlay was laid over any.
    fn known_by_images(&self) -> bool {
        !matches!(self.kind, Kind::DataProblem | Kind::FailingClass) && self.overlay().is_none()
    }

    /// What a subgroup that was given a name is called: its title without the figures.
    fn name(&self) -> Option<&str> {
        let named = |m: &Metric| matches!(m.metric.as_str(), "name-share" | "name-accuracy");
        let named = self.kind == Kind::FailingSubgroup && self.evidence.iter().any(named);
        let (name, _) = self.title.rsplit_once(": ").filter(|_| named)?;
        Some(name)
    }
}

impl std::str::FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Error::Usage(format!("'{name}' is no kind of finding")))
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing is wrong.
    pub kind: Kind,
    /// Class name, where the finding belongs to one.
    pub class: Option<String>,
    /// `METHOD/K`, for subgroups; the condition (`overlay/NAME`, `background-swap/other-class`), for cues that were laid
    /// over the pictures or exchanged.
    pub group: Option<String>,
    /// A few words.
    pub title: String,
    /// A sentence or two: what was seen, and what to do.
    pub description: String,
    /// Size of the effect, a fraction.
    pub effect: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Images behind it.
    pub n: usize,
    /// p-value of the finding alone.
    pub p: Option<f64>,
    /// p-value corrected for all that was tried.
    pub q: Option<f64>,
    /// 0 (mild) to 1 (severe): orders findings of one kind.
    pub severity: f64,
    /// Ids of the images, strongest first.
    pub images: Vec<String>,
    /// The rows of `metrics.json` behind it.
    pub evidence: Vec<Metric>,
}

/// Puts findings that were named in the place of the same ones without a name. A name whose finding is not there any more,
/// or is about other images now, is left out.
pub(crate) fn rename(findings: &mut [Finding], named: Vec<Finding>) {
    for new in named {
        let same = |old: &&mut Finding| {
            (old.kind, &old.class, &old.group) == (new.kind, &new.class, &new.group)
                && (&old.images, old.effect) == (&new.images, new.effect)
        };
        if let Some(old) = findings.iter_mut().find(same) {
            *old = new;
        }
    }
}

/// Merges findings of one class that are about the same images (at least half of the shorter list), or that have the same
/// name: what exchanged surroundings and a ranking say of one class is one cue. The more telling kind stays (a cue before a
/// subgroup before an ignored object, then the first), says what the other one said, and takes over its evidence, and its
/// images where they have the same name. Data problems, classes that fail as a whole and overlays are left alone.
pub fn merge(findings: &mut Vec<Finding>) {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    // A cue of the ranking, which has no group, is more telling than what exchanged surroundings say of the class.
    order.sort_by_key(|&at| (findings[at].kind, findings[at].group.is_some()));
    let mut kept: Vec<usize> = Vec::new();
    let mut into: Vec<Option<usize>> = vec![None; findings.len()];
    for at in order {
        let same = |&&other: &&usize| {
            let (own, other) = (&findings[at], &findings[other]);
            same_images(own, other) || same_name(own, other)
        };
        match kept.iter().find(same) {
            Some(&other) => into[at] = Some(other),
            None => kept.push(at),
        }
    }
    for at in 0..findings.len() {
        let Some(other) = into[at] else { continue };
        let alike = same_name(&findings[at], &findings[other]);
        let said = match alike {
            true => format!(" A second group of {} images has the same name.", findings[at].n),
            false => format!(" Seen in another way too: {}.", findings[at].title),
        };
        let evidence = std::mem::take(&mut findings[at].evidence);
        if alike {
            let more = std::mem::take(&mut findings[at].images);
            let own = &mut findings[other].images;
            let known: BTreeSet<String> = own.iter().cloned().collect();
            own.extend(more.into_iter().filter(|id| !known.contains(id)));
        }
        findings[other].description += &said;
        for row in evidence {
            if !findings[other].evidence.contains(&row) {
                findings[other].evidence.push(row);
            }
        }
    }
    let mut at = 0;
    findings.retain(|_| {
        at += 1;
        into[at - 1].is_none()
    });
}

fn same_images(a: &Finding, b: &Finding) -> bool {
    if !a.known_by_images() || !b.known_by_images() || a.class != b.class {
        return false;
    }
    let surroundings = |f: &Finding| f.kind == Kind::SpuriousCue && f.group.is_some();
    if a.kind == b.kind && (surroundings(a) || surroundings(b)) {
        return true;
    }
    let known: BTreeSet<&String> = a.images.iter().collect();
    let shared = b.images.iter().filter(|id| known.contains(id)).count();
    let shorter = a.images.len().min(b.images.len());
    shorter > 0 && 2 * shared >= shorter
}

fn same_name(a: &Finding, b: &Finding) -> bool {
    a.class == b.class && a.name().is_some() && a.name() == b.name()
}

/// Data problems first, then the most severe; ties by kind, class and title.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.kind == Kind::DataProblem)
            .cmp(&(a.kind == Kind::DataProblem))
            .then(b.severity.total_cmp(&a.severity))
            .then(a.kind.cmp(&b.kind))
            .then_with(|| a.class.cmp(&b.class))
            .then_with(|| a.title.cmp(&b.title))
    });
}

/// What a title says in figures, of the accuracy of a group and how far it lies below the rest.
pub(crate) fn title_figures(accuracy: Option<f64>, gap: Option<f64>) -> String {
    let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
    let rest = accuracy.zip(gap).map(|(own, gap)| own + gap);
    format!("{:.0} % right, the rest {:.0} %", percent(accuracy), percent(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, class: &str, title: &str, images: std::ops::Range<usize>) -> Finding {
        Finding {
            kind,
            class: Some(class.to_owned()),
            group: None,
            title: title.to_owned(),
            description: "First.".to_owned(),
            effect: None,
            low: None,
            high: None,
            n: images.len(),
            p: None,
            q: None,
            severity: 0.5,
            images: images.map(|i| i.to_string()).collect(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn findings_on_the_same_images_become_one() {
        let mut found = vec![
            finding(Kind::ObjectIgnored, "boat", "ignored", 0..90),
            finding(Kind::SpuriousCue, "boat", "cue", 40..90),
            finding(Kind::FailingSubgroup, "boat", "subgroup", 90..120),
            finding(Kind::ObjectIgnored, "kite", "ignored", 0..90),
            finding(Kind::DataProblem, "boat", "problem", 0..90),
        ];
        merge(&mut found);
        let left: Vec<(Kind, &str)> = found.iter().map(|f| (f.kind, f.title.as_str())).collect();
        assert_eq!(
            left,
            [
                (Kind::SpuriousCue, "cue"),
                (Kind::FailingSubgroup, "subgroup"),
                (Kind::ObjectIgnored, "ignored"),
                (Kind::DataProblem, "problem"),
            ]
        );
        assert_eq!(found[0].description, "First. Seen in another way too: ignored.");
        assert_eq!(found[2].description, "First.");
    }

    #[test]
    fn findings_with_the_same_name_become_one() {
        let named = |title: &str, images| {
            let mut out = finding(Kind::FailingSubgroup, "boat", title, images);
            let row = Metric::new(
                "interpret",
                "name-share",
                None,
                "boat",
                rightly_stats::Estimate::default(),
            );
            out.evidence.push(row);
            out
        };
        let mut found = vec![
            named("Red boats fail: 20 % right", 0..30),
            named("Red boats fail: 25 % right", 30..60),
            named("Blue boats fail: 20 % right", 60..90),
        ];
        merge(&mut found);
        let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(titles, ["Red boats fail: 20 % right", "Blue boats fail: 20 % right"]);
        assert!(found[0].description.ends_with("A second group of 30 images has the same name."));
        assert_eq!((found[0].images.len(), found[0].n), (60, 30));
        // The same words without a name are different subgroups.
        let unnamed = |images| finding(Kind::FailingSubgroup, "boat", "a subgroup: 3 %", images);
        let mut found = vec![unnamed(0..30), unnamed(30..60)];
        merge(&mut found);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_name_is_given_only_to_the_finding_that_it_was_made_for() {
        let kind = Kind::FailingSubgroup;
        let mut found = vec![
            finding(kind, "boat", "a subgroup", 0..20),
            finding(kind, "kite", "another", 20..40),
        ];
        let stale = finding(kind, "kite", "red kites", 25..45);
        rename(&mut found, vec![finding(kind, "boat", "red boats", 0..20), stale]);
        let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(titles, ["red boats", "another"]);
    }

    #[test]
    fn fewer_than_half_of_the_images_are_not_the_same() {
        let mut found = vec![
            finding(Kind::SpuriousCue, "boat", "cue", 0..50),
            finding(Kind::ObjectIgnored, "boat", "ignored", 26..90),
        ];
        merge(&mut found);
        assert_eq!(found.len(), 2);
        found[1].images.push("0".to_owned());
        merge(&mut found);
        assert_eq!(found.len(), 1);
    }
}

//! Findings held against what was planted.

use std::{collections::BTreeSet, path::Path};

use rightly_data::files::write_whole;
use serde::{Deserialize, Serialize};

use super::Truth;
use crate::{Error, Finding, findings::Kind, run::read_json};

/// A truth with the finding that says it, or one of the two alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// What was planted; `null` for a false alarm.
    pub truth: Option<Truth>,
    /// What was found; `null` for a truth that was missed.
    pub finding: Option<Finding>,
}

/// `demo.json`: what was planted against what was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// Truths with a finding that matches each: the worst that says its name, else the worst.
    pub found: Vec<Match>,
    /// Truths that no finding matches.
    pub missed: Vec<Match>,
    /// Findings that match no truth.
    pub false_alarms: Vec<Match>,
}

impl Verdict {
    /// Writes `demo.json`.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text =
            serde_json::to_string_pretty(self).map_err(|e| Error::run(path, e.to_string()))?;
        Ok(write_whole(path, format!("{text}\n").as_bytes())?)
    }

    /// Reads a `demo.json`.
    ///
    /// # Errors
    /// Where the file is missing or holds something else.
    pub fn read(path: &Path) -> Result<Self, Error> {
        read_json(path)
    }
}

/// Share of a finding's images that must lie in a truth's ids.
const SHARE: f64 = 0.5;
/// Share of a finding's images that must lie in the ids of several subgroups of a class together, and share of each one's
/// images that it must hold.
const TOGETHER: (f64, f64) = (0.8, 0.5);
/// Share of a cue finding's images that must carry the cue, where it has no name.
const CARRY: f64 = 0.9;

/// Holds findings against truths.
///
/// A truth is found where a finding of its class has at least half of its images among the truth's
/// ids, and subgroups of a class are found where one finding is about several of them: four in five of its images are theirs,
/// and it holds at least half of the images of each, or its title names it. A cue is also found where a `spurious-cue` of its class names its value, or where nine in
/// ten images of a `spurious-cue` or of an `object-ignored` of its class carry the cue (what is
/// recognised without its object is recognised by something else). A finding may match several
/// truths. `of_class(class)` gives the ids of a class's images.
pub fn compare<'a>(
    truths: &[Truth],
    findings: &[Finding],
    of_class: impl Fn(&str) -> BTreeSet<&'a str>,
) -> Verdict {
    let mut verdict = Verdict::default();
    let mut used = vec![false; findings.len()];
    for truth in truths {
        let all: BTreeSet<&str> = truths
            .iter()
            .filter(|t| t.kind == Kind::FailingSubgroup && t.class == truth.class)
            .flat_map(|t| t.ids.iter().map(String::as_str))
            .collect();
        let ids: BTreeSet<&str> = truth.ids.iter().map(String::as_str).collect();
        let class = of_class(&truth.class);
        let matching: Vec<usize> = (0..findings.len())
            .filter(|&at| {
                let finding = &findings[at];
                says(finding, truth, &ids, &class) || says_together(finding, truth, &ids, &all)
            })
            .collect();
        matching.iter().for_each(|&at| used[at] = true);
        // Of those that match, the one that says it by its name.
        let named = matching.iter().find(|&&at| names(&findings[at].title, "", &truth.value));
        let finding = named.or(matching.first()).map(|&at| findings[at].clone());
        let side = if finding.is_some() { &mut verdict.found } else { &mut verdict.missed };
        side.push(Match { truth: Some(truth.clone()), finding });
    }
    let alarms = findings.iter().zip(used).filter(|(_, used)| !used);
    verdict.false_alarms =
        alarms.map(|(f, _)| Match { truth: None, finding: Some(f.clone()) }).collect();
    verdict
}

fn says(finding: &Finding, truth: &Truth, ids: &BTreeSet<&str>, class: &BTreeSet<&str>) -> bool {
    if finding.class.as_deref() != Some(truth.class.as_str()) {
        return false;
    }
    let share = |of: &dyn Fn(&str) -> bool| {
        let hits = finding.images.iter().filter(|id| of(id)).count();
        if finding.images.is_empty() { 0.0 } else { hits as f64 / finding.images.len() as f64 }
    };
    if share(&|id| ids.contains(id)) >= SHARE {
        return true;
    }
    let about_a_cue = match finding.kind {
        Kind::SpuriousCue => names(&finding.title, &finding.description, &truth.value),
        Kind::ObjectIgnored => false,
        _ => return false,
    };
    let carries = |id: &str| class.contains(id) && !ids.contains(id);
    truth.kind == Kind::SpuriousCue && (about_a_cue || share(&carries) >= CARRY)
}

/// Whether a finding is about several subgroups of a class (`all` are the ids of all of them), this truth among them.
fn says_together(
    finding: &Finding,
    truth: &Truth,
    ids: &BTreeSet<&str>,
    all: &BTreeSet<&str>,
) -> bool {
    let subgroups = [finding.kind, truth.kind].iter().all(|&kind| kind == Kind::FailingSubgroup);
    if !subgroups || finding.class.as_deref() != Some(truth.class.as_str()) {
        return false;
    }
    let hits = |of: &BTreeSet<&str>| {
        finding.images.iter().filter(|id| of.contains(id.as_str())).count() as f64
    };
    let (share, recall) = TOGETHER;
    truth.n > 0
        && hits(all) >= share * finding.images.len() as f64
        && (hits(ids) >= recall * truth.n as f64 || names(&finding.title, "", &truth.value))
}

/// Whether a title or a description holds the word.
fn names(title: &str, description: &str, value: &str) -> bool {
    let has = |text: &str| {
        let text = text.to_lowercase();
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        text.match_indices(value).any(|(at, word)| {
            edge(text[..at].chars().next_back()) && edge(text[at + word.len()..].chars().next())
        })
    };
    !value.is_empty() && (has(title) || has(description))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(kind: Kind, class: &str, value: &str, ids: &[&str]) -> Truth {
        Truth {
            kind,
            class: class.to_owned(),
            attribute: "background".to_owned(),
            value: value.to_owned(),
            strength: 0.9,
            gap: None,
            low: None,
            high: None,
            n: 0,
            ids: ids.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    fn finding(kind: Kind, class: &str, title: &str, images: &[&str]) -> Finding {
        Finding {
            kind,
            class: Some(class.to_owned()),
            group: None,
            title: title.to_owned(),
            description: String::new(),
            effect: None,
            low: None,
            high: None,
            n: images.len(),
            p: None,
            q: None,
            severity: 0.5,
            images: images.iter().map(|&id| id.to_owned()).collect(),
            evidence: Vec::new(),
        }
    }

    fn counts(truths: &[Truth], findings: &[Finding]) -> (usize, usize, usize) {
        let all = BTreeSet::from(["a", "b", "c", "d"]);
        let verdict = compare(truths, findings, |_| all.clone());
        (verdict.found.len(), verdict.missed.len(), verdict.false_alarms.len())
    }

    #[test]
    fn half_of_the_images_decide_within_a_class() {
        let truths = [truth(Kind::FailingSubgroup, "boat", "raft", &["a", "b"])];
        let kind = Kind::FailingSubgroup;
        assert_eq!(counts(&truths, &[finding(kind, "boat", "", &["a", "c"])]), (1, 0, 0));
        assert_eq!(counts(&truths, &[finding(kind, "boat", "", &["a", "c", "d"])]), (0, 1, 1));
        assert_eq!(counts(&truths, &[finding(kind, "kite", "", &["a", "b"])]), (0, 1, 1));
        assert_eq!(counts(&truths, &[finding(kind, "boat", "", &[])]), (0, 1, 1));
        assert_eq!(counts(&truths, &[]), (0, 1, 0));
    }

    #[test]
    fn one_finding_may_be_about_two_subgroups() {
        let kind = Kind::FailingSubgroup;
        let truths = [
            Truth { n: 2, ..truth(kind, "boat", "raft", &["a", "b"]) },
            Truth { n: 3, ..truth(kind, "boat", "dinghy", &["c", "d", "e"]) },
        ];
        let of = |images: &[&str]| counts(&truths, &[finding(kind, "boat", "", images)]);
        assert_eq!(of(&["a", "b", "c", "d", "e"]), (2, 0, 0));
        assert_eq!(of(&["b", "c", "d", "e", "f"]), (2, 0, 0));
        let named = finding(kind, "boat", "Rafts or a dinghy fail", &["c", "d"]);
        assert_eq!(counts(&truths, &[named]), (1, 1, 0), "'rafts' is another word");
        let named = finding(kind, "boat", "Boats like a raft or a dinghy fail", &["c", "d"]);
        assert_eq!(counts(&truths, &[named]), (2, 0, 0));
        // Too few of the first, or too many that are of neither.
        assert_eq!(of(&["c", "d", "e", "f"]), (1, 1, 0));
        assert_eq!(of(&["a", "c", "d", "f", "g"]), (0, 2, 1));
        assert_eq!(of(&["a", "b", "e", "c", "f", "g"]), (0, 2, 1));
    }

    #[test]
    fn a_cue_is_matched_by_its_name_or_by_images_that_carry_it() {
        let truths = [truth(Kind::SpuriousCue, "boat", "snow", &["a"])];
        let cue = Kind::SpuriousCue;
        let named = finding(cue, "boat", "'boat' leans on snow", &["c", "d"]);
        assert_eq!(counts(&truths, &[named]), (1, 0, 0));
        let other_word = finding(cue, "boat", "'boat' leans on snowdrops", &["a", "b", "c"]);
        assert_eq!(counts(&truths, &[other_word]), (0, 1, 1), "a third lacks the cue");
        let carrying = finding(Kind::ObjectIgnored, "boat", "", &["b", "c", "d"]);
        assert_eq!(counts(&truths, &[carrying]), (1, 0, 0));
        let mixed = finding(Kind::ObjectIgnored, "boat", "", &["a", "b", "c"]);
        assert_eq!(counts(&truths, &[mixed]), (0, 1, 1));
        // A failing subgroup that is just the class without its cue.
        let without = finding(Kind::FailingSubgroup, "boat", "", &["a"]);
        assert_eq!(counts(&truths, &[without]), (1, 0, 0));
        // A subgroup of images that carry the cue says nothing about it.
        let with = finding(Kind::FailingSubgroup, "boat", "", &["b", "c"]);
        assert_eq!(counts(&truths, &[with]), (0, 1, 1));
    }

    #[test]
    fn of_several_findings_the_one_that_says_the_name_is_shown() {
        let truths = [truth(Kind::SpuriousCue, "boat", "snow", &["a"])];
        let plain =
            finding(Kind::ObjectIgnored, "boat", "'boat' needs no object", &["b", "c", "d"]);
        let named = finding(Kind::FailingSubgroup, "boat", "Boats not on snow fail", &["a"]);
        let all = BTreeSet::from(["a", "b", "c", "d"]);
        let shown = |findings: &[Finding]| {
            let verdict = compare(&truths, findings, |_| all.clone());
            (verdict.found[0].finding.clone().unwrap().title, verdict.false_alarms.len())
        };
        let both = [plain.clone(), named];
        assert_eq!(shown(&both), ("Boats not on snow fail".to_owned(), 0));
        assert_eq!(shown(&[plain]), ("'boat' needs no object".to_owned(), 0));
    }

    #[test]
    fn without_truths_every_finding_is_a_false_alarm() {
        let alarms = [finding(Kind::SpuriousCue, "boat", "", &["a"])];
        assert_eq!(counts(&[], &alarms), (0, 0, 1));
    }
}

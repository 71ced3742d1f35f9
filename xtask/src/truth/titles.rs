//! Whether titles are true of the pictures: the share of a finding's images that are what its title says.

use std::collections::{BTreeMap, BTreeSet};

use rightly::{Finding, RunDir, findings::Kind};
use rightly_data::table::Table;

use super::world::World;

/// Share of its images of which a title has to be true.
pub(crate) const TRUE: f64 = 0.8;

/// Titles of a world's findings.
#[derive(Clone, Copy, Default)]
pub(crate) struct Titles {
    /// Findings of subgroups and cues that have words in their title.
    pub(crate) said: usize,
    /// Of these, those whose words are true of at least [`TRUE`] of the images.
    pub(crate) held: usize,
    /// Of these, those whose words no attribute of the world knows.
    pub(crate) unknown: usize,
}

impl std::ops::AddAssign for Titles {
    fn add_assign(&mut self, other: Self) {
        self.said += other.said;
        self.held += other.held;
        self.unknown += other.unknown;
    }
}

impl std::fmt::Display for Titles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.held, self.said)?;
        if self.unknown > 0 { write!(f, " ({} not known)", self.unknown) } else { Ok(()) }
    }
}

/// The phrase of each group's title, by class and group.
pub(crate) fn phrases(run: &RunDir) -> anyhow::Result<BTreeMap<(String, String), Phrase>> {
    let mut out = BTreeMap::new();
    let path = run.path("interpret/names.parquet");
    if !path.is_file() {
        return Ok(out);
    }
    let table = Table::load(&path)?;
    let text = |name: &str| table.texts(name);
    let (class, group, phrase, title) =
        (text("class")?, text("group")?, text("phrase")?, text("title")?);
    let present = table.integers("present")?;
    // Runs of earlier versions have no roles.
    let roles = text("role").unwrap_or_else(|_| vec![None; class.len()]);
    for at in 0..table.rows() {
        let (Some(class), Some(group), Some(phrase)) = (&class[at], &group[at], &phrase[at]) else {
            continue;
        };
        if title[at].is_some() {
            let present = present[at] != Some(0);
            let role = roles[at].clone().unwrap_or_default();
            let own = Phrase { text: phrase.clone(), present, role };
            out.insert((class.clone(), group.clone()), own);
        }
    }
    Ok(out)
}

/// A phrase as `names.parquet` has it.
pub(crate) struct Phrase {
    pub(crate) text: String,
    /// Of a single phrase: whether it is there.
    pub(crate) present: bool,
    /// Its part in the title.
    pub(crate) role: String,
}

impl Phrase {
    /// Its parts with whether each is there, and whether one of them is enough.
    pub(crate) fn parts(&self) -> (Vec<(&str, bool)>, bool) {
        let (either, word) = match self.text.contains(" or ") {
            true => (true, " or "),
            false => (false, " and "),
        };
        let parts: Vec<&str> = self.text.split(word).collect();
        if let [one] = parts[..] {
            return (vec![(one, self.present)], either);
        }
        let part = |part: &'_ str| -> (usize, bool) {
            let rest = part.strip_prefix("no ").or(part.strip_prefix("not "));
            (rest.map_or(0, |rest| part.len() - rest.len()), rest.is_none())
        };
        let parts = parts.into_iter().map(|own| {
            let (from, there) = part(own);
            (&own[from..], there)
        });
        (parts.collect(), either)
    }
}

/// The titles of findings whose run is given; those that are not true are printed.
pub(crate) fn of(
    world: &World,
    findings: &[Finding],
    run: &RunDir,
    what: &str,
) -> anyhow::Result<Titles> {
    let phrases = phrases(run)?;
    let mut out = Titles::default();
    for finding in findings {
        let group = match finding.kind {
            Kind::FailingSubgroup => finding.group.clone().unwrap_or_default(),
            Kind::SpuriousCue => "cue".to_owned(),
            _ => continue,
        };
        let key = (finding.class.clone().unwrap_or_default(), group);
        let Some(phrase) = phrases.get(&key) else { continue };
        out.said += 1;
        let Some(share) = share(world, phrase, &finding.images) else {
            out.unknown += 1;
            println!(
                "| {} | {} | {what} | {} | not known |",
                world.name, world.seed, finding.title
            );
            continue;
        };
        out.held += usize::from(share >= TRUE);
        if share < TRUE {
            println!(
                "| {} | {} | {what} | {} | true of {share:.2} |",
                world.name, world.seed, finding.title
            );
        }
    }
    Ok(out)
}

/// Share of the images that are what a phrase says; `None` where no attribute has one of its words.
fn share(world: &World, phrase: &Phrase, images: &[String]) -> Option<f64> {
    let (parts, either) = phrase.parts();
    let values: BTreeSet<&str> = world
        .attributes
        .iter()
        .filter(|(name, _)| *name != "true_class")
        .flat_map(|(_, own)| own.values().map(String::as_str))
        .collect();
    let mut shown = Vec::new();
    for (text, there) in parts {
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric() && c != '-')
            .filter(|w| values.contains(w))
            .collect();
        if words.is_empty() {
            return None;
        }
        let has =
            |id: &String| {
                world.attributes.iter().filter(|(name, _)| *name != "true_class").any(|(_, own)| {
                    own.get(id).is_some_and(|value| words.contains(&value.as_str()))
                })
            };
        shown.push(images.iter().map(|id| has(id) == there).collect::<Vec<bool>>());
    }
    let holds = |at: usize| match either {
        true => shown.iter().any(|own| own[at]),
        false => shown.iter().all(|own| own[at]),
    };
    let hits = (0..images.len()).filter(|&at| holds(at)).count();
    Some(hits as f64 / images.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_fall_into_their_parts() {
        let of =
            |text: &str, present| Phrase { text: text.to_owned(), present, role: String::new() };
        let either = of("violet or teal", true);
        assert_eq!(either.parts(), (vec![("violet", true), ("teal", true)], true));
        let both = of("white and not on the street", true);
        assert_eq!(both.parts(), (vec![("white", true), ("on the street", false)], false));
        assert_eq!(of("striped", false).parts(), (vec![("striped", false)], false));
    }
}

//! Findings by their causes: a subgroup that fails as its class does without its cue is no second fault.

use std::collections::BTreeMap;

use rightly_data::table::Table;
use serde::{Deserialize, Serialize};

use crate::{Error, Finding, RunDir, evaluate, findings::Kind, planted_truth::outcomes, rank};

/// A cause: a finding, and those that it explains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// What kind of thing is wrong.
    pub kind: Kind,
    /// The class, where it is about one.
    pub class: Option<String>,
    /// What the class leans on, where it is a cue: a word, `its surroundings`, an overlay's name.
    pub cue: Option<String>,
    /// The finding's title.
    pub title: String,
    /// Its effect.
    pub effect: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Images behind it.
    pub n: usize,
    /// The finding's place in `findings.json`, from 0.
    pub finding: usize,
    /// The places of the findings that it explains.
    pub explains: Vec<usize>,
}

/// Of the gap between a subgroup and the rest of its class, the share that may be left between it and the images that show as
/// much of the cue: what is left is not the cue's.
const LEFT: f64 = 0.5;
/// Images that show as much of the cue as a member, per member.
const NEAREST: usize = 5;

/// How strongly images show the cue, and whether they are right, by id.
type Shown = BTreeMap<String, (f64, bool)>;

/// How strongly each image that is reported shows the cue of its class: by its rank, and by its caption where it has one.
#[derive(Debug, Default)]
pub(super) struct Cues {
    /// By class.
    ranked: BTreeMap<String, Shown>,
    captions: BTreeMap<String, String>,
}

impl Cues {
    /// Of a run; nothing where no images were ranked.
    pub(super) fn of(run: &RunDir) -> Result<Self, Error> {
        let Some(path) = run.file_of(rank::STAGE, "rank/spuriosity.parquet")? else {
            return Ok(Self::default());
        };
        if !run.path("predictions.parquet").is_file() {
            return Ok(Self::default());
        }
        let right = outcomes(run)?;
        let table = Table::load(&path)?;
        let mut out = BTreeMap::<String, BTreeMap<String, (f64, bool)>>::new();
        let values = table.floats("spuriosity")?;
        for ((id, class), value) in
            table.texts("id")?.into_iter().zip(table.texts("class")?).zip(values)
        {
            if let (Some(id), Some(class), Some(value)) = (id, class, value)
                && let Some(&right) = right.get(&id)
            {
                out.entry(class).or_default().insert(id, (value, right));
            }
        }
        let mut captions = BTreeMap::new();
        if let Some(path) = run.file_of(evaluate::STAGE, "samples.parquet")? {
            let table = Table::load(&path)?;
            if table.columns().contains(&"caption") {
                let rows = table.texts("id")?.into_iter().zip(table.texts("caption")?);
                captions.extend(rows.filter_map(|(id, text)| Some((id?, spaced(&text?)))));
            }
        }
        Ok(Self { ranked: out, captions })
    }

    /// Whether a subgroup fails as other images of its class do that show as little of the cue: by whether captions name it, and
    /// where they don't by rank, which is less sure.
    fn explain(&self, class: &str, cue: Option<&str>, members: &[String]) -> bool {
        let Some(ranked) = self.ranked.get(class) else { return false };
        let named = cue.map(|cue| self.named(ranked, cue));
        // Captions that name it nowhere say nothing of it.
        let named = named.filter(|named| named.values().any(|(value, _)| *value > 0.0));
        explains(named.as_ref().unwrap_or(ranked), members)
    }

    /// Images with a caption: 1 where it names the cue.
    fn named(&self, ranked: &Shown, cue: &str) -> Shown {
        let cue = spaced(cue);
        let of = |(id, (_, right)): (&String, &(f64, bool))| {
            let names = self.captions.get(id)?.contains(&cue);
            Some((id.clone(), (f64::from(u8::from(names)), *right)))
        };
        ranked.iter().filter_map(of).collect()
    }
}

/// Lower-case words with a blank around each.
fn spaced(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |out, word| out + word + " ")
}

fn explains(all: &Shown, members: &[String]) -> bool {
    let is_member = |id: &String| members.contains(id);
    let (inside, outside): (Vec<_>, Vec<_>) = all.iter().partition(|(id, _)| is_member(id));
    // Fewer others than that tell nothing.
    if inside.is_empty() || outside.len() < NEAREST {
        return false;
    }
    let accuracy = |of: &[(&String, &(f64, bool))]| {
        of.iter().filter(|(_, (_, right))| *right).count() as f64 / of.len() as f64
    };
    let gap = accuracy(&outside) - accuracy(&inside);
    if gap <= 0.0 {
        return false;
    }
    // The subgroup may be all of the class that shows little of it: then there is nobody to hold it against.
    let mut shown: Vec<f64> = inside.iter().map(|(_, (value, _))| *value).collect();
    shown.sort_by(f64::total_cmp);
    let middle = shown[shown.len() / 2];
    if outside.iter().filter(|(_, (value, _))| *value <= middle).count() < NEAREST {
        return true;
    }
    let alike = |value: f64| {
        let mut near: Vec<(f64, &String, bool)> = outside
            .iter()
            .map(|(id, (other, right))| ((other - value).abs(), *id, *right))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        // With all that are as near as the last one.
        let far = near[NEAREST - 1].0;
        near.retain(|(distance, ..)| *distance <= far);
        near.iter().filter(|(.., right)| *right).count() as f64 / near.len() as f64
    };
    let expected = inside.iter().map(|(_, (value, _))| alike(*value)).sum::<f64>();
    expected / inside.len() as f64 - accuracy(&inside) <= LEFT * gap
}

/// The causes behind findings, in their order.
pub(super) fn causes(findings: &[Finding], cues: &Cues) -> Vec<Cause> {
    let explains = |cue: &Finding, other: &Finding| {
        let Some(class) = cue.class.as_deref().filter(|_| cue.class == other.class) else {
            return false;
        };
        match other.kind {
            _ if cue.kind != Kind::SpuriousCue || cue.overlay().is_some() => false,
            Kind::ObjectIgnored => true,
            // A ranking says how much of the cue each image shows.
            Kind::FailingSubgroup if cue.group.is_none() => {
                cues.explain(class, cue.cue().as_deref(), &other.images)
            }
            _ => false,
        }
    };
    let by: Vec<Option<usize>> =
        findings.iter().map(|own| findings.iter().position(|cue| explains(cue, own))).collect();
    let places = (0..findings.len()).filter(|&at| by[at].is_none());
    places
        .map(|at| {
            let own = &findings[at];
            Cause {
                kind: own.kind,
                class: own.class.clone(),
                cue: own.cue(),
                title: own.title.clone(),
                effect: own.effect,
                low: own.low,
                high: own.high,
                n: own.n,
                finding: at,
                explains: (0..findings.len()).filter(|&other| by[other] == Some(at)).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, class: &str, images: &[String]) -> Finding {
        Finding {
            kind,
            class: Some(class.to_owned()),
            group: (kind == Kind::FailingSubgroup).then(|| "slices/1".to_owned()),
            title: format!("{class} {}", kind.name()),
            description: String::new(),
            effect: Some(0.5),
            low: Some(0.4),
            high: Some(0.6),
            n: images.len(),
            p: None,
            q: None,
            severity: 0.5,
            images: images.to_vec(),
            evidence: Vec::new(),
        }
    }

    /// 60 images with the cue, right; 40 without, wrong; of both every fourth is of a variant, which is wrong where `hard`.
    fn class(hard: bool) -> (Cues, Vec<String>, Vec<String>) {
        let (mut own, mut without, mut variant) = (BTreeMap::new(), Vec::new(), Vec::new());
        for at in 0..100 {
            let (id, cue) = (format!("{at:03}"), at < 60);
            let wrong = !cue || (hard && at % 4 == 0);
            own.insert(id.clone(), (if cue { 1.0 } else { -1.0 } + 0.001 * at as f64, !wrong));
            if !cue && at % 2 == 0 {
                without.push(id.clone());
            }
            if at % 4 == 0 {
                variant.push(id);
            }
        }
        let ranked = BTreeMap::from([("bus".to_owned(), own)]);
        (Cues { ranked, captions: BTreeMap::new() }, without, variant)
    }

    #[test]
    fn the_class_without_its_cue_is_no_second_fault() {
        let (cues, without, variant) = class(true);
        let all = [
            finding(Kind::SpuriousCue, "bus", &[]),
            finding(Kind::FailingSubgroup, "bus", &without),
            finding(Kind::FailingSubgroup, "bus", &variant),
            finding(Kind::FailingSubgroup, "van", &without),
            finding(Kind::ObjectIgnored, "bus", &[]),
        ];
        let causes = causes(&all, &cues);
        let found: Vec<_> = causes.iter().map(|c| (c.finding, c.explains.clone())).collect();
        assert_eq!(found, [(0, vec![1, 4]), (2, vec![]), (3, vec![])]);
    }

    #[test]
    fn all_of_the_class_without_the_cue_is_explained_too() {
        let (cues, ..) = class(false);
        let without: Vec<String> = (60..100).map(|at| format!("{at:03}")).collect();
        assert!(cues.explain("bus", None, &without));
        let with: Vec<String> = (0..30).map(|at| format!("{at:03}")).collect();
        assert!(!cues.explain("bus", None, &with), "it does not fail");
        assert!(!cues.explain("van", None, &without), "its class was not ranked");
    }

    #[test]
    fn three_others_tell_nothing() {
        let (cues, ..) = class(true);
        let most: Vec<String> = (3..100).map(|at| format!("{at:03}")).collect();
        assert!(!cues.explain("bus", None, &most));
    }

    #[test]
    fn captions_that_name_the_cue_explain_what_its_ranks_do_not() {
        let (mut cues, without, variant) = class(true);
        // Ranks that say nothing.
        let shown = cues.ranked.get_mut("bus").unwrap();
        for (at, (value, _)) in shown.values_mut().enumerate() {
            cues.captions.insert(
                format!("{at:03}"),
                spaced(if *value > 0.0 { "A bus in the Street." } else { "A bus, streetwise" }),
            );
            *value = ((at * 37) % 100) as f64;
        }
        assert!(!cues.explain("bus", None, &without));
        assert!(cues.explain("bus", Some("street"), &without));
        assert!(!cues.explain("bus", Some("street"), &variant), "it fails with the cue as well");
    }
}

//! An oracle that is given the attributes: the best that any discovery could do.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rightly::{Finding, findings::Kind};
use rightly_stats::{
    multiple::benjamini_hochberg, proportion::newcombe, quantile::normal_cdf, rng::keyed,
};

use super::world::World;

/// Fewest images of a slice.
const FEWEST: usize = 20;
/// Smallest gap that counts, by its interval's lower bound.
const EFFECT: f64 = 0.05;

/// Attributes that name what is planted; the true class would give label noise away.
const KNOWN: [&str; 2] = [CUE, "variant"];
/// The attribute that cues are of: a class fails where its cue is absent.
const CUE: &str = "background";

/// Every value of the known attributes of every class, and everything without a background (a class
/// without its cue), as a slice tested against the rest of the class; corrected over all
/// (Benjamini-Hochberg).
pub(crate) fn find(world: &World, outcomes: &BTreeMap<String, bool>) -> Vec<Finding> {
    let mut tried = Vec::new();
    for class in &world.dataset.classes {
        let members = world.of_class(class);
        let tested: Vec<&str> =
            members.into_iter().filter(|id| outcomes.contains_key(*id)).collect();
        for attribute in KNOWN {
            let Some(values) = world.attributes.get(attribute) else { continue };
            let there: BTreeSet<&str> =
                tested.iter().filter_map(|id| values.get(*id)).map(String::as_str).collect();
            for value in there {
                let (inside, outside): (Vec<&str>, Vec<&str>) =
                    tested.iter().partition(|id| values.get(**id).is_some_and(|v| v == value));
                if inside.len() >= FEWEST && outside.len() >= FEWEST {
                    tried.push(slice(class, attribute, value, &inside, &outside, outcomes));
                    if attribute == CUE {
                        let without = format!("not {value}");
                        tried.push(slice(class, attribute, &without, &outside, &inside, outcomes));
                    }
                }
            }
        }
    }
    let q = benjamini_hochberg(&tried.iter().map(|f| f.p.unwrap_or(1.0)).collect::<Vec<_>>());
    for (finding, q) in tried.iter_mut().zip(q) {
        finding.q = Some(q);
    }
    tried.retain(|f| f.q.is_some_and(|q| q <= 0.05) && f.low.is_some_and(|low| low >= EFFECT));
    tried
}

fn slice(
    class: &str,
    attribute: &str,
    value: &str,
    inside: &[&str],
    outside: &[&str],
    outcomes: &BTreeMap<String, bool>,
) -> Finding {
    let right = |ids: &[&str]| ids.iter().filter(|id| outcomes[**id]).count();
    let (a, n_a, b, n_b) = (right(outside), outside.len(), right(inside), inside.len());
    let gap = a as f64 / n_a as f64 - b as f64 / n_b as f64;
    let interval = newcombe(a, n_a, b, n_b);
    let pooled = (a + b) as f64 / (n_a + n_b) as f64;
    let error = (pooled * (1.0 - pooled) * (1.0 / n_a as f64 + 1.0 / n_b as f64)).sqrt();
    let p = if error > 0.0 { 1.0 - normal_cdf(gap / error) } else { 1.0 };
    Finding {
        kind: Kind::FailingSubgroup,
        class: Some(class.to_owned()),
        group: Some(format!("oracle/{attribute}={value}")),
        title: format!("'{class}' fails where the {attribute} is {value}"),
        description: String::new(),
        effect: Some(gap),
        low: interval.map(|i| i.0),
        high: interval.map(|i| i.1),
        n: n_b,
        p: Some(p),
        q: None,
        severity: gap.clamp(0.0, 1.0),
        images: inside.iter().map(|&id| id.to_owned()).collect(),
        evidence: Vec::new(),
    }
}

/// Right and wrong dealt anew among the images of each class.
pub(crate) fn dealt_anew(world: &World) -> BTreeMap<String, bool> {
    let mut out = BTreeMap::new();
    for class in &world.dataset.classes {
        let ids: Vec<&str> = world
            .of_class(class)
            .into_iter()
            .filter(|id| world.outcomes.contains_key(*id))
            .collect();
        let mut outcomes: Vec<bool> = ids.iter().map(|id| world.outcomes[*id]).collect();
        outcomes.shuffle(&mut keyed(0, "dealt anew", class, 0));
        out.extend(ids.into_iter().map(str::to_owned).zip(outcomes));
    }
    out
}

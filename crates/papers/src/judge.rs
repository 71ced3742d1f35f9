//! How well a method finds the rare subclasses of one class.

use std::collections::BTreeSet;

use rightly_audit::{
    discover::protocol::Found,
    features::Outcome,
    interpret::known::{Labelled, value},
};

/// Slices of a class that are looked at: as many as it has rare subclasses.
const WORST: usize = 2;
/// Images of a slice that are looked at.
const TOP: usize = 10;
/// Share of one rare subclass among them that makes it caught.
const CAUGHT: f64 = 0.5;

/// One method on one class.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Score {
    /// Largest share of one rare subclass among the ten strongest images of a slice, mean of the slices.
    pub(crate) purity: f64,
    /// Share of the rare subclasses that a slice catches.
    pub(crate) covered: f64,
    /// Share of the rare subclasses by which a slice is named.
    pub(crate) named: f64,
    /// Accuracy of the rest of the class minus that of the slice, mean of the slices.
    pub(crate) gap: f64,
}

/// Judges the worst slices (where they were fitted); `groups[i]` is the subclass of image `i`, `fitted` those of the
/// images that slices were fitted on, which choose the names. All 0 where there is none.
pub(crate) fn judge(
    slices: &[Found],
    outcomes: &[Outcome],
    groups: &[&str],
    fitted: &[&str],
    rare: &BTreeSet<&str>,
) -> Score {
    let mut caught: BTreeSet<&str> = BTreeSet::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut score = Score::default();
    let looked_at = slices.len().min(WORST) as f64;
    for slice in slices.iter().take(WORST) {
        let top: Vec<&str> = slice.ranked.iter().take(TOP).map(|&at| groups[at]).collect();
        let share = |name: &str| {
            top.iter().filter(|g| **g == name).count() as f64 / top.len().max(1) as f64
        };
        // The first of equals, in the order of names.
        let mut best: Option<(&str, f64)> = None;
        for name in rare {
            let own = share(name);
            if best.is_none_or(|(_, known)| own > known) {
                best = Some((name, own));
            }
        }
        if let Some((name, share)) = best {
            score.purity += share / looked_at;
            if share >= CAUGHT {
                caught.insert(name);
            }
        }
        let inside: BTreeSet<usize> = slice.members.iter().copied().collect();
        let own: BTreeSet<usize> = slice.fitted.iter().copied().collect();
        let sides = [(&own, fitted), (&inside, groups)].map(|(members, values)| Labelled {
            inside: (0..values.len()).map(|at| members.contains(&at)).collect(),
            values,
        });
        named.extend(value(&sides[0], &sides[1]).filter(|name| rare.contains(name.as_str())));
        let accuracy = |of: bool| {
            let own = (0..outcomes.len()).filter(|at| inside.contains(at) == of);
            let hits: Vec<bool> = own.map(|at| outcomes[at].correct).collect();
            hits.iter().filter(|&&h| h).count() as f64 / hits.len() as f64
        };
        let gap = accuracy(false) - accuracy(true);
        score.gap += if gap.is_finite() { gap / looked_at } else { 0.0 };
    }
    score.named = named.len() as f64 / rare.len().max(1) as f64;
    score.covered = caught.len() as f64 / rare.len().max(1) as f64;
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_audit::features::WrongAnswers;

    #[test]
    fn a_slice_catches_what_half_of_its_strongest_are() {
        let groups: Vec<&str> =
            (0..40).map(|i| ["otter", "beaver", "whale", "seal"][i / 10]).collect();
        let outcomes: Vec<Outcome> = (0..40)
            .map(|i| Outcome {
                output: 0,
                correct: i >= 20,
                loss: 0.0,
                wrong: WrongAnswers::default(),
            })
            .collect();
        let slice = |members: Vec<usize>| {
            let rest = (0..40).filter(|at| !members.contains(at)).collect::<Vec<_>>();
            Found { ranked: [members.clone(), rest].concat(), fitted: members.clone(), members }
        };
        let rare = BTreeSet::from(["beaver", "otter"]);
        let slices =
            [slice((0..10).collect()), slice((26..36).collect()), slice((10..20).collect())];
        let score = judge(&slices, &outcomes, &groups, &groups, &rare);
        assert_eq!((score.purity, score.covered), (0.5, 0.5), "the third is not looked at");
        assert_eq!(score.named, 0.5, "all otters, and nothing else, are in the first");
        // Rest 20 of 30 right, slice none; rest 10 of 30 right, slice all.
        assert!((score.gap - (2.0 / 3.0 - 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(judge(&[], &outcomes, &groups, &groups, &rare), Score::default());
    }
}

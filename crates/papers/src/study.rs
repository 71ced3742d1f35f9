//! One seed of the experiment: every way to divide on every class.

use std::collections::BTreeSet;

use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;
use rightly_audit::{
    discover::{
        Components, DiscoverOptions, Method,
        protocol::{Found, Images, slices_of},
    },
    features::Outcome,
};
use rightly_data::Dataset;
use rightly_stats::rng::keyed;

use crate::{
    classifier::Classified,
    judge::{Score, judge},
};

/// A way to divide: a method with the options that it runs under.
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) method: Option<Method>,
    pub(crate) options: DiscoverOptions,
    /// What it is called where mitigation is tried by it.
    pub(crate) mitigates: Option<String>,
}

/// The methods as they are; those with a number that their papers fix, or that others have tried, with that number too.
pub(crate) fn ways(methods: &[Method]) -> Vec<Way> {
    let way =
        |name: String, method: Option<Method>, components: Components, paper_compat: bool| Way {
            mitigates: None,
            name,
            method,
            options: DiscoverOptions { components, paper_compat, ..DiscoverOptions::default() },
        };
    let mut out = Vec::new();
    for &method in methods {
        let fixed: &[usize] = match method {
            Method::Dim => &[5],
            Method::Kmeans => &[5, 10],
            Method::Domino => &[5, 10],
            _ => &[],
        };
        if fixed.is_empty() {
            out.push(way(method.to_string(), Some(method), Components::Auto, false));
        }
        for &count in fixed {
            let name = format!("{method} {count}");
            out.push(way(name, Some(method), Components::Fixed(count), false));
        }
    }
    out.push(way("dim 5, as published".to_owned(), Some(Method::Dim), Components::Fixed(5), true));
    // The default, and the paper's own.
    for way in &mut out {
        if way.method == methods.first().copied() || way.options.paper_compat {
            way.mitigates = Some(way.name.clone());
        }
    }
    out.push(way("true subclasses (ceiling)".to_owned(), None, Components::Auto, false));
    out
}

/// One seed of the experiment.
pub(crate) struct Study<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) parts: &'a [Vec<usize>; 3],
    pub(crate) features: &'a [Array2<f32>; 3],
    pub(crate) classified: &'a Classified,
    pub(crate) rare: &'a BTreeSet<&'a str>,
    pub(crate) seed: u64,
}

impl Study<'_> {
    /// Scores of a class: fitted on half of its validation images and judged on the other half; fitted on all of them and
    /// judged on its test images. One entry a way in each.
    pub(crate) fn class(&self, ways: &[Way], class: usize) -> [Vec<Score>; 2] {
        let own = |part: usize| -> Vec<usize> {
            let samples = &self.parts[part];
            (0..samples.len())
                .filter(|&at| self.dataset.samples[samples[at]].class == class)
                .collect()
        };
        let (val, test) = (own(1), own(2));
        let mut dealt = val.clone();
        dealt.shuffle(&mut keyed(self.seed, "reproduce/halves", &self.dataset.classes[class], 0));
        let half = dealt.len() / 2;
        let (mut fit, mut held) = (dealt[..half].to_vec(), dealt[half..].to_vec());
        fit.sort_unstable();
        held.sort_unstable();
        let score = |way: &Way, fit: &[usize], part: usize, held: &[usize]| {
            self.score(way, class, fit, part, held)
        };
        [
            ways.iter().map(|way| score(way, &fit, 1, &held)).collect(),
            ways.iter().map(|way| score(way, &val, 2, &test)).collect(),
        ]
    }

    /// One way, fitted on rows of the validation part and judged on rows of `part`.
    fn score(&self, way: &Way, class: usize, fit: &[usize], part: usize, held: &[usize]) -> Score {
        let outcomes = |part: usize, rows: &[usize]| -> Vec<Outcome> {
            let all = if part == 1 { &self.classified.val } else { &self.classified.test };
            rows.iter().map(|&at| all[at].clone()).collect()
        };
        let groups = |part: usize, rows: &[usize]| -> Vec<&str> {
            let of = |&at: &usize| {
                let group = self.dataset.samples[self.parts[part][at]].group.as_deref();
                group.expect("every image has a subclass, or the experiment is refused")
            };
            rows.iter().map(of).collect()
        };
        let (known, judged) = (groups(part, held), outcomes(part, held));
        let fitted = groups(1, fit);
        let rare: BTreeSet<&str> =
            known.iter().copied().filter(|name| self.rare.contains(name)).collect();
        let found: Vec<Found> = match way.method {
            None => truth(&fitted, &outcomes(1, fit), &known),
            Some(method) => {
                let images = |part: usize, rows: &[usize]| {
                    (self.features[part].select(Axis(0), rows), outcomes(part, rows))
                };
                let (fit_vectors, fit_outcomes) = images(1, fit);
                let (held_vectors, held_outcomes) = images(part, held);
                let losses = self.classified.losses.select(Axis(0), fit);
                slices_of(
                    method,
                    &way.options,
                    self.seed,
                    &self.dataset.classes[class],
                    &Images { vectors: fit_vectors.view(), outcomes: fit_outcomes },
                    &losses,
                    &Images { vectors: held_vectors.view(), outcomes: held_outcomes },
                )
                // A way that can't be fitted finds nothing.
                .into_iter()
                .flatten()
                .collect()
            }
        };
        judge(&found, &judged, &known, &fitted, &rare)
    }
}

/// The true subclasses as slices, from the lowest accuracy where they are fitted to the highest.
fn truth(fitted: &[&str], outcomes: &[Outcome], judged: &[&str]) -> Vec<Found> {
    let names: BTreeSet<&str> = fitted.iter().copied().collect();
    let accuracy = |name: &str| {
        let own = fitted.iter().zip(outcomes).filter(|(g, _)| **g == name);
        let hits: Vec<bool> = own.map(|(_, o)| o.correct).collect();
        hits.iter().filter(|&&h| h).count() as f64 / hits.len().max(1) as f64
    };
    let mut order: Vec<&str> = names.into_iter().collect();
    order.sort_by(|a, b| accuracy(a).total_cmp(&accuracy(b)).then(a.cmp(b)));
    order
        .into_iter()
        .map(|name| {
            let inside = |at: &usize| judged[*at] == name;
            let members: Vec<usize> = (0..judged.len()).filter(inside).collect();
            let rest = (0..judged.len()).filter(|at| !inside(at)).collect::<Vec<_>>();
            let own = (0..fitted.len()).filter(|&at| fitted[at] == name).collect();
            Found { fitted: own, ranked: [members.clone(), rest].concat(), members }
        })
        .collect()
}

//! Every method on features in which one of five clusters fails, and on features that say nothing.

use ndarray::Array2;
use rand::RngExt;
use rightly_stats::rng::{keyed, standard_normal_fill};

use super::*;
use crate::{
    discover::{
        assignment::Grouped,
        gap_test::{correct, judge_part},
        material::Material,
    },
    features::{Outcome, WrongAnswers},
};

/// Features: five clusters of 16 values around centres that lie apart; outcomes: wrong in the first two clusters, each with
/// an answer of its own, for nine in ten images.
fn part(key: &str, n: usize, says_nothing: bool) -> (Part, Vec<usize>) {
    let mut rng = keyed(7, "test/method", key, 0);
    let mut centres = vec![0.0_f32; 5 * 16];
    standard_normal_fill(&mut keyed(7, "test/method", "centres", 0), &mut centres);
    let mut vectors = Array2::zeros((n, 16));
    let mut clusters = Vec::new();
    let mut outcomes = Vec::new();
    for (i, mut row) in vectors.rows_mut().into_iter().enumerate() {
        let cluster = i % 5;
        let mut noise = [0.0_f32; 16];
        standard_normal_fill(&mut rng, &mut noise);
        for (k, value) in row.iter_mut().enumerate() {
            *value = 10.0 + 2.0 * centres[cluster * 16 + k] + 0.4 * noise[k];
        }
        let fails =
            if says_nothing { rng.random_bool(0.3) } else { cluster < 2 && rng.random_bool(0.9) };
        let output = if fails { 1 + cluster } else { 0 };
        let loss = if fails { 3.0 } else { 0.2 } + rng.random_range(0.0..0.1);
        outcomes.push(Outcome { output, correct: !fails, loss, wrong: WrongAnswers::default() });
        clusters.push(cluster);
    }
    (Part { samples: (0..n).collect(), vectors, outcomes }, clusters)
}

fn losses(part: &Part) -> Array2<f64> {
    Array2::from_shape_fn((part.len(), 4), |(i, epoch)| {
        f64::from(part.outcomes[i].loss) + 0.1 * epoch as f64
    })
}

fn fitted(
    method: Method,
    options: &DiscoverOptions,
    part: &Part,
    confirms: usize,
) -> Result<Box<dyn Slicer>, String> {
    let losses = losses(part);
    let fit = Fit {
        options,
        seed: 0,
        class: "thing",
        attributes: &[],
        part,
        confirms,
        clusters: None,
        standard: None,
        losses: losses.view(),
    };
    super::fit(method, fit)
}

fn divided(method: Method, options: &DiscoverOptions, fit: &Part, confirm: &Part) -> Grouped {
    let slicer = fitted(method, options, fit, confirm.len());
    let slicer = slicer.unwrap_or_else(|why| panic!("{method}: {why}"));
    let material = Material { class: 0, fit: fit.clone(), confirm: confirm.clone() };
    Grouped::new(method, &material, &*slicer)
}

const BY_FEATURES: [Method; 6] = [
    Method::Slices,
    Method::Dim,
    Method::Domino,
    Method::Kmeans,
    Method::FailureDirection,
    Method::Pca,
];

#[test]
fn every_method_finds_what_fails() {
    let (fit, _) = part("fit", 250, false);
    let (confirm, clusters) = part("confirm", 250, false);
    let options = DiscoverOptions { draws: 999, ..DiscoverOptions::default() };
    for method in BY_FEATURES {
        let found = divided(method, &options, &fit, &confirm);
        let mut judged = vec![judge_part(&options, 0, &confirm, None, &[found], "thing")];
        correct(&mut judged);
        let found = divided(method, &options, &fit, &confirm);
        let mut caught = std::collections::BTreeSet::new();
        for (group, judged) in judged[0].methods[0].iter().enumerate() {
            if !judged.holds(0.05) {
                continue;
            }
            let members = found.members(group);
            for failing in 0..2 {
                let hits = members.iter().take(10).filter(|&&at| clusters[at] == failing).count();
                if hits >= 5 {
                    caught.insert(failing);
                }
            }
        }
        // One direction can't tell two subgroups apart, and axes of variance need not point at any.
        let alone = [Method::FailureDirection, Method::Pca].contains(&method);
        let fewest = if alone { 1 } else { 2 };
        assert!(caught.len() >= fewest, "{method}: {caught:?}");
        for slice in &found.slices {
            let length: f32 = slice.direction.iter().map(|v| v * v).sum();
            assert!((length - 1.0).abs() < 1e-4, "{method}: {length}");
        }
    }
}

/// One image in eight, all alike, fails: 7 of those that are fitted on, 22 of those that confirm.
#[test]
fn few_images_to_fit_on_hide_no_subgroup() {
    let apart = |key: &str, n: usize| {
        let (mut part, _) = part(key, n, true);
        let outcomes = part.outcomes.iter_mut().zip(part.vectors.rows_mut());
        for (i, (outcome, mut vector)) in outcomes.enumerate() {
            let fails = i % 8 == 7;
            let loss = if fails { 3.0 } else { 0.2 };
            *outcome =
                Outcome { output: usize::from(fails), correct: !fails, loss, ..outcome.clone() };
            if fails {
                vector.mapv_inplace(|v| 0.2 * v + 5.0);
            }
        }
        part
    };
    let (fit, confirm) = (apart("fit", 60), apart("confirm", 180));
    let options = DiscoverOptions { draws: 999, ..DiscoverOptions::default() };
    let found = divided(Method::Slices, &options, &fit, &confirm);
    let mut judged = vec![judge_part(&options, 0, &confirm, None, &[found], "thing")];
    correct(&mut judged);
    let judged = &judged[0].methods[0];
    assert!(judged.iter().any(|j| j.holds(0.5) && j.gap.n == 22), "{judged:?}");
}

#[test]
fn features_that_say_nothing_give_no_finding() {
    let options = DiscoverOptions { draws: 999, ..DiscoverOptions::default() };
    let mut alarms = 0;
    for trial in 0..10 {
        let (fit, _) = part(&format!("fit {trial}"), 200, true);
        let (confirm, _) = part(&format!("confirm {trial}"), 200, true);
        for method in BY_FEATURES {
            let found = divided(method, &options, &fit, &confirm);
            let mut judged = vec![judge_part(&options, 0, &confirm, None, &[found], "thing")];
            correct(&mut judged);
            alarms += usize::from(judged[0].methods[0].iter().any(|j| j.holds(0.05)));
        }
    }
    // Each is a 5 % test, and the lower bound asks for more.
    assert!(alarms <= 5, "{alarms} of 60");
}

#[test]
fn the_published_form_merges_the_poles_and_keeps_every_component() {
    let (fit, _) = part("fit", 250, false);
    let options = DiscoverOptions {
        paper_compat: true,
        components: crate::discover::Components::Fixed(4),
        ..DiscoverOptions::default()
    };
    let found = divided(Method::Dim, &options, &fit, &fit);
    assert_eq!(found.slices.len(), 4);
    assert!(found.slices.iter().all(|s| s.pole == Pole::Both));
    let apart = DiscoverOptions { paper_compat: false, ..options };
    let found = divided(Method::Dim, &apart, &fit, &fit);
    assert_eq!(found.slices.len(), 8);
    for placed in &found.confirm {
        let sum: f64 = placed.membership.soft.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9 && placed.membership.group.is_some());
    }
}

#[test]
fn what_cannot_be_divided_says_why() {
    let (mut same, _) = part("fit", 40, false);
    same.vectors.fill(1.0);
    let options = DiscoverOptions::default();
    for method in BY_FEATURES {
        let found = fitted(method, &options, &same, 40);
        if method == Method::FailureDirection {
            // Right and wrong can be told apart by nothing: no direction, and all images on one side.
            let slicer = found.unwrap_or_else(|why| panic!("{method}: {why}"));
            assert!(slicer.slices().iter().all(|s| s.direction.is_empty()));
            continue;
        }
        let why =
            found.err().unwrap_or_else(|| panic!("{method} divided images that are all the same"));
        assert!(!why.is_empty() && !why.contains("NaN"), "{method}: {why}");
    }
    let why = fitted(Method::Attributes, &options, &same, 40).err();
    assert!(why.is_some_and(|why| why.contains("no attributes")));
}

/// Images of one cluster are in one fold, and every fold has images of both kinds where there are no clusters.
#[test]
fn folds_keep_clusters_together() {
    let (fit, _) = part("fit", 60, false);
    let losses = losses(&fit);
    let options = DiscoverOptions::default();
    let clusters: Vec<u32> = (0..60).map(|i| i / 4).collect();
    let of = |clusters: Option<&[u32]>| {
        let fit = Fit {
            options: &options,
            seed: 3,
            class: "thing",
            attributes: &[],
            part: &fit,
            confirms: fit.len(),
            clusters,
            standard: None,
            losses: losses.view(),
        };
        space::folds(&fit, 5)
    };
    let clustered = of(Some(&clusters));
    assert!((0..60).all(|i| clustered[i] == clustered[i / 4 * 4]));
    assert_eq!((0..5).map(|f| clustered.iter().filter(|&&x| x == f).count()).max(), Some(12));
    let plain = of(None);
    for fold in 0..5 {
        let own = || (0..60).filter(|&i| plain[i] == fold);
        assert_eq!(own().count(), 12);
        assert!(own().any(|i| fit.outcomes[i].correct) && own().any(|i| !fit.outcomes[i].correct));
    }
}

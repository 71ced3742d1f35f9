//! Memberships as scikit-learn's parts give them (`reference/discovery.py`).

use ndarray::{Array2, ArrayView1};
use rightly_model::heads::{Moments, Standard};
use serde::Deserialize;

use super::*;
use crate::{
    discover::Components,
    features::{Outcome, WrongAnswers},
};

#[derive(Deserialize)]
struct File {
    division: Golden,
}

#[derive(Deserialize)]
struct Golden {
    /// Images that are fitted on, and others.
    x: [Vec<Vec<f32>>; 2],
    losses: Vec<Vec<f64>>,
    dim: Ours,
    published: Published,
    /// Images of other classes.
    rest: Vec<Vec<f32>>,
    wrong: Vec<bool>,
    machines: Vec<Machine>,
}

#[derive(Deserialize)]
struct Ours {
    components: usize,
    soft: [Vec<Vec<f64>>; 2],
    plane: [Vec<[f64; 2]>; 2],
}

#[derive(Deserialize)]
struct Published {
    components: usize,
    soft: [Vec<Vec<f64>>; 2],
    group: [Vec<usize>; 2],
    ordering: Vec<usize>,
    plane: [Vec<[f64; 2]>; 2],
}

#[derive(Deserialize)]
struct Machine {
    weights: Vec<f64>,
    direction: Vec<f64>,
    decisions: [Vec<f64>; 2],
}

fn matrix<T: Copy>(rows: &[Vec<T>]) -> Array2<T> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, k)| rows[i][k])
}

fn golden() -> Golden {
    let text = include_str!("../../../tests/golden/division.json");
    serde_json::from_str::<File>(text).unwrap().division
}

fn fitted(
    golden: &Golden,
    method: Method,
    options: &DiscoverOptions,
    standard: Option<&Standard>,
) -> Box<dyn Slicer> {
    let outcome = |&wrong: &bool| Outcome {
        output: usize::from(wrong),
        correct: !wrong,
        loss: 0.0,
        wrong: WrongAnswers::default(),
    };
    let part = Part {
        samples: (0..golden.x[0].len()).collect(),
        vectors: matrix(&golden.x[0]),
        outcomes: golden.wrong.iter().map(outcome).collect(),
    };
    let losses = matrix(&golden.losses);
    let fit = Fit {
        options,
        seed: 0,
        class: "thing",
        attributes: &[],
        part: &part,
        confirms: part.len(),
        clusters: None,
        standard,
        losses: losses.view(),
    };
    fit_of(method, fit)
}

fn fit_of(method: Method, fit: Fit<'_>) -> Box<dyn Slicer> {
    super::fit(method, fit).unwrap_or_else(|why| panic!("{method}: {why}"))
}

/// Every image of both parts: part, row, image.
fn each(golden: &Golden, mut of: impl FnMut(usize, usize, Image<'_>)) {
    for (part, rows) in golden.x.iter().enumerate() {
        let all = matrix(rows).mapv(f64::from);
        let centre = all.mean_axis(ndarray::Axis(0)).unwrap().to_vec();
        for (row, vector) in rows.iter().enumerate() {
            of(part, row, Image { sample: row, vector, centre: &centre });
        }
    }
}

fn close(what: &str, ours: &[f64], theirs: &[f64], within: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let near = ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() < within);
    assert!(near, "{what}: {ours:?} against {theirs:?}");
}

#[test]
fn shares_of_dim_lie_along_rotation_over_deviation_and_the_map_shows_scores() {
    let golden = golden();
    let options = DiscoverOptions {
        components: Components::Fixed(golden.dim.components),
        ..DiscoverOptions::default()
    };
    let slicer = fitted(&golden, Method::Dim, &options, None);
    each(&golden, |part, row, image| {
        let found = slicer.membership(image);
        let theirs = &golden.dim.soft[part][row];
        close("soft", &found.soft, theirs, 1e-7);
        let most = ArrayView1::from(theirs.as_slice());
        let most = most.iter().copied().fold(0.0, f64::max);
        assert!(found.group.is_some_and(|group| theirs[group] == most), "{found:?}");
        assert_eq!(slicer.ordering(image, &found), found.group);
        let plane = slicer.plane(image.vector).unwrap();
        close("plane", &plane, &golden.dim.plane[part][row], 1e-7);
    });
}

#[test]
fn dim_as_published_has_both_rules_of_the_released_code() {
    let golden = golden();
    let options = DiscoverOptions {
        components: Components::Fixed(golden.published.components),
        paper_compat: true,
        ..DiscoverOptions::default()
    };
    let slicer = fitted(&golden, Method::Dim, &options, None);
    let mut differ = 0;
    each(&golden, |part, row, image| {
        let found = slicer.membership(image);
        // Unit vectors are in single precision here.
        close("soft", &found.soft, &golden.published.soft[part][row], 2e-5);
        assert_eq!(found.group, Some(golden.published.group[part][row]));
        if part == 0 {
            let ordering = slicer.ordering(image, &found);
            assert_eq!(ordering, Some(golden.published.ordering[row]));
            differ += usize::from(ordering != found.group);
        }
        let plane = slicer.plane(image.vector).unwrap();
        close("plane", &plane, &golden.published.plane[part][row], 2e-5);
    });
    assert!(differ >= 5, "the two rules are not told apart: {differ}");
}

#[test]
fn the_failure_direction_is_that_of_scikit_learn() {
    let golden = golden();
    let mut moments = Moments::new(golden.rest[0].len());
    golden.x[0].iter().chain(&golden.rest).for_each(|row| moments.push(row));
    let standard = Standard::of_moments(&moments);
    let options = DiscoverOptions::default();
    let slicer = fitted(&golden, Method::FailureDirection, &options, Some(&standard));
    let direction: Vec<f64> = slicer.slices()[0].direction.iter().map(|&v| f64::from(v)).collect();
    // C is that of folds of our own; weights grow with it, so it is seen from the spread of what comes out.
    let mut values = [Vec::new(), Vec::new()];
    each(&golden, |part, _, image| values[part].push(slicer.membership(image).strength[0]));
    let spread = |values: &[f64]| values.iter().map(|v| v - values[0]).collect::<Vec<f64>>();
    let own = spread(&values[0]);
    let off = |machine: &Machine| {
        let theirs = spread(&machine.decisions[0]);
        own.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let machine = golden.machines.iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap();
    close("direction", &direction, &machine.direction, 5e-3);
    for (part, values) in values.iter().enumerate() {
        close("decisions", &spread(values), &spread(&machine.decisions[part]), 5e-3);
    }
    assert!(
        machine.weights.iter().any(|w| w.abs() > 0.05),
        "too small a C to tell: {off:?}",
        off = off(machine)
    );
}

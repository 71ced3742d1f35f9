use rand_distr::{Distribution, StandardNormal};

use super::*;

fn close(e: &Estimate, expected: f64, tolerance: f64) {
    let value = e.value.unwrap();
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[test]
fn ranks_and_correlations() {
    let ones = [1.0; 4];
    assert_eq!(ranks(&[0.3, 0.1, 0.3, 0.9], &ones), [2.0, 0.5, 2.0, 3.5]);
    assert!((pearson(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0], &ones) - 1.0).abs() < 1e-12);
    // scipy.stats.spearmanr([1, 2, 3, 4], [1, 3, 2, 9]) = 0.8
    let spearman = Kind::Ranks.correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 9.0], &ones);
    assert!((spearman - 0.8).abs() < 1e-12);
    assert!(pearson(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0], &ones).is_nan());
    // A class of weight 0 is not there.
    let without = Kind::Ranks.correlation(
        &[1.0, 2.0, 3.0, 4.0, 0.0],
        &[1.0, 3.0, 2.0, 9.0, 50.0],
        &[1.0, 1.0, 1.0, 1.0, 0.0],
    );
    assert!((without - 0.8).abs() < 1e-12);
}

/// Classes whose true costs correlate by `truth`; both models see the same images, whose own
/// difficulty is common to both.
fn world(seed: u64, classes: usize, images: usize, truth: f64) -> Vec<Class> {
    let mut rng = keyed(seed, "test", "", 0);
    let mut draw = || StandardNormal.sample(&mut rng);
    (0..classes)
        .map(|c| {
            let (x, y): (f64, f64) = (draw(), draw());
            let of_b = truth * x + (1.0 - truth * truth).sqrt() * y;
            let mut class = Class { of: [Vec::new(), Vec::new()] };
            for i in 0..images {
                let (common, own_a, own_b): (f64, f64, f64) = (draw(), draw(), draw());
                let id = format!("{c}/{i}");
                class.of[0].push((id.clone(), x + 3.0 * common + own_a));
                class.of[1].push((id, of_b + 3.0 * common + own_b));
            }
            class
        })
        .collect()
}

#[test]
fn halves_take_away_what_shared_images_add() {
    // Twelve images a class: the noise of a class's mean (3.2^2 / 12) is nearly its true variance.
    let classes = world(1, 400, 12, 0.0);
    let found = correlate(&classes, 0, 50);
    assert!(found[3].value.unwrap() > 0.3, "raw, inflated: {:?}", found[3]);
    close(&found[4], 0.0, 0.08);
    close(&found[5], 0.0, 0.15);
    // Half of what agrees is lost in noise; divided by the halves' agreement it is back.
    let classes = world(2, 400, 12, 0.9);
    let found = correlate(&classes, 0, 50);
    assert!(found[4].value.unwrap() < 0.55, "attenuated: {:?}", found[4]);
    close(&found[5], 0.9, 0.12);
    assert!(found[2].low.unwrap() < found[2].value.unwrap());
    assert_eq!(found[0].n, 400);
}

#[test]
fn few_classes_or_no_spread_have_no_correlation() {
    let found = correlate(&world(1, 4, 12, 0.5), 0, 50);
    assert!(found.iter().all(|e| e.value.is_none() && e.n == 4));
    let alike = |c: usize| {
        let values: Vec<(String, f64)> = (0..6).map(|i| (format!("{c}/{i}"), 0.0)).collect();
        Class { of: [values.clone(), values] }
    };
    let classes: Vec<Class> = (0..8).map(alike).collect();
    assert!(correlate(&classes, 0, 50).iter().all(|e| e.value.is_none()));
    assert_eq!(of_figures(&[0.1; 3], &[0.2; 3], 0, 50)[0].value, None);
}

#[test]
fn classes_of_one_unit_are_left_out() {
    let mut classes = world(3, 9, 10, 0.8);
    // All images of one cluster: no half could differ from the other.
    for values in &mut classes[0].of {
        values.iter_mut().for_each(|(unit, _)| *unit = "one".to_owned());
    }
    assert_eq!(correlate(&classes, 0, 50)[0].n, 8);
}

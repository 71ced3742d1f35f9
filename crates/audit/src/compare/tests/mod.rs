//! Simulated runs whose true differences are known.

mod paired;
mod unpaired;
mod world;

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use self::world::{World, made};
use super::*;
use crate::metrics::{MEAN, POOLED};

fn options() -> CompareOptions {
    CompareOptions { seed: 7, resamples: 300, threads: 2 }
}

fn held(a: &Side, b: &Side) -> Comparison {
    between(a, b, &options(), &AtomicBool::new(false)).unwrap()
}

fn row<'a>(comparison: &'a Comparison, metric: &str, condition: &str, class: &str) -> &'a Row {
    let rows = comparison.rows.iter();
    let mut found = rows.filter(|row| row.a.is(metric, Some(condition), class));
    found.next().unwrap_or_else(|| panic!("no {metric} {condition} {class}"))
}

#[test]
fn differences_carry_the_condition_that_is_promised() {
    let world = World { images: 40, ..World::default() };
    let comparison = held(&made(&world, 0), &made(&world, 1));
    let found = &row(&comparison, "drop", "gray-box", POOLED).difference;
    assert_eq!(
        (found.stage.as_str(), found.condition.as_deref()),
        ("compare", Some("A|B/gray-box"))
    );
    assert!(comparison.record.metrics.contains(found));
    let found = comparison.rows.iter().find(|row| row.a.metric == "object-share").unwrap();
    assert_eq!(found.difference.condition.as_deref(), Some("A|B/"));
}

#[test]
fn the_family_is_every_row_that_was_tested() {
    let comparison = held(&made(&World::default(), 0), &made(&World::default(), 1));
    let tested: Vec<f64> = comparison.rows.iter().filter_map(|row| row.difference.p).collect();
    let corrected: Vec<f64> = comparison.rows.iter().filter_map(|row| row.difference.q).collect();
    assert_eq!(benjamini_hochberg(&tested), corrected);
    // Figures of the pictures alone are no members.
    assert!(tested.len() > 40, "{}", tested.len());
    // Medians of maps have no mean of the classes, and the correlations are not tested.
    let others = comparison.record.metrics.iter().filter(|m| m.p.is_none() != m.q.is_none());
    assert_eq!(others.count(), 0);
}

#[test]
fn neither_threads_nor_a_second_call_change_anything() {
    let (a, b) = (made(&World::default(), 0), made(&World::default(), 1));
    let with = |threads| {
        let options = CompareOptions { threads, ..options() };
        between(&a, &b, &options, &AtomicBool::new(false)).unwrap()
    };
    assert_eq!(with(1), with(3));
    let other = CompareOptions { seed: 8, ..options() };
    let other = between(&a, &b, &other, &AtomicBool::new(false)).unwrap();
    assert_ne!(with(1).rows, other.rows);
}

#[test]
fn runs_without_a_common_figure_are_refused_with_their_names() {
    let (a, mut b) = (made(&World::default(), 0), made(&World::default(), 1));
    b.metrics.iter_mut().for_each(|m| m.metric = format!("other-{}", m.metric));
    let error = between(&a, &b, &options(), &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("no figure in common") && error.contains("other-accuracy"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_run_held_against_its_copy_differs_in_nothing(
        seed in 0_u64..1000,
        images in 12_usize..60,
        clustered in any::<bool>(),
        missing in 0.0..0.3_f64,
    ) {
        let world = World { seed, images, clustered, missing, ..World::default() };
        let a = made(&world, 0);
        let comparison = held(&a, &a);
        prop_assert!(comparison.manifest.compare.pairing == crate::run::Pairing::Paired);
        for row in &comparison.rows {
            let m = &row.difference;
            prop_assert!(m.value.is_none_or(|v| v == 0.0), "{m:?}");
            prop_assert!(m.q.is_none_or(|q| q == 1.0), "{m:?}");
            prop_assert!(m.low.is_none_or(|low| low <= 0.0) && m.high.is_none_or(|h| h >= 0.0));
        }
        prop_assert!(comparison.rows.iter().any(|row| row.difference.class.as_deref() == Some(MEAN)));
    }
}

/// Lower bound of `B - A` by square-and-add.
fn unpaired_by_hand(a: &Metric, b: &Metric) -> f64 {
    let (value_a, value_b) = (a.value.unwrap(), b.value.unwrap());
    value_b - value_a - (value_b - b.low.unwrap()).hypot(a.high.unwrap() - value_a)
}

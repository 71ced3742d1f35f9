use super::*;
use crate::run::Pairing;

fn two(images: [usize; 2], gain: f64, seed: u64) -> [Side; 2] {
    let world = World { seed, gain, images: images[0], ..World::default() };
    let other = World { images: images[1], prefix: "other/", ..world.clone() };
    [made(&world, 0), made(&other, 1)]
}

#[test]
fn other_images_are_independent() {
    let [a, b] = two([200, 260], 0.25, 3);
    let comparison = held(&a, &b);
    let compared = &comparison.manifest.compare;
    assert_eq!((compared.pairing, compared.shared), (Pairing::Unpaired, 0));
    let found = row(&comparison, "accuracy", "none", POOLED);
    let m = &found.difference;
    assert_eq!(m.n, 460);
    let hits = |side: &Metric| (side.value.unwrap() * side.n as f64).round() as usize;
    let newcombe =
        rightly_stats::proportion::newcombe(hits(&found.b), 260, hits(&found.a), 200).unwrap();
    assert!((m.low.unwrap() - newcombe.0).abs() < 1e-12, "{m:?} {newcombe:?}");
    assert!((m.high.unwrap() - newcombe.1).abs() < 1e-12);
    assert!(m.q.unwrap() < 0.01, "{m:?}");
    // Strata of both runs resampled together: about as wide as the two alone by square-and-add.
    let rfs = row(&comparison, "rfs", "linf/0.25", MEAN);
    let width = |m: &Metric| m.high.unwrap() - m.low.unwrap();
    let apart = width(&rfs.a).hypot(width(&rfs.b));
    assert!((width(&rfs.difference) / apart - 1.0).abs() < 0.25, "{rfs:?}");
}

#[test]
fn intervals_hold_the_truth_and_tests_keep_their_level() {
    let (mut held_truth, mut rejected, mut n) = (0, 0, 0);
    for seed in 0..150 {
        for gain in [0.0, 0.2] {
            let [mut a, mut b] = two([60, 50], gain, seed);
            for side in [&mut a, &mut b] {
                side.metrics.retain(|m| m.is("drop", Some("gray-box"), MEAN));
            }
            let m = held(&a, &b).rows[0].difference.clone();
            let truth = 0.5 * gain;
            held_truth += u32::from(m.low.unwrap() <= truth && truth <= m.high.unwrap());
            rejected += u32::from(gain == 0.0 && m.p.unwrap() <= 0.05);
            n += 1;
        }
    }
    assert!(f64::from(held_truth) / f64::from(n) >= 0.91, "{held_truth} of {n}");
    // 150 nulls: three standard errors above .05.
    assert!(f64::from(rejected) / 150.0 <= 0.105, "{rejected} of 150");
}

#[test]
fn other_classes_are_compared_over_all_images_only() {
    let world = World { images: 120, ..World::default() };
    let classes = vec!["car", "truck", "owl"];
    let other = World { classes, prefix: "other/", gain: 0.3, ..world.clone() };
    let comparison = held(&made(&world, 0), &made(&other, 1));
    let classes: Vec<&str> = comparison
        .rows
        .iter()
        .filter(|row| row.a.is("accuracy", Some("none"), row.a.class.as_deref().unwrap()))
        .filter_map(|row| row.difference.class.as_deref())
        .collect();
    assert_eq!(classes, ["owl", POOLED, MEAN]);
    let m = &row(&comparison, "accuracy", "none", MEAN).difference;
    assert!(m.p.unwrap() < 0.01 && m.low.unwrap() > 0.0, "{m:?}");
    assert!(comparison.record.notes.iter().any(|n| n.contains("1 shared")));
}

#[test]
fn clusters_keep_their_few_degrees_of_freedom() {
    let world = World { images: 100, clustered: true, ..World::default() };
    let other = World { prefix: "other/", ..world.clone() };
    let comparison = held(&made(&world, 0), &made(&other, 1));
    let found = row(&comparison, "drop", "gray-box", POOLED);
    assert_eq!(found.difference.clusters, Some(40));
    let by_hand = super::unpaired_by_hand(&found.a, &found.b);
    assert!((found.difference.low.unwrap() - by_hand).abs() < 1e-12);
    assert!(found.difference.p.is_some());
}

#[test]
fn few_images_are_not_tested() {
    let [a, b] = two([9, 9], 0.0, 1);
    let comparison = held(&a, &b);
    let m = &row(&comparison, "accuracy", "none", "cat").difference;
    assert_eq!((m.n, m.p, m.q), (6, None, None));
    assert!(m.low.is_some(), "Newcombe's interval needs no test");
    assert!(row(&comparison, "accuracy", "none", POOLED).difference.p.is_some());
}

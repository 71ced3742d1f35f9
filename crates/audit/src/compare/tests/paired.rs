use super::*;
use crate::run::Pairing;

#[test]
fn a_planted_difference_is_found_and_no_difference_is_not() {
    let world = World { images: 300, gain: 0.2, ..World::default() };
    let comparison = held(&made(&world, 0), &made(&world, 1));
    assert_eq!(comparison.manifest.compare.pairing, Pairing::Paired);
    let found = row(&comparison, "accuracy", "none", POOLED);
    let m = &found.difference;
    assert!((m.value.unwrap() - 0.2).abs() < 0.1 && m.low.unwrap() > 0.0, "{m:?}");
    assert!(m.q.unwrap() < 0.01 && m.n == 300 && m.clusters.is_none(), "{m:?}");
    assert!((found.b.value.unwrap() - found.a.value.unwrap() - m.value.unwrap()).abs() < 1e-12);
    let shares = &row(&comparison, "cam-iou", "gradcam", POOLED).difference;
    assert!(shares.low.unwrap() < 0.0 && shares.high.unwrap() > 0.0 && shares.p.unwrap() > 0.05);
    // Objects are those of the same images.
    let object = comparison.rows.iter().find(|row| row.a.metric == "object-kept").unwrap();
    let Metric { value, low, p, .. } = &object.difference;
    assert_eq!((*value, *low, *p), (Some(0.0), None, None), "no model has a part in it");
}

/// How often intervals hold the truth, and how often a true null is rejected at .05.
fn simulate(world: &World, gain: f64, worlds: u64, figures: &[(&str, &str)]) -> Vec<[f64; 2]> {
    let mut counts = vec![[0.0; 3]; figures.len()];
    for seed in 0..worlds {
        let world = World { seed: 1000 + seed, gain, ..world.clone() };
        let (mut a, mut b) = (made(&world, 0), made(&world, 1));
        for side in [&mut a, &mut b] {
            side.metrics.retain(|m| {
                let wanted = |&(name, condition): &(&str, &str)| {
                    m.is(name, Some(condition), POOLED) || m.is(name, Some(condition), MEAN)
                };
                figures.iter().any(wanted) && m.class.as_deref() == Some(POOLED)
            });
        }
        let options = CompareOptions { threads: 1, ..options() };
        let comparison = between(&a, &b, &options, &AtomicBool::new(false)).unwrap();
        for ((name, condition), count) in figures.iter().zip(&mut counts) {
            let m = &row(&comparison, name, condition, POOLED).difference;
            let truth = if *name == "drop" { 0.5 * gain } else { gain };
            if let (Some(low), Some(high)) = (m.low, m.high) {
                count[0] += 1.0;
                count[1] += f64::from(u8::from(low <= truth && truth <= high));
            }
            count[2] += f64::from(u8::from(m.p.is_some_and(|p| p <= 0.05)));
        }
    }
    counts.iter().map(|[n, held, found]| [held / n, found / worlds as f64]).collect()
}

#[test]
fn intervals_hold_the_truth_and_tests_keep_their_level() {
    let figures = [("accuracy", "none"), ("drop", "gray-box")];
    let world = World { images: 80, missing: 0.1, ..World::default() };
    // 200 worlds: three standard errors of a share of .95 are .046.
    for [held, _] in simulate(&world, 0.15, 200, &figures) {
        assert!(held >= 0.90, "{held}");
    }
    for [held, found] in simulate(&world, 0.0, 200, &figures) {
        assert!(held >= 0.90 && found <= 0.097, "{held} {found}");
    }
}

#[test]
fn clusters_are_exchanged_whole() {
    let world = World { images: 100, clustered: true, ..World::default() };
    let (a, mut b) = (made(&world, 0), made(&world, 1));
    let comparison = held(&a, &b);
    let m = &row(&comparison, "accuracy", "none", POOLED).difference;
    assert_eq!((m.n, m.clusters), (100, Some(20)));
    // One run that names the clusters is enough: the images are the same.
    b.manifest.cluster = None;
    b.images.iter_mut().for_each(|image| image.cluster = None);
    let again = held(&a, &b);
    assert_eq!(row(&again, "accuracy", "none", POOLED).difference, *m);
    assert!(again.record.notes.iter().any(|n| n.contains("hold for both")));
}

#[test]
fn one_cluster_is_a_value_without_interval_or_test() {
    let world = World { images: 5, classes: vec!["cat"], clustered: true, ..World::default() };
    let comparison = held(&made(&world, 0), &made(&world, 1));
    for row in &comparison.rows {
        let m = &row.difference;
        assert_eq!((m.low, m.p, m.q), (None, None, None), "{m:?}");
    }
    assert!(row(&comparison, "accuracy", "none", POOLED).difference.value.is_some());
}

#[test]
fn images_and_classes_of_one_run_alone_are_left_out_and_counted() {
    let world = World { images: 90, missing: 0.2, ..World::default() };
    let (a, mut b) = (made(&world, 0), made(&world, 1));
    for i in 0..10 {
        b.images[i].id = format!("new/{i}.jpg");
    }
    b.images[12].class = "eel".to_owned();
    b.classes.push("eel".to_owned());
    let comparison = held(&a, &b);
    let compared = &comparison.manifest.compare;
    assert_eq!((compared.shared, compared.only_a, compared.only_b), (79, 11, 11));
    assert!(compared.choice.starts_with("Paired over the 79 images"), "{}", compared.choice);
    assert_eq!(row(&comparison, "accuracy", "none", POOLED).difference.n, 79);
    let m = &row(&comparison, "accuracy", "gray-box", POOLED).difference;
    let both = (0..90).filter(|&i| {
        let has = |side: &Side| side.tables.seen["gray-box"][i].is_some();
        i >= 10 && i != 12 && has(&a) && has(&b)
    });
    assert_eq!(m.n, both.count());
    let problems = &comparison.record.problems;
    let said = |what: &str| problems.iter().any(|p| p.problem.contains(what));
    assert!(said("only in A") && said("only in B: eel"), "{problems:?}");
    assert!(problems.iter().any(|p| p.image == "11 images"), "{problems:?}");
}

#[test]
fn equal_names_of_other_sizes_are_other_pictures() {
    let world = World::default();
    let (a, mut b) = (made(&world, 0), made(&world, 1));
    b.images.iter_mut().take(45).for_each(|image| image.size = Some((640, 480)));
    let comparison = held(&a, &b);
    assert_eq!(comparison.manifest.compare.pairing, Pairing::Unpaired);
    let titles: Vec<&str> = comparison.record.findings.iter().map(|f| f.title.as_str()).collect();
    assert!(titles.contains(&"same names, other pictures (45)"), "{titles:?}");
    assert!(titles.contains(&"few images in common (15)"), "{titles:?}");
}

#[test]
fn figures_without_images_have_a_difference_and_no_interval() {
    let world = World::default();
    let (mut a, mut b) = (made(&world, 0), made(&world, 1));
    for (side, value) in [(&mut a, 0.2), (&mut b, 0.5)] {
        let e = rightly_stats::Estimate {
            value: Some(value),
            low: Some(value - 0.1),
            high: Some(value + 0.1),
            n: 50,
            clusters: None,
        };
        for class in ["cat", POOLED] {
            side.metrics.push(Metric::new("rank", "gap", Some("k=10"), class, e));
        }
        let mut grouped = Metric::new("discover", "subgroup-gap", Some("dim"), "cat", e);
        grouped.group = Some("dim/1".to_owned());
        side.metrics.push(grouped);
    }
    let comparison = held(&a, &b);
    let m = &row(&comparison, "gap", "k=10", "cat").difference;
    assert_eq!((m.value, m.low, m.p, m.n), (Some(0.3), None, None, 50));
    assert!(comparison.rows.iter().all(|row| row.a.metric != "subgroup-gap"));
    assert!(comparison.record.problems.iter().any(|p| p.image == "figures of subgroups"));
    let raw = comparison
        .record
        .metrics
        .iter()
        .find(|m| m.is("class-correlation", Some("A|B/k=10"), POOLED));
    assert_eq!(raw.map(|m| (m.value, m.n)), Some((None, 1)), "one class has a gap");
}

#[test]
fn other_splits_and_other_answers_of_the_same_data_are_a_data_problem() {
    let world = World::default();
    let (a, mut b) = (made(&world, 0), made(&world, 1));
    b.manifest.split = "val".to_owned();
    b.manifest.inputs.outputs = crate::inputs::Outputs::Mapped;
    b.manifest.card.preprocess.scale = 2.0;
    let record = held(&a, &b).record;
    let text = record.findings.iter().map(|f| f.title.as_str()).collect::<Vec<_>>().join("; ");
    assert!(text.contains("different splits") && text.contains("other outputs"), "{text}");
    assert!(record.notes.iter().any(|n| n.starts_with("Preprocessing differs")));
}

/// Both lose all of their right answers: as far as so few images show, neither keeps more.
#[test]
fn shares_of_nothing_have_honest_bounds() {
    let world = World { images: 200, ..World::default() };
    let (mut a, mut b) = (made(&world, 0), made(&world, 1));
    for side in [&mut a, &mut b] {
        let hidden = side.tables.seen.get_mut("gray-box").unwrap();
        hidden.iter_mut().flatten().for_each(|seen| seen.correct = 0.0);
    }
    let comparison = held(&a, &b);
    let kept = &row(&comparison, "kept", "gray-box", POOLED);
    assert_eq!((kept.a.value, kept.b.value), (Some(0.0), Some(0.0)));
    let (low, high) = (kept.difference.low.unwrap(), kept.difference.high.unwrap());
    assert!(low < -0.01 && high > 0.01 && kept.difference.p.unwrap() > 0.9, "{kept:?}");
}

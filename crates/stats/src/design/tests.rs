use super::*;
use crate::proportion;

fn close(a: Option<f64>, b: f64) {
    assert!((a.unwrap() - b).abs() < 1e-9, "{a:?} is not {b}");
}

/// A design of `classes` classes with `each` images.
fn plain(classes: u32, each: u32) -> Design {
    Design::new((0..classes * each).map(|i| i % classes).collect(), None, 11, 200)
}

#[test]
fn nothing_has_no_value() {
    let empty = Design::new(Vec::new(), None, 0, 100);
    let figures = [
        empty.proportion(&[]),
        empty.mean(&[]),
        empty.mean_of_strata(&[]),
        empty.mean_within(&[], 0.0, 1.0),
        empty.median(&[]),
        empty.paired_drop(&[], &[]),
        empty.functional(1, |_, out| out[0] = 1.0)[0],
        empty.functional_of_strata(1, |_, out| out[0] = 1.0)[0],
    ];
    for e in figures {
        assert_eq!(e, Estimate::default());
    }
}

#[test]
fn one_cluster_has_a_value_without_interval() {
    let d = Design::new(vec![0; 5], Some(vec![4; 5]), 0, 100);
    let values = [0.0, 1.0, 1.0, 0.0, 1.0];
    let hits = values.map(|v| v > 0.5);
    let share = |w: &[f64], out: &mut [f64]| out[0] = w[1];
    let figures = [
        (d.proportion(&hits), 0.6),
        (d.mean(&values), 0.6),
        (d.mean_within(&values, 0.0, 1.0), 0.6),
        (d.mean_of_strata(&values), 0.6),
        (d.median(&values), 1.0),
        (d.paired_drop(&hits, &[false; 5]), 0.6),
        (d.functional(1, share)[0], 1.0),
        (d.functional_of_strata(1, share)[0], 1.0),
    ];
    for (e, value) in figures {
        close(e.value, value);
        assert_eq!((e.low, e.high, e.n, e.clusters), (None, None, 5, Some(1)));
    }
}

#[test]
fn one_image_is_a_proportion_but_no_mean() {
    let d = Design::new(vec![3], None, 0, 100);
    assert!(d.proportion(&[true]).low.is_some());
    assert_eq!(d.mean(&[0.5]).low, None);
}

#[test]
fn undefined_values_have_no_interval() {
    let d = plain(4, 10);
    let mut values = vec![0.25; 40];
    values[3] = f64::NAN;
    for e in [d.mean(&values), d.mean_of_strata(&values), d.median(&values)] {
        assert_eq!((e.value, e.low, e.high, e.n), (None, None, None, 40));
    }
    let e = d.functional(2, |w, out| out[1] = w[0]);
    assert_eq!(e[0].value, None, "a figure that was not written is undefined");
    assert_eq!(e[1].value, Some(1.0));
}

#[test]
fn pooled_clusters_are_not_stratified_away() {
    // one cluster a class: all the spread lies between classes
    let strata: Vec<u32> = (0..60).map(|i| i / 10).collect();
    let hits: Vec<bool> = (0..60).map(|i| (i / 10) % 2 == 0).collect();
    let d = Design::new(strata.clone(), Some(strata), 0, 200);
    let e = d.proportion(&hits);
    assert!(e.high.unwrap() - e.low.unwrap() > 0.5, "{e:?}");
    let values: Vec<f64> = hits.iter().map(|&h| f64::from(u8::from(h))).collect();
    let e = d.mean(&values);
    assert!(e.high.unwrap() - e.low.unwrap() > 0.5, "{e:?}");
    let e = d.mean_of_strata(&values);
    assert_eq!((e.value, e.low, e.high), (Some(0.5), None, None));
}

#[test]
fn a_stratum_of_one_unit_bars_only_class_means() {
    let mut strata = vec![0; 50];
    strata[49] = 1;
    let values: Vec<f64> = (0..50).map(f64::from).collect();
    let d = Design::new(strata, None, 0, 200);
    assert_eq!(d.mean_of_strata(&values).low, None);
    assert!(d.mean(&values).low.is_some());
}

#[test]
fn jackknife_of_a_mean_is_the_linearised_interval() {
    // clusters of unequal size; then images of unequal strata; then clusters within classes
    let values: Vec<f64> = (0..24).map(|i| f64::from((i * 7) % 11)).collect();
    let cluster: Vec<u32> = (0..24).map(|i| [0, 0, 0, 1, 1, 2, 3, 3][i % 8]).collect();
    let strata: Vec<u32> = (0..24).map(|i| u32::from(i >= 10)).collect();
    let mean = |w: &[f64], out: &mut [f64]| {
        let sum: f64 = w.iter().sum();
        out[0] = w.iter().zip(&values).map(|(w, v)| w * v).sum::<f64>() / sum;
    };
    for clusters in [Some(cluster.clone()), None] {
        let d = Design::new(strata.clone(), clusters, 0, 0);
        let (a, b) = (d.mean(&values), d.functional(1, mean)[0]);
        close(a.low, b.low.unwrap());
        close(a.high, b.high.unwrap());
    }
    let class: Vec<u32> = cluster.iter().map(|c| c / 2).collect();
    let d = Design::new(class.clone(), Some(cluster), 0, 0);
    let of_classes = |w: &[f64], out: &mut [f64]| {
        let mut sums = [[0.0; 2]; 2];
        for i in 0..w.len() {
            sums[class[i] as usize][0] += w[i];
            sums[class[i] as usize][1] += w[i] * values[i];
        }
        out[0] = 0.5 * (sums[0][1] / sums[0][0] + sums[1][1] / sums[1][0]);
    };
    let (a, b) = (d.mean_of_strata(&values), d.functional_of_strata(1, of_classes)[0]);
    close(a.low, b.low.unwrap());
    close(a.high, b.high.unwrap());
}

#[test]
fn names_of_strata_and_clusters_do_not_matter() {
    let values: Vec<f64> = (0..60).map(|i| f64::from((i * 13) % 17)).collect();
    let a = Design::new((0..60).map(|i| i % 3).collect(), None, 5, 200);
    let b = Design::new((0..60).map(|i| 10 + 7 * (i % 3)).collect(), None, 5, 200);
    assert_eq!(a.mean(&values), b.mean(&values));
    assert_ne!(a.mean(&values), Design::new(vec![0; 60], None, 5, 200).mean(&values));
}

#[test]
fn the_seed_alone_changes_a_bootstrap() {
    let values: Vec<f64> = (0..60).map(|i| f64::from((i * 13) % 17)).collect();
    let of = |seed| Design::new(vec![0; 60], None, seed, 200).mean(&values);
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn equal_units_keep_an_open_interval() {
    let d = plain(5, 20);
    let bound = proportion::wilson(0, 100).unwrap().1;
    let e = d.paired_drop(&[true; 100], &[true; 100]);
    close(e.low, -bound);
    close(e.high, bound);
    let e = d.mean_within(&[1.0; 100], 0.0, 1.0);
    close(e.low, 1.0 - bound);
    let e = d.mean_of_strata_within(&[1.0; 100], 0.0, 1.0);
    close(e.low, 1.0 - bound);
    // with clusters, as many equal units as clusters
    let d = Design::new(vec![0; 100], Some((0..100).map(|i| i % 8).collect()), 0, 100);
    let bound = proportion::wilson(0, 8).unwrap().1;
    close(d.proportion(&[true; 100]).low, 1.0 - bound);
    close(d.paired_drop(&[true; 100], &[true; 100]).high, bound);
}

#[test]
fn a_rare_outcome_does_not_narrow_a_clustered_proportion() {
    let cluster: Vec<u32> = (0..150).map(|i| i / 10).collect();
    let mut hits = vec![true; 150];
    hits[0] = false;
    let d = Design::new(vec![0; 150], Some(cluster), 0, 0);
    let by_clusters = proportion::wilson_of_rate(149.0 / 150.0, 15.0);
    close(d.proportion(&hits).low, by_clusters.0);
}

#[test]
fn clusters_of_one_share_are_no_more_than_their_images() {
    // Seven clusters of ten images, three of each right: sums of tenths leave a variance that is not quite zero.
    let cluster: Vec<u32> = (0..70).map(|i| i / 10).collect();
    let hits: Vec<bool> = (0..70).map(|i| i % 10 < 3).collect();
    let e = Design::new(vec![0; 70], Some(cluster), 0, 0).proportion(&hits);
    let images = proportion::wilson(21, 70).unwrap();
    assert!(e.low.unwrap() <= images.0 + 1e-12 && e.high.unwrap() >= images.1 - 1e-12, "{e:?}");
}

#[test]
fn two_clusters_give_no_median_interval() {
    let values: Vec<f64> = (0..20).map(f64::from).collect();
    let d = Design::new(vec![0; 20], Some((0..20).map(|i| i % 2).collect()), 0, 0);
    assert_eq!(d.median(&values).value, Some(9.5));
    let d = Design::new(vec![0; 20], Some((0..20).map(|i| i / 10).collect()), 0, 0);
    assert_eq!(d.median(&values).low, None);
}

#[test]
fn woodruff_is_the_order_statistic_interval() {
    // t(19) = 2.093, standard error of the share (0.25 / 19)^0.5: 0.5 -+ 0.240, so the sixth value
    // from either end
    let values: Vec<f64> = (1..=20).map(f64::from).collect();
    let e = Design::new(vec![0; 20], None, 0, 0).median(&values);
    assert_eq!((e.value, e.low, e.high), (Some(10.5), Some(6.0), Some(15.0)));
}

#[test]
fn a_difference_of_medians_needs_many_units() {
    let a: Vec<f64> = (0..60).map(|i| f64::from((i * 13) % 17)).collect();
    let b: Vec<f64> = a.iter().map(|v| v - 2.0).collect();
    let e = Design::new(vec![0; 60], None, 3, 200).median_difference(&a, &b);
    // Every resample shifts both medians alike.
    assert_eq!((e.value, e.low, e.high), (Some(2.0), Some(2.0), Some(2.0)));
    let few = Design::new(vec![0; 20], None, 3, 200).median_difference(&a[..20], &b[..20]);
    assert_eq!((few.value, few.low, few.n), (Some(2.0), None, 20));
    let clusters = Some((0..60).map(|i| i % 8).collect());
    assert_eq!(Design::new(vec![0; 60], clusters, 3, 200).median_difference(&a, &b).low, None);
    assert_eq!(
        Design::new(Vec::new(), None, 0, 9).median_difference(&[], &[]),
        Estimate::default()
    );
}

#[test]
fn subsets_keep_the_order_given() {
    let d = Design::new(vec![0, 1, 2, 3], Some(vec![9, 8, 7, 7]), 0, 0).subset(&[3, 0]);
    assert_eq!((d.len(), d.cluster_count()), (2, Some(2)));
    assert_eq!((&d.strata, d.clusters.as_deref()), (&vec![3, 0], Some(&[7, 9][..])));
    assert_eq!(d.subset(&[0]).cluster_count(), Some(1));
}

#[test]
#[should_panic(expected = "one value for each unit")]
fn lengths_are_checked() {
    plain(2, 2).mean(&[1.0]);
}

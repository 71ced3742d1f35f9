//! Values of SciPy and statsmodels; `tests/golden/make.py` made them.

use rightly_stats::{Design, multiple, paired, proportion, quantile};

struct Line {
    kind: &'static str,
    given: Vec<f64>,
    expected: Vec<f64>,
}

fn lines(kind: &str) -> Vec<Line> {
    let numbers = |text: &str| text.split_whitespace().map(|x| x.parse().unwrap()).collect();
    let found: Vec<Line> = include_str!("../golden/golden.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.split('|').map(str::trim);
            let mut next = || parts.next().unwrap();
            Line { kind: next(), given: numbers(next()), expected: numbers(next()) }
        })
        .filter(|line| line.kind == kind)
        .collect();
    assert!(!found.is_empty(), "no golden value of {kind}");
    found
}

fn check(line: &Line, got: &[f64], tolerance: f64) {
    assert_eq!(got.len(), line.expected.len(), "{} {:?}", line.kind, line.given);
    for (g, e) in got.iter().zip(&line.expected) {
        let off = (g - e).abs() / e.abs().max(1e-3);
        assert!(off < tolerance, "{} {:?}: {g}, expected {e}", line.kind, line.given);
    }
}

#[test]
fn wilson_as_statsmodels() {
    for line in lines("wilson") {
        let (hits, n) = (line.given[0] as usize, line.given[1] as usize);
        let (low, high) = proportion::wilson(hits, n).unwrap();
        check(&line, &[low, high], 1e-9);
        let hits: Vec<bool> = (0..n).map(|i| i < hits).collect();
        let e = Design::new(vec![0; n], None, 0, 0).proportion(&hits);
        check(&line, &[e.low.unwrap(), e.high.unwrap()], 1e-9);
    }
}

#[test]
fn mcnemar_as_statsmodels() {
    for line in lines("mcnemar") {
        let p = paired::mcnemar_exact(line.given[0] as u64, line.given[1] as u64);
        check(&line, &[p], 1e-9);
    }
}

#[test]
fn t_quantiles_as_scipy() {
    for line in lines("t") {
        check(&line, &[quantile::t_quantile(0.975, line.given[0])], 1e-6);
    }
}

#[test]
fn corrections_as_statsmodels() {
    for line in lines("bh") {
        check(&line, &multiple::benjamini_hochberg(&line.given), 1e-12);
    }
    for line in lines("holm") {
        check(&line, &multiple::holm(&line.given), 1e-12);
    }
}

#[test]
fn tango_as_numerical_likelihood() {
    for line in lines("tango") {
        let [b, c, n] = [0, 1, 2].map(|i| line.given[i] as u64);
        let (low, high) = proportion::tango(b, c, n).unwrap();
        check(&line, &[low, high], 1e-5);
    }
}

#[test]
fn clustered_means_as_cluster_robust_regression() {
    for line in lines("clustered-mean") {
        let n = line.given[0] as usize;
        let clusters: Vec<u32> = line.given[1..=n].iter().map(|&c| c as u32).collect();
        let values = &line.given[n + 1..];
        // the strata may not matter to a pooled clustered figure
        let strata = clusters.iter().map(|c| c % 3).collect();
        let e = Design::new(strata, Some(clusters), 0, 0).mean(values);
        check(&line, &[e.value.unwrap(), e.low.unwrap(), e.high.unwrap()], 1e-9);
    }
}

#[test]
fn spanning_clusters_as_cluster_robust_regression() {
    for line in lines("crossed-mean") {
        let n = line.given[0] as usize;
        let names = |from: usize| line.given[from..from + n].iter().map(|&x| x as u32).collect();
        let (clusters, strata): (Vec<u32>, Vec<u32>) = (names(1), names(n + 1));
        let values = &line.given[2 * n + 1..];
        let e = Design::new(strata, Some(clusters), 0, 0).mean_of_strata(values);
        check(&line, &[e.value.unwrap(), e.low.unwrap(), e.high.unwrap()], 1e-9);
    }
}

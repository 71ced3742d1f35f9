use ndarray::{Array2, array, s};

use super::*;
use crate::rng::{keyed, standard_normal_fill};

/// Two blobs 20 apart in the first column, rows alternating.
fn blobs(n: usize, d: usize) -> Array2<f32> {
    let mut values = vec![0.0; n * d];
    standard_normal_fill(&mut keyed(4, "mixture", "", 0), &mut values);
    let mut rows = Array2::from_shape_vec((n, d), values).unwrap();
    rows.column_mut(0).iter_mut().step_by(2).for_each(|x| *x += 20.0);
    rows
}

fn options(components: usize) -> MixtureOptions {
    MixtureOptions { threads: 1, ..MixtureOptions::new(components) }
}

#[test]
fn two_blobs_are_told_apart() {
    let rows = blobs(400, 3);
    let mixture = Mixture::fit(rows.view(), None, &options(2)).unwrap();
    assert!(mixture.converged && (mixture.weights[0] - 0.5).abs() < 1e-9);
    let shares = mixture.responsibilities(rows.view(), None);
    for i in 0..400 {
        assert!((shares[[i, 0]] - shares[[i % 2, 0]]).abs() < 1e-9);
        assert!((shares.row(i).sum() - 1.0).abs() < 1e-12);
    }
    assert!(mixture.variances.iter().all(|v| (0.7..1.4).contains(v)), "{}", mixture.variances);
}

/// Errors split a blob that the embedding alone does not; and membership from the embedding alone does not know them.
#[test]
fn evidence_splits_what_the_embedding_does_not() {
    let rows = blobs(400, 3);
    let labels = one_hot(&[0; 400], 2);
    let predicted: Vec<usize> = (0..400).map(|i| usize::from(i % 4 == 0)).collect();
    let predictions = one_hot(&predicted, 2);
    let evidence = Evidence { label: labels.view(), prediction: predictions.view() };
    for start in [Start::KMeans, Start::Confusion] {
        let options = MixtureOptions { start, ..options(4) };
        let mixture = Mixture::fit(rows.view(), Some(evidence), &options).unwrap();
        let sure = |row: ndarray::ArrayView1<'_, f64>| row.iter().copied().fold(0.0, f64::max);
        let law = mixture.prediction.outer_iter().map(sure).collect::<Vec<f64>>();
        assert!(law.iter().all(|p| *p > 0.99), "{law:?}");
        let shares = mixture.responsibilities(rows.view(), Some(evidence));
        let wrong: f64 = (0..4).map(|k| shares[[0, k]] * mixture.prediction[[k, 1]]).sum();
        assert!(wrong > 0.99, "{wrong}");
        let blind = mixture.responsibilities(rows.view(), None);
        let wrong: f64 = (0..4).map(|k| blind[[1, k]] * mixture.prediction[[k, 1]]).sum();
        assert!(wrong < 0.99, "{wrong}");
    }
}

/// Components that begin with the same pair of label and prediction must not end as copies of each other.
#[test]
fn components_of_one_pair_come_apart() {
    let mut rows = blobs(400, 60);
    rows.column_mut(0).mapv_inplace(|x| x * 0.2);
    let one = Array2::ones((400, 1));
    let evidence = Evidence { label: one.view(), prediction: one.view() };
    let options = MixtureOptions { start: Start::Confusion, ..options(2) };
    let mixture = Mixture::fit(rows.view(), Some(evidence), &options).unwrap();
    let shares = mixture.responsibilities(rows.view(), Some(evidence));
    let apart = (0..400).filter(|i| shares[[*i, 0]].round() == shares[[i % 2, 0]].round()).count();
    assert!(
        apart > 390 && (mixture.weights[0] - 0.5).abs() < 0.05,
        "{apart} {:?}",
        mixture.weights
    );
}

/// A pair of one row with several components, and rows of which nothing is known.
#[test]
fn more_components_than_a_pair_has_rows() {
    let rows = blobs(60, 3);
    let label = Array2::ones((60, 1));
    let mut prediction = one_hot(&(0..60).map(|i| usize::from(i == 7)).collect::<Vec<_>>(), 2);
    prediction.row_mut(9).fill(0.0);
    let evidence = Evidence { label: label.view(), prediction: prediction.view() };
    let options = MixtureOptions { start: Start::Confusion, ..options(9) };
    let mixture = Mixture::fit(rows.view(), Some(evidence), &options).unwrap();
    let shares = mixture.responsibilities(rows.view(), Some(evidence));
    let numbers = mixture.means.iter().chain(&mixture.variances).chain(&shares);
    assert!(numbers.into_iter().all(|x| x.is_finite()) && mixture.log_likelihood.is_finite());
}

#[test]
fn neither_threads_nor_an_offset_matter() {
    let rows = blobs(900, 4).mapv(|x| (x * 64.0).round() / 64.0);
    let one = Mixture::fit(rows.view(), None, &options(3)).unwrap();
    let more = Mixture::fit(rows.view(), None, &MixtureOptions { threads: 3, ..options(3) });
    assert_eq!(one, more.unwrap());
    let far = Mixture::fit((&rows + 1e4).view(), None, &options(3)).unwrap();
    let apart = &one.responsibilities(rows.view(), None)
        - &far.responsibilities((&rows + 1e4).view(), None);
    assert!(apart.iter().all(|d| d.abs() < 1e-6));
}

#[test]
fn degenerate_rows_have_finite_components() {
    let rows = array![[1.0_f32, 2.0], [1.0, 2.0], [1.0, 2.0], [5.0, 2.0]];
    let mixture = Mixture::fit(rows.view(), None, &options(3)).unwrap();
    assert_eq!(mixture.components(), 2);
    let stated = MixtureOptions { start: Start::Assignment(vec![0; 4]), ..options(3) };
    let stated = Mixture::fit(rows.view(), None, &stated).unwrap();
    assert_eq!(stated.components(), 3);
    for mixture in [mixture, stated] {
        let shares = mixture.responsibilities(rows.view(), None);
        let numbers = mixture.means.iter().chain(&mixture.variances).chain(&shares);
        assert!(numbers.into_iter().all(|x| x.is_finite()));
        assert!(mixture.log_likelihood.is_finite());
    }
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let rows = blobs(6, 2);
    let fit = |rows: ArrayView2<'_, f32>, k| Mixture::fit(rows, None, &options(k)).unwrap_err();
    assert_eq!(fit(rows.view(), 0), ClusterError::Empty { clusters: 0, columns: 2 });
    assert_eq!(fit(rows.slice(s![..0, ..]), 2), ClusterError::Unsound);
    let mut unknown = rows.clone();
    unknown[[1, 1]] = f32::NAN;
    assert_eq!(fit(unknown.view(), 2), ClusterError::Unsound);
    let unsure = Array2::from_elem((6, 2), f32::NAN);
    let evidence = Evidence { label: unsure.view(), prediction: unsure.view() };
    let error = Mixture::fit(rows.view(), Some(evidence), &options(2)).unwrap_err();
    assert_eq!(error, ClusterError::Unsound);
}

//! How many components of partial least squares say more than chance: `--components auto`.
//!
//! The losses are shuffled among the images, and the share of them that the first component then explains is what chance
//! gives. A component counts as long as it explains more than 95 % of the shuffles do. The later components are held against
//! the first one of a shuffle, which is the largest: a cautious rule.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::seq::SliceRandom;
use rightly_stats::{permutation::monte_carlo_p, pls::Pls, rng::keyed};

/// Shuffles.
const DRAWS: usize = 99;
/// Level.
const LEVEL: f64 = 0.05;
/// Steps of the power iteration; losses of neighbouring epochs are nearly one, so few are needed.
const STEPS: usize = 50;

/// Leading components of `pls` that explain more of the losses `[n, columns]` than chance, at least 1.
pub(super) fn components(
    pls: &Pls,
    features: ArrayView2<'_, f32>,
    losses: ArrayView2<'_, f64>,
    seed: u64,
    class: &str,
) -> usize {
    let x = standardised(features.mapv(f64::from));
    let y = standardised(losses.to_owned());
    let total = y.iter().map(|v| v * v).sum::<f64>();
    if total <= 0.0 {
        return 1;
    }
    let observed: Vec<f64> = pls
        .scores_of(features)
        .columns()
        .into_iter()
        .map(|t| explained(&t.to_owned(), &y))
        .collect();
    let mut order: Vec<usize> = (0..x.nrows()).collect();
    let mut rng = keyed(seed, "components", class, 0);
    let null: Vec<f64> = (0..DRAWS)
        .map(|_| {
            order.shuffle(&mut rng);
            let shuffled = y.select(Axis(0), &order);
            explained(&first_scores(&x, &shuffled), &shuffled)
        })
        .collect();
    let clear = observed.iter().take_while(|&&share| monte_carlo_p(share, &null) <= LEVEL).count();
    clear.max(1)
}

/// Sum of squares of `y` that scores explain.
fn explained(scores: &Array1<f64>, y: &Array2<f64>) -> f64 {
    let square = scores.dot(scores);
    let with = y.t().dot(scores);
    if square > 0.0 { with.dot(&with) / square } else { 0.0 }
}

/// Scores of the first component: features times the dominant left singular vector of their products with the losses.
fn first_scores(x: &Array2<f64>, y: &Array2<f64>) -> Array1<f64> {
    let products = x.t().dot(y);
    let small = products.t().dot(&products);
    let mut right = Array1::from_elem(small.nrows(), 1.0);
    for _ in 0..STEPS {
        let next = small.dot(&right);
        let length = next.dot(&next).sqrt();
        if length <= 0.0 {
            break;
        }
        right = next / length;
    }
    x.dot(&products.dot(&right))
}

/// Columns with mean 0 and deviation 1 (ddof 1); constant ones become 0.
fn standardised(mut rows: Array2<f64>) -> Array2<f64> {
    let n = rows.nrows().max(2) as f64;
    for mut column in rows.columns_mut() {
        let mean = column.sum() / n;
        column.mapv_inplace(|v| v - mean);
        let deviation = (column.dot(&column) / (n - 1.0)).sqrt();
        let scale = if deviation > 1e-12 { 1.0 / deviation } else { 0.0 };
        column.mapv_inplace(|v| v * scale);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{super::space, *};
    use rightly_stats::rng::standard_normal_fill;

    fn noise(n: usize, d: usize, key: &str) -> Array2<f32> {
        let mut values = vec![0.0; n * d];
        standard_normal_fill(&mut keyed(1, "test/chance", key, 0), &mut values);
        Array2::from_shape_vec((n, d), values).unwrap()
    }

    fn count(features: &Array2<f32>, losses: &Array2<f64>) -> usize {
        let pls = space::pls(features.view(), losses.view(), 0.0, 6).unwrap();
        components(&pls, features.view(), losses.view(), 0, "thing")
    }

    #[test]
    fn two_planted_components_are_counted_and_chance_is_not() {
        let features = noise(300, 20, "x");
        let mut losses = noise(300, 4, "y").mapv(|v| 0.5 * f64::from(v));
        for (mut row, x) in losses.rows_mut().into_iter().zip(features.outer_iter()) {
            row[0] += 2.0 * f64::from(x[3]);
            row[1] += 2.0 * f64::from(x[7]);
        }
        assert_eq!(count(&features, &losses), 2);
        let unrelated = noise(300, 4, "z").mapv(f64::from);
        assert_eq!(count(&features, &unrelated), 1);
    }
}

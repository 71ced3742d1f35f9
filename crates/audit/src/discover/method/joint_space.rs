//! The space in which the default method looks for slices: what the images look like, and what features say of their losses
//! and wrong answers.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rightly_stats::{pca::Pca, ridge::Ridge};

use super::{Fit, space};
use crate::features::Outcome;

/// Principal components of the look.
const COMPONENTS: usize = 30;
/// How much the loss that features foretell counts beside the look, and the wrong answers.
const LOSS: f64 = 0.5;
const ANSWER: f64 = 1.0;
/// Wrong answers that have a column.
const ANSWERS: usize = 32;
/// Penalty of the regressions that foretell them.
const PENALTY: f64 = 0.3;
/// Parts of the cross-fit.
const FOLDS: usize = 5;

/// The space of one class. Each of its blocks has the mean square length 1 (times its weight) on the fitted images.
pub(super) struct Joint {
    look: Appearance,
    told: Option<Predicted>,
}

/// Directions around the class's mean: features at unit length, less their mean, at unit length again.
struct Appearance {
    mean: Vec<f64>,
    pca: Pca,
    length: f64,
}

/// Loss and wrong answers as a ridge regression of the features tells them.
struct Predicted {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// `[d, q]` and `[q]`: the mean of the folds' regressions.
    weights: Array2<f64>,
    offset: Array1<f64>,
    /// Of each column, on the fitted images: mean, and weight over its block's length.
    centre: Vec<f64>,
    factor: Vec<f64>,
}

impl Joint {
    /// Coordinates that are the look; those of what features foretell follow.
    pub(super) fn look(&self) -> usize {
        self.look.pca.components()
    }

    /// Fits the space, and gives the coordinates of the fitted images, `[n, width]`. Those of the second kind are
    /// cross-fitted: each image is told by regressions that have not seen it (nor its cluster).
    ///
    /// # Errors
    /// In words: nothing varies.
    pub(super) fn fit(fit: &Fit<'_>) -> Result<(Self, Array2<f32>), String> {
        let vectors = fit.part.vectors.view();
        let (look, seen) = Appearance::fit(vectors)?;
        let told = Predicted::fit(fit, vectors);
        let width = seen.ncols() + told.as_ref().map_or(0, |(_, own)| own.ncols());
        let mut rows = Array2::zeros((vectors.nrows(), width));
        rows.slice_mut(s![.., ..seen.ncols()]).assign(&seen);
        if let Some((_, own)) = &told {
            rows.slice_mut(s![.., seen.ncols()..]).assign(own);
        }
        Ok((Self { look, told: told.map(|(told, _)| told) }, rows.mapv(|v| v as f32)))
    }

    /// Coordinates of an image.
    pub(super) fn of(&self, vector: &[f32]) -> Vec<f32> {
        let mut out = self.look.of(vector);
        if let Some(told) = &self.told {
            out.extend(told.of(vector));
        }
        out.into_iter().map(|v| v as f32).collect()
    }
}

impl Appearance {
    fn fit(vectors: ArrayView2<'_, f32>) -> Result<(Self, Array2<f64>), String> {
        let unit = space::unit_rows(vectors);
        let mean = means(unit.view());
        let centred =
            Array2::from_shape_fn(unit.dim(), |(i, j)| (f64::from(unit[[i, j]]) - mean[j]) as f32);
        let around = space::unit_rows(centred.view());
        let pca = space::pca(around.view(), COMPONENTS)?;
        let mut seen = pca.scores_of(around.view(), false);
        let length = rms(seen.view());
        seen /= length;
        Ok((Self { mean, pca, length }, seen))
    }

    fn of(&self, vector: &[f32]) -> Vec<f64> {
        let long = space::length(vector);
        let centred: Vec<f64> =
            vector.iter().zip(&self.mean).map(|(&v, mean)| f64::from(v) / long - mean).collect();
        let long = centred.iter().map(|v| v * v).sum::<f64>().sqrt();
        let long = if long > 0.0 { long } else { 1.0 };
        self.pca
            .vectors
            .outer_iter()
            .map(|axis| {
                let parts = axis.iter().zip(&centred).zip(&self.pca.mean);
                parts.map(|((a, v), mean)| a * (v / long - mean)).sum::<f64>() / self.length
            })
            .collect()
    }
}

impl Predicted {
    /// `None` where neither losses nor answers vary.
    fn fit(fit: &Fit<'_>, vectors: ArrayView2<'_, f32>) -> Option<(Self, Array2<f64>)> {
        let (targets, blocks) = targets(fit)?;
        let unit = space::unit_rows(vectors);
        let mean = means(unit.view());
        let scale: Vec<f64> = deviations(unit.view(), &mean)
            .into_iter()
            .map(|d| if d > 1e-9 { 1.0 / d } else { 1.0 })
            .collect();
        let rows = Array2::from_shape_fn(unit.dim(), |(i, j)| {
            (f64::from(unit[[i, j]]) - mean[j]) * scale[j]
        });
        let folds = space::folds(fit, FOLDS);
        let (n, q) = targets.dim();
        let mut told = Array2::zeros((n, q));
        let mut weights = Array2::zeros((rows.ncols(), q));
        let mut offset = Array1::zeros(q);
        for fold in 0..FOLDS {
            let (held, kept): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| folds[i] == fold);
            let ridge = Ridge::fit(
                rows.select(Axis(0), &kept).view(),
                targets.select(Axis(0), &kept).view(),
                PENALTY,
            )?;
            let predicted = ridge.predict(rows.select(Axis(0), &held).view());
            for (row, &at) in predicted.outer_iter().zip(&held) {
                told.row_mut(at).assign(&row);
            }
            let at_mean = Array1::from(ridge.mean.clone()).dot(&ridge.weights);
            offset = offset + (Array1::from(ridge.offset.clone()) - at_mean) / FOLDS as f64;
            weights = weights + &ridge.weights / FOLDS as f64;
        }
        let centre = told.mean_axis(Axis(0))?.to_vec();
        let mut factor = Vec::with_capacity(q);
        for (columns, weight) in blocks {
            let block = told.slice(s![.., columns.clone()]).to_owned();
            let block = &block - &block.mean_axis(Axis(0))?;
            factor.extend(columns.map(|_| weight / rms(block.view())));
        }
        let own = Array2::from_shape_fn((n, q), |(i, j)| (told[[i, j]] - centre[j]) * factor[j]);
        Some((Self { mean, scale, weights, offset, centre, factor }, own))
    }

    fn of(&self, vector: &[f32]) -> Vec<f64> {
        let long = space::length(vector);
        let mut out = self.offset.to_vec();
        for (j, &v) in vector.iter().enumerate() {
            let value = (f64::from(v) / long - self.mean[j]) * self.scale[j];
            out.iter_mut().zip(self.weights.row(j)).for_each(|(out, w)| *out += value * w);
        }
        let parts = out.iter().zip(&self.centre).zip(&self.factor);
        parts.map(|((value, centre), factor)| (value - centre) * factor).collect()
    }
}

type Blocks = Vec<(std::ops::Range<usize>, f64)>;

/// Mean loss of each image, and the probabilities of its likeliest wrong answers, a column an output; columns of each block
/// and its weight. What does not vary is left out.
fn targets(fit: &Fit<'_>) -> Option<(Array2<f64>, Blocks)> {
    let n = fit.part.len();
    let losses: Vec<f64> = fit
        .losses
        .outer_iter()
        .map(|row| row.mean().expect("losses have a column: by construction"))
        .collect();
    let varies = losses.iter().any(|l| (l - losses[0]).abs() > 1e-12);
    let answers = answers(&fit.part.outcomes);
    let first = usize::from(varies);
    let q = first + answers.len();
    if q == 0 {
        return None;
    }
    let mut targets = Array2::zeros((n, q));
    let mut blocks = Vec::new();
    if varies {
        targets.column_mut(0).assign(&Array1::from(losses));
        blocks.push((0..1, LOSS));
    }
    for (mut row, outcome) in targets.rows_mut().into_iter().zip(&fit.part.outcomes) {
        for (output, share) in wrong(outcome) {
            if let Ok(at) = answers.binary_search(&output) {
                row[first + at] += share;
            }
        }
    }
    if !answers.is_empty() {
        blocks.push((first..q, ANSWER));
    }
    Some((targets, blocks))
}

/// The wrong outputs that carry most of the probability, by index.
fn answers(outcomes: &[Outcome]) -> Vec<usize> {
    let mut mass = BTreeMap::<usize, f64>::new();
    for (output, share) in outcomes.iter().flat_map(wrong) {
        *mass.entry(output).or_default() += share;
    }
    let mut order: Vec<(usize, f64)> = mass.into_iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut out: Vec<usize> = order.into_iter().take(ANSWERS).map(|(output, _)| output).collect();
    out.sort_unstable();
    out
}

/// What the model takes an image for wrongly: outputs with their probabilities, or the wrong answer alone.
fn wrong(outcome: &Outcome) -> impl Iterator<Item = (usize, f64)> + '_ {
    let alone = outcome.wrong.is_empty() && !outcome.correct;
    let known = outcome.wrong.iter().map(|(output, share)| (output, f64::from(share)));
    known.chain(alone.then_some((outcome.output, 1.0)))
}

fn means(rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let n = rows.nrows().max(1) as f64;
    rows.columns().into_iter().map(|c| c.iter().map(|&v| f64::from(v)).sum::<f64>() / n).collect()
}

/// Deviations with ddof 1.
fn deviations(rows: ArrayView2<'_, f32>, mean: &[f64]) -> Vec<f64> {
    let freedom = (rows.nrows().max(2) - 1) as f64;
    rows.columns()
        .into_iter()
        .zip(mean)
        .map(|(c, m)| (c.iter().map(|&v| (f64::from(v) - m).powi(2)).sum::<f64>() / freedom).sqrt())
        .collect()
}

/// Root of the mean squared length of rows; 1 where that is 0, so that it can divide.
fn rms(rows: ArrayView2<'_, f64>) -> f64 {
    let square = rows.iter().map(|v| v * v).sum::<f64>() / rows.nrows().max(1) as f64;
    if square > 0.0 { square.sqrt() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::WrongAnswers;

    fn outcome(output: usize, correct: bool, probabilities: &[f64]) -> Outcome {
        Outcome { output, correct, loss: 0.5, wrong: WrongAnswers::of(probabilities, &[0]) }
    }

    #[test]
    fn an_image_that_is_right_says_what_it_was_nearly_taken_for() {
        let near = outcome(0, true, &[0.5, 0.375, 0.0, 0.125]);
        assert_eq!(wrong(&near).collect::<Vec<_>>(), [(1, 0.375), (3, 0.125)]);
        // Where only the answer is known, it counts in full if it is wrong.
        assert_eq!(wrong(&outcome(2, false, &[])).collect::<Vec<_>>(), [(2, 1.0)]);
        assert_eq!(wrong(&outcome(0, true, &[])).count(), 0);
        assert_eq!(answers(&[near, outcome(2, false, &[])]), [1, 2, 3]);
    }

    #[test]
    fn the_answers_with_the_most_probability_have_columns() {
        let all: Vec<Outcome> = (1..=40)
            .map(|output| {
                let mut shares = vec![0.0; 41];
                shares[output] = if output <= 8 { 0.25 } else { 0.5 };
                outcome(0, true, &shares)
            })
            .collect();
        assert_eq!(answers(&all), (9..=40).collect::<Vec<_>>());
    }
}

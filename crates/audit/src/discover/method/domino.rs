//! Domino (Eyuboglu et al., ICLR 2022): an error-aware mixture, fitted on features, label and prediction.
//!
//! On new images membership comes from the features alone: a ridge regression foretells the components of an image. The
//! published rule looks at the label and the prediction of the image there too, and so a group that fails is one whose members
//! were chosen by their errors; the mixture's own densities without them are all but empty in 128 dimensions.

use ndarray::Array2;
use rightly_stats::{
    mixture::{Evidence, Mixture, MixtureOptions, Start, one_hot},
    pca::Pca,
    ridge::Ridge,
};

use super::{Fit, Image, Membership, Pole, Slice, Slicer, space};
use crate::discover::Components;

/// Principal components of the features, components of the mixture, slices that are kept, as published.
const PUBLISHED: (usize, usize, usize) = (128, 25, 5);
/// Images a component of the mixture has at least, on average, and the fewest components.
const IMAGES: (usize, usize) = (25, 5);
/// Penalty of the regression from features to components.
const PENALTY: f64 = 1.0;

/// Fits the method.
///
/// # Errors
/// In words: nothing varies, or too few images for a mixture.
pub(super) fn fit(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let vectors = fit.part.vectors.view();
    let n = vectors.nrows();
    let pca = space::pca(vectors, PUBLISHED.0)?;
    let rows = pca.scores_of(vectors, false).mapv(|v| v as f32);
    // Of one class, so the label says nothing; answers are numbered in order.
    let mut answers: Vec<usize> = fit.part.outcomes.iter().map(|o| o.output).collect();
    answers.sort_unstable();
    answers.dedup();
    let answer = |output: usize| {
        answers.binary_search(&output).expect("the list has every answer: by construction")
    };
    let predicted: Vec<usize> = fit.part.outcomes.iter().map(|o| answer(o.output)).collect();
    let (label, prediction) = (Array2::ones((n, 1)), one_hot(&predicted, answers.len()));
    let evidence = Evidence { label: label.view(), prediction: prediction.view() };
    let components = match fit.options.components {
        Components::Fixed(count) => count,
        Components::Auto => (n / IMAGES.0).clamp(IMAGES.1, PUBLISHED.1),
    };
    // Started by k-means. The published start, from the pairs of label and answer, makes each rare answer a component of its
    // own, of a few images that features can't foretell.
    let options = MixtureOptions {
        start: Start::KMeans,
        seed: fit.seed,
        threads: 1,
        ..MixtureOptions::new(components)
    };
    let mixture =
        Mixture::fit(rows.view(), Some(evidence), &options).map_err(|error| error.to_string())?;
    // The components with the largest share of errors are the slices; the rest is no slice.
    let shares = mixture.responsibilities(rows.view(), Some(evidence));
    let wrong: Vec<f64> =
        fit.part.outcomes.iter().map(|o| f64::from(u8::from(!o.correct))).collect();
    let rate = |k: usize| {
        let column = shares.column(k);
        let own: f64 = column.iter().zip(&wrong).map(|(s, w)| s * w).sum();
        own / column.sum().max(f64::MIN_POSITIVE)
    };
    let mut order: Vec<usize> = (0..mixture.components()).collect();
    order.sort_by(|&a, &b| rate(b).total_cmp(&rate(a)).then(a.cmp(&b)));
    order.truncate(PUBLISHED.2);
    let slices = order
        .iter()
        .enumerate()
        .map(|(at, &k)| Slice {
            component: at + 1,
            pole: Pole::Plus,
            direction: direction(&pca, &mixture, k),
            tested: true,
            words: None,
        })
        .collect();
    let scores = rows.mapv(f64::from);
    let told = Ridge::fit(scores.view(), shares.view(), PENALTY)
        .ok_or_else(|| "the components of the mixture can't be told from features".to_owned())?;
    Ok(Box::new(Domino { pca, told, order, slices }))
}

/// From the mean of the class towards a component, in the features' own space.
fn direction(pca: &Pca, mixture: &Mixture, component: usize) -> Vec<f32> {
    let mut out = vec![0.0; pca.mean.len()];
    for (axis, &score) in pca.vectors.outer_iter().zip(mixture.means.row(component)) {
        out.iter_mut().zip(axis).for_each(|(o, a)| *o += score * a);
    }
    space::unit(&out)
}

struct Domino {
    pca: Pca,
    /// From principal components to those of the mixture.
    told: Ridge,
    /// Components of the mixture that are slices.
    order: Vec<usize>,
    slices: Vec<Slice>,
}

impl Slicer for Domino {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    fn membership(&self, image: Image<'_>) -> Membership {
        let row = ndarray::ArrayView2::from_shape((1, image.vector.len()), image.vector);
        let shares: Vec<f64> = match row {
            Ok(row) => {
                let scores = self.pca.scores_of(row, false);
                self.told.predict(scores.view()).into_iter().map(|share| share.max(0.0)).collect()
            }
            Err(_) => vec![0.0; self.told.offset.len()],
        };
        let strength: Vec<f64> = self.order.iter().map(|&k| shares[k]).collect();
        // In no slice where another component is the likeliest.
        let likeliest = space::largest(&shares);
        let group = self.order.iter().position(|&k| Some(k) == likeliest);
        Membership { soft: space::shares(strength.clone()), strength, group }
    }

    fn plane(&self, vector: &[f32]) -> Option<[f64; 2]> {
        let row = ndarray::ArrayView2::from_shape((1, vector.len()), vector).ok()?;
        let scores = self.pca.scores_of(row, false);
        Some([*scores.get((0, 0))?, scores.get((0, 1)).copied().unwrap_or(0.0)])
    }
}

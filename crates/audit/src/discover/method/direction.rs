//! Distilling model failures as directions (Jain et al., ICLR 2023): a linear support vector machine between the images that
//! are right and those that are wrong.
//!
//! As published, features are standardised by the images of all classes and then brought to unit length, and C is chosen by
//! two folds of balanced accuracy.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::seq::SliceRandom;
use rightly_model::heads::Standard;
use rightly_stats::{
    rng::keyed,
    svm::{MOST, SvmOptions, choose_c},
};

use super::{Fit, Image, Membership, Pole, Slice, Slicer, space};

/// Weights of the losses that are tried, as published.
const CANDIDATES: [f64; 7] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0];
/// Parts of the cross-validation, as published.
const FOLDS: usize = 2;
/// Fewest images of either kind.
const FEWEST: usize = 5;

/// Fits the method.
///
/// # Errors
/// In words: too few right or wrong images, or no two folds that have both.
pub(super) fn fit(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let mut wrong: Vec<bool> = fit.part.outcomes.iter().map(|o| !o.correct).collect();
    let errors = wrong.iter().filter(|&&w| w).count();
    let n = wrong.len();
    if errors < FEWEST || n - errors < FEWEST {
        return Err(format!(
            "{errors} of {n} images are wrong; at least {FEWEST} wrong and right ones are needed"
        ));
    }
    let standard = match fit.standard {
        Some(standard) => standard.clone(),
        None => Standard::of(fit.part.vectors.view()),
    };
    let mut rows = directed(fit.part.vectors.view(), &standard);
    let mut folds = space::folds(&fit, FOLDS);
    let mut notes = Vec::new();
    if n > MOST {
        let mut drawn: Vec<usize> = (0..n).collect();
        drawn.shuffle(&mut keyed(fit.seed, "failure-direction/rows", fit.class, 0));
        drawn.truncate(MOST);
        drawn.sort_unstable();
        rows = rows.select(Axis(0), &drawn);
        wrong = drawn.iter().map(|&at| wrong[at]).collect();
        folds = drawn.iter().map(|&at| folds[at]).collect();
        notes.push(format!("fitted on {MOST} of the {n} images, drawn at random."));
    }
    let options = SvmOptions { balanced: true, ..SvmOptions::default() };
    let choice = choose_c(rows.view(), &wrong, &folds, &CANDIDATES, &options)
        .map_err(|error| error.to_string())?;
    let svm = choice.svm;
    let own: Vec<f64> = svm.weights.iter().zip(standard.scale()).map(|(w, s)| w * s).collect();
    let towards = space::unit(&own);
    let slice = |component: usize, pole: Pole, tested: bool| Slice {
        component,
        pole,
        direction: match pole {
            Pole::Minus => towards.iter().map(|v| -v).collect(),
            _ => towards.clone(),
        },
        tested,
        words: None,
    };
    let slices = vec![slice(1, Pole::Plus, true), slice(1, Pole::Minus, false)];
    let best = CANDIDATES.iter().position(|c| *c == choice.c).map(|at| choice.accuracy[at]);
    notes.extend(best.map(|accuracy| {
        format!("right and wrong are told apart with a balanced accuracy of {accuracy:.2}.")
    }));
    let (weights, intercept) = (svm.weights, svm.intercept);
    Ok(Box::new(FailureDirection { standard, weights, intercept, slices, notes }))
}

/// Vectors `[n, d]` as the machine takes them: standardised, then at unit length.
fn directed(vectors: ArrayView2<'_, f32>, standard: &Standard) -> Array2<f32> {
    let mut rows = vectors.to_owned();
    standard.apply(rows.view_mut());
    space::unit_rows(rows.view())
}

struct FailureDirection {
    standard: Standard,
    /// Of vectors that are standardised and at unit length.
    weights: Vec<f64>,
    intercept: f64,
    /// The failing side, and the other.
    slices: Vec<Slice>,
    notes: Vec<String>,
}

impl Slicer for FailureDirection {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    fn membership(&self, image: Image<'_>) -> Membership {
        let row = directed(ArrayView1::from(image.vector).insert_axis(Axis(0)), &self.standard);
        let products = self.weights.iter().zip(&row).map(|(w, &v)| w * f64::from(v));
        let value = self.intercept + products.sum::<f64>();
        let strength = vec![value, -value];
        Membership {
            soft: space::softmax(&[value, -value]),
            strength,
            group: Some(usize::from(value <= 0.0)),
        }
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

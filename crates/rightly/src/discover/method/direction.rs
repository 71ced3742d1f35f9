//! Distilling model failures as directions (Jain et al., ICLR 2023): a linear support vector machine between the images that
//! are right and those that are wrong.

use ndarray::Array2;
use rightly_model::heads::Standard;
use rightly_stats::svm::{LinearSvm, SvmOptions, choose_c};

use super::{Fit, Image, Membership, Pole, Slice, Slicer, space};

/// Weights of the losses that are tried, as published.
const CANDIDATES: [f64; 6] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
/// Parts of the cross-validation.
const FOLDS: usize = 3;
/// Fewest images of either kind.
const FEWEST: usize = 5;

/// Fits the method.
///
/// # Errors
/// In words: too few right or wrong images.
pub(super) fn fit(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let wrong: Vec<bool> = fit.part.outcomes.iter().map(|o| !o.correct).collect();
    let errors = wrong.iter().filter(|&&w| w).count();
    if errors < FEWEST || wrong.len() - errors < FEWEST {
        return Err(format!(
            "{errors} of {} images are wrong; at least {FEWEST} wrong and right ones are needed",
            wrong.len()
        ));
    }
    let standard = Standard::of(fit.part.vectors.view());
    let mut rows = fit.part.vectors.clone();
    standard.apply(rows.view_mut());
    let options = SvmOptions { balanced: true, seed: fit.seed, ..SvmOptions::default() };
    let folds = space::folds(&fit, FOLDS);
    let choice = choose_c(rows.view(), &wrong, None, &folds, &CANDIDATES, &options, 1)
        .map_err(|error| error.to_string())?;
    let options = SvmOptions { c: choice.c, ..options };
    let svm =
        LinearSvm::fit(rows.view(), &wrong, None, &options).map_err(|error| error.to_string())?;
    let weight = Array2::from_shape_fn((1, svm.weights.len()), |(_, k)| svm.weights[k] as f32);
    let (weight, bias) = standard.unfold(weight.view(), &[svm.intercept as f32]);
    let weight: Vec<f64> = weight.iter().map(|&w| f64::from(w)).collect();
    let towards = space::unit(&weight);
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
    let notes = best.map(|accuracy| {
        format!("right and wrong are told apart with a balanced accuracy of {accuracy:.2}.")
    });
    Ok(Box::new(FailureDirection {
        weight,
        bias: f64::from(bias[0]),
        slices,
        notes: notes.into_iter().collect(),
    }))
}

struct FailureDirection {
    weight: Vec<f64>,
    bias: f64,
    /// The failing side, and the other.
    slices: Vec<Slice>,
    notes: Vec<String>,
}

impl Slicer for FailureDirection {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    fn membership(&self, image: Image<'_>) -> Membership {
        let value = self.bias
            + self.weight.iter().zip(image.vector).map(|(w, &v)| w * f64::from(v)).sum::<f64>();
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

//! Many recipes on the same rows.
use super::train::{HeadTraining, Trained, TrainingData};
use crate::ModelError;
use crate::heads::Head;
use rayon::prelude::*;

/// The best epoch of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    /// What was trained; its head is the one after the best epoch.
    pub trained: Trained,
    /// The best epoch, 0-based (the first of equals).
    pub epoch: usize,
    /// Score of each epoch.
    pub scores: Vec<f64>,
}

impl Swept {
    /// Score of the best epoch.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.scores.get(self.epoch).copied().unwrap_or(f64::NAN)
    }
}

/// Trains every recipe on the same material, side by side, and keeps of each the epoch of the highest score: on rows
/// that are not trained on, say the accuracy of the worst group by [`super::Measure`]. A score that is not a number
/// ranks below every number. Results are in the order of the recipes and the same for any number of threads; one that
/// fails leaves the others alone.
pub fn sweep(
    material: &TrainingData<'_>,
    recipes: &[HeadTraining],
    score: impl Fn(&Head) -> Result<f64, ModelError> + Sync,
) -> Vec<Result<Swept, ModelError>> {
    let one = |recipe: &HeadTraining| {
        let mut best: Option<(usize, f64, Head)> = None;
        let mut scores = Vec::new();
        let mut trained = recipe.train_observed(material, |epoch, head| {
            let own = score(head)?;
            scores.push(own);
            let higher = |least: f64| own > least || (least.is_nan() && !own.is_nan());
            if best.as_ref().is_none_or(|(_, least, _)| higher(*least)) {
                best = Some((epoch, own, head.clone()));
            }
            Ok(())
        })?;
        let epoch = match best {
            Some((epoch, _, head)) => {
                trained.head = head;
                epoch
            }
            None => 0,
        };
        Ok(Swept { trained, epoch, scores })
    };
    recipes.par_iter().map(one).collect()
}

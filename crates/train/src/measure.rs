//! What a written model says of images, on the engine that audits run on.
use crate::TrainError;
use crate::data::{Normaliser, TrainingSet};
use crate::export::{INPUT, LOGITS};
use crate::net::Net;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{ArrayD, IxDyn};
use rayon::prelude::*;
use rightly_model::engine::{Session, Value};
use rightly_model::{EngineKind, Graph, ModelError};

/// Images of one run: enough to pay for its overhead, few enough to stay in the cache.
const BATCH: usize = 16;
/// Images that an export is checked on.
const CHECKED: usize = 8;
/// Largest difference of a logit, for logits up to 1; above it, of their largest.
const ALLOWED: f64 = 1e-4;

/// Loss, correctness and true class's logit of each image.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Cross-entropy.
    pub(crate) loss: Vec<f64>,
    pub(crate) correct: Vec<bool>,
    pub(crate) logit: Vec<f32>,
}

impl Outcome {
    pub(crate) fn accuracy(&self) -> f64 {
        self.correct.iter().filter(|&&correct| correct).count() as f64 / self.correct.len() as f64
    }

    pub(crate) fn mean_loss(&self) -> f64 {
        self.loss.iter().sum::<f64>() / self.loss.len() as f64
    }
}

/// A graph ready to be asked.
pub(crate) struct Measure<'a> {
    session: Box<dyn Session>,
    normaliser: &'a Normaliser,
    classes: usize,
}

impl<'a> Measure<'a> {
    pub(crate) fn new(
        graph: &Graph,
        normaliser: &'a Normaliser,
        classes: usize,
    ) -> Result<Self, TrainError> {
        Ok(Self { session: EngineKind::Rten.load(graph, false)?, normaliser, classes })
    }

    /// Values `[n, 3, H, W]`.
    fn images(&self, set: &TrainingSet, positions: &[usize]) -> Vec<f32> {
        let mut images = vec![0.0; positions.len() * set.image_len()];
        for (into, &at) in images.chunks_exact_mut(set.image_len()).zip(positions) {
            self.normaliser.image(set.image(at), into);
        }
        images
    }

    /// Logits of the images at some positions, row by row; over all threads of the pool.
    fn logits(&self, set: &TrainingSet, positions: &[usize]) -> Result<Vec<f32>, TrainError> {
        let run = |part: &[usize]| -> Result<Vec<f32>, TrainError> {
            let images = self.images(set, part);
            let shape = [part.len(), 3, set.size[0], set.size[1]];
            let lost = |message: &str| ModelError::Engine {
                engine: EngineKind::Rten.name(),
                message: message.to_owned(),
            };
            let images = ArrayD::from_shape_vec(IxDyn(&shape), images)
                .map_err(|error| lost(&error.to_string()))?;
            let values = self.session.run(&[(INPUT, Value::F32(images))], &[LOGITS])?;
            let logits = values.into_iter().next().and_then(Value::into_f32);
            let logits = logits.filter(|logits| logits.len() == part.len() * self.classes);
            Ok(logits.ok_or_else(|| lost("the run gave no logits"))?.into_iter().collect())
        };
        let parts: Vec<Vec<f32>> =
            positions.par_chunks(BATCH).map(run).collect::<Result<_, _>>()?;
        Ok(parts.concat())
    }

    /// Outcome of each image at some positions, un-augmented, in their order.
    pub(crate) fn outcome(
        &self,
        set: &TrainingSet,
        positions: &[usize],
    ) -> Result<Outcome, TrainError> {
        let logits = self.logits(set, positions)?;
        let mut outcome = Outcome::default();
        for (row, &at) in logits.chunks_exact(self.classes).zip(positions) {
            let label = set.labels[at];
            outcome.loss.push(cross_entropy(row, label));
            outcome.correct.push(best(row) == label);
            outcome.logit.push(row[label]);
        }
        Ok(outcome)
    }

    /// Holds the graph against the network that it came from, on a few images.
    pub(crate) fn check(
        &self,
        net: &Net,
        device: &Device,
        set: &TrainingSet,
        positions: &[usize],
    ) -> Result<(), TrainError> {
        let positions = &positions[..CHECKED.min(positions.len())];
        let found = self.logits(set, positions)?;
        let images = self.images(set, positions);
        let shape = [positions.len(), 3, set.size[0], set.size[1]];
        let images = Tensor::<4>::from_data(TensorData::new(images, shape), device);
        let expected: Vec<f32> = net.evaluate(images).into_data().iter::<f32>().collect();
        let largest = expected.iter().fold(1_f64, |most, &v| most.max(f64::from(v).abs()));
        let difference = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).abs();
        let worst = found.iter().zip(&expected).map(difference).fold(0.0, f64::max);
        let allowed = ALLOWED * largest;
        if found.len() == expected.len() && worst <= allowed {
            return Ok(());
        }
        Err(TrainError::Export { found: worst, allowed })
    }
}

/// `-log softmax(row)[label]`.
pub(crate) fn cross_entropy(row: &[f32], label: usize) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&v| (f64::from(v) - f64::from(largest)).exp()).sum();
    sum.ln() + f64::from(largest) - f64::from(row[label])
}

/// Place of the largest value, the first of equal ones.
pub(crate) fn best(row: &[f32]) -> usize {
    let mut best = 0;
    for (at, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = at;
        }
    }
    best
}

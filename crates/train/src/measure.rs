//! What a written model says of images, on the engine that audits run on.
use crate::TrainError;
use crate::data::{Normaliser, TrainingSet};
use crate::export::{INPUT, LOGITS};
use crate::net::Net;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{ArrayD, IxDyn};
use rightly_model::heads::cross_entropy;
use rightly_onnx::{
    EngineKind, Graph, OnnxError,
    engine::{Session, Value},
};
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Set from outside: no further image is asked about.
    stop: &'a AtomicBool,
}

impl<'a> Measure<'a> {
    pub(crate) fn new(
        graph: &Graph,
        normaliser: &'a Normaliser,
        classes: usize,
        stop: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        Ok(Self { session: EngineKind::Rten.load(graph, false)?, normaliser, classes, stop })
    }

    /// Values `[n, 3, H, W]`.
    fn images(&self, set: &TrainingSet, positions: &[usize]) -> Vec<f32> {
        let mut images = vec![0.0; positions.len() * set.image_len()];
        for (into, &at) in images.chunks_exact_mut(set.image_len()).zip(positions) {
            self.normaliser.image(set.image(at), into);
        }
        images
    }

    /// Logits of the images at some positions, row by row; on as many threads as the pool has.
    ///
    /// They are threads of their own: one of rayon's that waits for the engine's takes up the next
    /// part meanwhile, and so on until all parts are under way at once.
    fn logits(&self, set: &TrainingSet, positions: &[usize]) -> Result<Vec<f32>, TrainError> {
        let run = |part: &[usize]| -> Result<Vec<f32>, TrainError> {
            if self.stop.load(Ordering::SeqCst) {
                return Err(TrainError::Interrupted);
            }
            let images = self.images(set, part);
            let shape = [part.len(), 3, set.size[0], set.size[1]];
            let lost = |message: &str| OnnxError::Engine {
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
        let parts: Vec<&[usize]> = positions.chunks(BATCH).collect();
        let threads = rayon::current_num_threads().clamp(1, parts.len().max(1));
        let of_thread = |first: usize| -> Result<Vec<Vec<f32>>, TrainError> {
            parts.iter().skip(first).step_by(threads).map(|part| run(part)).collect()
        };
        let of_thread = &of_thread;
        let mut dealt = std::thread::scope(|scope| {
            let started: Vec<_> =
                (0..threads).map(|first| scope.spawn(move || of_thread(first))).collect();
            let logits = started.into_iter().map(|thread| match thread.join() {
                Ok(logits) => Ok(logits?.into_iter()),
                Err(panic) => std::panic::resume_unwind(panic),
            });
            logits.collect::<Result<Vec<_>, TrainError>>()
        })?;
        let in_order = (0..parts.len()).filter_map(|part| dealt[part % threads].next());
        Ok(in_order.flatten().collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_data::Preprocess;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    /// An engine that waits for a pool of its own, and counts how many runs are under way.
    struct Waiting {
        pool: rayon::ThreadPool,
        running: AtomicUsize,
        most: &'static AtomicUsize,
    }

    impl Session for Waiting {
        fn run(&self, inputs: &[(&str, Value)], _: &[&str]) -> Result<Vec<Value>, OnnxError> {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            self.pool.install(|| std::thread::sleep(Duration::from_millis(1)));
            self.running.fetch_sub(1, Ordering::SeqCst);
            let (_, Value::F32(images)) = &inputs[0] else { panic!("no images") };
            // Logits that tell the image: its first value, and the opposite.
            let firsts = images.outer_iter().map(|image| image.iter().copied().next().unwrap());
            let logits: Vec<f32> = firsts.flat_map(|v| [v, -v]).collect();
            let shape = IxDyn(&[images.shape()[0], 2]);
            Ok(vec![Value::F32(ArrayD::from_shape_vec(shape, logits).unwrap())])
        }
    }

    #[test]
    fn parts_run_on_no_more_threads_than_there_are_and_come_back_in_order() {
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let normaliser = Normaliser::new(&Preprocess::preset("cifar").unwrap());
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let session = Waiting { pool: one, running: AtomicUsize::new(0), most: &MOST };
        let stop = &AtomicBool::new(false);
        let normaliser = &normaliser;
        let measure = Measure { session: Box::new(session), normaliser, classes: 2, stop };
        let n = 20 * BATCH + 3;
        let set = TrainingSet {
            ids: (0..n).map(|i| i.to_string()).collect(),
            labels: vec![0; n],
            pixels: (0..n).flat_map(|i| [(i % 251) as u8; 3]).collect(),
            size: [1, 1],
        };
        let positions: Vec<usize> = (0..n).rev().collect();
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let logits = three.install(|| measure.logits(&set, &positions)).unwrap();
        let expected = positions.iter().flat_map(|&at| {
            let first = measure.images(&set, &[at])[0];
            [first, -first]
        });
        assert_eq!(logits, expected.collect::<Vec<f32>>());
        assert!((1..=3).contains(&MOST.load(Ordering::SeqCst)), "{MOST:?} runs at once");
    }
}

//! Which images an epoch goes through, and in which order.
use crate::TrainError;
use crate::data::TrainingSet;
use crate::options::TrainOptions;
use rand::seq::SliceRandom as _;
use rightly_model::heads::robust::draw_by_weight;
use rightly_stats::rng::keyed;
use std::collections::BTreeMap;

/// An image of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Position in the set.
    pub at: usize,
    /// How often it came before in the same epoch.
    pub again: usize,
}

/// The images of each step of an epoch: what [`crate::train()`] goes through.
///
/// # Errors
/// [`TrainError::Data`] where the set can't be trained on.
pub fn epoch_batches(
    set: &TrainingSet,
    options: &TrainOptions,
    epoch: usize,
) -> Result<Vec<Vec<Visit>>, TrainError> {
    let order = set.checked("train", options.classes.len())?;
    Order::new(set, &order, options)?.batches(epoch)
}

/// What the order of every epoch is made of.
pub(crate) struct Order {
    /// Positions, in the order of their ids; an image of several copies stands there several times.
    rows: Vec<usize>,
    /// What each of the rows is drawn by, where they are drawn.
    weights: Option<Vec<f64>>,
    batch: usize,
    seed: u64,
}

impl Order {
    /// `sorted`: positions in the order of their ids.
    pub(crate) fn new(
        set: &TrainingSet,
        sorted: &[usize],
        options: &TrainOptions,
    ) -> Result<Self, TrainError> {
        let known = |id: &String| {
            sorted.binary_search_by(|&at| set.ids[at].as_str().cmp(id.as_str())).is_ok()
        };
        if let Some(id) = options.copies.keys().find(|id| !known(id)) {
            return Err(TrainError::Data(format!("copies of '{id}', which is no training image")));
        }
        let times = |at: usize| 1 + options.copies.get(&set.ids[at]).copied().unwrap_or(0);
        let rows: Vec<usize> =
            sorted.iter().flat_map(|&at| std::iter::repeat_n(at, times(at))).collect();
        let weights = match &options.groups {
            Some(groups) if groups.method.draws() => {
                let balancing = groups.of_set(&set.ids)?.balancing();
                Some(rows.iter().map(|&at| balancing[at]).collect())
            }
            _ => None,
        };
        Ok(Self { rows, weights, batch: options.batch, seed: options.seed })
    }

    /// Shuffled or drawn from a stream keyed by (seed, epoch). A last batch of one image is left out.
    pub(crate) fn batches(&self, epoch: usize) -> Result<Vec<Vec<Visit>>, TrainError> {
        let order = match &self.weights {
            None => {
                let mut order = self.rows.clone();
                order.shuffle(&mut keyed(self.seed, "train/order", "", epoch as u64));
                order
            }
            Some(weights) => {
                let mut draw = draw_by_weight(weights, self.seed)
                    .map_err(|error| TrainError::Data(error.to_string()))?;
                draw(epoch).into_iter().map(|row| self.rows[row]).collect()
            }
        };
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        let mut visit = |at: usize| {
            let count = seen.entry(at).or_default();
            *count += 1;
            Visit { at, again: *count - 1 }
        };
        let order: Vec<Visit> = order.into_iter().map(&mut visit).collect();
        let steps = order.chunks(self.batch).filter(|batch| batch.len() > 1);
        Ok(steps.map(<[Visit]>::to_vec).collect())
    }
}

/// Steps of an epoch over `images` images.
pub(crate) fn steps(images: usize, batch: usize) -> usize {
    images / batch + usize::from(images % batch > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::options::{GroupMethod, GroupTraining};
    use rightly_data::Preprocess;

    fn options() -> TrainOptions {
        let preprocess = Preprocess::preset("cifar").unwrap();
        let classes = vec!["a".into(), "b".into()];
        TrainOptions { batch: 4, ..TrainOptions::new(Arch::Resnet8, classes, preprocess, 3) }
    }

    fn set(images: usize) -> TrainingSet {
        TrainingSet {
            ids: (0..images).map(|at| format!("{at:04}")).collect(),
            labels: vec![0; images],
            pixels: vec![0; images * 3],
            size: [1, 1],
        }
    }

    fn positions(batches: &[Vec<Visit>]) -> Vec<usize> {
        batches.iter().flatten().map(|visit| visit.at).collect()
    }

    #[test]
    fn an_epoch_sees_each_image_once_and_drops_a_lone_one() {
        let of = |images, epoch| epoch_batches(&set(images), &options(), epoch).unwrap();
        let first = of(11, 0);
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 3]);
        assert!(first.iter().flatten().all(|visit| visit.again == 0));
        let mut seen = positions(&first);
        seen.sort_unstable();
        assert_eq!(seen, (0..11).collect::<Vec<_>>());
        assert_ne!(first, of(11, 1));
        assert_eq!(first, of(11, 0));
        assert_eq!(of(9, 0).len(), 2);
        assert_eq!([11, 9, 8, 2].map(|n| steps(n, 4)), [3, 2, 2, 1]);
    }

    #[test]
    fn copies_come_as_often_as_they_are_and_are_told_apart() {
        let copies = [("0003".to_owned(), 4), ("0007".to_owned(), 1)].into();
        let batches = epoch_batches(&set(10), &TrainOptions { copies, ..options() }, 2).unwrap();
        let of = |at: usize| -> Vec<usize> {
            let own = batches.iter().flatten().filter(|visit| visit.at == at);
            own.map(|visit| visit.again).collect()
        };
        assert_eq!(of(3), [0, 1, 2, 3, 4]);
        assert_eq!(of(7), [0, 1]);
        assert_eq!(of(0), [0]);
        let copies = [("0011".to_owned(), 1)].into();
        let error = epoch_batches(&set(10), &TrainOptions { copies, ..options() }, 0).unwrap_err();
        assert!(error.to_string().contains("'0011'"), "{error}");
    }

    #[test]
    fn drawing_gives_every_group_the_same_part() {
        // A tenth of the images is wholly in group 1, the rest belongs to it by a twentieth.
        let images = 1000;
        let own = |at: usize| match at % 10 {
            0 => vec![(1, 1.0)],
            _ => vec![(0, 0.95), (1, 0.05)],
        };
        let groups = GroupTraining {
            method: GroupMethod::RwgSoft,
            eta: 0.0,
            count: 2,
            of: (0..images).map(|at| (format!("{at:04}"), own(at))).collect(),
        };
        let options = TrainOptions { groups: Some(groups), ..options() };
        let epochs = 40;
        let mut mass = [0.0; 2];
        for epoch in 0..epochs {
            let drawn = positions(&epoch_batches(&set(images), &options, epoch).unwrap());
            assert_eq!(drawn.len(), images);
            for at in drawn {
                // What is drawn belongs to a group by its share of the weight: s_k n / n_k over the sum of these.
                let sizes = [855.0, 145.0];
                let parts: Vec<(usize, f64)> =
                    own(at).iter().map(|&(k, s)| (k, f64::from(s) / sizes[k])).collect();
                let sum: f64 = parts.iter().map(|part| part.1).sum();
                parts.iter().for_each(|(k, part)| mass[*k] += part / sum);
            }
        }
        let share = mass[1] / (epochs * images) as f64;
        // Five standard errors of a share of at most .5 deviation.
        assert!((share - 0.5).abs() < 2.5 / ((epochs * images) as f64).sqrt(), "{share}");
    }
}

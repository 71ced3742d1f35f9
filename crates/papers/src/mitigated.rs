//! DIM's mitigation on CIFAR-100 (Zhang et al., CVPR 2024, section 4): images of the pool that are added, and group-robust
//! training, beside what both are held against.

use std::{collections::BTreeSet, path::Path, sync::atomic::AtomicBool};

use ndarray::{Array2, ArrayView1, Axis};
use rand::{RngExt, seq::SliceRandom};
use rightly_audit::{
    Error,
    discover::{
        Method,
        protocol::{Images, Shares, shares_of},
    },
    features::Outcome,
};
use rightly_data::Dataset;
use rightly_model::heads::{
    Features, HeadOptions, Optimizer, Standard,
    robust::{Groups, HeadTraining, Method as Robust, TrainingData},
};
use rightly_stats::{Design, rng::keyed};
use serde::Serialize;

use crate::{
    classifier::{Classified, SoftGroups, Trainer, network},
    dim::Figure,
    study::Way,
};

/// The way that images are added at random.
const RANDOM: &str = "random intervention";
/// Images that each of the two worst slices of a class adds.
const ADDED: usize = 200;
/// GroupDRO's step of the groups' weights, in Sagawa et al. and in DIM.
const ETA: f64 = 0.01;
/// Bootstrap resamples of intervals over classes.
const RESAMPLES: usize = 2000;

/// One way to mitigate, on the test images: means over superclasses and seeds.
#[derive(Debug, Clone, Serialize)]
pub struct MitigationRow {
    /// The way.
    pub way: String,
    /// Accuracy.
    pub accuracy: Figure,
    /// Accuracy on the rare fine classes, and on the others.
    pub rare: Figure,
    /// See `rare`.
    pub common: Figure,
    /// The five fine classes of each superclass from the least accurate to the most, rank by rank: DIM's figure of merit.
    pub sorted: [Figure; 5],
    /// `accuracy`, `rare` and the first of `sorted` minus those of the first way, paired by superclass.
    pub more_than_erm: [Figure; 3],
    /// The same minus those of random images, where these were tried.
    pub more_than_random: Option<[Figure; 3]>,
}

/// Accuracies of one superclass.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    accuracy: f64,
    rare: f64,
    common: f64,
    sorted: [f64; 5],
}

/// What a seed is made of: images of train, val, test and the pool.
pub(crate) struct Experiment<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) parts: &'a [Vec<usize>; 4],
    pub(crate) features: &'a [Array2<f32>; 4],
    pub(crate) classified: &'a Classified,
    pub(crate) rare: &'a BTreeSet<&'a str>,
    pub(crate) epochs: usize,
    pub(crate) seed: u64,
}

/// What trains whole networks.
pub(crate) struct Networks<'a> {
    pub(crate) trainer: &'a dyn Trainer,
    pub(crate) out: &'a Path,
    pub(crate) threads: usize,
    pub(crate) stop: &'a AtomicBool,
}

/// Sums over seeds, by way and superclass.
#[derive(Default)]
pub(crate) struct Sums {
    ways: Vec<(String, Vec<Score>)>,
    seeds: f64,
}

/// What one head is trained on.
struct Plan {
    way: String,
    method: Robust,
    /// Rows of the pool that are added, perhaps more than once.
    added: Vec<usize>,
    groups: Option<Groups>,
}

impl Experiment<'_> {
    /// Trains a head for every way, and adds its scores to the sums.
    ///
    /// # Errors
    /// A head can't be trained.
    pub(crate) fn run(&self, ways: &[Way], sums: &mut Sums) -> Result<(), Error> {
        for (at, plan) in self.plans(ways)?.iter().enumerate() {
            sums.add(at, &plan.way, self.scores(plan)?);
        }
        sums.seeds += 1.0;
        Ok(())
    }

    /// The audited network, and for every way to mitigate a network that is trained from scratch for its soft groups.
    ///
    /// # Errors
    /// A network can't be trained or read; it was stopped.
    pub(crate) fn run_networks(
        &self,
        ways: &[Way],
        networks: &Networks<'_>,
        sums: &mut Sums,
    ) -> Result<(), Error> {
        let of = |classified: &Classified| {
            let right: Vec<bool> = classified.test.iter().map(|o| o.correct).collect();
            self.of_classes(&right)
        };
        sums.add(0, "ERM", of(self.classified));
        let mut at = 0;
        for way in ways {
            let Some(name) = &way.mitigates else { continue };
            let classes = self.dataset.classes.len();
            let shares: Vec<Option<Shares>> =
                (0..classes).map(|class| self.shares(way, class)).collect();
            let groups = self.soft(&shares, false)?;
            let id = |row: usize| self.dataset.samples[self.parts[0][row]].id.clone();
            let groups = SoftGroups {
                eta: ETA,
                count: groups.count(),
                of: (0..groups.rows()).map(|row| (id(row), groups.of(row).to_vec())).collect(),
            };
            at += 1;
            let folder = networks.out.join(format!("dro-{at}-{}", self.seed));
            let trained = networks.trainer.train(self.seed, &folder, Some(&groups));
            let folder = trained.map_err(|error| Error::Usage(error.to_string()))?;
            let [_, val, test, _] = self.parts;
            let (threads, stop) = (networks.threads, networks.stop);
            let found = network(self.dataset, val, test, &folder, threads, stop)?;
            sums.add(at, &format!("{name}: dro_soft"), of(&found));
        }
        sums.seeds += 1.0;
        Ok(())
    }

    fn plans(&self, ways: &[Way]) -> Result<Vec<Plan>, Error> {
        let plain = |way: &str, added: Vec<usize>| Plan {
            way: way.to_owned(),
            method: Robust::Erm,
            added,
            groups: None,
        };
        let classes = self.dataset.classes.len();
        let (pool, added) = (self.parts[3].len(), 2 * ADDED * classes);
        let mut rng = keyed(self.seed, "reproduce/random intervention", "", 0);
        let random = (0..added).map(|_| rng.random_range(0..pool.max(1))).collect();
        let mut out = vec![plain("ERM", Vec::new()), plain(RANDOM, random)];
        for way in ways {
            let Some(name) = &way.mitigates else { continue };
            let shares: Vec<Option<Shares>> =
                (0..classes).map(|class| self.shares(way, class)).collect();
            out.push(plain(&format!("{name}: intervention"), self.intervention(&shares)));
            out.push(Plan {
                way: format!("{name}: dro_soft"),
                method: Robust::Dim { eta: ETA },
                added: Vec::new(),
                groups: Some(self.soft(&shares, false)?),
            });
            out.push(Plan {
                way: format!("{name}, dealt anew: dro_soft"),
                method: Robust::Dim { eta: ETA },
                added: Vec::new(),
                groups: Some(self.soft(&shares, true)?),
            });
        }
        let names: BTreeSet<(usize, &str)> = self.fine(0).into_iter().collect();
        let names: Vec<_> = names.into_iter().collect();
        let of: Vec<usize> =
            self.fine(0).iter().filter_map(|own| names.binary_search(own).ok()).collect();
        out.push(Plan {
            way: "GroupDRO, true fine classes".to_owned(),
            method: Robust::GroupDro { eta: ETA, adjustment: 0.0 },
            added: Vec::new(),
            groups: Some(Groups::hard(&of, names.len())?),
        });
        Ok(out)
    }

    /// Superclass and fine class of each image of a part.
    fn fine(&self, part: usize) -> Vec<(usize, &str)> {
        let sample = |&at: &usize| {
            let sample = &self.dataset.samples[at];
            let group = sample.group.as_deref();
            (sample.class, group.expect("every image has a subclass, or the experiment is refused"))
        };
        self.parts[part].iter().map(sample).collect()
    }

    fn rows(&self, part: usize, class: usize) -> Vec<usize> {
        let own = |&row: &usize| self.dataset.samples[self.parts[part][row]].class == class;
        (0..self.parts[part].len()).filter(own).collect()
    }

    /// Soft labels of a class's training images and images of the pool, by slices fitted on the validation images.
    fn shares(&self, way: &Way, class: usize) -> Option<Shares> {
        let val = self.rows(1, class);
        let vectors = self.features[1].select(Axis(0), &val);
        let losses = self.classified.losses.select(Axis(0), &val);
        let outcomes: Vec<Outcome> =
            val.iter().map(|&row| self.classified.val[row].clone()).collect();
        let others =
            [0, 3].map(|part| self.features[part].select(Axis(0), &self.rows(part, class)));
        shares_of(
            way.method.unwrap_or(Method::Dim),
            &way.options,
            self.seed,
            &self.dataset.classes[class],
            &Images { vectors: vectors.view(), outcomes },
            &losses,
            &[others[0].view(), others[1].view()],
        )
        .ok()
    }

    /// Of the two worst slices of each class the images of the pool that belong to them most.
    fn intervention(&self, shares: &[Option<Shares>]) -> Vec<usize> {
        let mut out = Vec::new();
        for (class, shares) in shares.iter().enumerate() {
            let (Some(shares), rows) = (shares, self.rows(3, class)) else { continue };
            for &slice in shares.worst.iter().take(2) {
                let share = |at: usize| shares.of[1][[at, slice]];
                let mut order: Vec<usize> = (0..rows.len()).collect();
                order.sort_by(|&a, &b| share(b).total_cmp(&share(a)).then(a.cmp(&b)));
                out.extend(order.iter().take(ADDED).map(|&at| rows[at]));
            }
        }
        out
    }

    /// Soft groups of the training images, as they are or dealt anew within each class.
    fn soft(&self, shares: &[Option<Shares>], anew: bool) -> Result<Groups, Error> {
        let mut of: Vec<Vec<(usize, f32)>> = vec![Vec::new(); self.parts[0].len()];
        let mut first = 0;
        for (class, shares) in shares.iter().enumerate() {
            let rows = self.rows(0, class);
            let Some(shares) = shares else {
                rows.iter().for_each(|&row| of[row] = vec![(first, 1.0)]);
                first += 1;
                continue;
            };
            let mut from: Vec<usize> = (0..rows.len()).collect();
            if anew {
                let key = &self.dataset.classes[class];
                from.shuffle(&mut keyed(self.seed, "reproduce/dealt anew", key, 0));
            }
            let count = shares.of[0].ncols();
            for (&row, from) in rows.iter().zip(from) {
                let own = shares.of[0].row(from);
                let sum: f64 = own.sum();
                of[row] = match sum > 0.0 {
                    true => own
                        .iter()
                        .enumerate()
                        .map(|(k, share)| (first + k, (share / sum) as f32))
                        .collect(),
                    false => (0..count).map(|k| (first + k, 1.0 / count as f32)).collect(),
                };
            }
            first += count;
        }
        Ok(Groups::sparse(of.iter().map(Vec::as_slice), first)?)
    }

    /// Trains a head and gives its scores on the test images, a superclass each.
    fn scores(&self, plan: &Plan) -> Result<Vec<Score>, Error> {
        let classes = self.dataset.classes.len();
        let mut values = self.features[0].clone();
        let mut labels: Vec<usize> = self.fine(0).iter().map(|own| own.0).collect();
        if !plan.added.is_empty() {
            // Both have the same columns.
            let _ = values.append(Axis(0), self.features[3].select(Axis(0), &plan.added).view());
            let pool = self.fine(3);
            labels.extend(plan.added.iter().map(|&row| pool[row].0));
        }
        let standard = Standard::of(values.view());
        standard.apply(values.view_mut());
        let recipe = HeadTraining {
            method: plan.method.clone(),
            options: HeadOptions {
                hidden: None,
                epochs: self.epochs,
                batch: Some(128),
                rate: 1e-3,
                optimizer: Optimizer::AdamW { weight_decay: 1e-4 },
                seed: self.seed,
            },
        };
        let features = Features { values: values.view(), labels: &labels, weights: None, classes };
        let material = TrainingData { groups: plan.groups.as_ref(), ..TrainingData::of(features) };
        let head = recipe.train(&material)?.head;
        let mut test = self.features[2].clone();
        standard.apply(test.view_mut());
        let logits = head.logits(test.view())?;
        let largest = |row: ArrayView1<'_, f32>| {
            (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
        };
        let labels = self.fine(2);
        let right: Vec<bool> = logits
            .rows()
            .into_iter()
            .zip(&labels)
            .map(|(row, own)| largest(row) == Some(own.0))
            .collect();
        Ok(self.of_classes(&right))
    }

    /// Scores of answers to the test images, a superclass each.
    fn of_classes(&self, right: &[bool]) -> Vec<Score> {
        let fine = self.fine(2);
        (0..self.dataset.classes.len()).map(|class| self.score(class, &fine, right)).collect()
    }

    fn score(&self, class: usize, fine: &[(usize, &str)], right: &[bool]) -> Score {
        let accuracy = |keep: &dyn Fn(&str) -> bool| {
            let own = fine.iter().zip(right).filter(|((of, name), _)| *of == class && keep(name));
            let hits: Vec<bool> = own.map(|(_, hit)| *hit).collect();
            hits.iter().filter(|hit| **hit).count() as f64 / hits.len().max(1) as f64
        };
        let names: BTreeSet<&str> =
            fine.iter().filter(|(of, _)| *of == class).map(|(_, name)| *name).collect();
        let mut each: Vec<f64> = names.iter().map(|name| accuracy(&|own| own == *name)).collect();
        each.sort_by(f64::total_cmp);
        Score {
            accuracy: accuracy(&|_| true),
            rare: accuracy(&|name| self.rare.contains(name)),
            common: accuracy(&|name| !self.rare.contains(name)),
            sorted: std::array::from_fn(|rank| each.get(rank).copied().unwrap_or(f64::NAN)),
        }
    }
}

impl Sums {
    fn add(&mut self, at: usize, way: &str, scores: Vec<Score>) {
        if self.ways.len() <= at {
            self.ways.push((way.to_owned(), vec![Score::default(); scores.len()]));
        }
        for (sum, score) in self.ways[at].1.iter_mut().zip(scores) {
            sum.accuracy += score.accuracy;
            sum.rare += score.rare;
            sum.common += score.common;
            sum.sorted.iter_mut().zip(score.sorted).for_each(|(sum, s)| *sum += s);
        }
    }

    /// Means over superclasses and seeds.
    pub(crate) fn rows(&self) -> Vec<MitigationRow> {
        let over = |values: Vec<f64>| {
            let values: Vec<f64> = values.into_iter().map(|v| v / self.seeds).collect();
            let design = Design::new(vec![0; values.len()], None, 0, RESAMPLES);
            Figure::from(design.mean(&values))
        };
        let Some((_, erm)) = self.ways.first() else { return Vec::new() };
        let second = self.ways.iter().find(|(way, _)| way == RANDOM).map(|(_, scores)| scores);
        self.ways
            .iter()
            .map(|(way, scores)| {
                let of = |pick: &dyn Fn(&Score) -> f64| over(scores.iter().map(pick).collect());
                let more = |than: &[Score]| {
                    let picks: [fn(&Score) -> f64; 3] =
                        [|s| s.accuracy, |s| s.rare, |s| s.sorted[0]];
                    picks.map(|pick| {
                        let pairs = scores.iter().zip(than);
                        over(pairs.map(|(own, other)| pick(own) - pick(other)).collect())
                    })
                };
                MitigationRow {
                    way: way.clone(),
                    accuracy: of(&|s| s.accuracy),
                    rare: of(&|s| s.rare),
                    common: of(&|s| s.common),
                    sorted: std::array::from_fn(|rank| of(&|s| s.sorted[rank])),
                    more_than_erm: more(erm),
                    more_than_random: second.map(|random| more(random)),
                }
            })
            .collect()
    }
}

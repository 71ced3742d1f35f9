//! Heads that are tried, and the one that is kept.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::Array2;
use rand::seq::SliceRandom;
use rightly_model::{
    ModelError,
    heads::{
        Features, Head, HeadOptions, Optimizer, Standard,
        robust::{self, Groups, Measure, Recipe, sweep},
    },
};
use rightly_stats::rng::keyed;
use serde::{Deserialize, Serialize};

use super::{
    Repair,
    grouping::{Grouping, Member},
    material::{Material, Rows, by_class},
    target::Target,
};
use crate::Error;

/// Rows up to which all of them make a step.
const WHOLE: usize = 4096;
/// Rows of a step where there are more.
const BATCH: usize = 256;
/// Epochs where all rows make a step, and where they do not.
const EPOCHS: [usize; 2] = [200, 20];
/// Fewest images of a group that can be the worst one where a head is chosen.
const FEWEST: f64 = 8.0;
/// Weight of overall accuracy in the choice: it decides between heads whose worst groups are the same.
const TIES: f64 = 1e-3;

/// Images that heads are trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum On {
    /// Those that the model was trained on.
    Train,
    /// Those and held-out ones.
    TrainAndHeldOut,
    /// Held-out ones alone.
    HeldOut,
}

impl On {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Train => "the model's training images",
            Self::TrainAndHeldOut => "the model's training images and held-out ones",
            Self::HeldOut => "held-out images alone",
        }
    }
}

/// One head that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tried {
    pub(super) on: On,
    pub(super) images: usize,
    pub(super) recipe: Recipe,
    /// The best epoch, 0-based.
    pub(super) epoch: usize,
    /// On the images that choose: lowest accuracy of a group of at least 8 images, and accuracy over all.
    pub(super) worst_group: Option<f64>,
    pub(super) accuracy: Option<f64>,
    /// Why there is none.
    pub(super) error: Option<String>,
}

/// What came of a repair.
pub(super) struct Chosen {
    /// On features as they are, an output for each class.
    pub(super) head: Head,
    pub(super) tried: Vec<Tried>,
    /// Index into `tried`.
    pub(super) chosen: usize,
}

/// Groups dealt among the images of a class, or as they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dealing {
    Found,
    /// Membership is dealt anew within each class and part.
    Random {
        seed: u64,
        draw: u64,
    },
}

/// Everything that heads are trained with.
pub(super) struct Trainer<'a> {
    pub(super) material: &'a Material,
    pub(super) grouping: &'a Grouping,
    pub(super) target: &'a Target,
    /// The model's own head.
    pub(super) own: &'a Head,
    pub(super) classes: usize,
    /// Accuracy on the images that choose below which a head is not preferred.
    pub(super) least: f64,
    pub(super) seed: u64,
    pub(super) stop: &'a AtomicBool,
}

impl Trainer<'_> {
    /// Trains every recipe of a repair on every set of images, and keeps the epoch, the recipe and the images with the
    /// highest accuracy of the worst group on the images that choose; heads that cost more overall accuracy than allowed
    /// come last.
    ///
    /// # Errors
    /// No head could be trained; `stop` was set.
    pub(super) fn train(&self, repair: Repair, dealing: Dealing) -> Result<Chosen, Error> {
        let material = self.material;
        let members = |rows: &Rows, part: &str| self.members(rows, part, dealing);
        let judge = members(&material.choose, "choose");
        let (train, held) = (members(&material.train, "train"), members(&material.held, "held"));
        let both: Vec<&Member> = train.iter().chain(&held).copied().collect();
        let together;
        let mut sets: Vec<(On, &Rows, Vec<&Member>)> = Vec::new();
        // Balanced held-out images are the method; training images are no part of it.
        if material.train.len() > 0 && repair != Repair::Dfr {
            sets.push((On::Train, &material.train, train));
            together = material.train.with(&material.held);
            sets.push((On::TrainAndHeldOut, &together, both));
        }
        sets.push((On::HeldOut, &material.held, held));
        let judge_groups = hard(&judge, self.grouping.groups.len())?;
        let (mut tried, mut best): (Vec<Tried>, Option<(f64, usize, Head)>) = (Vec::new(), None);
        for (on, rows, members) in sets {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if rows.len() == 0 {
                continue;
            }
            for (one, head) in self.sweep(repair, on, rows, &members, &judge_groups)? {
                if let Some(head) = head {
                    let score = self.score(one.worst_group, one.accuracy);
                    if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                        best = Some((score, tried.len(), head));
                    }
                }
                tried.push(one);
            }
        }
        let Some((_, chosen, head)) = best else {
            let why = tried.into_iter().find_map(|one| one.error).unwrap_or_default();
            return Err(Error::Usage(format!("{repair}: no head could be trained: {why}")));
        };
        Ok(Chosen { head, tried, chosen })
    }

    /// One set of images under every recipe.
    fn sweep(
        &self,
        repair: Repair,
        on: On,
        rows: &Rows,
        members: &[&Member],
        judge_groups: &Groups,
    ) -> Result<Vec<(Tried, Option<Head>)>, Error> {
        let standard = Standard::of(rows.values.view());
        let standardised = |values: &Array2<f32>| {
            let mut values = values.clone();
            standard.apply(values.view_mut());
            values
        };
        let values = standardised(&rows.values);
        let judged = standardised(&self.material.choose.values);
        let labels = &self.material.choose.labels;
        let count = self.grouping.groups.len();
        let soft = matches!(repair, Repair::Dim | Repair::RwgSoft | Repair::DiSoft);
        let groups = if soft { shares(members, count)? } else { hard(members, count)? };
        let start = self.target.start(self.own)?.standardised(&standard);
        let material = robust::Material {
            groups: Some(&groups),
            start: Some(&start),
            ..robust::Material::of(Features {
                values: values.view(),
                labels: &rows.labels,
                weights: None,
                classes: self.classes,
            })
        };
        let measure = |head: &Head| -> Result<Measure, ModelError> {
            let logits = head.logits(judged.view())?;
            Measure::of(logits.view(), labels, judge_groups, FEWEST)
        };
        let hidden = self.own.layers().next().filter(|_| self.own.layers().count() > 1);
        let hidden = hidden.map(|(weight, _)| weight.nrows());
        let recipes = recipes(repair, rows.len(), hidden, self.seed);
        let swept = sweep(&material, &recipes, |head| {
            let measure = measure(head)?;
            Ok(self.score(measure.worst_group(), Some(measure.accuracy)))
        });
        let mut out = Vec::new();
        for (recipe, swept) in recipes.into_iter().zip(swept) {
            let mut one = Tried {
                on,
                images: rows.len(),
                recipe,
                epoch: 0,
                worst_group: None,
                accuracy: None,
                error: None,
            };
            let head = match swept {
                Ok(swept) => {
                    let measure = measure(&swept.trained.head)?;
                    one.epoch = swept.epoch;
                    one.worst_group = measure.worst_group();
                    one.accuracy = Some(measure.accuracy);
                    Some(swept.trained.head.raw(&standard))
                }
                Err(error) => {
                    one.error = Some(error.to_string());
                    None
                }
            };
            out.push((one, head));
        }
        Ok(out)
    }

    fn score(&self, worst: Option<f64>, accuracy: Option<f64>) -> f64 {
        let accuracy = accuracy.unwrap_or(0.0);
        let too_dear = f64::from(u8::from(accuracy < self.least));
        worst.unwrap_or(0.0) + TIES * accuracy - 2.0 * too_dear
    }

    /// Where each row belongs.
    fn members(&self, rows: &Rows, part: &str, dealing: Dealing) -> Vec<&Member> {
        let own: Vec<Option<&Member>> =
            rows.samples.iter().map(|sample| self.grouping.members.get(sample)).collect();
        let mut out = own.clone();
        if let Dealing::Random { seed, draw } = dealing {
            for (class, mut members) in by_class(&rows.labels) {
                let to = members.clone();
                let key = format!("{part} {class}");
                members.shuffle(&mut keyed(seed, "random groups", &key, draw));
                to.into_iter().zip(members).for_each(|(to, from)| out[to] = own[from]);
            }
        }
        // Every image that has a row has been given a group.
        out.into_iter().flatten().collect()
    }
}

fn hard(members: &[&Member], count: usize) -> Result<Groups, Error> {
    let of: Vec<usize> = members.iter().map(|member| member.group).collect();
    Ok(Groups::hard(&of, count)?)
}

fn shares(members: &[&Member], count: usize) -> Result<Groups, Error> {
    Ok(Groups::sparse(members.iter().map(|member| member.soft.as_slice()), count)?)
}

/// The settings that are tried: a few rates, and what else the method leaves open.
fn recipes(repair: Repair, n: usize, hidden: Option<usize>, seed: u64) -> Vec<Recipe> {
    use robust::Method::{Dim, GroupDro, Jtt};
    let whole = n <= WHOLE;
    let epochs = if whole { EPOCHS[0] } else { EPOCHS[1] };
    let methods = match repair.published() {
        GroupDro { adjustment, .. } => [0.01, 0.1].map(|eta| GroupDro { eta, adjustment }).to_vec(),
        Dim { .. } => [0.01, 0.1].map(|eta| Dim { eta }).to_vec(),
        Jtt { .. } => [4, 20].map(|copies| Jtt { epochs: epochs / 4, copies }).to_vec(),
        other => vec![other],
    };
    // Nothing but its seed counts for DFR.
    let rates: &[f32] = match (repair, hidden) {
        (Repair::Dfr, _) => &[1e-2],
        (_, None) => &[3e-3, 1e-2],
        (_, Some(_)) => &[1e-3, 3e-3],
    };
    let recipe = |method: &robust::Method, rate: f32| Recipe {
        method: method.clone(),
        options: HeadOptions {
            hidden,
            epochs,
            batch: (!whole).then_some(BATCH),
            rate,
            optimizer: Optimizer::Adam { weight_decay: 1e-4 },
            seed,
        },
    };
    methods.iter().flat_map(|m| rates.iter().map(move |&rate| recipe(m, rate))).collect()
}

/// Whether the logits of each row are highest at its label: 1 or 0.
pub(super) fn right(logits: &Array2<f32>, labels: &[usize]) -> Vec<f64> {
    let hit = |(row, &label): (ndarray::ArrayView1<'_, f32>, &usize)| {
        // The first of equals, as everywhere.
        let own = row[label];
        let beaten = row.iter().enumerate().any(|(at, v)| *v > own || (*v == own && at < label));
        f64::from(u8::from(!beaten && own.is_finite()))
    };
    logits.rows().into_iter().zip(labels).map(hit).collect()
}

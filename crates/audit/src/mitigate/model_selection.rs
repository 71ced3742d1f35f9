//! Heads that are tried, and the one that is kept.

use std::{borrow::Cow, sync::atomic::AtomicBool, time::Instant};

use ndarray::Array2;
use rand::seq::SliceRandom;
use rightly_model::heads::{
    Head,
    robust::{Groups, HeadTraining},
};
use rightly_stats::rng::keyed;
use serde::{Deserialize, Serialize};

use super::{
    Repair,
    fit_head::Fitting,
    grouping::{Grouping, Member, hard},
    material::{Rows, by_class},
    output_map::Target,
    search_space::{Candidate, On, candidates, is_kept},
    training_rows::Known,
};
use crate::{Error, workers};

/// Fewest images of a group that can be the worst one where a head is chosen, and that DFR balances by itself.
pub(super) const FEWEST: f64 = 8.0;
/// Weight of overall accuracy in the choice: it decides between heads whose worst groups are the same.
const TIES: f64 = 1e-3;

/// One head that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tried {
    pub(super) on: On,
    pub(super) images: usize,
    pub(super) recipe: HeadTraining,
    /// The best epoch, 0-based.
    pub(super) epoch: usize,
    /// On held-out images that had no part in training: lowest accuracy of a group of at least 8 images, and over all.
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
    /// Membership is dealt anew within each class, among training images and among held-out ones.
    Random {
        seed: u64,
        draw: u64,
    },
}

/// Everything that heads are trained with.
pub(super) struct Trainer<'a> {
    /// Images that the model was trained on, and those that are added to them.
    pub(super) train: &'a Rows,
    pub(super) held: &'a Rows,
    /// Fold of each held-out image.
    pub(super) folds: &'a [usize],
    pub(super) grouping: &'a Grouping,
    pub(super) target: &'a Target,
    pub(super) known: &'a Known,
    /// The model's own head.
    pub(super) own: &'a Head,
    /// Whether the heads of `di-soft` start as copies of it.
    pub(super) copies: bool,
    pub(super) classes: usize,
    /// Accuracy on held-out images below which a head is not preferred.
    pub(super) least: f64,
    pub(super) seed: u64,
    pub(super) threads: usize,
    pub(super) stop: &'a AtomicBool,
}

/// Who belongs where, in the order of the rows.
struct Members<'a> {
    train: Vec<&'a Member>,
    held: Vec<&'a Member>,
}

/// Images to train on, without a fold of the held-out ones (all of them where these have no part in training): every setting
/// that is for them is tried on the same matrix.
type Job = (On, Option<usize>);

/// Epoch, and which of the rows that were held back the head then has right.
type Course = Vec<(usize, Vec<bool>)>;

/// What every head of a repair had right in the course of its training, or why there is none: candidate, fold, course.
pub(super) type Courses = Vec<(usize, Option<usize>, Result<Course, String>)>;

impl Trainer<'_> {
    /// Trains every setting of a repair on every set of images, keeps the setting, the images and the epoch with the highest
    /// accuracy of the worst group on held-out images that had no part in training, and trains that one on all of its images.
    /// Heads that cost more overall accuracy than allowed come last.
    ///
    /// # Errors
    /// No head could be trained; `stop` was set.
    pub(super) fn train(&self, repair: Repair, dealing: Dealing) -> Result<Chosen, Error> {
        self.choose(repair, dealing, &self.courses(repair, dealing)?)
    }

    /// Trains every setting of a repair on every set of images.
    ///
    /// # Errors
    /// `stop` was set.
    pub(super) fn courses(&self, repair: Repair, dealing: Dealing) -> Result<Courses, Error> {
        let members = self.dealt(dealing);
        let candidates = self.candidates(repair);
        let jobs = self.jobs(&candidates);
        let of_jobs = workers::ordered(jobs.len(), self.threads, self.stop, |job| {
            let (on, fold) = jobs[job];
            let own = || candidates.iter().enumerate().filter(|(_, c)| c.on == on);
            let (rows, members) = self.rows(on, fold, &members);
            // What fails leaves the others alone.
            Ok(match self.fitting(repair, &rows, &members) {
                Err(error) => {
                    own().map(|(at, _)| (at, fold, Err(error.to_string()))).collect::<Vec<_>>()
                }
                Ok(fitting) => {
                    let judged = self.judged_rows(fold, &fitting);
                    let course = |candidate| {
                        self.course(repair, candidate, &fitting, &judged).map_err(|e| e.to_string())
                    };
                    own().map(|(at, candidate)| (at, fold, course(candidate))).collect()
                }
            })
        })?;
        Ok(of_jobs.into_iter().flatten().collect())
    }

    /// Keeps the best of what was trained; see [`Self::train`].
    ///
    /// # Errors
    /// As [`Self::train`].
    pub(super) fn choose(
        &self,
        repair: Repair,
        dealing: Dealing,
        courses: &Courses,
    ) -> Result<Chosen, Error> {
        let members = self.dealt(dealing);
        let candidates = self.candidates(repair);
        let judge = hard(&members.held, self.grouping.groups.len())?;
        let mut tried: Vec<Tried> = Vec::new();
        let mut best: Option<(f64, usize)> = None;
        for (at, candidate) in candidates.iter().enumerate() {
            let own: Result<Vec<(Option<usize>, &Course)>, &String> = courses
                .iter()
                .filter(|(of, ..)| *of == at)
                .map(|(_, fold, course)| course.as_ref().map(|course| (*fold, course)))
                .collect();
            let one = self.judged(candidate, own, &judge);
            if one.error.is_none() {
                let score = self.score(one.worst_group, one.accuracy);
                if best.is_none_or(|(most, _)| score > most) {
                    best = Some((score, at));
                }
            }
            tried.push(one);
        }
        let Some((_, chosen)) = best else {
            let why = tried.into_iter().find_map(|one| one.error);
            let why = why.expect("what is not best has failed: by construction");
            return Err(Error::Usage(format!("{repair}: no head could be trained: {why}")));
        };
        let head = self.refit(repair, &candidates[chosen], tried[chosen].epoch, &members)?;
        Ok(Chosen { head, tried, chosen })
    }

    /// Heads of a repair, and about how many seconds they take: one of them is trained for it.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub(super) fn estimate(&self, repair: Repair) -> Result<(usize, f64), Error> {
        let members = self.dealt(Dealing::Found);
        let candidates = self.candidates(repair);
        let folds = self.count_of_folds();
        let heads: usize =
            candidates.iter().map(|c| if c.on.holds_out() { folds } else { 1 }).sum();
        // The middle one stands for those on fewer images and those on more.
        let Some(middle) = candidates.get(candidates.len() / 2) else { return Ok((0, 0.0)) };
        let fold = middle.on.holds_out().then_some(0);
        let (rows, members) = self.rows(middle.on, fold, &members);
        let start = Instant::now();
        // What fails here fails again, and is said then.
        if let Ok(fitting) = self.fitting(repair, &rows, &members) {
            let _ = self.course(repair, middle, &fitting, &self.judged_rows(fold, &fitting));
        }
        let one = start.elapsed().as_secs_f64();
        Ok((heads + 1, one * heads as f64 / self.threads.max(1) as f64))
    }

    fn candidates(&self, repair: Repair) -> Vec<Candidate> {
        candidates(repair, self.train.len(), self.held.len(), self.own, self.copies, self.seed)
    }

    fn count_of_folds(&self) -> usize {
        self.folds.iter().max().map_or(0, |most| most + 1)
    }

    /// Each set of images of the candidates once.
    fn jobs(&self, candidates: &[Candidate]) -> Vec<Job> {
        let mut sets: Vec<On> = candidates.iter().map(|candidate| candidate.on).collect();
        sets.dedup();
        let of = |on: On| match on.holds_out() {
            true => (0..self.count_of_folds()).map(|fold| (on, Some(fold))).collect(),
            false => vec![(on, None)],
        };
        sets.into_iter().flat_map(of).collect()
    }

    fn dealt(&self, dealing: Dealing) -> Members<'_> {
        Members {
            train: self.members(self.train, "train", dealing),
            held: self.members(self.held, "held-out", dealing),
        }
    }

    /// Rows to train on and their members: without a fold, or all.
    fn rows<'m>(
        &self,
        on: On,
        without: Option<usize>,
        members: &Members<'m>,
    ) -> (Cow<'_, Rows>, Vec<&'m Member>) {
        let kept: Vec<usize> =
            (0..self.held.len()).filter(|&row| without != Some(self.folds[row])).collect();
        let held = || self.held.select(&kept);
        let of_held = kept.iter().map(|&row| members.held[row]);
        match on {
            On::Train | On::TrainAndPool => (Cow::Borrowed(self.train), members.train.clone()),
            On::HeldOut => (Cow::Owned(held()), of_held.collect()),
            On::TrainAndHeldOut => (
                Cow::Owned(self.train.with(&held())),
                members.train.iter().copied().chain(of_held).collect(),
            ),
        }
    }

    /// The held-out rows that have no part in a training, in its standardised features.
    fn judged_rows(&self, fold: Option<usize>, fitting: &Fitting<'_>) -> Rows {
        let rows: Vec<usize> = (0..self.held.len())
            .filter(|&row| fold.is_none_or(|fold| fold == self.folds[row]))
            .collect();
        let mut out = self.held.select(&rows);
        fitting.standard().apply(out.values.view_mut());
        out
    }

    /// One head in the course of its epochs, on rows that had no part in it.
    fn course(
        &self,
        repair: Repair,
        candidate: &Candidate,
        fitting: &Fitting<'_>,
        judged: &Rows,
    ) -> Result<Course, Error> {
        let mut course = Vec::new();
        let last = candidate.recipe.options.epochs;
        fitting.fit(&candidate.recipe, &mut |epoch, head| {
            // It stops by itself: its last head is the one.
            if repair == Repair::LowestSpuriosity {
                course.clear();
            }
            if repair == Repair::LowestSpuriosity || is_kept(epoch, last) {
                let right = right(&head.logits(judged.values.view())?, &judged.labels);
                course.push((epoch, right.into_iter().map(|r| r > 0.5).collect()));
            }
            Ok(())
        })?;
        Ok(course)
    }

    /// The head of a setting after an epoch, trained on all of its images, for features as they are.
    fn refit(
        &self,
        repair: Repair,
        candidate: &Candidate,
        epoch: usize,
        members: &Members<'_>,
    ) -> Result<Head, Error> {
        let (rows, own) = self.rows(candidate.on, None, members);
        let mut recipe = candidate.recipe.clone();
        if repair != Repair::LowestSpuriosity {
            recipe.options.epochs = recipe.options.epochs.min(epoch + 1);
        }
        self.fitting(repair, &rows, &own)?.fit(&recipe, &mut |_, _| Ok(()))
    }

    /// The best epoch of a setting, over the rows of all folds.
    fn judged(
        &self,
        candidate: &Candidate,
        courses: Result<Vec<(Option<usize>, &Course)>, &String>,
        judge: &Groups,
    ) -> Tried {
        let held = self.held;
        let images = match candidate.on {
            On::Train | On::TrainAndPool => self.train.len(),
            On::HeldOut => held.len(),
            On::TrainAndHeldOut => self.train.len() + held.len(),
        };
        let mut out = Tried {
            on: candidate.on,
            images,
            recipe: candidate.recipe.clone(),
            epoch: 0,
            worst_group: None,
            accuracy: None,
            error: None,
        };
        let courses = match courses {
            Ok(courses) => courses,
            Err(error) => {
                out.error = Some(error.clone());
                return out;
            }
        };
        let epochs = courses.iter().map(|(_, course)| course.len()).min().unwrap_or(0);
        let mut best = f64::NEG_INFINITY;
        for at in 0..epochs {
            let mut right = vec![false; held.len()];
            for (fold, course) in &courses {
                let rows =
                    (0..held.len()).filter(|&row| fold.is_none_or(|fold| fold == self.folds[row]));
                rows.zip(&course[at].1).for_each(|(row, hit)| right[row] = *hit);
            }
            let (worst, accuracy) = worst_of(&right, judge);
            let score = self.score(worst, Some(accuracy));
            if score > best {
                best = score;
                out.epoch = courses[0].1[at].0;
                (out.worst_group, out.accuracy) = (worst, Some(accuracy));
            }
        }
        out
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
        // Every image of the data that has a row has been given a group; those of a pool have none.
        out.into_iter().flatten().collect()
    }
}

/// Accuracy of the worst group of those that are large enough, and over all.
fn worst_of(right: &[bool], groups: &Groups) -> (Option<f64>, f64) {
    let mut sums = vec![[0.0; 2]; groups.count()];
    for (row, &hit) in right.iter().enumerate() {
        for &(group, share) in groups.of(row) {
            sums[group][0] += f64::from(share) * f64::from(u8::from(hit));
            sums[group][1] += f64::from(share);
        }
    }
    let large = sums.iter().filter(|sum| sum[1] >= FEWEST).map(|sum| sum[0] / sum[1]);
    let worst = large.min_by(f64::total_cmp);
    let hits = right.iter().filter(|hit| **hit).count();
    (worst, hits as f64 / right.len().max(1) as f64)
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

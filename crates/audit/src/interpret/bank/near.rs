//! Whether a phrase is near to a group in itself, not only nearer than to the rest of its class.

use ndarray::{Array1, Array2, Axis};
use rand::seq::SliceRandom;
use rightly_stats::rng::keyed;

use super::{OfClass, inside};
use crate::interpret::unnamed::Subject;

/// Part of a kind's phrases that count as near to a picture, at least one.
const NEAR: f64 = 0.1;
/// Random groups, and how many of their means may come as near as the group's own.
const RANDOM: usize = 200;
const REACHED: usize = 2;
/// Most phrases that may say the same as another one.
const SAYING_THE_SAME: usize = 8;

/// The mean picture of a group's fitting images, and those of random groups of the same size from the same images.
pub(super) struct Nearest<'a> {
    of: &'a OfClass<'a>,
    fit: &'a Array2<f32>,
    mean: Array1<f32>,
    /// `[groups, d]`.
    random: Array2<f32>,
}

impl<'a> Nearest<'a> {
    pub(super) fn new(of: &'a OfClass<'a>, fit: &'a Array2<f32>, subject: &Subject) -> Self {
        let own = inside(&subject.fit);
        let mean = |rows: &[usize]| {
            let sum = fit.select(Axis(0), rows).sum_axis(Axis(0));
            sum / rows.len().max(1) as f32
        };
        let mut random = Array2::zeros((RANDOM, fit.ncols()));
        let mut order: Vec<usize> = (0..fit.nrows()).collect();
        let key = format!("{} {}", subject.class, subject.group);
        let mut rng = keyed(0, "random groups for words", &key, 0);
        for mut row in random.rows_mut() {
            let (drawn, _) = order.partial_shuffle(&mut rng, own.len());
            row.assign(&mean(drawn));
        }
        Self { mean: mean(&own), of, fit, random }
    }

    /// The mean picture of the group.
    pub(super) fn mean(&self) -> &Array1<f32> {
        &self.mean
    }

    /// Whether the phrase is among the nearest of its kind to the mean picture, and nearer than random groups' means come.
    pub(super) fn holds(&self, at: usize) -> bool {
        let score = |at: usize| self.mean.dot(&self.of.texts.row(at));
        let own = score(at);
        let text = self.of.texts.row(at);
        let reached = self.random.dot(&text).iter().filter(|&&score| score >= own).count();
        let kind = self.of.kind_of(at);
        if reached > REACHED || kind.len() < 2 {
            return false;
        }
        let places = (NEAR * kind.len() as f64).floor().max(1.0) as usize;
        let nearer: Vec<usize> = kind.iter().copied().filter(|&other| score(other) > own).collect();
        // Those that say the same of the pictures take no place; that many do is not the rule.
        nearer.len() < places
            || (nearer.len() < places + SAYING_THE_SAME
                && self.of.without_same(self.fit, at, &nearer).len() < places)
    }
}

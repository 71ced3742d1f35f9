//! Deep feature reweighting.
use super::groups::Groups;
use super::logistic::{L1Options, l1_logistic};
use super::measure::Measure;
use crate::ModelError;
use crate::heads::{Features, Head, Standard};
use ndarray::{Array2, Axis};
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use rightly_stats::rng::keyed;

/// What deep feature reweighting chose by.
///
/// As Kirichenko et al. 2023 (appendix B): features are standardised; the rows of each group are halved, an equal number of
/// each group is drawn from one half, and of the L1 logistic regressions on it the one is chosen whose worst group is best
/// on the other half. The head is the mean of refits with that strength, each on a fresh draw of equal groups from all
/// rows. Here the halves are cut within groups, so that small ones are in both. Soft groups count by their largest share.
#[derive(Debug, Clone, PartialEq)]
pub struct DfrChoice {
    /// The strength of the head.
    pub strength: f64,
    /// Accuracy of the worst group on the other half, for each strength in the order they were given.
    pub scores: Vec<(f64, f64)>,
    /// Rows of each group in a refit.
    pub rows_of_group: usize,
    /// Fits that stopped before they were within their tolerance.
    pub unfinished: usize,
}

/// The head and what it was chosen by.
pub(super) fn train(
    data: &Features<'_>,
    groups: &Groups,
    strengths: &[f64],
    refits: usize,
    seed: u64,
) -> Result<(Head, DfrChoice), ModelError> {
    if strengths.is_empty() || refits == 0 {
        return Err(ModelError::Head("'dfr' needs at least one strength and one refit".to_owned()));
    }
    let largest = groups.largest();
    let mut members = vec![Vec::new(); groups.count()];
    for (row, &group) in largest.iter().enumerate() {
        members[group].push(row);
    }
    // A group without rows is no data; one row can't be in both halves.
    if let Some(group) = members.iter().position(|rows| rows.len() == 1) {
        return Err(ModelError::Head(format!("group {group} has one row, 'dfr' needs at least 2")));
    }
    members.retain(|rows| !rows.is_empty());
    let standard = Standard::of(data.values);
    let mut values = data.values.to_owned();
    standard.apply(values.view_mut());
    let rows = Rows { values, data: *data };

    let mut fit_half = members.clone();
    for (at, rows) in fit_half.iter_mut().enumerate() {
        rows.shuffle(&mut keyed(seed, "head/dfr halves", "", at as u64));
    }
    let judge_half: Vec<usize> =
        fit_half.iter_mut().flat_map(|rows| rows.split_off(rows.len().div_ceil(2))).collect();
    let judged = rows.values.select(Axis(0), &judge_half);
    let labels: Vec<usize> = judge_half.iter().map(|&row| data.labels[row]).collect();
    let hard: Vec<usize> = judge_half.iter().map(|&row| largest[row]).collect();
    let hard = Groups::hard(&hard, groups.count())?;
    let balanced = equal(&fit_half, seed, 0);
    let mut unfinished = 0;
    // From the strongest penalty down each fit starts from the one before.
    let mut order: Vec<usize> = (0..strengths.len()).collect();
    order.sort_by(|&a, &b| strengths[a].total_cmp(&strengths[b]));
    let mut scores = vec![(0.0, 0.0); strengths.len()];
    let mut before: Option<Head> = None;
    for at in order {
        let (head, done) = rows.fit(&balanced, strengths[at], before.as_ref())?;
        unfinished += usize::from(!done);
        let logits = head.logits(judged.view())?;
        let worst = Measure::of(logits.view(), &labels, &hard, 1.0)?.worst_group();
        scores[at] = (strengths[at], worst.unwrap_or(f64::NAN));
        before = Some(head);
    }
    let mut best = 0;
    for at in 1..scores.len() {
        if scores[at].1 > scores[best].1 {
            best = at;
        }
    }
    let strength = scores[best].0;

    let fits: Vec<(Head, bool)> = (0..refits)
        .into_par_iter()
        .map(|refit| rows.fit(&equal(&members, seed, 1 + refit as u64), strength, before.as_ref()))
        .collect::<Result<_, _>>()?;
    unfinished += fits.iter().filter(|(_, done)| !done).count();
    let head = mean(fits.iter().map(|(head, _)| head))?.raw(&standard);
    let rows_of_group = members.iter().map(Vec::len).min().unwrap_or(0);
    Ok((head, DfrChoice { strength, scores, rows_of_group, unfinished }))
}

/// As many rows of each group as the smallest has.
fn equal(members: &[Vec<usize>], seed: u64, draw: u64) -> Vec<usize> {
    let least = members.iter().map(Vec::len).min().unwrap_or(0);
    let mut out = Vec::with_capacity(least * members.len());
    for (at, rows) in members.iter().enumerate() {
        let mut rows = rows.clone();
        rows.shuffle(&mut keyed(seed, "head/dfr draw", &at.to_string(), draw));
        out.extend(&rows[..least]);
    }
    out
}

struct Rows<'a> {
    /// Standardised.
    values: Array2<f32>,
    data: Features<'a>,
}

impl Rows<'_> {
    fn fit(
        &self,
        rows: &[usize],
        strength: f64,
        start: Option<&Head>,
    ) -> Result<(Head, bool), ModelError> {
        let values = self.values.select(Axis(0), rows);
        let labels: Vec<usize> = rows.iter().map(|&row| self.data.labels[row]).collect();
        let weights: Option<Vec<f32>> =
            self.data.weights.map(|weights| rows.iter().map(|&row| weights[row]).collect());
        let data = Features {
            values: values.view(),
            labels: &labels,
            weights: weights.as_deref(),
            classes: self.data.classes,
        };
        l1_logistic(&data, &L1Options { strength, ..L1Options::default() }, start)
    }
}

/// The linear head whose logits are the mean of these heads'.
fn mean<'a>(heads: impl ExactSizeIterator<Item = &'a Head>) -> Result<Head, ModelError> {
    let count = heads.len() as f32;
    let mut sum: Option<(Array2<f32>, Vec<f32>)> = None;
    for (weight, bias) in heads.filter_map(|head| head.layers().next()) {
        match &mut sum {
            None => sum = Some((weight.to_owned(), bias.to_vec())),
            Some((weights, biases)) => {
                *weights += &weight;
                biases.iter_mut().zip(bias).for_each(|(sum, b)| *sum += b);
            }
        }
    }
    let (mut weight, mut bias) =
        sum.ok_or_else(|| ModelError::Head("there are no heads to take the mean of".to_owned()))?;
    weight.mapv_inplace(|w| w / count);
    bias.iter_mut().for_each(|b| *b /= count);
    Head::linear(weight.view(), &bias)
}

//! DIM's `di_soft`: one head a group, mixed by soft labels.
use super::groups::Groups;
use super::train::{Detail, Observer, Trained};
use crate::ModelError;
use crate::heads::dense::Dense;
use crate::heads::rule::Rule;
use crate::heads::step::{
    Mean, Objective as _, gather, softmax_minus_one, step_is_finite, weighted,
};
use crate::heads::{Features, Head, HeadOptions, shuffled};
use ndarray::Array2;

/// Heads of all groups, new ones (as `torch.nn.Linear`) or copies of `start`, trained on the logits
/// `sum over k of s_k (W_k x + b_k)` for a row of soft label `s`; what is returned is their mean, which gives the mean of
/// their logits. A group without rows has no head: it would stay what it was and hold the mean back.
pub(super) fn train(
    data: &Features<'_>,
    groups: &Groups,
    start: Option<&Head>,
    options: &HeadOptions,
    observe: Observer<'_>,
) -> Result<Trained, ModelError> {
    let (inputs, classes) = (data.values.ncols(), data.classes);
    let mixes = format!("'di-soft' mixes linear heads of {inputs} features and {classes} classes");
    if let Some(hidden) = options.hidden {
        return Err(ModelError::Head(format!("{mixes}; a hidden layer of {hidden} is asked for")));
    }
    let groups = &groups.present();
    let starts: Vec<Dense> = match start.map(|head| &head.layers[..]) {
        None => (0..groups.count())
            .map(|k| Dense::uniform(inputs, classes, options.seed, &format!("domain {k}")))
            .collect(),
        Some([one]) if (one.inputs(), one.outputs()) == (inputs, classes) => {
            vec![one.clone(); groups.count()]
        }
        Some(layers) => {
            return Err(ModelError::Head(format!(
                "{mixes}; the head to start from has {} layers, the first of {} features",
                layers.len(),
                layers.first().map_or(0, Dense::inputs)
            )));
        }
    };
    let mut heads = Domains::new(&starts, inputs, classes);
    let mut rule = Rule::new(heads.stacked.len());
    let mut order = shuffled((0..data.labels.len()).collect(), options);
    let mut losses = Vec::with_capacity(options.epochs);
    let mut head = heads.mean();
    for epoch in 0..options.epochs {
        let order = order(epoch);
        let (mut total, mut steps) = (0.0, 0);
        for (step, rows) in order.chunks(options.batch.unwrap_or(order.len())).enumerate() {
            let (loss, gradient) = heads.gradient(data, groups, rows);
            step_is_finite(loss, step, epoch)?;
            rule.step(options.optimizer, heads.stacked.values_mut(), &gradient, options.rate);
            total += loss;
            steps += 1;
        }
        losses.push(total / f64::from(steps));
        head = heads.mean();
        observe(epoch, &head)?;
    }
    Ok(Trained { head, losses, detail: Detail::None })
}

/// The heads of all groups, one below the other in one layer.
pub(super) struct Domains {
    pub(super) stacked: Dense,
    classes: usize,
    count: usize,
}

impl Domains {
    /// Of the layer of each group, all of the same inputs and classes.
    pub(super) fn new(starts: &[Dense], inputs: usize, classes: usize) -> Self {
        let mut stacked = Dense::zeros(inputs, classes * starts.len());
        let own = inputs * classes;
        let (weights, biases) = stacked.values_mut().split_at_mut(own * starts.len());
        for (at, start) in starts.iter().enumerate() {
            let (weight, bias) = start.values().split_at(own);
            weights[at * own..][..own].copy_from_slice(weight);
            biases[at * classes..][..classes].copy_from_slice(bias);
        }
        Self { stacked, classes, count: starts.len() }
    }

    /// Loss of some rows and its gradient.
    pub(super) fn gradient(
        &self,
        data: &Features<'_>,
        groups: &Groups,
        rows: &[usize],
    ) -> (f64, Vec<f32>) {
        let input = gather(data.values, rows);
        let every = self.stacked.forward(input.view());
        let mut logits = Array2::zeros((rows.len(), self.classes));
        for ((mut into, from), &row) in logits.rows_mut().into_iter().zip(every.rows()).zip(rows) {
            for &(group, share) in groups.of(row) {
                let own = from.slice(ndarray::s![group * self.classes..(group + 1) * self.classes]);
                into.scaled_add(share, &own);
            }
        }
        let losses = softmax_minus_one(&mut logits, data.labels, rows);
        let shares = Mean(data.weights).shares(rows, &losses);
        let mut grad = every;
        grad.fill(0.0);
        let mut loss = 0.0;
        for (at, (&row, &weight)) in rows.iter().zip(&shares).enumerate() {
            loss += weighted(weight, losses[at]);
            for &(group, share) in groups.of(row) {
                let own = ndarray::s![at, group * self.classes..(group + 1) * self.classes];
                grad.slice_mut(own).scaled_add(share * weight as f32, &logits.row(at));
            }
        }
        (loss, self.stacked.gradient(input.view(), &grad))
    }

    /// One head whose logits are the mean of all groups'.
    pub(super) fn mean(&self) -> Head {
        let mut mean = Dense::zeros(self.stacked.inputs(), self.classes);
        let cut = self.stacked.inputs() * self.classes * self.count;
        let (weights, biases) = self.stacked.values().split_at(cut);
        let own = self.stacked.inputs() * self.classes;
        let (weight, bias) = mean.values_mut().split_at_mut(own);
        for (into, from) in [(weight, weights), (bias, biases)] {
            for part in from.chunks(into.len().max(1)) {
                into.iter_mut().zip(part).for_each(|(into, value)| *into += value);
            }
            into.iter_mut().for_each(|value| *value /= self.count as f32);
        }
        Head { layers: vec![mean] }
    }
}

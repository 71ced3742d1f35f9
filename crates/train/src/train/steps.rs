//! The steps of an epoch.
use super::Trainer;
use crate::batch::{epoch_pixels, values};
use crate::checkpoint::{Checkpoint, Within};
use crate::event::{TrainEvent, Trained};
use crate::net::{Net, Open, Part};
use crate::optim::{self, State};
use crate::order::Visit;
use crate::{TrainError, schedule};
use burn::tensor::Tensor;
use rightly_model::heads::robust::GroupRisk;
use std::time::{Duration, Instant};

/// Steps of so long are kept before the images are measured.
const BEFORE_MEASURING: Duration = Duration::from_secs(1);

impl Trainer<'_> {
    /// Trains for an epoch and measures every image.
    pub(super) fn epoch(
        &self,
        net: &mut Net,
        at: &mut Checkpoint,
        progress: &(dyn Fn(TrainEvent) + Sync),
    ) -> Result<(), TrainError> {
        let epoch = at.progress.epochs;
        let start = Instant::now();
        let batches = self.order.batches(epoch)?;
        progress(TrainEvent::EpochStarted { epoch, steps: batches.len() });
        let mut risk = self.risk(&at.progress.groups)?;
        let Within { step: first, loss: mut total } = at.progress.within;
        let count = batches.len();
        let mut kept = Instant::now();
        for (step, batch) in batches.iter().enumerate().skip(first) {
            let stopped = self.watch.stopped();
            if stopped || (step > first && kept.elapsed() >= self.watch.keep_every) {
                self.keep(net, at, risk.as_ref(), Within { step, loss: total })?;
                kept = Instant::now();
            }
            if stopped {
                return Err(TrainError::Interrupted);
            }
            let rate = schedule::rate(self.options, epoch * count + step, count);
            let loss = self.step(net, &mut at.state, batch, risk.as_mut(), epoch, rate);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step, loss });
            }
            total += loss;
            if at.progress.first_losses.len() < Trained::FIRST_LOSSES {
                at.progress.first_losses.push(loss);
            }
            progress(TrainEvent::Step { epoch, step, loss, rate });
        }
        let trained = Instant::now();
        // Measuring every image can take long as well.
        if kept.elapsed() >= BEFORE_MEASURING.min(self.watch.keep_every) || self.watch.stopped() {
            self.keep(net, at, risk.as_ref(), Within { step: count, loss: total })?;
        } else {
            self.take(net, at, risk.as_ref());
        }
        let record = self.close(at, epoch, total / count as f64)?;
        progress(TrainEvent::EpochEnded {
            record,
            train_seconds: (trained - start).as_secs_f64(),
            measure_seconds: trained.elapsed().as_secs_f64(),
        });
        if at.progress.stopped {
            progress(TrainEvent::StoppedEarly { best: at.progress.best });
        }
        Ok(())
    }

    /// The state as it is after some steps.
    fn take(&self, net: &Net, at: &mut Checkpoint, risk: Option<&GroupRisk>) {
        if let Some(risk) = risk {
            at.progress.groups = risk.weights().to_vec();
        }
        at.progress.steps = at.state.steps;
        at.weights = net.weights();
    }

    /// Keeps that state within an epoch.
    fn keep(
        &self,
        net: &Net,
        at: &mut Checkpoint,
        risk: Option<&GroupRisk>,
        within: Within,
    ) -> Result<(), TrainError> {
        self.take(net, at, risk);
        at.progress.within = within;
        at.save(&self.checkpoint())
    }

    /// Weights of the groups as they were, where the loss is theirs.
    fn risk(&self, weights: &[f64]) -> Result<Option<GroupRisk>, TrainError> {
        let (Some(options), Some(groups)) = (&self.options.groups, &self.groups) else {
            return Ok(None);
        };
        if !options.method.is_dro() {
            return Ok(None);
        }
        let failed = |error: rightly_model::ModelError| TrainError::Data(error.to_string());
        let mut risk = GroupRisk::new(groups.clone(), options.eta).map_err(failed)?;
        if !weights.is_empty() {
            risk.resume(weights.to_vec()).map_err(failed)?;
        }
        Ok(Some(risk))
    }

    /// Shares `[n, groups]` of some images, where logits are mixed by them.
    fn mixing(&self, visits: &[Visit]) -> Option<Vec<f32>> {
        let (count, groups) = (self.layers, self.groups.as_ref()?);
        if count == 1 {
            return None;
        }
        let mut shares = vec![0.0; visits.len() * count];
        for (row, visit) in shares.chunks_exact_mut(count).zip(visits) {
            groups.of(visit.at).iter().for_each(|&(group, share)| row[group] = share);
        }
        Some(shares)
    }

    /// One step; returns the loss of its batch before it.
    fn step(
        &self,
        net: &mut Net,
        state: &mut State,
        batch: &[Visit],
        risk: Option<&mut GroupRisk>,
        epoch: usize,
        rate: f32,
    ) -> f64 {
        let set = self.train.set;
        let weight = |visit: &Visit| f64::from(self.class_weights[set.labels[visit.at]]);
        let open = |visits: &[Visit]| -> Open {
            let labels: Vec<usize> = visits.iter().map(|visit| set.labels[visit.at]).collect();
            let pixels = epoch_pixels(set, visits, self.options, epoch);
            let images = values(&pixels, set.image_len(), &self.normaliser);
            net.open(images, set.size, &labels, self.mixing(visits))
        };
        let cuts = parts(batch.len(), self.options.replicas);
        let done: Vec<Part> = match risk {
            None => {
                let whole: f64 = batch.iter().map(weight).sum();
                let share = |visit: &Visit| (weight(visit) / whole) as f32;
                cuts.into_iter()
                    .map(|range| {
                        let own = &batch[range];
                        open(own).back(own.iter().map(share).collect())
                    })
                    .collect()
            }
            // The groups' weights depend on the losses of the whole batch.
            Some(risk) => {
                let opened: Vec<Open> =
                    cuts.iter().map(|range| open(&batch[range.clone()])).collect();
                let losses: Vec<f64> = opened.iter().flat_map(Open::losses).collect();
                let rows: Vec<usize> = batch.iter().map(|visit| visit.at).collect();
                let shares = risk.shares(&rows, &losses);
                let back = |(open, range): (Open, std::ops::Range<usize>)| {
                    open.back(shares[range].iter().map(|&share| share as f32).collect())
                };
                opened.into_iter().zip(cuts).map(back).collect()
            }
        };
        let loss = done.iter().map(|part| f64::from(part.loss.clone().into_scalar::<f32>())).sum();
        let moments: Vec<Vec<Tensor<1>>> = done.iter().map(|part| part.moments.clone()).collect();
        net.update_running(&moments);
        let mut gradients = done.into_iter().map(|part| part.gradients);
        let mut sum = gradients.next().expect("a batch has a part at least");
        for next in gradients {
            sum = sum.into_iter().zip(next).map(|(a, b)| a + b).collect();
        }
        if let Some(limit) = self.options.clip {
            optim::clip(&mut sum, limit);
        }
        optim::step(self.options.optimizer, state, &mut net.trained, sum, rate);
        loss
    }
}

/// `count` images cut into parts whose sizes differ by one at most, none below two where that can be.
fn parts(count: usize, replicas: usize) -> Vec<std::ops::Range<usize>> {
    let parts = replicas.min(count / 2).max(1);
    (0..parts).map(|part| part * count / parts..(part + 1) * count / parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_and_whole() {
        assert_eq!(parts(10, 3), [0..3, 3..6, 6..10]);
        assert_eq!(parts(5, 2), [0..2, 2..5]);
        assert_eq!(parts(3, 2).len(), 1);
    }
}

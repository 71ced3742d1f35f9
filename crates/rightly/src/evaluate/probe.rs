//! The model asked about a picture: from planes to an outcome.

use rightly_data::{Planes, Sample};
use rightly_model::{Classifier, Forward};

use super::rows::Outcome;
use crate::{Error, Inputs, inputs::Outputs, subject::Picture};

/// Model and label map, as every measure uses them.
pub(crate) struct Probe<'a> {
    inputs: &'a Inputs,
    /// Outputs that take part in the argmax and the softmax; `None` = all.
    mapped: Option<Vec<usize>>,
}

/// A photograph with its clean forward pass.
pub(crate) struct Subject<'a> {
    pub(crate) sample: &'a Sample,
    pub(crate) picture: Picture,
    pub(crate) planes: Planes,
    pub(crate) clean: Forward,
    pub(crate) outcome: Outcome,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(inputs: &'a Inputs) -> Self {
        let mapped = (inputs.options.outputs == Outputs::Mapped).then(|| {
            let mut all: Vec<usize> = inputs.label_map.outputs.iter().flatten().copied().collect();
            all.sort_unstable();
            all.dedup();
            all
        });
        Self { inputs, mapped }
    }

    pub(crate) fn inputs(&self) -> &'a Inputs {
        self.inputs
    }

    pub(crate) fn classifier(&self) -> &'a Classifier {
        &self.inputs.classifier
    }

    /// Outputs that count as right for a class.
    pub(crate) fn right(&self, class: usize) -> &'a [usize] {
        &self.inputs.label_map.outputs[class]
    }

    /// The forward pass of a picture.
    pub(crate) fn forward(&self, planes: &Planes, tap: bool) -> Result<Forward, Error> {
        let input = self.inputs.loader.preprocess().normalise(planes);
        Ok(self.classifier().forward(&input, tap)?)
    }

    /// What the model says to a picture of `class`; `None` where a logit is not finite.
    pub(crate) fn see(&self, class: usize, planes: &Planes) -> Result<Option<Outcome>, Error> {
        Ok(self.judge(class, &self.forward(planes, false)?.logits))
    }

    /// From logits to an outcome; `None` where a logit is not finite.
    pub(crate) fn judge(&self, class: usize, logits: &[f32]) -> Option<Outcome> {
        let probabilities = self.probabilities(logits)?;
        // The first of equal maxima, so that ties do not depend on the order of evaluation.
        let output = self.argmax(logits);
        let right = self.right(class);
        let sum: f64 = right.iter().map(|&o| probabilities[o]).sum();
        let confidence = sum.min(1.0);
        Some(Outcome {
            output: output as u32,
            correct: right.contains(&output),
            confidence: confidence as f32,
            loss: -(confidence.max(f64::from(f32::MIN_POSITIVE)).ln()) as f32,
        })
    }

    /// Softmax over the outputs that take part, 0 elsewhere; `None` where a logit is not finite.
    pub(crate) fn probabilities(&self, logits: &[f32]) -> Option<Vec<f64>> {
        if logits.iter().any(|l| !l.is_finite()) {
            return None;
        }
        let top = f64::from(logits[self.argmax(logits)]);
        let mut out = vec![0.0; logits.len()];
        let mut total = 0.0;
        self.each(logits, |o, l| {
            let e = (f64::from(l) - top).exp();
            out[o] = e;
            total += e;
        });
        for p in &mut out {
            *p /= total;
        }
        Some(out)
    }

    fn argmax(&self, logits: &[f32]) -> usize {
        let mut best = (0, f32::NEG_INFINITY);
        self.each(logits, |o, l| {
            if l > best.1 {
                best = (o, l);
            }
        });
        best.0
    }

    fn each(&self, logits: &[f32], mut f: impl FnMut(usize, f32)) {
        match &self.mapped {
            None => logits.iter().enumerate().for_each(|(o, &l)| f(o, l)),
            Some(mapped) => mapped.iter().for_each(|&o| f(o, logits[o])),
        }
    }
}

//! The model asked about a picture: from planes to an outcome.

use rightly_data::Planes;
use rightly_model::{Classifier, Forward, OutputKind};
use serde::{Deserialize, Serialize};

use crate::{Error, Inputs, inputs::Outputs};

/// What the model said to one picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Argmax.
    pub output: u32,
    /// Whether that output counts as right for the class.
    pub correct: bool,
    /// Sum of the probabilities of the class's outputs.
    pub confidence: f32,
    /// Minus the logarithm of the confidence.
    pub loss: f32,
}

/// Model and label map, as every measure uses them.
pub(crate) struct Predictor<'a> {
    inputs: &'a Inputs,
    /// Outputs that take part in the argmax and the softmax; `None` = all.
    mapped: Option<Vec<usize>>,
}

/// How far outside of 0 to 1 a probability may lie by rounding.
const ROUNDING: f32 = 1e-4;

/// What a model says of one picture.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) logits: Vec<f32>,
    /// The output itself, where it holds probabilities; see [`Forward::probabilities`].
    pub(crate) probabilities: Option<Vec<f32>>,
}

impl Answer {
    /// The values whose largest is the model's answer.
    pub(crate) fn given(&self) -> &[f32] {
        self.probabilities.as_deref().unwrap_or(&self.logits)
    }
}

impl From<Forward> for Answer {
    fn from(forward: Forward) -> Self {
        Self { logits: forward.logits, probabilities: forward.probabilities }
    }
}

impl<'a> Predictor<'a> {
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

    /// What the model says to a picture of `class`; `None` where it says nothing that can be used.
    pub(crate) fn see(&self, class: usize, planes: &Planes) -> Result<Option<Outcome>, Error> {
        Ok(self.judge(class, &self.forward(planes, false)?.into()))
    }

    /// From an answer to an outcome; `None` where a value is not finite, or a probability is none.
    pub(crate) fn judge(&self, class: usize, answer: &Answer) -> Option<Outcome> {
        let probabilities = self.probabilities(answer)?;
        // The first of equal maxima, so that ties do not depend on the order of evaluation.
        let output = self.argmax(answer.given());
        let right = self.right(class);
        let own = right.iter().map(|&o| probabilities[o]);
        let confidence = match self.classifier().output_kind() {
            // Each is a probability by itself: their sum would be none.
            OutputKind::Independent => own.fold(0.0, f64::max),
            OutputKind::Logits | OutputKind::Probabilities => own.sum(),
        };
        let confidence = confidence.min(1.0);
        Some(Outcome {
            output: output as u32,
            correct: right.contains(&output),
            confidence: confidence as f32,
            loss: -(confidence.max(f64::from(f32::MIN_POSITIVE)).ln()) as f32,
        })
    }

    /// Probabilities of the outputs that take part, 0 elsewhere: the model's own where its output holds them, else the
    /// softmax of the logits. `None` where a value is not finite, or a probability is none.
    pub(crate) fn probabilities(&self, answer: &Answer) -> Option<Vec<f64>> {
        match &answer.probabilities {
            Some(given) => self.given(&answer.logits, given),
            None => self.softmax(&answer.logits),
        }
    }

    fn given(&self, logits: &[f32], given: &[f32]) -> Option<Vec<f64>> {
        let inside = |p: &f32| p.is_finite() && (-ROUNDING..=1.0 + ROUNDING).contains(p);
        if !given.iter().all(inside) || logits.iter().any(|l| l.is_nan()) {
            return None;
        }
        let mut out = vec![0.0; given.len()];
        self.each(given, |o, p| out[o] = f64::from(p.clamp(0.0, 1.0)));
        // Of some outputs of one distribution: their shares among themselves.
        if self.mapped.is_some() && self.classifier().output_kind() == OutputKind::Probabilities {
            let total: f64 = out.iter().sum();
            if total == 0.0 {
                return None;
            }
            out.iter_mut().for_each(|p| *p /= total);
        }
        Some(out)
    }

    fn softmax(&self, logits: &[f32]) -> Option<Vec<f64>> {
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

    /// Why an answer can't be used.
    pub(crate) fn unusable(&self) -> &'static str {
        match self.classifier().output_kind() {
            OutputKind::Logits => "the model's outputs are not finite",
            _ => "the model's outputs are not finite, or no probabilities",
        }
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

//! A suspected cue laid over every picture, and its control without the pattern.

use super::{Measure, Predictor, Subject};
use crate::{
    Error, Inputs,
    evaluate::{
        options::EvaluateOptions,
        rows::{Entry, OverlayRow, Risen, Row},
    },
    measures::overlay::Overlay,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;

pub(super) struct Overlays {
    /// Each pattern with its control, scaled to the input.
    overlays: Vec<[Overlay; 2]>,
    key: String,
}

impl Overlays {
    pub(super) fn new(inputs: &Inputs, options: &EvaluateOptions) -> Result<Self, Error> {
        let [height, width] = inputs.classifier.input_size();
        let mut overlays = Vec::new();
        let mut key = String::new();
        for (at, (name, path)) in options.overlays.iter().enumerate() {
            if name.contains(['/', '\\']) {
                return Err(Error::Usage(format!(
                    "the overlay '{name}': a name has no slash; it is a part of the names of conditions"
                )));
            }
            if options.overlays[..at].iter().any(|(known, _)| known == name) {
                return Err(Error::Usage(format!("two overlays are called '{name}'")));
            }
            let pattern = Overlay::load(name, path, inputs.loader.decode())?;
            key += &format!("{name}:{};", blake3::hash(&pattern.rgba).to_hex());
            let control = pattern.control();
            overlays.push([pattern.fit(height, width), control.fit(height, width)]);
        }
        Ok(Self { overlays, key })
    }
}

impl Measure for Overlays {
    fn name(&self) -> &'static str {
        "overlay"
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn forwards(&self) -> usize {
        2 * self.overlays.len()
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
        let Some(clean) = probe.probabilities(&subject.clean) else {
            return Ok(Entry::none());
        };
        let rise = |overlay: &Overlay| -> Result<Option<Risen>, Error> {
            let answer = probe.forward(&overlay.apply(&subject.planes)?, false)?.into();
            let (Some(outcome), Some(probabilities)) =
                (probe.judge(subject.sample.class, &answer), probe.probabilities(&answer))
            else {
                return Ok(None);
            };
            Ok(Some(Risen {
                outcome,
                logits: answer
                    .logits
                    .iter()
                    .zip(&subject.clean.logits)
                    .map(|(a, b)| a - b)
                    .collect(),
                probabilities: probabilities
                    .iter()
                    .zip(&clean)
                    .map(|(a, b)| (a - b) as f32)
                    .collect(),
            }))
        };
        let overlays = self
            .overlays
            .iter()
            .map(|[pattern, control]| Ok([rise(pattern)?, rise(control)?]))
            .collect::<Result<_, Error>>()?;
        Ok(Entry::of(Row::Overlay(OverlayRow { overlays })))
    }
}

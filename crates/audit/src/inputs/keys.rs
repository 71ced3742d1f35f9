//! Keys of inputs: everything in them that decides a result.

use std::sync::atomic::AtomicBool;

use super::{Inputs, NAME, samples::fingerprint};
use crate::{Error, VERSION, run::Key, workers};

impl Inputs {
    /// A key of everything in the inputs that decides a prediction.
    ///
    /// # Errors
    /// Where a part of it can't be written out.
    pub(crate) fn key(&self) -> Result<String, Error> {
        let o = &self.options;
        let key = Key::new(NAME, self.revisions.of(NAME))
            .with("version", VERSION)?
            .with("model", self.classifier.hash())?
            .with("card", self.classifier.card())?
            .with("label map", &self.label_map.outputs)?
            .with("engine", &self.classifier.engine().version())?
            .with("outputs", &o.outputs)?
            .with("masks", &(o.mask_sampling, o.mask_resize, &self.dataset.mask_options))?
            .with("decoding", &(o.as_stored, o.max_pixels, o.max_bytes, o.background))?;
        Ok(key.finish())
    }

    /// A key of some samples: their ids, classes, images and masks.
    ///
    /// # Errors
    /// Where what a mask is made of can't be written out.
    pub(crate) fn selection_key(&self, samples: &[usize]) -> Result<String, Error> {
        let known = self.fingerprints()?;
        let of = |&at: &usize| {
            let sample = &self.dataset.samples[at];
            (&sample.id, sample.class, &known[at])
        };
        let rows: Vec<_> = samples.iter().map(of).collect();
        Ok(Key::new("images", self.revisions.of(NAME)).with("images", &rows)?.finish())
    }

    /// Of each sample what its image and mask are, short.
    pub(super) fn fingerprints(&self) -> Result<&[[u8; 16]], Error> {
        if let Some(known) = self.fingerprints.get() {
            return Ok(known);
        }
        let samples = &self.dataset.samples;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let never = AtomicBool::new(false);
        let own = workers::ordered(samples.len(), threads, &never, |at| {
            fingerprint(&samples[at], self.options.verify)
        })?;
        Ok(self.fingerprints.get_or_init(|| own))
    }
}

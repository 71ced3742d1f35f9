//! Whether a head is the one that a network has.
use super::Encoder;
use crate::ModelError;
use crate::heads::Head;
use ndarray::ArrayView2;

impl Encoder {
    /// Largest difference between the logits of the audited classifier and those that `head` makes of its features, over
    /// some pictures (`[3, H, W]` each), as a share of the logit where that is above 1. Below 1e-4 a head that was written
    /// into a model is the one that was trained; not a number where a logit is none.
    ///
    /// # Errors
    /// As [`Encoder::encode`]; [`ModelError::Invalid`] where the encoder gives no logits (it is no audited classifier's),
    /// or there are other than the head's, or no pictures; [`ModelError::Head`] where the head takes other features.
    pub fn head_difference<'a>(
        &self,
        head: &Head,
        pictures: impl IntoIterator<Item = &'a [f32]>,
    ) -> Result<f32, ModelError> {
        let mut largest: Option<f32> = None;
        for picture in pictures {
            let encoding = self.encode(picture, false)?;
            let logits = encoding.logits.ok_or_else(|| {
                self.invalid("it is no audited classifier, so that it gives no logits".to_owned())
            })?;
            let features = ArrayView2::from_shape((1, encoding.vector.len()), &encoding.vector);
            let features = features.map_err(|error| self.invalid(error.to_string()))?;
            let made = head.logits(features)?;
            if made.len() != logits.len() {
                return Err(self.invalid(format!(
                    "{} logits where the head has {} classes",
                    logits.len(),
                    made.len()
                )));
            }
            for (made, logit) in made.iter().zip(&logits) {
                let off = (made - logit).abs() / logit.abs().max(1.0);
                if largest.is_none_or(|most| off > most || off.is_nan()) {
                    largest = Some(off);
                }
            }
        }
        largest.ok_or_else(|| self.invalid("no pictures to compare logits on".to_owned()))
    }
}

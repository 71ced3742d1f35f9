//! What a first look at real pictures needs of a classifier.
use super::open::plain_session_of;
use super::{Classifier, Forward};
use crate::ModelError;
use rightly_onnx::engine::{Session, Value};

/// The same graph on the same engine, each operator run as it stands.
pub struct Unoptimised<'a> {
    classifier: &'a Classifier,
    session: Box<dyn Session>,
}

impl Unoptimised<'_> {
    /// As [`Classifier::forward`], without the tap.
    ///
    /// # Errors
    /// As [`Classifier::forward`].
    pub fn forward(&self, input: &[f32]) -> Result<Forward, ModelError> {
        let classifier = self.classifier;
        let names = classifier.readout.values();
        let value = Value::F32(classifier.arrange(input)?);
        let values = self.session.run(&[(classifier.card.input.as_str(), value)], &names)?;
        let (logits, probabilities) = classifier.read(values.into_iter())?;
        Ok(Forward { logits, probabilities, tap: None })
    }
}

impl Classifier {
    /// The same graph on the same engine without its optimisations, for a second opinion.
    ///
    /// # Errors
    /// As [`crate::EngineKind::load`].
    pub fn without_optimisations(&self) -> Result<Unoptimised<'_>, ModelError> {
        let session = plain_session_of(&self.graph, &self.readout.values(), self.engine)?;
        Ok(Unoptimised { classifier: self, session })
    }

    /// Whether real pictures may show that the output does not hold what it was taken for: operators don't say it.
    pub fn output_is_open(&self) -> bool {
        self.readout.undecided
    }

    /// Holds what the output was taken for against what it gave for real pictures.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] with what contradicts it.
    pub fn confirm(&self, forwards: &[Forward]) -> Result<(), ModelError> {
        self.readout.confirm(&self.graph, forwards)
    }
}

//! What is no number in the first images, where it hides behind an answer.

use rightly_model::{Classifier, ModelError};

use crate::Error;

/// Images that are searched for what is no number.
const SEARCHED: usize = 2;

/// Says which of the first images lose what is no number on their way to an answer.
///
/// # Errors
/// Where all of them do: then no answer means anything.
pub(super) fn spoilt(
    classifier: &Classifier,
    inputs: &[(String, Vec<f32>)],
) -> Result<Option<String>, Error> {
    let searched = &inputs[..inputs.len().min(SEARCHED)];
    let images: Vec<&[f32]> = searched.iter().map(|(_, input)| input.as_slice()).collect();
    let found = classifier.spoilt(&images)?;
    let first = searched.iter().zip(&found).find_map(|((image, _), what)| {
        what.as_ref().map(|what| format!("for image '{image}' the value {what}"))
    });
    let Some(first) = first else { return Ok(None) };
    if found.iter().all(Option::is_some) {
        return Err(Error::Model(ModelError::Invalid {
            path: classifier.path().to_owned(),
            message: format!(
                "{first}, and so it is for every image that was looked at: what the model answers means nothing; \
                 check its weights and the preprocessing"
            ),
        }));
    }
    Ok(Some(format!("{first}: what the model answers to it means nothing")))
}

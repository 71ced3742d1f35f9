//! Judged by people: a votes file names the features of a class, and which are spurious.

use std::path::Path;

use rightly_data::{DataError, votes::read_votes};

use super::Judgement;
use crate::{Error, Inputs, rank::choose::Important};

/// Features and judgements of each class of the data. A row belongs to the class of that name, or to the one whose
/// output its `class_index` is.
///
/// # Errors
/// The file can't be read, belongs to no class of the data, or names a feature that the encoder does not have.
pub(in crate::rank) fn by_votes(
    path: &Path,
    inputs: &Inputs,
    dim: usize,
) -> Result<Vec<Vec<(Important, Judgement)>>, Error> {
    let invalid = |message: String| Error::Data(DataError::invalid(path, message));
    let votes = read_votes(path)?;
    let classes = &inputs.dataset.classes;
    let mut out = vec![Vec::new(); classes.len()];
    for vote in &votes {
        let named = classes.iter().position(|c| *c == vote.class);
        let class = named.or_else(|| {
            let index = vote.class_index?;
            inputs.label_map.outputs.iter().position(|outputs| outputs.contains(&index))
        });
        let Some(class) = class else { continue };
        if vote.feature >= dim {
            return Err(invalid(format!(
                "class '{}': feature {} is not among the {dim} features; votes belong to the encoder that they were \
                 cast for (--encoder)",
                vote.class, vote.feature
            )));
        }
        let important = Important { feature: vote.feature, importance: None };
        out[class].push((important, Judgement::plain(Some(vote.spurious))));
    }
    if out.iter().all(Vec::is_empty) {
        return Err(invalid(format!(
            "none of its classes is a class of the data ('{}', …)",
            classes.first().map_or("", String::as_str)
        )));
    }
    Ok(out)
}

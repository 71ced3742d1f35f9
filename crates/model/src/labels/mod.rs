//! Which outputs count as right for a class.
mod file;
mod matching;

use crate::{Classifier, ModelError};
use std::path::Path;

/// For each class of the dataset, the outputs that count as right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    /// `outputs[class]`, ascending, never empty.
    pub outputs: Vec<Vec<usize>>,
}

impl LabelMap {
    /// From `class,output` rows (an output by its index or its label), or by matching class names or wnids to the labels;
    /// what can't be matched is an error that lists it.
    ///
    /// A label line `a, b` matches either synonym; upper and lower case, spaces, hyphens and underscores are the same.
    /// A dataset whose classes are exactly the outputs' indices (`0`, `1`, …) needs no labels.
    ///
    /// # Errors
    /// [`ModelError::Invalid`]: a class that is missing in the file or matches no label, a name that fits two outputs,
    /// an output that is no index of the model.
    pub fn resolve(
        classes: &[String],
        file: Option<&Path>,
        classifier: &Classifier,
    ) -> Result<Self, ModelError> {
        let labels = classifier.has_labels().then(|| classifier.labels());
        match file {
            Some(path) => Self::from_file(classes, path, labels, classifier.outputs()),
            None => Self::by_name(classes, labels, classifier.outputs(), classifier.path()),
        }
    }

    /// From `class,output` rows; an output is named by its index or, where there are `labels`, by its label.
    ///
    /// # Errors
    /// As [`LabelMap::resolve`].
    pub fn from_file(
        classes: &[String],
        path: &Path,
        labels: Option<&[String]>,
        outputs: usize,
    ) -> Result<Self, ModelError> {
        file::read(classes, path, labels, outputs)
    }

    /// By matching names; `model` names the file in messages.
    ///
    /// # Errors
    /// As [`LabelMap::resolve`].
    pub fn by_name(
        classes: &[String],
        labels: Option<&[String]>,
        outputs: usize,
        model: &Path,
    ) -> Result<Self, ModelError> {
        matching::match_names(classes, labels, outputs)
            .map_err(|message| ModelError::Invalid { path: model.to_owned(), message })
    }
}

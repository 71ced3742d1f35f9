//! Which outputs count as right for a class.
use crate::{Classifier, ModelError};
use std::path::Path;
/// For each class of the dataset, the outputs that count as right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    /// `outputs[class]`, ascending, never empty.
    pub outputs: Vec<Vec<usize>>,
}
impl LabelMap {
    /// From `class,output` rows, or by matching class names or wnids to the labels; what can't be matched is an error that lists it.
    pub fn resolve(
        classes: &[String],
        file: Option<&Path>,
        classifier: &Classifier,
    ) -> Result<Self, ModelError> {
        let _ = (classes, file, classifier);
        todo!()
    }
}

/// Names that differ least from `name`, closest first, at most `count` (an edit distance up to a third of its length).
pub(crate) fn close_names<'a>(
    name: &str,
    names: impl Iterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let _ = (name, names, count);
    Vec::new()
}

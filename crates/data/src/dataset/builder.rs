//! A dataset while it is being read: class names are interned, problems collected.
use super::{Dataset, ImageSource, Sample};
use crate::{DataError, MaskSource, Problem, names::name_key};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) data: Dataset,
    by_name: HashMap<String, usize>,
    /// Classes keep their order and stay even without samples (a layout's own list).
    fixed: bool,
    /// First path that was looked for in vain, for the error where nothing is usable.
    pub(super) first_missing: Option<PathBuf>,
}

/// What another crate has read: its classes may be in any order, as those of a draft.
impl From<Dataset> for Builder {
    fn from(data: Dataset) -> Self {
        Self { data, ..Self::default() }
    }
}

impl Builder {
    /// A draft whose classes are a fixed list.
    pub(super) fn with_classes<'a>(classes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut draft = Self { fixed: true, ..Self::default() };
        for class in classes {
            draft.class(class);
        }
        draft
    }
    /// Index of a class, new where it was not seen yet.
    pub(super) fn class(&mut self, name: &str) -> usize {
        let key = name_key(name);
        if let Some(&index) = self.by_name.get(&key) {
            return index;
        }
        let index = self.data.classes.len();
        self.data.classes.push(key.clone());
        self.by_name.insert(key, index);
        index
    }
    pub(super) fn problem(
        &mut self,
        image: impl Into<String>,
        problem: impl Into<String>,
        action: impl Into<String>,
    ) {
        self.data.problems.push(problem_row(image, problem, action));
    }
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        self.data.notes.push(sentence.into());
    }
    /// A plain sample: no captions, group or attributes.
    pub(super) fn sample(
        &mut self,
        id: String,
        path: PathBuf,
        class: usize,
        split: Option<String>,
        mask: Option<PathBuf>,
    ) {
        self.data.samples.push(Sample {
            id,
            image: ImageSource::File(path),
            class,
            mask: mask.map(MaskSource::File),
            split,
            captions: Vec::new(),
            group: None,
            attributes: Vec::new(),
            parts: Vec::new(),
        });
    }
    pub(super) fn sort_samples(&mut self) {
        self.data.samples.sort_by(|a, b| a.id.cmp(&b.id));
    }
    /// Keeps the first `n` of each class and split.
    pub(super) fn limit(&mut self, n: usize) {
        let mut seen: HashMap<(usize, Option<String>), usize> = HashMap::new();
        let before = self.data.samples.len();
        self.data.samples.retain(|s| {
            let count = seen.entry((s.class, s.split.clone())).or_default();
            *count += 1;
            *count <= n
        });
        let kept = self.data.samples.len();
        self.note(format!(
            "--limit {n}: {kept} of {before} images, the first {n} of each class and split."
        ));
    }
    /// Sorts the classes by name and drops those without samples, unless their list is fixed.
    pub(super) fn finish(self) -> Dataset {
        let mut data = self.data;
        if !self.fixed {
            let mut used = vec![false; data.classes.len()];
            for sample in &data.samples {
                used[sample.class] = true;
            }
            let order: BTreeMap<&str, usize> = data
                .classes
                .iter()
                .enumerate()
                .filter(|(i, _)| used[*i])
                .map(|(i, name)| (name.as_str(), i))
                .collect();
            let mut moved = vec![usize::MAX; data.classes.len()];
            for (new, (_, &old)) in order.iter().enumerate() {
                moved[old] = new;
            }
            let classes = order.keys().map(|&name| name.to_owned()).collect();
            for sample in &mut data.samples {
                sample.class = moved[sample.class];
            }
            data.classes = classes;
        }
        data
    }
    /// The error of a dataset without a single usable image: what was looked for, what is wrong.
    pub(super) fn nothing_usable(&self, data: &Path) -> DataError {
        let mut message = String::from("no usable image");
        if let Some(path) = &self.first_missing {
            message += &format!(
                "; looked first for {} (paths are relative to the folder of the table or layout)",
                path.display()
            );
        } else if let Some(first) = self.data.problems.first() {
            message += &format!("; first problem: {}: {}", first.image, first.problem);
        }
        DataError::invalid(data, message)
    }
}

pub(super) fn problem_row(
    image: impl Into<String>,
    problem: impl Into<String>,
    action: impl Into<String>,
) -> Problem {
    Problem {
        image: image.into(),
        stage: "data".to_owned(),
        problem: problem.into(),
        action: action.into(),
    }
}

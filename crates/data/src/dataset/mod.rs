//! A labelled set of photographs: class folders, tables, and known layouts.

mod attributes;
mod breeds;
mod builder;
mod checks;
mod cifar;
mod coco;
mod files;
mod folder;
mod hugging_face;
mod imagenet;
mod layouts;
mod mask_folder;
mod rival10;
mod source;
mod split;
mod stored;
mod synsets;
mod table_file;
#[cfg(test)]
mod tests;
mod text_table;
mod tree;
mod unlabelled;

use crate::{
    DataError, MaskSource, Problem,
    mask::{MaskOptions, MaskSurvey},
};
pub use attributes::{Attribute, AttributeKind, MAX_PLAIN_NUMBERS, NUMBER_BINS, typed_attributes};
pub use layouts::Kind;
pub use source::{ImageSource, file_state};
pub use split::{deal, is_split_name};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
pub use stored::StoredImage;
pub use text_table::Rows as TextTable;
pub use unlabelled::{UnlabelledImage, unlabelled};

/// One labelled photograph.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The image's path as the table or folder gives it, `/`-separated; unique.
    pub id: String,
    /// Pixels.
    pub image: ImageSource,
    /// Index into `Dataset::classes`.
    pub class: usize,
    /// Mask, where there is one.
    pub mask: Option<MaskSource>,
    /// `train`, `val`, `test`, `intervention`, …
    pub split: Option<String>,
    /// Captions.
    pub captions: Vec<String>,
    /// Known subgroup.
    pub group: Option<String>,
    /// Values of `Dataset::attributes`, in that order.
    pub attributes: Vec<Option<String>>,
    /// Masks of `Dataset::parts`, in that order; empty where the data has none.
    pub parts: Vec<Option<MaskSource>>,
}

/// A dataset in a fixed order.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// What was opened, as it was given: for messages.
    pub given: PathBuf,
    /// Class names. Those without any sample are left out, except in layouts with a fixed list.
    pub classes: Vec<String>,
    /// Samples in the order of the table or of sorted paths.
    pub samples: Vec<Sample>,
    /// Names of the attribute columns (the cluster column among them).
    pub attributes: Vec<String>,
    /// Names of the parts of objects (ears, wheels) that have masks of their own.
    pub parts: Vec<String>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What was understood and decided, a sentence each, for the user.
    pub notes: Vec<String>,
    /// Mask values in force (from the user, or from the values seen).
    pub mask_options: MaskOptions,
    /// What the mask files hold, where there are any.
    pub mask_survey: Option<MaskSurvey>,
    /// Label map that comes with a layout: class index to ImageNet outputs.
    pub outputs: Option<Vec<Vec<usize>>>,
}

/// Whether images with the same bytes in two splits are looked for (their files are read once).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Where there are at most 200,000 images; else a note says that it was left out.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to open a dataset.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Mirrored folder of masks.
    pub masks: Option<PathBuf>,
    /// Mask values given by the user.
    pub mask_options: MaskOptions,
    /// First N images of each class (of each class and split, where there are splits).
    pub limit: Option<usize>,
    /// Search for the same bytes in two splits.
    pub duplicates: Duplicates,
    /// A paper's division into splits; only for the layouts that have one.
    pub protocol: Option<Protocol>,
    /// Whether a folder's folders are splits where they can be read in two ways.
    pub splits: Option<SplitFolders>,
    /// Kinds of data that are known beside this crate's own (`KIND:PATH`).
    pub kinds: &'static [Kind],
}

/// What the user says of the folders above (or inside) class folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitFolders {
    /// They are splits.
    On,
    /// There are none: every folder of the first level is a class, whatever its name.
    Off,
}

/// A paper's division of a known dataset into splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// DIM (CVPR 2024) on CIFAR-100: of each fine class's training images the first 40 % train, the
    /// next 40 % are the intervention pool, the last 20 % validate; two under-represented fine
    /// classes of each superclass keep a quarter of their training images.
    Dim,
}

impl std::str::FromStr for Protocol {
    type Err = DataError;

    fn from_str(name: &str) -> Result<Self, DataError> {
        match name {
            "dim" => Ok(Self::Dim),
            _ => Err(DataError::invalid(format!("--protocol {name}"), "expected dim")),
        }
    }
}

impl Dataset {
    /// Opens `DATA`: a folder of class folders, a table (`.csv`, `.tsv`, `.jsonl`, `.parquet`), or
    /// `KIND:PATH` for a known layout. No image is decoded. What is wrong with single images or
    /// classes stands in [`problems`](Self::problems), and what was decided in
    /// [`notes`](Self::notes).
    ///
    /// # Errors
    /// Nothing usable is found: no such file, an unknown kind, a missing column, no image that
    /// exists, a mask folder of which nothing matches.
    pub fn open(data: &str, options: &OpenOptions) -> Result<Self, DataError> {
        let path = Path::new(data);
        let mut draft = match layouts::split_kind(data) {
            Some((kind, rest)) if !path.exists() => {
                layouts::open(kind, rest, options.protocol, options.kinds)?
            }
            _ if options.protocol.is_some() => {
                let message = "--protocol only fits cifar-100: and cifar-100-coarse:";
                return Err(DataError::invalid(path, message));
            }
            _ if path.is_dir() => folder::open(path, options.masks.as_deref(), options.splits)?,
            _ if path.is_file() => table_file::open(path)?,
            // Neither file nor folder: the reader names what it is.
            _ if path.exists() => {
                return match crate::files::open(path) {
                    Err(error) => Err(error),
                    Ok(_) => Err(DataError::invalid(path, "changed while it was looked at")),
                };
            }
            _ => {
                let expected = "no such file or folder; expected a folder of class folders, a table \
                    (.csv, .tsv, .jsonl, .parquet) or KIND:PATH";
                return Err(DataError::invalid(path, expected));
            }
        };
        if draft.data.samples.is_empty() {
            return Err(draft.nothing_usable(path));
        }
        if let Some(n) = options.limit {
            draft.limit(n);
        }
        if let Some(folder) = &options.masks {
            mask_folder::attach(&mut draft, folder)?;
        }
        let mut dataset = draft.finish();
        path.clone_into(&mut dataset.given);
        if let Some(class) =
            dataset.classes.iter().find(|class| ["*", "mean"].contains(&class.as_str()))
        {
            let message = format!(
                "a class is called '{class}', which in the figures stands for {}; call it otherwise",
                if class == "*" { "all images" } else { "the mean of the classes" }
            );
            return Err(DataError::invalid(path, message));
        }
        if dataset.outputs.is_none() {
            dataset.outputs = synsets::outputs(&dataset.classes);
            if dataset.outputs.is_some() {
                dataset.notes.push(
                    "The classes are ImageNet synsets: each is matched to its output of the 1,000."
                        .to_owned(),
                );
            }
        }
        checks::run(&mut dataset, options.duplicates);
        dataset.survey_masks(&options.mask_options);
        Ok(dataset)
    }

    /// Ids of a class's images; none where there is no such class.
    pub fn ids_of(&self, class: &str) -> BTreeSet<&str> {
        let own = |s: &&Sample| self.classes[s.class] == class;
        self.samples.iter().filter(own).map(|s| s.id.as_str()).collect()
    }

    /// Decides from the values seen which are object, unless the user gave them.
    fn survey_masks(&mut self, given: &MaskOptions) {
        let sources: Vec<&MaskSource> =
            self.samples.iter().filter_map(|s| s.mask.as_ref()).collect();
        self.mask_options = given.clone();
        if sources.is_empty() {
            self.notes.push("No image has a mask.".to_owned());
            return;
        }
        let without = self.samples.len() - sources.len();
        if without > 0 {
            self.notes.push(format!("{without} of {} images have no mask.", self.samples.len()));
        }
        if sources.iter().any(|s| matches!(s, MaskSource::File(_))) {
            let survey = crate::mask::survey(&sources, given);
            self.mask_options.clone_from(&survey.options);
            self.notes.push(survey.decision.clone());
            for doubt in &survey.doubts {
                let first = self.samples.iter().find(|sample| doubt.is_about(sample));
                let first = first.expect("the survey reads the samples' own masks");
                self.problems.push(builder::problem_row(&first.id, &doubt.problem, &doubt.action));
            }
            self.mask_survey = Some(survey);
        }
    }
}

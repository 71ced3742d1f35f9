//! Model, data, masks and labels, opened and checked together.

mod begun;
mod claim;
mod image_ids;
mod keys;
mod options;
mod samples;

use std::{collections::BTreeMap, sync::OnceLock};

use rightly_data::{Dataset, Sample, dataset::Kind};
use rightly_model::{Classifier, LabelMap, Overrides};

pub(crate) use image_ids::Names;
pub use options::{InputOptions, Outputs};
pub(crate) use samples::image_path;

use crate::{
    Error, RunDir,
    first_look::{AUTO, FirstLook, Looked, Opening},
    picture::Loader,
    revisions::Revisions,
};
use begun::Begun;
use options::absolute;
use samples::{clusters, hash_listing, without_cluster};

/// Kinds of data that are opened beside those of `rightly-data`: planted worlds (`planted:WORLD`).
pub const KINDS: &[Kind] = rightly_planted::KINDS;
/// The name of what is read of the inputs, among the revisions.
pub(crate) const NAME: &str = "inputs";
/// Changes with the code that decides what is read of pictures and masks, and what the model makes of them.
pub(crate) const REVISION: u32 = 2;

/// Everything a stage needs of the user's inputs.
pub struct Inputs {
    /// Paths and options.
    pub options: InputOptions,
    /// The model, ready to run.
    pub classifier: Classifier,
    /// The dataset, whole.
    pub dataset: Dataset,
    /// Outputs that count as right, for each class.
    pub label_map: LabelMap,
    /// Samples of the chosen split, as indices into `dataset.samples`.
    pub selected: Vec<usize>,
    /// Cluster of each selected sample.
    pub clusters: Option<Vec<u32>>,
    /// From a sample to a picture and its mask.
    pub loader: Loader,
    /// What was understood and decided, a sentence each.
    pub notes: Vec<String>,
    /// Revisions of measures and stages, part of every key.
    pub revisions: Revisions,
    split: (String, String),
    data_hash: String,
    overrides: Overrides,
    /// Of each sample what its image and mask are; asked once.
    fingerprints: OnceLock<Vec<[u8; 16]>>,
    look: FirstLook,
}

impl Inputs {
    /// Opens model and data, matches classes to outputs, chooses the split. Nobody is asked for a second opinion on a
    /// named engine, so that the same inputs give the same on every machine.
    ///
    /// # Errors
    /// Where an input can't be read or the inputs don't fit together.
    pub fn open(options: InputOptions, overrides: &Overrides) -> Result<Self, Error> {
        Ok(Self::opened(options, overrides, None)?.0)
    }

    /// As [`Inputs::open`], for a run: it goes on with the engine that it began with (with `force` where that is here), and a run that
    /// begins looks at a few images through a second engine. The second value says what the look showed that is not
    /// in [`Inputs::look`], a sentence each.
    ///
    /// # Errors
    /// As [`Inputs::open`]; where two engines give different answers and none was named.
    pub fn open_for(
        options: InputOptions,
        overrides: &Overrides,
        run: &RunDir,
        force: bool,
    ) -> Result<(Self, Vec<String>), Error> {
        let begun = Begun::of(run, force)?;
        Self::opened(options, overrides, Some(begun))
    }

    /// `begun`: the run that the inputs are for, and what it began with.
    fn opened(
        mut options: InputOptions,
        overrides: &Overrides,
        begun: Option<Option<Begun>>,
    ) -> Result<(Self, Vec<String>), Error> {
        let for_run = begun.is_some();
        let begun = begun.flatten();
        if let Some(begun) = begun.as_ref().filter(|_| options.engine == AUTO) {
            options.engine = begun.go_on()?.to_owned();
        }
        let options = options.absolute();
        let overrides = &Overrides {
            labels: overrides.labels.as_deref().map(absolute),
            card: overrides.card.as_deref().map(absolute),
            ..overrides.clone()
        };
        let opening = Opening::new(&options.model, overrides, &options.engine)?;
        let classifier = &opening.classifier;
        let preprocess = classifier.card().preprocess.clone();
        if preprocess.output_size() != Some(classifier.input_size()) {
            return Err(Error::Usage(format!(
                "{}: preprocessing gives {} but the model takes {:?} (rows, columns); set \
                 `crop` or `resize` in the card or by flag",
                options.model.display(),
                preprocess
                    .output_size()
                    .map_or("pictures of varying size".to_owned(), |s| format!("{s:?}")),
                classifier.input_size(),
            )));
        }
        let dataset = options.open_dataset()?;
        let label_map = match (&options.label_map, &dataset.outputs) {
            (None, Some(outputs)) if classifier.outputs() == 1000 => {
                LabelMap { outputs: outputs.clone() }
            }
            (file, _) => LabelMap::resolve(&dataset.classes, file.as_deref(), classifier)?,
        };
        let (mut selected, split, choice) = dataset.choose_split(options.split.as_deref())?;
        cut(&dataset, &mut selected, options.limit);
        if selected.is_empty() {
            return Err(Error::Usage(format!("{}: no images to evaluate", options.data)));
        }
        let clusters = options
            .cluster
            .as_deref()
            .map(|column| clusters(&dataset, &selected, column))
            .transpose()?;
        let data_hash = hash_listing(&dataset);
        let known = begun.and_then(|begun| begun.look_at(classifier, &data_hash)).transpose()?;
        let samples: Vec<&Sample> = selected.iter().map(|&i| &dataset.samples[i]).collect();
        let Looked { classifier, look, said } = match known {
            Some(look) => opening.continued(look),
            None => opening.look(&samples, &options.decode_options(), for_run)?,
        };
        let options = InputOptions { engine: classifier.engine().name().to_owned(), ..options };
        let mut notes = dataset.notes.clone();
        notes.extend(classifier.notes().iter().cloned());
        let column = options.cluster.as_deref();
        notes.extend(column.and_then(|column| without_cluster(&dataset, &selected, column)));
        if for_run {
            notes.push(look.sentence());
        }
        notes.push(choice.clone());
        let loader = Loader::new(&options, dataset.mask_options.clone(), preprocess);
        let inputs = Self {
            options,
            classifier,
            dataset,
            label_map,
            selected,
            clusters,
            loader,
            notes,
            revisions: Revisions::default(),
            split: (split, choice),
            data_hash,
            overrides: overrides.clone(),
            fingerprints: OnceLock::new(),
            look,
        };
        Ok((inputs, said))
    }

    /// What the first look at a few images showed.
    pub fn look(&self) -> &FirstLook {
        &self.look
    }

    /// The same model tapped at another layer.
    ///
    /// # Errors
    /// Where the layer can't be tapped.
    pub fn classifier_at(&self, cam_layer: &str) -> Result<Classifier, Error> {
        let overrides =
            Overrides { cam_layer: Some(cam_layer.to_owned()), ..self.overrides.clone() };
        Ok(Classifier::open(&self.options.model, &overrides, self.options.engine()?)?)
    }

    /// Another model file under the same card and flags.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub fn classifier_of(&self, model: &std::path::Path) -> Result<Classifier, Error> {
        let card = self.overrides.card.clone().or_else(|| {
            let beside = self.options.model.with_extension("toml");
            beside.is_file().then_some(beside)
        });
        let overrides = Overrides { card, ..self.overrides.clone() };
        Ok(Classifier::open(model, &overrides, self.options.engine()?)?)
    }

    /// The same data with another model, which has a card of its own beside it and these outputs for each class.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub(crate) fn with_model(
        &self,
        model: &std::path::Path,
        label_map: LabelMap,
    ) -> Result<Self, Error> {
        let limits = self.classifier.graph().limits();
        let overrides = Overrides { limits, ..Overrides::default() };
        let classifier = Classifier::open(model, &overrides, self.options.engine()?)?;
        let same = label_map == self.label_map;
        let options = InputOptions {
            model: absolute(model),
            label_map: self.options.label_map.clone().filter(|_| same),
            ..self.options.clone()
        };
        let preprocess = classifier.card().preprocess.clone();
        Ok(Self {
            loader: Loader::new(&options, self.dataset.mask_options.clone(), preprocess),
            notes: [
                &self.dataset.notes[..],
                classifier.notes(),
                std::slice::from_ref(&self.split.1),
            ]
            .concat(),
            options,
            classifier,
            label_map,
            dataset: self.dataset.clone(),
            selected: self.selected.clone(),
            clusters: self.clusters.clone(),
            split: self.split.clone(),
            data_hash: self.data_hash.clone(),
            overrides,
            revisions: self.revisions.clone(),
            fingerprints: self.fingerprints.clone(),
            look: self.look.clone(),
        })
    }

    /// The same model with other data, whose classes have the same names (those that have others are left to the caller).
    ///
    /// # Errors
    /// Where the data can't be read, or shares no class.
    pub(crate) fn with_data(&self, data: &str) -> Result<Self, Error> {
        let options = InputOptions {
            masks: None,
            protocol: None,
            split: None,
            cluster: None,
            ..InputOptions { data: data.to_owned(), ..self.options.clone() }
        };
        let dataset = options.open_dataset()?;
        let own: BTreeMap<&str, usize> =
            self.dataset.classes.iter().enumerate().map(|(at, c)| (c.as_str(), at)).collect();
        let known: Vec<Option<usize>> =
            dataset.classes.iter().map(|name| own.get(name.as_str()).copied()).collect();
        if known.iter().all(Option::is_none) {
            return Err(Error::Usage(format!(
                "{data}: none of its classes ({}) is one of the data's; name them alike",
                crate::prose::shortened(&dataset.classes)
            )));
        }
        let mut dataset = dataset;
        dataset.samples.retain(|sample| known[sample.class].is_some());
        for sample in &mut dataset.samples {
            sample.class =
                known[sample.class].expect("samples of other classes are gone: by construction");
            sample.mask = None;
            sample.parts = Vec::new();
        }
        dataset.classes.clone_from(&self.dataset.classes);
        self.with_dataset(options, dataset)
    }

    /// The same model with images that nobody has labelled; each stands under the first class.
    ///
    /// # Errors
    /// As [`Self::with_data`].
    pub(crate) fn with_unlabelled(
        &self,
        images: Vec<rightly_data::dataset::UnlabelledImage>,
        path: &str,
    ) -> Result<Self, Error> {
        let options = InputOptions {
            masks: None,
            protocol: None,
            split: None,
            cluster: None,
            ..InputOptions { data: path.to_owned(), ..self.options.clone() }
        };
        let sample =
            |image: rightly_data::dataset::UnlabelledImage| rightly_data::dataset::Sample {
                id: image.id,
                image: image.image,
                class: 0,
                mask: None,
                split: None,
                captions: image.captions,
                group: None,
                attributes: Vec::new(),
                parts: Vec::new(),
            };
        let dataset = Dataset {
            given: options.data.clone().into(),
            classes: self.dataset.classes.clone(),
            samples: images.into_iter().map(sample).collect(),
            mask_options: self.dataset.mask_options.clone(),
            ..Dataset::default()
        };
        self.with_dataset(options, dataset)
    }

    fn with_dataset(&self, options: InputOptions, dataset: Dataset) -> Result<Self, Error> {
        let classifier = Classifier::open(&options.model, &self.overrides, options.engine()?)?;
        let preprocess = classifier.card().preprocess.clone();
        Ok(Self {
            loader: Loader::new(&options, dataset.mask_options.clone(), preprocess),
            notes: dataset.notes.clone(),
            selected: (0..dataset.samples.len()).collect(),
            data_hash: hash_listing(&dataset),
            split: ("all".to_owned(), "every image".to_owned()),
            clusters: None,
            label_map: self.label_map.clone(),
            overrides: self.overrides.clone(),
            revisions: self.revisions.clone(),
            fingerprints: OnceLock::new(),
            look: self.look.clone(),
            options,
            classifier,
            dataset,
        })
    }

    /// Samples of a split (`all`: every one), as indices into the dataset, cut as `--limit` says.
    pub(crate) fn samples_of(&self, split: &str) -> Vec<usize> {
        if split == self.split() {
            return self.selected.clone();
        }
        let samples = self.dataset.samples.iter().enumerate();
        let own = samples.filter(|(_, s)| split == "all" || s.split.as_deref() == Some(split));
        let mut out: Vec<usize> = own.map(|(i, _)| i).collect();
        cut(&self.dataset, &mut out, self.options.limit);
        out
    }

    /// Name of the chosen split.
    pub fn split(&self) -> &str {
        &self.split.0
    }

    /// Clusters of any samples of the data (indices), where `--cluster` names a column.
    pub(crate) fn clusters_of(&self, samples: &[usize]) -> Result<Option<Vec<u32>>, Error> {
        let column = self.options.cluster.as_deref();
        column.map(|column| clusters(&self.dataset, samples, column)).transpose()
    }

    /// Hash of the list of samples.
    pub(crate) fn data_key(&self) -> &str {
        &self.data_hash
    }
}

/// Keeps the first `limit` samples of each class.
fn cut(dataset: &Dataset, selected: &mut Vec<usize>, limit: Option<usize>) {
    let Some(limit) = limit else { return };
    let mut seen = vec![0_usize; dataset.classes.len()];
    selected.retain(|&i| {
        let count = &mut seen[dataset.samples[i].class];
        *count += 1;
        *count <= limit
    });
}

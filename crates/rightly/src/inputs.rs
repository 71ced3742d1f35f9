//! Model, data, masks and labels, opened and checked together.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rightly_data::{
    Dataset,
    dataset::OpenOptions,
    mask::MaskOptions,
    pixels::{DecodeOptions, Orientation},
    preprocess::MaskSampling,
};
use rightly_model::{Classifier, EngineKind, LabelMap, Overrides};
use serde::{Deserialize, Serialize};

use crate::{
    Error, RunDir, VERSION,
    run::{Manifest, key_of},
    subject::Loader,
};

/// Which outputs take part in the argmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outputs {
    /// All outputs of the model.
    #[default]
    All,
    /// The outputs of the label map only; probabilities are over these.
    Mapped,
}

/// Paths and options that every stage shares; they stand in `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputOptions {
    /// ONNX file.
    pub model: PathBuf,
    /// `rten` or `onnxruntime`.
    pub engine: String,
    /// `DATA`: a folder, a table or `KIND:PATH`.
    pub data: String,
    /// Mirrored folder of masks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<PathBuf>,
    /// `class,output` table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_map: Option<PathBuf>,
    /// Outputs in the argmax.
    pub outputs: Outputs,
    /// Split asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Column of clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// First N images of each class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Mask values that are object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_object: Option<Vec<u32>>,
    /// Mask values that are void.
    pub mask_void: Vec<u32>,
    /// Resize masks of another size than their image.
    pub mask_resize: bool,
    /// How masks pass through the model's geometry.
    pub mask_sampling: MaskSampling,
    /// Ignore the EXIF orientation.
    pub as_stored: bool,
    /// Most pixels an image may have.
    pub max_pixels: u64,
    /// Most bytes an image file may have.
    pub max_bytes: u64,
    /// Colour under transparent pixels.
    pub background: [u8; 3],
}

impl InputOptions {
    /// The defaults for a model and a dataset.
    pub fn new(model: impl Into<PathBuf>, data: impl Into<String>) -> Self {
        let decode = DecodeOptions::default();
        Self {
            model: model.into(),
            engine: "rten".to_owned(),
            data: data.into(),
            masks: None,
            label_map: None,
            outputs: Outputs::All,
            split: None,
            cluster: None,
            limit: None,
            seed: 0,
            mask_object: None,
            mask_void: Vec::new(),
            mask_resize: false,
            mask_sampling: MaskSampling::Nearest,
            as_stored: false,
            max_pixels: decode.max_pixels,
            max_bytes: decode.max_bytes,
            background: decode.background,
        }
    }

    /// How images are decoded.
    pub fn decode_options(&self) -> DecodeOptions {
        DecodeOptions {
            max_pixels: self.max_pixels,
            max_bytes: self.max_bytes,
            orientation: if self.as_stored {
                Orientation::AsStored
            } else {
                Orientation::Displayed
            },
            background: self.background,
        }
    }

    /// Opens the dataset alone, without the model.
    ///
    /// # Errors
    /// Where the data can't be understood.
    pub fn open_dataset(&self) -> Result<Dataset, Error> {
        let options = OpenOptions {
            masks: self.masks.clone(),
            mask_options: MaskOptions {
                object: self.mask_object.clone(),
                void: self.mask_void.clone(),
                resize_nearest: self.mask_resize,
            },
            ..OpenOptions::default()
        };
        Ok(Dataset::open(&self.data, &options)?)
    }

    fn engine(&self) -> Result<EngineKind, Error> {
        [EngineKind::Rten, EngineKind::OnnxRuntime]
            .into_iter()
            .find(|kind| kind.name() == self.engine)
            .ok_or_else(|| {
                Error::Usage(format!("--engine {}: expected rten or onnxruntime", self.engine))
            })
    }
}

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
    split: (String, String),
    data_hash: String,
    overrides: Overrides,
}

impl Inputs {
    /// Opens model and data, matches classes to outputs, chooses the split.
    ///
    /// # Errors
    /// Where an input can't be read or the inputs don't fit together.
    pub fn open(options: InputOptions, overrides: &Overrides) -> Result<Self, Error> {
        let classifier = Classifier::open(&options.model, overrides, options.engine()?)?;
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
            (file, _) => LabelMap::resolve(&dataset.classes, file.as_deref(), &classifier)?,
        };
        let (mut selected, split, choice) = dataset.choose_split(options.split.as_deref())?;
        if let Some(limit) = options.limit {
            let mut seen = vec![0_usize; dataset.classes.len()];
            selected.retain(|&i| {
                let count = &mut seen[dataset.samples[i].class];
                *count += 1;
                *count <= limit
            });
        }
        if selected.is_empty() {
            return Err(Error::Usage(format!("{}: no images to evaluate", options.data)));
        }
        let clusters = options
            .cluster
            .as_deref()
            .map(|column| clusters(&dataset, &selected, column))
            .transpose()?;
        let mut notes = dataset.notes.clone();
        notes.extend(classifier.notes().iter().cloned());
        notes.push(choice.clone());
        let loader = Loader::new(&options, dataset.mask_options.clone(), preprocess);
        let data_hash = hash_listing(&dataset);
        Ok(Self {
            options,
            classifier,
            dataset,
            label_map,
            selected,
            clusters,
            loader,
            notes,
            split: (split, choice),
            data_hash,
            overrides: overrides.clone(),
        })
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

    /// Name of the chosen split.
    pub fn split(&self) -> &str {
        &self.split.0
    }

    /// A key of everything in the inputs that decides a prediction.
    pub(crate) fn key(&self) -> String {
        let card = serde_json::to_string(self.classifier.card()).unwrap_or_default();
        let o = &self.options;
        let rest = format!(
            "{:?}",
            (
                &o.engine,
                o.outputs,
                o.mask_sampling,
                o.mask_resize,
                o.as_stored,
                o.max_pixels,
                o.max_bytes,
                o.background,
                &self.dataset.mask_options,
            )
        );
        let map = format!("{:?}", self.label_map.outputs);
        key_of(&[VERSION, self.classifier.hash(), &card, &rest, &map])
    }

    /// The manifest of a run on these inputs.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest {
            version: VERSION.to_owned(),
            seed: self.options.seed,
            split: self.split.0.clone(),
            split_choice: self.split.1.clone(),
            cluster: self.options.cluster.clone(),
            hashes: crate::run::Hashes {
                model: self.classifier.hash().to_owned(),
                data: self.data_hash.clone(),
                label_map: blake3::hash(format!("{:?}", self.label_map.outputs).as_bytes())
                    .to_hex()
                    .to_string(),
            },
            inputs: self.options.clone(),
            stages: BTreeMap::new(),
            card: self.classifier.card().clone(),
        }
    }

    /// Claims a run directory for these inputs: a new one is started, one of the same model and
    /// data goes on, one of another model or other data is refused unless `force`, which clears it.
    ///
    /// # Errors
    /// Where the run belongs to other inputs or can't be written.
    pub fn claim(&self, run: &RunDir, force: bool) -> Result<(), Error> {
        let mut manifest = self.manifest();
        let path = run.path("run.toml");
        if path.is_file() {
            let old = run.manifest();
            match old {
                Ok(old)
                    if old.hashes.model == manifest.hashes.model
                        && old.hashes.data == manifest.hashes.data =>
                {
                    manifest.stages = old.stages;
                }
                _ if force => run.clear()?,
                Ok(old) => {
                    let what = if old.hashes.model == manifest.hashes.model {
                        format!("other data ({})", old.inputs.data)
                    } else {
                        format!("another model ({})", old.inputs.model.display())
                    };
                    return Err(Error::run(
                        run.root(),
                        format!("made from {what}; give another --out, or --force to replace it"),
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        manifest.write(&path)
    }
}

/// Cluster of each selected sample, numbered in order of first appearance.
fn clusters(dataset: &Dataset, selected: &[usize], column: &str) -> Result<Vec<u32>, Error> {
    let values: Vec<Option<&str>> = if column == "group" {
        selected.iter().map(|&i| dataset.samples[i].group.as_deref()).collect()
    } else {
        let at = dataset.attributes.iter().position(|name| name == column).ok_or_else(|| {
            Error::Usage(format!(
                "--cluster {column}: the data has no such column; it has {}",
                if dataset.attributes.is_empty() {
                    "no attributes".to_owned()
                } else {
                    dataset.attributes.join(", ")
                }
            ))
        })?;
        selected.iter().map(|&i| dataset.samples[i].attributes[at].as_deref()).collect()
    };
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0;
    Ok(values
        .into_iter()
        .map(|value| {
            // An image without a value is a cluster of its own.
            let known = value.and_then(|v| numbers.get(v).copied());
            known.unwrap_or_else(|| {
                let number = next;
                next += 1;
                if let Some(v) = value {
                    numbers.insert(v, number);
                }
                number
            })
        })
        .collect())
}

/// blake3 of the list of samples: ids, classes, splits, masks and file sizes.
fn hash_listing(dataset: &Dataset) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut field = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for sample in &dataset.samples {
        field(sample.id.as_bytes());
        field(dataset.classes[sample.class].as_bytes());
        field(sample.split.as_deref().unwrap_or("").as_bytes());
        field(&file_size(sample).to_le_bytes());
        field(&[u8::from(sample.mask.is_some())]);
    }
    hasher.finalize().to_hex().to_string()
}

fn file_size(sample: &rightly_data::Sample) -> u64 {
    match &sample.image {
        rightly_data::ImageSource::File(path) => std::fs::metadata(path).map_or(0, |m| m.len()),
    }
}

/// State of a sample's files: changes when an image or a mask is replaced.
pub(crate) fn fingerprint(sample: &rightly_data::Sample) -> String {
    let state = |path: &Path| {
        std::fs::metadata(path).map_or(String::from("missing"), |m| {
            let changed = m
                .modified()
                .ok()
                .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
                .map_or(0, |d| d.as_nanos());
            format!("{}:{changed}", m.len())
        })
    };
    let rightly_data::ImageSource::File(image) = &sample.image;
    let mask = match &sample.mask {
        None => String::new(),
        Some(rightly_data::MaskSource::File(path)) => format!("{} {}", path.display(), state(path)),
        Some(other) => blake3::hash(format!("{other:?}").as_bytes()).to_hex().to_string(),
    };
    format!("{} {mask}", state(image))
}

/// Where a sample's pixels are, for people and tables.
pub(crate) fn image_path(sample: &rightly_data::Sample) -> String {
    let rightly_data::ImageSource::File(path) = &sample.image;
    path.display().to_string()
}

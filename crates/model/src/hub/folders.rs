//! Models of several files, fetched into one folder as their exporters laid them out.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use super::{Hub, HubError, HubEvent, HubSpec, Wanted, cache::Shelf};

/// Sets of files of which one is needed, the likeliest first.
const IMAGE_TEXT: [&[&str]; 4] = [
    &["onnx/vision_model.onnx", "onnx/text_model.onnx", "tokenizer.json"],
    &["vision_model.onnx", "text_model.onnx", "tokenizer.json"],
    &["onnx/model.onnx", "tokenizer.json"],
    &["model.onnx", "tokenizer.json"],
];
const CAPTIONER: [&[&str]; 4] = [
    &["onnx/encoder_model.onnx", "onnx/decoder_model_merged.onnx", "tokenizer.json"],
    &["onnx/encoder_model.onnx", "onnx/decoder_model.onnx", "tokenizer.json"],
    &["encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.json"],
    &["encoder_model.onnx", "decoder_model.onnx", "tokenizer.json"],
];
/// What exporters write beside the graphs.
const SETTINGS: [&str; 4] =
    ["config.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json"];

impl Hub {
    /// The folder of an image-text model, for [`crate::ImageTextModel::open`].
    ///
    /// # Errors
    /// As [`Hub::resolve`]; a name with a file in it.
    pub fn image_text(
        &self,
        spec: &HubSpec,
        stop: &AtomicBool,
        progress: &dyn Fn(HubEvent),
    ) -> Result<PathBuf, HubError> {
        self.folder(spec, &IMAGE_TEXT, stop, progress)
    }

    /// The folder of a captioner, for [`crate::Captioner::open`].
    ///
    /// # Errors
    /// As [`Hub::image_text`].
    pub fn captioner(
        &self,
        spec: &HubSpec,
        stop: &AtomicBool,
        progress: &dyn Fn(HubEvent),
    ) -> Result<PathBuf, HubError> {
        self.folder(spec, &CAPTIONER, stop, progress)
    }

    fn folder(
        &self,
        spec: &HubSpec,
        sets: &[&[&str]],
        stop: &AtomicBool,
        progress: &dyn Fn(HubEvent),
    ) -> Result<PathBuf, HubError> {
        if let Some(file) = spec.file() {
            let why = format!("names the file '{file}', but such a model is a folder of files");
            return Err(HubError::Name { name: spec.to_string(), why });
        }
        let shelf = Shelf::new(self.cache(), spec);
        let mut sets = sets.to_vec();
        sets.sort_by_key(|set| set.iter().any(|file| shelf.find(file).is_none()));
        let mut first = None;
        for set in sets {
            let graphs = set.iter().filter(|file| file.ends_with(".onnx"));
            let beside = graphs.flat_map(|graph| {
                let card = graph.strip_suffix(".onnx").unwrap_or(graph);
                [format!("{card}.toml"), format!("{graph}_data"), format!("{graph}.data")]
            });
            let wanted: Vec<Wanted> = set
                .iter()
                .map(|file| Wanted::required(*file))
                .chain(beside.map(Wanted::optional))
                .chain(SETTINGS.map(Wanted::optional))
                .collect();
            match self.resolve(spec, &wanted, stop, progress) {
                Ok(fetched) => {
                    let path = fetched.files.first().and_then(Option::as_deref);
                    let above = set[0].split('/').count();
                    let folder = path.and_then(|path| path.ancestors().nth(above));
                    return Ok(folder.unwrap_or(Path::new("")).to_owned());
                }
                Err(e @ (HubError::NotThere { .. } | HubError::Offline { .. })) => {
                    first.get_or_insert(e);
                }
                Err(e) => return Err(e),
            }
        }
        Err(first.unwrap_or(HubError::Interrupted))
    }
}

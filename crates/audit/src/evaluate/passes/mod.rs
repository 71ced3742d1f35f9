//! One file a measure: what it does to a picture and what it leaves.
//!
//! CONTRIBUTING.md says what else a new measure needs.

mod ablation;
mod background;
mod clean;
mod noise;
mod objects;
mod overlay;
mod parts;
mod saliency;
mod thumbnail;

use ndarray::ArrayD;
use rightly_data::{Planes, Sample};

use super::{
    options::{EvaluateOptions, MeasureName},
    rows::Entry,
};
use crate::{
    Error,
    picture::Picture,
    predictor::{Answer, Outcome, Predictor},
};

/// The revision of every measure, by the name of its shards.
pub(crate) const REVISIONS: [(&str, u32); 9] = [
    ("clean", clean::REVISION),
    ("ablation", ablation::REVISION),
    ("background", background::REVISION),
    ("parts", parts::REVISION),
    ("noise", noise::REVISION),
    ("saliency", saliency::REVISION),
    ("objects", objects::REVISION),
    ("overlay", overlay::REVISION),
    ("thumbnail", thumbnail::REVISION),
];

/// A photograph with its clean forward pass.
pub(crate) struct Subject<'a> {
    pub(crate) sample: &'a Sample,
    pub(crate) picture: Picture,
    pub(crate) planes: Planes,
    pub(crate) clean: Answer,
    /// The CAM layer's value, where a measure asks for it.
    pub(crate) tap: Option<ArrayD<f32>>,
    pub(crate) outcome: Outcome,
}

/// One measure of one image. Results depend on the image and the options alone.
pub(crate) trait Measure: Sync {
    /// Name of its shards.
    fn name(&self) -> &'static str;
    /// Everything in the options that decides its rows.
    fn key(&self) -> String;
    /// Forward passes an image, beside the clean one.
    fn forwards(&self) -> usize;
    /// Whether the clean pass has to hand out the CAM layer.
    fn taps(&self) -> bool {
        false
    }
    /// Measures one image.
    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error>;
}

/// What a measure's key says of images and masks that are handled as published; nothing where they are not, so that rows
/// that are there stay good.
fn as_published(paper_compat: bool) -> &'static str {
    if paper_compat { ";as published" } else { "" }
}

/// The measures of a stage, the clean pass first.
pub(crate) type Measures<'a> = Vec<Box<dyn Measure + 'a>>;

/// The measures that were asked for and that the inputs allow, the clean pass first, and a
/// sentence for each that they don't allow.
pub(crate) fn plan<'a>(
    probe: &Predictor<'_>,
    options: &'a EvaluateOptions,
) -> Result<(Measures<'a>, Vec<String>), Error> {
    let inputs = probe.inputs();
    let paper_compat = options.paper_compat;
    let masks = inputs.selected.iter().any(|&i| inputs.dataset.samples[i].mask.is_some());
    let mut parts = parts::Parts::new(inputs);
    let mut measures: Measures<'a> =
        vec![Box::new(clean::Clean { paper_compat }), Box::new(thumbnail::Thumbnail)];
    let mut skipped = Vec::new();
    let without_masks = |name: &str| format!("{name} is not measured: the data has no masks.");
    for &name in &options.measures {
        match name {
            MeasureName::Ablation if masks || parts.is_some() => {
                if masks {
                    measures.push(Box::new(ablation::Ablation { paper_compat }));
                    measures.push(Box::new(background::Backgrounds::new(inputs)));
                }
                if let Some(parts) = parts.take() {
                    measures.push(Box::new(parts));
                }
            }
            MeasureName::Noise if masks => {
                measures.push(Box::new(noise::Noise::new(inputs.options.seed, options)))
            }
            MeasureName::Objects if masks => {
                measures.push(Box::new(objects::Objects::new(inputs, paper_compat)));
            }
            MeasureName::Saliency => match saliency::Saliency::new(probe, options) {
                Ok(measure) => {
                    if !masks {
                        skipped.push(
                            "Class activation maps are kept without IoU: the data has no masks."
                                .to_owned(),
                        );
                    }
                    measures.push(Box::new(measure));
                }
                Err(Error::Model(error)) => {
                    skipped.push(format!("Saliency is not measured: {error}."));
                }
                Err(error) => return Err(error),
            },
            MeasureName::Overlay if options.overlays.is_empty() => {}
            MeasureName::Overlay => {
                measures.push(Box::new(overlay::Overlays::new(inputs, options)?));
            }
            _ => skipped.push(without_masks(&capitalised(name.name()))),
        }
    }
    Ok((measures, skipped))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}

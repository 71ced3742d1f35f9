//! One photograph ready to be measured: decoded, cropped as the model sees it, with its mask.

use rightly_data::{
    Mask, MaskSource, Preprocess, RgbImage, Sample, mask::MaskOptions, pixels::DecodeOptions,
    preprocess::MaskSampling,
};
use serde::{Deserialize, Serialize};

use crate::{Error, InputOptions};

/// What became of an image's mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskState {
    /// The data has none for this image.
    None,
    /// Usable after the crop.
    Usable,
    /// No pixel is object.
    Empty,
    /// Every pixel is object, in the image or in what the crop leaves of it.
    Full,
    /// The crop removes the whole object.
    CroppedAway,
    /// It can't be read or does not fit its image.
    Unreadable,
}

impl MaskState {
    /// The name in `samples.parquet`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Usable => "usable",
            Self::Empty => "empty",
            Self::Full => "full",
            Self::CroppedAway => "cropped-away",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A decoded photograph as the model sees it.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Width of the photograph as displayed, pixels.
    pub width: usize,
    /// Height of the photograph as displayed, pixels.
    pub height: usize,
    /// Resized and cropped, `[H, W, 3]` of the model's input size.
    pub crop: RgbImage,
    /// The mask in the photograph's own geometry; `None` where there is none or it is unreadable.
    pub raw_mask: Option<Mask>,
    /// The mask after resize and crop; present only where the state is [`MaskState::Usable`].
    pub mask: Option<Mask>,
    /// The mask after resize and crop whatever is left of it; `None` where there is none or it is unreadable.
    pub cropped_mask: Option<Mask>,
    /// What became of the mask.
    pub mask_state: MaskState,
    /// Why the mask is unreadable.
    pub mask_error: Option<String>,
}

impl Picture {
    /// The mask that measures use: a usable one; any that was read where `all` says so.
    pub(crate) fn measured(&self, all: bool) -> Option<&Mask> {
        if all { self.cropped_mask.as_ref() } else { self.mask.as_ref() }
    }
}

/// From a sample to its picture.
#[derive(Debug, Clone)]
pub struct Loader {
    decode: DecodeOptions,
    mask_options: MaskOptions,
    sampling: MaskSampling,
    preprocess: Preprocess,
}

impl Loader {
    /// A loader for a run's options. `mask_options` are those in force for the dataset.
    pub fn new(options: &InputOptions, mask_options: MaskOptions, preprocess: Preprocess) -> Self {
        Self {
            decode: options.decode_options(),
            mask_options,
            sampling: options.mask_sampling,
            preprocess,
        }
    }

    /// The same images and masks through another geometry.
    pub(crate) fn with_preprocess(&self, preprocess: Preprocess) -> Self {
        Self { preprocess, ..self.clone() }
    }

    /// The preprocessing of the model.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// How masks pass through the geometry.
    pub fn sampling(&self) -> MaskSampling {
        self.sampling
    }

    /// How images are decoded.
    pub fn decode(&self) -> &DecodeOptions {
        &self.decode
    }

    /// Decodes a sample and its mask. A mask that can't be used is a state, not an error.
    ///
    /// # Errors
    /// Where the image can't be decoded.
    pub fn load(&self, sample: &Sample) -> Result<Picture, Error> {
        let decoded = sample.image.load(&self.decode)?;
        let mut mask_error = None;
        let raw_mask = match &sample.mask {
            None => None,
            Some(source) => match source.load(&decoded, &self.mask_options) {
                Ok(mask) => Some(mask),
                Err(error) => {
                    mask_error = Some(error.to_string());
                    None
                }
            },
        };
        let crop = self.preprocess.crop_image(&decoded.image);
        let cropped = raw_mask.as_ref().map(|m| self.preprocess.crop_mask(m, self.sampling));
        let mask_state = match (&raw_mask, &cropped) {
            _ if sample.mask.is_none() => MaskState::None,
            (Some(raw), Some(cropped)) => state(raw, cropped),
            _ => MaskState::Unreadable,
        };
        Ok(Picture {
            width: decoded.image.width,
            height: decoded.image.height,
            crop,
            raw_mask,
            mask: cropped.clone().filter(|_| mask_state == MaskState::Usable),
            cropped_mask: cropped,
            mask_state,
            mask_error,
        })
    }
}

/// What became of the mask of a part.
pub(crate) enum PartMask {
    /// After resize and crop: some pixels, not all.
    Usable(Mask),
    /// Nothing of the part is in what the model sees, or nothing else; in words.
    Unusable(&'static str),
    /// Why it can't be read.
    Unreadable(String),
}

impl Loader {
    /// The parts of a sample whose masks can't be read, by their place among the data's parts, and why.
    ///
    /// # Errors
    /// Where the image can't be decoded.
    pub fn unreadable_parts(&self, sample: &Sample) -> Result<Vec<(usize, String)>, Error> {
        let of = |(at, mask)| match mask {
            PartMask::Unreadable(why) => Some((at, why)),
            PartMask::Usable(_) | PartMask::Unusable(_) => None,
        };
        Ok(self.parts(sample)?.into_iter().filter_map(of).collect())
    }

    /// The masks of the sample's parts as the model sees them, each with its place among the parts of the data.
    ///
    /// # Errors
    /// Where the image can't be decoded.
    pub(crate) fn parts(&self, sample: &Sample) -> Result<Vec<(usize, PartMask)>, Error> {
        if sample.parts.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        let decoded = sample.image.load(&self.decode)?;
        let of = |source: &MaskSource| match source.load(&decoded, &self.mask_options) {
            Err(error) => PartMask::Unreadable(error.to_string()),
            Ok(raw) => {
                let cropped = self.preprocess.crop_mask(&raw, self.sampling);
                match state(&raw, &cropped) {
                    MaskState::Usable => PartMask::Usable(cropped),
                    MaskState::CroppedAway => PartMask::Unusable("is cropped away"),
                    MaskState::Full => PartMask::Unusable("marks every pixel"),
                    _ => PartMask::Unusable("is empty"),
                }
            }
        };
        let parts = sample.parts.iter().enumerate();
        Ok(parts.filter_map(|(at, source)| Some((at, of(source.as_ref()?)))).collect())
    }
}

fn state(raw: &Mask, cropped: &Mask) -> MaskState {
    let any = |m: &Mask| m.data.iter().any(|&on| on);
    let all = |m: &Mask| m.data.iter().all(|&on| on);
    if !any(raw) {
        MaskState::Empty
    } else if all(raw) || all(cropped) {
        MaskState::Full
    } else if !any(cropped) {
        MaskState::CroppedAway
    } else {
        MaskState::Usable
    }
}

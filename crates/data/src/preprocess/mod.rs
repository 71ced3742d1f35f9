//! From a decoded photograph to a model's input.
//!
//! Geometry is torchvision's: `Resize` and `CenterCrop` on 8-bit pictures with Pillow's filters;
//! scale and normalisation follow on floats.

mod geometry;
mod presets;
mod toml_form;

use crate::{
    Mask, Planes, RgbImage,
    resize::{self, Filter},
};
use geometry::Placement;
use serde::{Deserialize, Serialize};

/// Resize step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Short side to this, aspect kept, long side truncated.
    ShortSide(usize),
    /// To exactly `[H, W]`.
    Exact([usize; 2]),
}

/// Channel order of the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first.
    Bgr,
}

/// How masks pass through the geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskSampling {
    /// Nearest: thin objects keep their area.
    #[default]
    Nearest,
    /// The papers' way: the mask as a picture of 0 and 255, resized bilinearly as Pillow does it,
    /// then every pixel above 0 is object. Grows the object by up to a pixel of the larger raster.
    Paper,
}

/// Preprocessing as data: resize, crop, scale, normalise.
///
/// In TOML and JSON it has the form of a model card's `[preprocess]`: `resize` is
/// `{ short_side = N }` or `{ exact = [H, W] }`, `crop` is `N` or `[H, W]`, and `preset = "NAME"`
/// stands for all keys that are not given. Without a preset `mean` and `std` must be there, the
/// others default to no resize, no crop, `bilinear`, `rgb` and 1. Written forms are spelled out.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocess {
    /// Resize, where there is one.
    pub resize: Option<Resize>,
    /// Centre crop `[H, W]`.
    pub crop: Option<[usize; 2]>,
    /// Pillow filter of the resize.
    pub interpolation: Filter,
    /// Channel order of the model.
    pub channels: Channels,
    /// pixels / 255 * scale, then (value - mean) / std.
    pub scale: f32,
    /// In the order in which the channels enter the model.
    pub mean: [f32; 3],
    /// Likewise.
    pub std: [f32; 3],
}

impl Preprocess {
    /// Names of the presets.
    pub const PRESETS: [&'static str; 5] = presets::NAMES;

    /// `imagenet`, `imagenet-squash-256`, `clip`, `caffe-bgr`, `cifar`.
    ///
    /// - `imagenet`: torchvision's classifiers; short side 256, crop 224, bilinear.
    /// - `imagenet-squash-256`: the Hard ImageNet paper's; exactly 256 x 256, crop 224.
    /// - `clip`: OpenAI's; short side 224, crop 224, bicubic.
    /// - `caffe-bgr`: Caffe's reference networks and SqueezeNet 1.0; short side 256, crop 227, blue
    ///   first, pixels in 0..255, mean 104, 117, 123.
    /// - `cifar`: 32 x 32, mean and deviation of CIFAR-100's training pixels.
    pub fn preset(name: &str) -> Option<Self> {
        presets::preset(name)
    }

    /// `[H, W]` of the output where it does not depend on the image.
    pub fn output_size(&self) -> Option<[usize; 2]> {
        match (self.crop, self.resize) {
            (Some(crop), _) => Some(crop),
            (None, Some(Resize::Exact(size))) => Some(size),
            _ => None,
        }
    }

    /// The same geometry on a grid `factor` times as fine, for pictures that people look at: a
    /// classifier of 32 x 32 pixels still shows photographs.
    #[must_use]
    pub fn magnified(&self, factor: usize) -> Self {
        let times = |size: [usize; 2]| size.map(|side| side * factor);
        let resize = self.resize.map(|resize| match resize {
            Resize::ShortSide(side) => Resize::ShortSide(side * factor),
            Resize::Exact(size) => Resize::Exact(times(size)),
        });
        Self { resize, crop: self.crop.map(times), ..self.clone() }
    }

    /// Geometry only: the cropped 8-bit picture that the conditions work on.
    ///
    /// A crop larger than the resized picture is filled with black around it, as torchvision does.
    pub fn crop_image(&self, image: &RgbImage) -> RgbImage {
        let placement = Placement::new(self, image.height, image.width);
        let window = placement.window;
        let (height, width) = placement.resized;
        let part = resize::resize_window(image, height, width, self.interpolation, window);
        let data = placement.pad(part.data, 3);
        RgbImage { width: placement.output.1, height: placement.output.0, data }
    }

    /// The mask through the same geometry; outside the resized picture it is not object.
    pub fn crop_mask(&self, mask: &Mask, sampling: MaskSampling) -> Mask {
        let placement = Placement::new(self, mask.height, mask.width);
        let filter = match sampling {
            MaskSampling::Nearest => Filter::Nearest,
            MaskSampling::Paper => Filter::Bilinear,
        };
        let bytes: Vec<u8> = mask.data.iter().map(|&object| u8::from(object) * 255).collect();
        let from = (mask.height, mask.width);
        let part = resize::sample(&bytes, from, 1, placement.resized, filter, placement.window);
        let data = placement.pad(part, 1).into_iter().map(|value| value > 0).collect();
        Mask { width: placement.output.1, height: placement.output.0, data }
    }

    /// RGB planes in 0..1 to the model's `[3, H, W]` (its channel order, scaled and normalised):
    /// `(x * scale - mean) / std`, each step rounded to f32.
    ///
    /// # Panics
    /// Where `planes.data` does not hold three planes of its size.
    pub fn normalise(&self, planes: &Planes) -> Vec<f32> {
        let size = planes.width * planes.height;
        assert_eq!(planes.data.len(), 3 * size, "planes do not fit their size");
        let mut out = Vec::with_capacity(3 * size);
        for channel in 0..3 {
            let source = match self.channels {
                Channels::Rgb => channel,
                Channels::Bgr => 2 - channel,
            };
            let (scale, mean, std) = (self.scale, self.mean[channel], self.std[channel]);
            let plane = &planes.data[source * size..][..size];
            out.extend(plane.iter().map(|&x| (x * scale - mean) / std));
        }
        out
    }
}

#[cfg(test)]
mod tests;

//! From a decoded photograph to a model's input.
use crate::{Mask, Planes, RgbImage, resize::Filter};
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
    /// The papers' bilinear, then > 0.
    Paper,
}
/// Preprocessing as data: resize, crop, scale, normalise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// `imagenet`, `imagenet-squash-256`, `clip`, `caffe-bgr`, `cifar`.
    pub fn preset(name: &str) -> Option<Self> {
        let _ = name;
        todo!()
    }
    /// `[H, W]` of the output where it does not depend on the image.
    pub fn output_size(&self) -> Option<[usize; 2]> {
        todo!()
    }
    /// Geometry only: the cropped 8-bit picture that the conditions work on.
    pub fn crop_image(&self, image: &RgbImage) -> RgbImage {
        let _ = image;
        todo!()
    }
    /// The mask through the same geometry.
    pub fn crop_mask(&self, mask: &Mask, sampling: MaskSampling) -> Mask {
        let _ = (mask, sampling);
        todo!()
    }
    /// RGB planes in 0..1 to the model's `[3, H, W]` (its channel order, scaled and normalised).
    pub fn normalise(&self, planes: &Planes) -> Vec<f32> {
        let _ = planes;
        todo!()
    }
}

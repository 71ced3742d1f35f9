//! What one measure leaves of one image: the rows inside shards.

use serde::{Deserialize, Serialize};

use rightly_data::Problem;

use crate::picture::MaskState;
pub use crate::predictor::Outcome;

/// The clean forward pass, and what the image and its mask are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CleanRow {
    /// Width as displayed.
    pub width: u32,
    /// Height as displayed.
    pub height: u32,
    /// What became of the mask.
    pub mask: MaskState,
    /// The clean prediction.
    pub outcome: Outcome,
}

/// Predictions with the object ablated; `None` where it could not be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AblationRow {
    /// Object pixels gray.
    pub gray: Option<Outcome>,
    /// Bounding box gray.
    pub gray_box: Option<Outcome>,
    /// Boxes tiled over.
    pub tile: Option<Outcome>,
    /// The area-matched control: the moved mask gray.
    pub control: Option<Outcome>,
    /// Share of the moved mask that lies on the object.
    pub control_overlap: Option<f64>,
    /// Share of the cropped picture that is object.
    pub area: f64,
}

/// Predictions with the object kept and its surroundings changed: of each pair the object's side, then the control, in which
/// a piece of the surroundings is kept in the object's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundRow {
    /// Surroundings gray.
    pub gray: [Option<Outcome>; 2],
    /// Surroundings blurred.
    pub blur: [Option<Outcome>; 2],
    /// Surroundings of another image of the class.
    pub same_class: [Option<Outcome>; 2],
    /// Surroundings of an image of another class.
    pub other_class: [Option<Outcome>; 2],
    /// The image of the class that lent its surroundings.
    pub same_donor: Option<String>,
    /// The image of another class that lent its surroundings.
    pub other_donor: Option<String>,
}

/// The conditions of a [`BackgroundRow`], in the order of its pairs.
pub const BACKGROUNDS: [&str; 4] = [
    "background-gray",
    "background-blur",
    "background-swap/same-class",
    "background-swap/other-class",
];

impl BackgroundRow {
    /// The pairs in the order of [`BACKGROUNDS`].
    pub fn pairs(&self) -> [[Option<Outcome>; 2]; 4] {
        [self.gray, self.blur, self.same_class, self.other_class]
    }
}

/// Predictions with one part of the object gray: its place among the data's parts, the part gray, the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartsRow {
    /// The parts that the image shows.
    pub parts: Vec<(u32, [Option<Outcome>; 2])>,
}

/// The condition under which a part is gray.
pub(super) fn part_condition(part: &str) -> String {
    format!("part-gray/{part}")
}

/// Predictions under noise: `[level][trial]` of each side.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NoiseRow {
    /// Noise on the object.
    pub foreground: Vec<Vec<Option<Outcome>>>,
    /// Noise off the object.
    pub background: Vec<Vec<Option<Outcome>>>,
    /// Noise on the moved mask, at the control levels.
    pub control_foreground: Vec<Vec<Option<Outcome>>>,
    /// Noise off the moved mask, at the control levels.
    pub control_background: Vec<Vec<Option<Outcome>>>,
}

/// The class activation maps of one image: that of the CAM layer, then that of the layer it is
/// compared with, where one is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaliencyRow {
    /// Output that the maps explain.
    pub target: u32,
    /// One map a layer.
    pub maps: Vec<LayerMap>,
    /// Share of the highest tenth of the pixels that the maps of the largest and of the second largest logit have in common,
    /// at the CAM layer; `None` where one of them can't be used.
    pub class_overlap: Option<f64>,
}

/// A class activation map and what it says about the mask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerMap {
    /// Tensor of the map.
    pub layer: String,
    /// `usable`, `zero` (no positive evidence), `flat` (the same everywhere) or `not-finite`.
    pub state: String,
    /// Rows of the map.
    pub height: u32,
    /// Columns of the map.
    pub width: u32,
    /// The map at the layer's resolution, 0..1, row by row.
    pub map: Vec<f32>,
    /// IoU of {map >= 0.5} with the mask.
    pub iou: Option<f64>,
    /// Mean of the map on the object minus its mean off it.
    pub delta_density: Option<f64>,
    /// Share of the map's sum that lies on the object.
    pub mass: Option<f64>,
    /// Whether its highest pixel lies on the object.
    pub pointing: Option<bool>,
    /// Average precision of its pixels as a detector of the object's.
    pub average_precision: Option<f64>,
}

/// Size and place of the object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// Share of the photograph that is object.
    pub share: f64,
    /// The same after resize and crop.
    pub share_crop: f64,
    /// The same, mean of random resized crops.
    pub share_random_crop: f64,
    /// Share of the object that the crop keeps.
    pub kept: f64,
    /// Distance of the centroid from the centre.
    pub distance: f64,
    /// Centroid, fractions of width and height.
    pub centroid: [f64; 2],
    /// The cropped mask on [`GRID`](crate::measures::objects::GRID) squares a side, share x 255.
    pub grid: Vec<u8>,
}

/// The picture in squares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThumbnailRow {
    /// As [`thumbnail`](crate::measures::near_copies::thumbnail) gives them.
    pub squares: Vec<u8>,
}

/// A suspected cue laid over the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlayRow {
    /// One for each overlay, in the order of the options: the pattern and its control.
    pub overlays: Vec<[Option<Risen>; 2]>,
}

/// A prediction and by how much each output rose over the clean picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risen {
    /// The prediction.
    pub outcome: Outcome,
    /// Logit minus clean logit, each output.
    pub logits: Vec<f32>,
    /// Probability minus clean probability, each output.
    pub probabilities: Vec<f32>,
}

/// The row of one measure. New variants come last: finished shards know a variant by its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Row {
    /// The clean forward pass.
    Clean(CleanRow),
    /// Ablation.
    Ablation(AblationRow),
    /// Surroundings.
    Background(BackgroundRow),
    /// Noise.
    Noise(NoiseRow),
    /// Saliency.
    Saliency(SaliencyRow),
    /// Objects.
    Objects(ObjectRow),
    /// Overlays.
    Overlay(OverlayRow),
    /// The thumbnail.
    Thumbnail(ThumbnailRow),
    /// Parts.
    Parts(PartsRow),
}

/// What a measure leaves of one image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Its row, where the image could be measured.
    pub row: Option<Row>,
    /// What could not be used.
    pub problems: Vec<Problem>,
}

impl Entry {
    pub(crate) fn of(row: Row) -> Self {
        Self { row: Some(row), problems: Vec::new() }
    }

    /// An image that this measure leaves out without a word: the clean pass has said why.
    pub(crate) fn none() -> Self {
        Self::default()
    }
}

pub(crate) fn problem(image: &str, problem: impl Into<String>, action: &str) -> Problem {
    Problem {
        image: image.to_owned(),
        stage: "evaluate".to_owned(),
        problem: problem.into(),
        action: action.to_owned(),
    }
}

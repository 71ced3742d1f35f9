//! Pictures of a report, encoded.

use super::Figure;

/// An encoded picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// `image/jpeg` or `image/png`.
    pub mime: &'static str,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

/// A photograph and what the model said to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Photo {
    /// Id of the image.
    pub id: String,
    /// Its class.
    pub class: String,
    /// What the model answered, where that is shown.
    pub answer: Option<String>,
    /// Probability of the true class.
    pub confidence: Option<f64>,
    /// The photograph as the model sees it; `None` where it can't be read any more.
    pub picture: Option<Picture>,
}

/// One image under several conditions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StripRow {
    /// What it shows.
    pub title: String,
    /// Id of the image.
    pub id: String,
    /// Its class.
    pub class: String,
    /// The image under each condition.
    pub panels: Vec<Panel>,
}

/// An image under one condition, and what the model answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    /// What was done to it.
    pub words: String,
    /// How it looks.
    pub picture: Option<Picture>,
    /// The answer's label; none for a map.
    pub answer: Option<String>,
    /// Whether that is right.
    pub right: Option<bool>,
    /// Probability of the true class.
    pub confidence: Option<f64>,
}

/// An activation map over its photograph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CamCard {
    /// Photograph with the mask's outline.
    pub photo: Photo,
    /// The map over the photograph, with the mask's outline and the map's contour at one half.
    pub map: Option<Picture>,
    /// IoU of the map from one half on with the mask.
    pub iou: Option<f64>,
}

/// Activation maps, chosen by their overlap with the object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CamGallery {
    /// `gradcam` or `eigencam`.
    pub method: String,
    /// Tensor that the maps are taken from.
    pub layer: String,
    /// Whether the maps explain the prediction instead of the true class.
    pub predicted: bool,
    /// Images with a map.
    pub n: usize,
    /// Images whose map shows no positive evidence.
    pub zero: usize,
    /// Images whose map is the same everywhere.
    pub flat: usize,
    /// Title of each group and its cards.
    pub groups: Vec<(String, Vec<CamCard>)>,
    /// The figures with maps of a second layer: its name, mean and median IoU.
    pub other_layer: Option<(String, Figure, Figure)>,
}

/// Where a class's objects lie in the crop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanMask {
    /// Class name.
    pub class: String,
    /// Masks averaged.
    pub n: usize,
    /// Share of masks that are object at each place.
    pub picture: Option<Picture>,
}

/// A class that the model takes for something else.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Confusion {
    /// The class.
    pub class: String,
    /// What the model answers.
    pub answer: String,
    /// Images with that answer.
    pub count: usize,
    /// Images of the class.
    pub n: usize,
    /// Some of them.
    pub photos: Vec<Photo>,
}

//! What a report shows, as plain data.
//!
//! # Sections
//! A part of the view that is empty gives no section, so a later stage adds a field here and a
//! module under `sections`, and older runs still render.

mod comparison;
mod figures;
mod groups;
mod names;
mod pictures;
mod ranks;
mod repair;

pub use comparison::{ComparedSide, ComparisonView, Difference};
pub use figures::{Figure, Figures};
pub use groups::{GroupView, GroupedClass, GroupsView, MapPoint};
pub use names::{NameView, PhraseView};
pub use pictures::{CamCard, CamGallery, Confusion, MeanMask, Panel, Photo, Picture, StripRow};
pub use ranks::{MappedPhoto, RankView, RankedClass, RankedFeature};
use rightly_audit::Verdict;

pub use repair::{Change, Levels, RepairView, RepairedGroup, RepairedModel};

/// Everything that a report shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportView {
    /// What was audited and how.
    pub facts: Facts,
    /// The answer in a few words.
    pub answer: Option<Verdict>,
    /// A few images that show it.
    pub strip: Vec<StripRow>,
    /// The rows of `metrics.json`.
    pub figures: Figures,
    /// What is wrong, worst first.
    pub findings: Vec<FindingView>,
    /// What was planted, where the run belongs to a made world.
    pub planted: Option<PlantedView>,
    /// Clean accuracy is no better than chance, so that no figure about reliance means anything.
    pub at_chance: bool,
    /// No model could be told from chance by so few images.
    pub too_few: bool,
    /// Activation maps, where saliency ran.
    pub cams: Option<CamGallery>,
    /// Images ranked by spurious features, where that ran.
    pub ranks: Option<RankView>,
    /// Subgroups, where they were looked for.
    pub groups: Option<GroupsView>,
    /// Repairs, where any was made.
    pub repair: Option<RepairView>,
    /// Mean mask of each class.
    pub mean_masks: Vec<MeanMask>,
    /// Pairs of class and wrong answer, most frequent first.
    pub confusions: Vec<Confusion>,
    /// Wrong answers, least probability for the true class first.
    pub mistakes: Vec<Photo>,
    /// What could not be used.
    pub problems: Vec<ProblemRow>,
    /// What was not measured and why; what was understood of the inputs. A sentence each.
    pub notes: Vec<String>,
    /// Why photographs are missing from the report, if they are.
    pub without_photographs: Option<String>,
}

/// What was audited and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The model's name, for sentences.
    pub model: String,
    /// The dataset's name, for sentences.
    pub data: String,
    /// Split that the figures are about.
    pub split: String,
    /// Images evaluated.
    pub images: usize,
    /// Class names in the dataset's order.
    pub classes: Vec<String>,
    /// Column whose values are the units of sampling.
    pub cluster: Option<String>,
    /// Fewer noise levels and trials than the papers'.
    pub quick: bool,
    /// Layer of the activation maps.
    pub cam_layer: Option<String>,
    /// Further rows for the table of facts: what, and its value.
    pub rows: Vec<(String, String)>,
}

/// One finding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingView {
    /// `data-problem`, `object-ignored`, …
    pub kind: String,
    /// A few words.
    pub title: String,
    /// What was seen, and what to do.
    pub description: String,
    /// Size of the effect with its interval.
    pub effect: Figure,
    /// p-value corrected for all that was tried.
    pub q: Option<f64>,
    /// Ids of the images, strongest first.
    pub images: Vec<String>,
    /// Some of them.
    pub photos: Vec<Photo>,
    /// Some images of the other side: of the class without its cue, or outside of the group.
    pub others: Vec<Photo>,
    /// Findings that this one explains: subgroups that fail as the class does without its cue.
    pub explains: Vec<FindingView>,
}

/// A row of `problems.csv`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProblemRow {
    /// Image id, file or class.
    pub image: String,
    /// Stage that met it.
    pub stage: String,
    /// What is wrong.
    pub problem: String,
    /// What was done.
    pub action: String,
}

/// What was planted in a made world against what was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlantedView {
    /// One row a planted truth.
    pub rows: Vec<PlantedRow>,
    /// Titles of the findings that match none.
    pub false_alarms: Vec<String>,
}

/// One planted truth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlantedRow {
    /// Class name.
    pub class: String,
    /// A cue (else a variant that is rare in training).
    pub cue: bool,
    /// Its word.
    pub value: String,
    /// What it costs the model.
    pub cost: Figure,
    /// Title of the finding that says it.
    pub found: Option<String>,
    /// Some of its images.
    pub photos: Vec<Photo>,
    /// Whether the images are shown without being asked for.
    pub open: bool,
}

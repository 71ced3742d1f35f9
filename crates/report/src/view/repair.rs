//! Repairs of the model, as the stage `mitigate` made them.

use super::Figure;

/// What the stage `mitigate` did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepairView {
    /// Accuracy of the model as it was, of its worst group, and so on.
    pub before: Levels,
    /// One entry a repair, the first is the main one.
    pub repairs: Vec<RepairedModel>,
    /// How it was done, a sentence each.
    pub notes: Vec<String>,
}

/// Figures of one head over the images that are reported on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Levels {
    /// Over all images.
    pub accuracy: Figure,
    /// Of the group with the lowest accuracy.
    pub worst_group: Figure,
    /// The same of groups that are known to be there.
    pub worst_true_group: Option<Figure>,
    /// Best class minus worst class.
    pub class_gap: Figure,
}

/// One repair.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepairedModel {
    /// `dim`, `group-dro`, …
    pub name: String,
    /// Whether it helped, at whatever cost.
    pub helps: bool,
    /// The verdict, a sentence.
    pub words: String,
    /// The model in the run directory.
    pub file: String,
    /// After the repair.
    pub after: Levels,
    /// What it is held against: `random groups` of the same sizes, or as many `random images`.
    pub control: String,
    /// With those.
    pub random: Option<Levels>,
    /// How much the worst group gains; p and q.
    pub gain: Figure,
    /// How much more than with the control.
    pub beyond: Figure,
    /// Accuracy before minus after.
    pub cost: Figure,
    /// Each group, the one that was worst first.
    pub groups: Vec<RepairedGroup>,
    /// What the measures of the audit say, each with what it was before.
    pub changes: Vec<Change>,
}

/// One group before and after.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepairedGroup {
    /// Class name.
    pub class: String,
    /// Its name in words; else `subgroup K`, or the known value.
    pub name: String,
    /// Accuracy before.
    pub before: Figure,
    /// Accuracy after.
    pub after: Figure,
    /// The paired difference; p and q.
    pub gain: Figure,
}

/// A measure of the audit on the repaired model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// `accuracy`, `rfs`, …
    pub metric: String,
    /// `none`, `gray`, …
    pub condition: String,
    /// What it was.
    pub before: Option<Figure>,
    /// The paired difference, after minus before; p and q.
    pub change: Figure,
}

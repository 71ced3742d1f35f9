//! What is planted in a world: cues and under-represented variants, derived from its file.
use super::{World, plan::Plan};

/// A variant is under-represented where its share in training is at most this part of its share in
/// each other split.
pub const RARE: f64 = 1.0 / 3.0;
/// A cue is planted where at least this share of the class's training images has it, and every
/// other split has it less often.
pub const CUE: f64 = 0.5;

/// One thing that is planted.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantedTruth {
    /// `spurious-cue` or `failing-subgroup`, as in findings.json.
    pub kind: &'static str,
    /// The class it is about.
    pub class: String,
    /// `background` for a cue, `variant` for a subgroup: a column of attributes.csv.
    pub attribute: &'static str,
    /// The plain lower-case word that captions use for it.
    pub value: String,
    /// Of a cue: the share of the class's training images that have it. Of a subgroup: the part of
    /// its share in the other splits that is missing in training (1: it is never trained on).
    pub strength: f64,
    /// Ids of all images with the class's label, in all splits, that lack the class's cue
    /// (a cue), or whose object is this variant of the class (a subgroup).
    pub ids: Vec<String>,
}

impl World {
    /// The planted truths for a plan of this world: classes in the order of the file, a class's cue
    /// before its variants. Training is the split `train`, or the first one where there is none;
    /// a world of one split has no truths.
    pub fn truths(&self, plan: &Plan) -> Vec<PlantedTruth> {
        let train = self.splits.iter().position(|split| split.name == "train").unwrap_or(0);
        let held_out: Vec<usize> = (0..self.splits.len()).filter(|&split| split != train).collect();
        let mut truths = Vec::new();
        if held_out.is_empty() {
            return truths;
        }
        for (index, class) in self.classes.iter().enumerate() {
            let ids = |lacks: &dyn Fn(&super::Planned) -> bool| {
                let of_class = plan.images.iter().filter(|image| image.class == index);
                of_class.filter(|image| lacks(image)).map(|image| image.id(self)).collect()
            };
            if let Some(cue) = &class.cue {
                let strength = cue.strength.0[train];
                if strength >= CUE && held_out.iter().all(|&split| cue.strength.0[split] < strength)
                {
                    truths.push(PlantedTruth {
                        kind: "spurious-cue",
                        class: class.name.clone(),
                        attribute: "background",
                        value: self.backgrounds[cue.background].word.clone(),
                        strength,
                        ids: ids(&|image| image.background != cue.background),
                    });
                }
            }
            for (number, variant) in class.variants.iter().enumerate() {
                let seen = variant.share.0[train];
                let least = held_out.iter().map(|&split| variant.share.0[split]);
                let least = least.fold(f64::INFINITY, f64::min);
                if least > 0.0 && seen <= RARE * least {
                    truths.push(PlantedTruth {
                        kind: "failing-subgroup",
                        class: class.name.clone(),
                        attribute: "variant",
                        value: variant.word.clone(),
                        strength: 1.0 - seen / least,
                        ids: ids(&|image| image.true_class == index && image.variant == number),
                    });
                }
            }
        }
        truths
    }
}

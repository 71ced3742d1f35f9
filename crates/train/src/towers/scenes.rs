//! Rendered scenes with captions and attributes.
use super::TowerOptions;
use crate::TrainError;
use crate::data::TrainingSet;
use rayon::prelude::*;
use rightly_planted::{Planned, World};

/// Pictures at the size at which they enter, with what is said of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenes {
    /// Pictures; the label is the object's class.
    pub images: TrainingSet,
    /// Captions of each; at least one.
    pub captions: Vec<Vec<String>>,
    /// Values of [`rightly_planted::ATTRIBUTES`] of each.
    pub attributes: Vec<Vec<String>>,
}

impl Scenes {
    /// Renders a split of a world.
    ///
    /// # Errors
    /// [`TrainError::Data`] where the world has no such split.
    pub fn plant(
        world: &World,
        split: &str,
        seed: u64,
        options: &TowerOptions,
    ) -> Result<Self, TrainError> {
        let at = world.splits().iter().position(|name| *name == split);
        let at = at.ok_or_else(|| TrainError::Data(format!("there is no split '{split}'")))?;
        let plan = world.plan(seed);
        let planned: Vec<&Planned> =
            plan.images.iter().filter(|planned| planned.split == at).collect();
        let preprocess = options.preprocess();
        let rendered: Vec<_> = planned
            .par_iter()
            .map(|planned| {
                let scene = world.render(planned, seed);
                let image = preprocess.crop_image(&scene.image);
                let channel = |channel| image.data.iter().skip(channel).step_by(3).copied();
                let planes: Vec<u8> = (0..3).flat_map(channel).collect();
                (planes, scene.captions, scene.attributes)
            })
            .collect();
        let mut scenes = Self {
            images: TrainingSet {
                ids: planned.iter().map(|planned| planned.id(world)).collect(),
                labels: planned.iter().map(|planned| planned.true_class).collect(),
                pixels: Vec::with_capacity(planned.len() * 3 * options.side * options.side),
                size: [options.side; 2],
            },
            captions: Vec::with_capacity(planned.len()),
            attributes: Vec::with_capacity(planned.len()),
        };
        for (planes, captions, attributes) in rendered {
            scenes.images.pixels.extend(planes);
            scenes.captions.push(captions);
            scenes.attributes.push(attributes);
        }
        Ok(scenes)
    }

    /// Number of scenes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Whether they can be trained on; their positions in the order of their ids.
    pub(crate) fn checked(&self, side: usize) -> Result<Vec<usize>, TrainError> {
        let order = self.images.checked("scenes", usize::MAX)?;
        if self.images.size != [side; 2] {
            let found = self.images.size;
            return Err(TrainError::Data(format!("scenes of {found:?} pixels, side is {side}")));
        }
        let spoken = self.captions.iter().filter(|captions| !captions.is_empty()).count();
        if spoken != self.len() {
            let n = self.len();
            return Err(TrainError::Data(format!("{spoken} of {n} scenes have a caption")));
        }
        Ok(order)
    }
}

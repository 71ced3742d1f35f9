//! Size and place of the objects.

use rightly_data::{Mask, Preprocess, preprocess::Resize};

use super::{Measure, Predictor, Subject, as_published};
use crate::{
    Error, Inputs,
    evaluate::rows::{Entry, ObjectRow, Row},
    measures::objects::{self, MeanMask},
    picture::MaskState,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;

/// Short side and crop by which the papers' code measures what a crop keeps, whatever the model's own geometry is.
const PUBLISHED: (usize, usize) = (256, 224);

pub(super) struct Objects {
    seed: u64,
    paper_compat: bool,
}

impl Objects {
    pub(super) fn new(inputs: &Inputs, paper_compat: bool) -> Self {
        Self { seed: inputs.options.seed, paper_compat }
    }

    /// The geometry whose crop is looked at.
    fn geometry(&self, own: &Preprocess) -> Preprocess {
        let (side, crop) = PUBLISHED;
        match self.paper_compat {
            true => Preprocess {
                resize: Some(Resize::ShortSide(side)),
                crop: Some([crop; 2]),
                ..own.clone()
            },
            false => own.clone(),
        }
    }
}

impl Measure for Objects {
    fn name(&self) -> &'static str {
        "objects"
    }

    fn key(&self) -> String {
        format!("{}{}", self.seed, as_published(self.paper_compat))
    }

    fn forwards(&self) -> usize {
        0
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
        let picture = &subject.picture;
        let Some(raw) = &picture.raw_mask else { return Ok(Entry::none()) };
        if picture.mask_state == MaskState::Empty {
            return Ok(Entry::none());
        }
        let loader = &probe.inputs().loader;
        let crop = loader.preprocess().crop_mask(raw, loader.sampling());
        let kept = objects::kept(raw, &self.geometry(loader.preprocess()), loader.sampling());
        let f = objects::objects(raw, &crop, kept, self.seed, &subject.sample.id);
        Ok(Entry::of(Row::Objects(ObjectRow {
            share: f.share,
            share_crop: f.share_crop,
            share_random_crop: f.share_random_crop,
            kept: f.kept,
            distance: f.distance,
            centroid: f.centroid,
            grid: grid(&crop),
        })))
    }
}

/// Share of object in each square of the grid, x 255.
fn grid(mask: &Mask) -> Vec<u8> {
    let mut one = MeanMask::new();
    one.add(mask);
    let mean = one.mean().expect("one mask was added: by construction");
    mean.into_iter().map(|share| (share * 255.0).round() as u8).collect()
}

//! Ablation: the object made gray, boxed in gray, tiled over (Hard ImageNet, section 4), and the
//! same gray on the image's own mask moved onto the background.

use super::{Measure, Predictor, Subject, as_published};
use crate::{
    Error,
    evaluate::rows::{AblationRow, Entry, Row, problem},
    measures::{ablation, control},
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;

pub(super) struct Ablation {
    pub(super) paper_compat: bool,
}

impl Measure for Ablation {
    fn name(&self) -> &'static str {
        "ablation"
    }

    fn key(&self) -> String {
        as_published(self.paper_compat).to_owned()
    }

    fn forwards(&self) -> usize {
        4
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
        let picture = &subject.picture;
        let Some(mask) = picture.measured(self.paper_compat) else { return Ok(Entry::none()) };
        let class = subject.sample.class;
        let planes = &subject.planes;
        let id = &subject.sample.id;
        let mut problems = Vec::new();
        let tiled = match self.paper_compat {
            true => ablation::tile_in_sequence(planes, mask)?,
            false => ablation::tile(planes, mask)?,
        };
        let tile = match tiled {
            Some(tiled) => probe.see(class, &tiled)?,
            None => {
                problems.push(problem(
                    id,
                    "no free tile beside the object",
                    "left out of tile's figures, both sides of the pair",
                ));
                None
            }
        };
        let moved = picture.mask.as_ref().and_then(control::moved);
        let control = match &moved {
            Some(moved) => probe.see(class, &ablation::gray(planes, &moved.mask)?)?,
            None if picture.mask.is_none() => None,
            None => {
                problems.push(problem(
                    id,
                    "the mask can't be moved off the object (it is too large)",
                    "left out of the area-matched controls",
                ));
                None
            }
        };
        let area = mask.data.iter().filter(|&&on| on).count() as f64 / mask.data.len() as f64;
        let row = Row::Ablation(AblationRow {
            gray: probe.see(class, &ablation::gray(planes, mask)?)?,
            gray_box: probe.see(class, &ablation::gray_box(planes, mask)?)?,
            tile,
            control,
            control_overlap: moved.map(|m| m.overlap),
            area,
        });
        Ok(Entry { row: Some(row), problems })
    }
}

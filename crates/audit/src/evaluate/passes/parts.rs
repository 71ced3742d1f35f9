//! One part of the object made gray (RIVAL10's attribute ablation: Moayeri, Pope, Balaji, Feizi; CVPR 2022), and the same
//! gray on the part's mask moved off the object.

use super::{Measure, Predictor, Subject};
use crate::{
    Error, Inputs,
    evaluate::rows::{Entry, PartsRow, Row, problem},
    measures::{ablation, control},
    picture::PartMask,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 2;

pub(super) struct Parts {
    names: Vec<String>,
    /// Most parts of one image.
    most: usize,
}

impl Parts {
    /// `None` where no selected image has the mask of a part.
    pub(super) fn new(inputs: &Inputs) -> Option<Self> {
        let samples = inputs.selected.iter().map(|&i| &inputs.dataset.samples[i]);
        let most = samples.map(|sample| sample.parts.iter().flatten().count()).max()?;
        (most > 0).then(|| Self { names: inputs.dataset.parts.clone(), most })
    }
}

impl Measure for Parts {
    fn name(&self) -> &'static str {
        "parts"
    }

    fn key(&self) -> String {
        self.names.join("/")
    }

    fn forwards(&self) -> usize {
        2 * self.most
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
        let (class, planes) = (subject.sample.class, &subject.planes);
        let (mut parts, mut problems) = (Vec::new(), Vec::new());
        for (at, mask) in probe.inputs().loader.parts(subject.sample)? {
            let mask = match mask {
                PartMask::Usable(mask) => mask,
                PartMask::Unusable(why) => {
                    problems.push(problem(
                        &subject.sample.id,
                        format!("the mask of the part '{}' {why}", self.names[at]),
                        "left out of this part's figures",
                    ));
                    continue;
                }
                PartMask::Unreadable(why) => {
                    problems.push(problem(
                        &subject.sample.id,
                        format!("the mask of the part '{}': {why}", self.names[at]),
                        "left out of this part's figures",
                    ));
                    continue;
                }
            };
            let object = subject.picture.mask.as_ref().unwrap_or(&mask);
            if !mask.data.iter().zip(&object.data).any(|(part, object)| part & object) {
                problems.push(problem(
                    &subject.sample.id,
                    format!("the mask of the part '{}' lies off the object", self.names[at]),
                    "used",
                ));
            }
            let control = match control::moved_off(&mask, object) {
                Some(moved) => probe.see(class, &ablation::gray(planes, &moved.mask)?)?,
                None => None,
            };
            let gray = probe.see(class, &ablation::gray(planes, &mask)?)?;
            parts.push((u32::try_from(at).expect("columns are bounded"), [gray, control]));
        }
        let row = (!parts.is_empty()).then_some(Row::Parts(PartsRow { parts }));
        Ok(Entry { row, problems })
    }
}

//! Class activation maps against the mask (Hard ImageNet, section 4).

use rightly_model::{CamHead, cam::CamState};

use super::{Measure, Probe, Subject};
use crate::{
    Error,
    evaluate::{
        options::{EvaluateOptions, Target, cam_name},
        rows::{Entry, Row, SaliencyRow, problem},
    },
    measures::saliency,
};

pub(super) struct Saliency {
    head: CamHead,
    target: Target,
    key: String,
}

impl Saliency {
    pub(super) fn new(probe: &Probe<'_>, options: &EvaluateOptions) -> Result<Self, Error> {
        let head = CamHead::new(probe.classifier(), options.cam)?;
        let key = format!("{};{};{:?}", cam_name(options.cam), head.layer(), options.target);
        Ok(Self { head, target: options.target, key })
    }
}

impl Measure for Saliency {
    fn name(&self) -> &'static str {
        "saliency"
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn forwards(&self) -> usize {
        0
    }

    fn taps(&self) -> bool {
        true
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Probe<'_>) -> Result<Entry, Error> {
        let Some(activation) = &subject.clean.tap else { return Ok(Entry::none()) };
        let logits = &subject.clean.logits;
        let target = match self.target {
            Target::Predicted => subject.outcome.output as usize,
            Target::True => {
                let right = probe.right(subject.sample.class);
                right
                    .iter()
                    .copied()
                    .fold(right[0], |best, o| if logits[o] > logits[best] { o } else { best })
            }
        };
        let cam = self.head.cam(activation, target)?;
        let mut problems = Vec::new();
        let mut say = |text: &str| {
            problems.push(problem(&subject.sample.id, text, "left out of the saliency figures"));
        };
        let state = match cam.state {
            CamState::Usable => "usable",
            CamState::Zero => {
                say("the class activation map is zero: no positive evidence for the target");
                "zero"
            }
            CamState::NotFinite => {
                say("the class activation map is not finite");
                "not-finite"
            }
        };
        let (mut iou, mut delta_density) = (None, None);
        if let (CamState::Usable, Some(mask)) = (cam.state, &subject.picture.mask) {
            let map = cam.upsample(mask.height, mask.width);
            iou = Some(saliency::iou(&map, mask));
            delta_density = saliency::delta_density(&map, mask);
        }
        let row = Row::Saliency(SaliencyRow {
            target: target as u32,
            state: state.to_owned(),
            height: cam.height as u32,
            width: cam.width as u32,
            map: cam.map,
            iou,
            delta_density,
        });
        Ok(Entry { row: Some(row), problems })
    }
}

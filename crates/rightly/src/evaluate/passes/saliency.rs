//! Class activation maps against the mask (Hard ImageNet, section 4), at the CAM layer and, where
//! asked for, at a second one: the verdict can depend on the layer.

use ndarray::ArrayD;
use rightly_data::Mask;
use rightly_model::{CamHead, Classifier, cam::CamState};

use super::{Measure, Probe, Subject, as_published};
use crate::{
    Error,
    evaluate::{
        options::{EvaluateOptions, Target, cam_name},
        rows::{Entry, LayerMap, Row, SaliencyRow, problem},
    },
    measures::saliency,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 2;

pub(super) struct Saliency {
    head: CamHead,
    /// The same model tapped at the layer to compare with.
    second: Option<(Classifier, CamHead)>,
    target: Target,
    paper_compat: bool,
    key: String,
}

impl Saliency {
    pub(super) fn new(probe: &Probe<'_>, options: &EvaluateOptions) -> Result<Self, Error> {
        let head = CamHead::new(probe.classifier(), options.cam)?;
        let second = match &options.compare_layer {
            None => None,
            Some(layer) => {
                let classifier = probe.inputs().classifier_at(layer)?;
                let head = CamHead::new(&classifier, options.cam)?;
                Some((classifier, head))
            }
        };
        let layers = [Some(head.layer()), second.as_ref().map(|(_, h)| h.layer())]
            .map(Option::unwrap_or_default);
        let paper_compat = options.paper_compat;
        let published = as_published(paper_compat);
        let key = format!("{};{layers:?};{:?}{published}", cam_name(options.cam), options.target);
        Ok(Self { head, second, target: options.target, paper_compat, key })
    }
}

/// The map of `target` and its figures against the mask.
fn layer_map(
    head: &CamHead,
    activation: &ArrayD<f32>,
    target: usize,
    mask: Option<&Mask>,
    paper_compat: bool,
) -> Result<LayerMap, Error> {
    let cam = head.cam(activation, target)?;
    let state = match cam.state {
        CamState::Usable => "usable",
        CamState::Zero => "zero",
        CamState::NotFinite => "not-finite",
    };
    let (mut iou, mut delta_density, mut mass) = (None, None, None);
    let (mut pointing, mut average_precision) = (None, None);
    if let (CamState::Usable, Some(mask)) = (cam.state, mask) {
        let map = cam.upsample(mask.height, mask.width);
        iou = Some(saliency::iou(&map, mask)?);
        delta_density = saliency::delta_density(&map, mask)?;
        mass = saliency::mass(&map, mask)?;
        pointing = Some(saliency::pointing(&map, mask)?);
        average_precision = saliency::average_precision(&map, mask)?;
    } else if paper_compat && mask.is_some() {
        // Nothing of it is salient.
        iou = Some(0.0);
    }
    Ok(LayerMap {
        layer: head.layer().to_owned(),
        state: state.to_owned(),
        height: cam.height as u32,
        width: cam.width as u32,
        map: cam.map,
        iou,
        delta_density,
        mass,
        pointing,
        average_precision,
    })
}

/// How far the maps of the two largest logits point to the same place, at the size of the input.
fn class_overlap(
    head: &CamHead,
    activation: &ArrayD<f32>,
    logits: &[f32],
    [height, width]: [usize; 2],
) -> Result<Option<f64>, Error> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    let [first, second, ..] = order[..] else { return Ok(None) };
    let mut maps = Vec::new();
    for output in [first, second] {
        let cam = head.cam(activation, output)?;
        if cam.state != CamState::Usable {
            return Ok(None);
        }
        maps.push(cam.upsample(height, width));
    }
    Ok(saliency::top_overlap(&maps[0], &maps[1]))
}

impl Measure for Saliency {
    fn name(&self) -> &'static str {
        "saliency"
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn forwards(&self) -> usize {
        usize::from(self.second.is_some())
    }

    fn taps(&self) -> bool {
        true
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Probe<'_>) -> Result<Entry, Error> {
        let Some(activation) = &subject.tap else { return Ok(Entry::none()) };
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
        let mask = subject.picture.measured(self.paper_compat);
        let layer_map = |head: &CamHead, activation: &ArrayD<f32>| {
            layer_map(head, activation, target, mask, self.paper_compat)
        };
        let mut maps = vec![layer_map(&self.head, activation)?];
        if let Some((classifier, head)) = &self.second {
            let input = probe.inputs().loader.preprocess().normalise(&subject.planes);
            if let Some(activation) = classifier.forward(&input, true)?.tap {
                maps.push(layer_map(head, &activation)?);
            }
        }
        let mut problems = Vec::new();
        for map in &maps {
            let what = match map.state.as_str() {
                "zero" => "is zero: no positive evidence for the target",
                "not-finite" => "is not finite",
                _ => continue,
            };
            problems.push(problem(
                &subject.sample.id,
                format!("the class activation map at {} {what}", map.layer),
                match self.paper_compat {
                    true => "its IoU is 0, as the papers' code has it",
                    false => "left out of the saliency figures",
                },
            ));
        }
        let size = [subject.planes.height, subject.planes.width];
        let class_overlap = class_overlap(&self.head, activation, logits, size)?;
        let row = Row::Saliency(SaliencyRow { target: target as u32, maps, class_overlap });
        Ok(Entry { row: Some(row), problems })
    }
}

//! Class activation maps against the mask (Hard ImageNet, section 4), at the CAM layer and, where
//! asked for, at a second one: the verdict can depend on the layer.

use rightly_data::Mask;
use rightly_model::{
    CamHead, Classifier,
    cam::{Cam, CamMethod, CamState},
};

use super::{Measure, Predictor, Subject, as_published};
use crate::{
    Error,
    evaluate::{
        options::{EvaluateOptions, Target, cam_name},
        rows::{Entry, LayerMap, Row, SaliencyRow, problem},
    },
    measures::saliency,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 3;

pub(super) struct Saliency {
    head: CamHead,
    /// The same model tapped at the layer to compare with.
    second: Option<(Classifier, CamHead)>,
    target: Target,
    paper_compat: bool,
    key: String,
    /// Forward passes an image.
    forwards: usize,
}

/// Forward passes that the maps of a picture need.
fn passes(classifier: &Classifier, head: &CamHead) -> Result<usize, Error> {
    let blank = vec![0.0; 3 * classifier.input_size().iter().product::<usize>()];
    let tap = classifier.forward(&blank, true)?.tap;
    Ok(tap.map_or(Ok(0), |activation| head.passes(&activation))?)
}

impl Saliency {
    pub(super) fn new(probe: &Predictor<'_>, options: &EvaluateOptions) -> Result<Self, Error> {
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
        let mut forwards = 0;
        // Only this method runs the classifier; a model that can't be run on a blank picture need not be.
        if options.cam == CamMethod::Score {
            forwards += passes(probe.classifier(), &head)?;
        }
        if let Some((classifier, head)) = &second {
            forwards +=
                1 + if options.cam == CamMethod::Score { passes(classifier, head)? } else { 0 };
        }
        Ok(Self { head, second, target: options.target, paper_compat, key, forwards })
    }
}

/// A map and its figures against the mask.
fn layer_map(
    layer: &str,
    cam: Cam,
    mask: Option<&Mask>,
    paper_compat: bool,
) -> Result<LayerMap, Error> {
    let state = match cam.state {
        CamState::Usable => "usable",
        CamState::Zero => "zero",
        CamState::Flat => "flat",
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
        layer: layer.to_owned(),
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

/// The outputs with the largest and the second largest logit.
fn two_largest(logits: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    order.truncate(2);
    order
}

/// How far two maps point to the same place, at the size of the input; `None` where one of them can't be used.
fn overlap(maps: &[Cam], [height, width]: [usize; 2]) -> Option<f64> {
    let [first, second] = maps else { return None };
    let usable = |cam: &Cam| cam.state == CamState::Usable;
    if !usable(first) || !usable(second) {
        return None;
    }
    saliency::top_overlap(&first.upsample(height, width), &second.upsample(height, width))
}

impl Measure for Saliency {
    fn name(&self) -> &'static str {
        "saliency"
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn forwards(&self) -> usize {
        self.forwards
    }

    fn taps(&self) -> bool {
        true
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
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
        let input = probe.inputs().loader.preprocess().normalise(&subject.planes);
        let mut targets = vec![target];
        targets.extend(two_largest(logits));
        let mut cams = self.head.cams(probe.classifier(), &input, activation, &targets)?;
        let size = [subject.planes.height, subject.planes.width];
        let class_overlap = overlap(&cams.split_off(1), size);
        let mut own: Vec<(&str, Cam)> =
            cams.into_iter().map(|cam| (self.head.layer(), cam)).collect();
        if let Some((classifier, head)) = &self.second
            && let Some(activation) = classifier.forward(&input, true)?.tap
        {
            let cams = head.cams(classifier, &input, &activation, &[target])?;
            own.extend(cams.into_iter().map(|cam| (head.layer(), cam)));
        }
        let maps: Vec<LayerMap> = own
            .into_iter()
            .map(|(layer, cam)| layer_map(layer, cam, mask, self.paper_compat))
            .collect::<Result<_, _>>()?;
        let mut problems = Vec::new();
        for map in &maps {
            let what = match map.state.as_str() {
                "zero" => "is zero: no positive evidence for the target",
                "flat" => "is the same everywhere: it points nowhere",
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
        let row = Row::Saliency(SaliencyRow { target: target as u32, maps, class_overlap });
        Ok(Entry { row: Some(row), problems })
    }
}

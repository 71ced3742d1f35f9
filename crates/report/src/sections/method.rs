//! How each figure is made, and what it can't say.

use maud::html;

use super::Section;
use crate::view::ReportView;

/// Title, text, and the metric whose presence makes the paragraph apply.
const MEASURES: [(&str, &str, &str); 7] = [
    (
        "Ablation",
        "drop",
        "After resize and crop, the object's pixels are set to gray (0.5), its box is set to gray, or each part's box is filled with the largest free tile beside it (Hard ImageNet, Moayeri, Singla and Feizi, NeurIPS 2022). Gray keeps the silhouette and is unlike any photograph, so part of a drop is surprise: the control grays the same shape elsewhere, and only the difference speaks of the object.",
    ),
    (
        "Noise",
        "rfs",
        "Gaussian noise, the same field masked to the object or to the rest, clamped to the range of pixels. RFS = (accuracy with noise around − accuracy with noise on the object) / (2 min(a, 1 − a)), a their mean (RIVAL10, Moayeri, Pope, Balaji and Feizi, CVPR 2022). It depends on the object's size in both directions, which is what the moved mask controls for, and is unstable near 0 and 100 % accuracy.",
    ),
    (
        "Activation maps",
        "cam-iou",
        "GradCAM (Selvaraju and others, ICCV 2017): channels of one layer weighted by the mean gradient of the class's logit, negative parts cut, scaled to 0 to 1 and enlarged bilinearly. Coarse by nature: one cell of the layer covers many pixels, so IoU with small objects is low even for a perfect model. A map shows where evidence is computed, not why.",
    ),
    (
        "Objects",
        "object-share",
        "Shares of pixels from the masks; random resized crops with scale 0.08 to 1 and ratio 3/4 to 4/3, ten draws an image. Distance is that of the mask's centroid from the centre, 1 in a corner. The figures are as good as the masks.",
    ),
    (
        "Overlays",
        "logit-rise",
        "A picture with transparency is laid over every crop before scaling (the known case is the watermark of ImageNet-W, Li and others, CVPR 2023). The output that rises most is chosen from all outputs on the same images, so its height is slightly flattered; the control is not.",
    ),
    (
        "Surroundings",
        "background-gap",
        "The object is kept and what is around it is made gray, blurred, or taken from another picture of its class or of another class, whose own object is tiled over. Which picture lends its surroundings depends on ids and the seed alone; with clusters it is one of another cluster. The gap is accuracy in surroundings of the class minus accuracy in those of other classes, on the same images (ImageNet-9). Pull: how much more often objects of other classes are taken for a class in its surroundings than in those of other classes. Neutral surroundings are those of classes whose pull is below 5 points.",
    ),
    (
        "Accuracy",
        "accuracy",
        "Right = the largest output is one of the class's outputs. Confidence is the sum of the probabilities of those outputs, as the model gives them: it is not calibrated.",
    ),
];

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let here = |metric: &str| view.figures.rows().iter().any(|f| f.metric == metric);
    let body = html! {
        dl.method {
            @for (title, _, text) in MEASURES.iter().filter(|(_, metric, _)| here(metric)) {
                dt { (title) } dd { (text) }
            }
            dt { "Intervals" }
            dd {
                "95 %. Wilson for plain shares of independent images; otherwise bootstrap over images (percentiles, stratified by class, 2,000 resamples unless stated), with both sides of a pair and all noise trials of an image kept together. "
                @match &view.facts.cluster {
                    Some(column) => { "Images that share a value of " (crate::format::name(column)) " are not independent: whole clusters are the unit, with a t quantile where they are few, and ‘not estimable’ where there is only one." }
                    None => "Images count as independent. If several show the same scene (frames of one video, crops of one scan), these intervals are too narrow: give --cluster.",
                }
            }
            dt { "Verdict" }
            dd { "Taken from the accuracy with the object's box gray (or gray, or tiled, where that is missing), without what the model's default answer reaches: to a picture that shows no object many models give one answer whatever class it is of, and are right by that for some. It is measured as the share of the other classes' pictures that get a class's answer, object hidden. ‘Does not need the object’ where the interval's lower bound is at least half of the same images' accuracy as photographed, ‘needs the object’ where its upper bound is at most a quarter, both where the lower bound is above a quarter, ‘for more than half’ where the upper bound is below half; else nothing can be told. Where clean accuracy is at chance, nothing is judged." }
            dt { "What no figure here says" }
            dd { "How the model behaves on other photographs than these, and whether a cue that it uses is harmless in its place of use." }
        }
    };
    Some(Section::new("method", "Method and limits", body))
}

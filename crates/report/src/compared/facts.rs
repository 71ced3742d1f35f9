//! How the differences are made, and from what.

use maud::html;

use crate::{format::name, sections::Section, view::ComparisonView};

pub(super) fn method(view: &ComparisonView) -> Section {
    let body = html! {
        dl.method {
            dt { "Differences" }
            dd {
                @if view.paired {
                    "B minus A within each image (the same id and class), over the images that both runs can use for a figure; noise is first averaged over an image's draws. Accuracies: Tango's interval or the bootstrap, exact McNemar test. Means: bootstrap of the differences, stratified by class, and a sign-flip permutation test. RFS and medians: bootstrap of pairs, and a permutation that exchanges both values of an image. Where the runs name clusters, whole clusters are the unit. A figure without values image by image has a difference and no interval."
                } @else {
                    "Of two independent samples, B minus A. Accuracies: Newcombe's interval. Other figures: bootstrap of both samples, stratified by run and class; medians and clustered figures: the two intervals, squared and added. Tests: permutation of the runs' labels within classes; a bootstrap test where the classes differ; from the interval where there are clusters."
                }
            }
            dt { "Correction" }
            dd { "q: Benjamini and Hochberg over every difference that was tested, in all classes and conditions. Rows of fewer than six images or clusters (four of each run, unpaired) are not tested, because no outcome could be significant there. A difference holds where q is at most 0.05 and its interval, where there is one, leaves zero out." }
            dt { "Verdict" }
            dd { "Speaks of accuracy as photographed and of what hiding the object costs, each only where the difference holds. A larger drop is read as relying more on the object; where the clean accuracies differ, part of it is that there is more to lose." }
            dt { "What no figure here says" }
            dd { "That two runs are alike. A difference that is not shown may still be there, up to the ends of its interval." }
        }
    };
    Section::new("method", "Method and limits", body)
}

pub(super) fn section(view: &ComparisonView) -> Option<Section> {
    let body = html! {
        dl.facts { @for (what, value) in &view.facts { dt { (what) } dd { (name(value)) } } }
        p.muted { "Every difference is in metrics.json; both runs' figures beside it in compare/sides.json." }
    };
    Some(Section::new("facts", "Runs", body))
}

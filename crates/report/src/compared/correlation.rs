//! Whether both runs rely on the surroundings in the same classes.

use maud::html;

use crate::{
    format::{Unit, condition},
    sections::{Section, parts::wide},
    view::{ComparisonView, Figure},
};

const ROWS: [(&str, &str); 3] = [
    ("class-correlation", "As measured"),
    ("class-correlation-split", "From other halves of the images"),
    ("class-correlation-disattenuated", "The same, corrected for noise"),
];

pub(super) fn section(view: &ComparisonView) -> Option<Section> {
    let mut conditions: Vec<&str> =
        view.correlations.iter().filter_map(|f| f.condition.as_deref()).collect();
    conditions.dedup();
    if conditions.is_empty() {
        return None;
    }
    let find = |metric: &str, of: &str| {
        let same = |f: &&Figure| f.metric == metric && f.condition.as_deref() == Some(of);
        view.correlations.iter().find(same)
    };
    let classes = |of: &str| {
        let own = view.correlations.iter().find(|f| f.condition.as_deref() == Some(of));
        own.expect("the conditions are those of the correlations").n
    };
    let few = view.correlations.iter().all(|f| f.value.is_none());
    let cell = |figure: Option<&Figure>| {
        html! {
            @match figure.filter(|f| f.value.is_some()) {
                Some(f) => { td.number { (Unit::Signed.figure(f)) } td.number.muted { (Unit::Signed.bounds(f)) } }
                None => { td.number.muted { "undefined" } td {} }
            }
        }
    };
    let what = |of: &str| {
        if of.starts_with("k=") {
            format!("Gap between most and least spurious images ({of})")
        } else {
            format!("Drop of accuracy, {}", condition(of))
        }
    };
    let body = html! {
        p { "A class that suffers in A, does it suffer in B? Images that both runs saw push the plain correlation up, and noise in each class pulls it down: so each class's images are dealt into two halves, A's figures come from one and B's from the other, and the result is divided by how well each run's halves agree with each other." }
        @for of in &conditions {
            (wide(html! { table {
                caption { (what(of)) ", " (classes(of)) " classes" }
                thead { tr { th { "Correlation over classes" } th.number { "Spearman" } th.number { "95 % interval" } th.number { "Pearson" } th.number { "95 % interval" } } }
                tbody { @for (metric, words) in ROWS {
                    @let pearson = format!("{metric}-pearson");
                    @if find(metric, of).is_some() || find(&pearson, of).is_some() {
                        tr { th scope="row" { (words) } (cell(find(metric, of))) (cell(find(&pearson, of))) }
                    }
                } }
            } }))
        }
        p.muted {
            "The unit of these intervals is the class."
            @if few { " Fewer than five classes could be dealt into halves (each needs two images, or two clusters), or all classes are alike." }
            @else { " ‘undefined’: all classes are alike, or the halves of a run don't agree with each other. The corrected figure may pass 1." }
        }
    };
    Some(Section::new("correlation", "The same classes?", body))
}

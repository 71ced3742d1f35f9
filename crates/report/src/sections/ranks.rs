//! Images ranked by how strongly they carry the spurious features of their class.

use maud::{Markup, html};

use super::{
    Section,
    parts::{UNDER, cell, image, inline, wide},
    words::evidence,
};
use crate::{
    chart::{Level, Scale, Series, Tone, levels},
    format::{Unit, name, number, plural},
    view::{MappedPhoto, RankView, RankedClass, RankedFeature, ReportView},
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let ranks = view.ranks.as_ref()?;
    let pooled = curve(view, "*");
    let body = html! {
        p { "Features by which the model tells a class and which lie off its object count as spurious. Images are ranked by how strongly they show those, once as they are and once without their object; where accuracy falls from the strong end to the weak end in both rankings, the class leans on them." }
        p.muted { (basis(ranks)) (chosen_by(ranks)) }
        @if pooled.len() > 1 {
            figure.chart {
                h3 { "Accuracy as the cue fades" }
                (steps("Accuracy by tenth of the ranking", "tenth of each class, the strongest cue first", &pooled, Tone::Plain))
                figcaption { "All ranked classes together; lines through the dots are 95 % intervals." }
            }
        }
        (gaps(view))
        @for (at, class) in ranks.classes.iter().enumerate() { (class_block(view, ranks, class, at == 0)) }
    };
    Some(Section::new("cues", "Cues beside the object", body))
}

fn basis(ranks: &RankView) -> String {
    let (spurious, all) = ranks.spurious;
    let counted = format!("{spurious} of {} count as spurious", plural(all, "important feature"));
    match ranks.basis.as_str() {
        "votes" if all == 0 => "The ranks were made elsewhere and read from a list.".to_owned(),
        "votes" => format!("{counted}, as people voted."),
        "masks" => format!(
            "{counted}: with the object's box gray they keep more than half of what a map moved to a random place \
             would keep (where that is not known: their activation lies off the object by more than chance)."
        ),
        "attributes" => format!("{counted}: those that go with an attribute or a word of the captions."),
        _ => "Nothing tells which features are spurious (no votes, masks, attributes or captions), so images are ranked \
              by all important features and no gap is called a finding. Judge the features below, write your answers \
              into rank/votes.csv, and give it with --votes."
            .to_owned(),
    }
}

/// Whose right answers chose the features.
fn chosen_by(ranks: &RankView) -> &'static str {
    match ranks.chosen_by.as_deref() {
        Some("encoder") => {
            " Features are important for a class where the encoder's own last layer says so, on images that it has right; accuracy \
             is the audited model's."
        }
        Some("model") => " Features are chosen on images that the audited model has right.",
        Some("all") => " Features are chosen on all images of a class, right or wrong.",
        _ => "",
    }
}

/// Steps of a class's curve (`*`: of all classes).
fn curve<'a>(view: &'a ReportView, class: &str) -> Vec<Level<'a>> {
    let steps = view
        .figures
        .rows()
        .iter()
        .filter(|f| f.metric == "accuracy-by-rank" && f.class.as_deref() == Some(class));
    steps
        .filter_map(|figure| {
            let step = figure.condition.as_deref()?.strip_prefix("step=")?.split_once('/')?.0;
            Some(Level { size: step.parse().ok()?, figure })
        })
        .collect()
}

fn steps(title: &str, along: &str, curve: &[Level<'_>], tone: Tone) -> Markup {
    let levels_of = curve.iter().map(|l| Level { size: l.size, figure: l.figure }).collect();
    let series = Series { name: "accuracy", tone, joined: true, levels: levels_of };
    levels(title, along, &[series], Scale::SHARE, Unit::Percent)
}

/// The gaps of each class at every k, as photographed and without the object.
fn gaps(view: &ReportView) -> Markup {
    let table = |metric: &str, caption: &str| {
        let conditions = view.figures.conditions(metric);
        if conditions.is_empty() {
            return html! {};
        }
        let has = |class: &&&str| {
            conditions.iter().any(|c| view.figures.find(metric, Some(c), class).is_some())
        };
        let mut own: Vec<&str> = Vec::new();
        for figure in view.figures.rows().iter().filter(|f| f.metric == metric) {
            if let Some(class) = figure.class.as_deref()
                && !own.contains(&class)
                && !["*", "mean"].contains(&class)
                && has(&&class)
            {
                own.push(class);
            }
        }
        let size = |class: &&str| {
            let found =
                conditions.iter().filter_map(|c| view.figures.find(metric, Some(c), class)?.value);
            found.fold(f64::NEG_INFINITY, f64::max)
        };
        own.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let row = |class: &str, words: &str| {
            html! { tr {
                th scope="row" { (name(words)) }
                td.number { @match q(view, metric, class) { Some(q) => { (q) } None => span.muted { "–" } } }
                @for c in &conditions { (cell(view.figures.find(metric, Some(c), class), Unit::Points)) }
            } }
        };
        wide(html! { table.sortable id=(format!("{metric}-table")) {
            caption { (caption) "." (UNDER) }
            thead { tr {
                th { "Class" } th.number { "q" }
                @for c in &conditions { th.number { (c.replace('=', " = ")) } }
            } }
            tbody { @for class in own { (row(class, class)) } }
            tfoot { @for (class, words) in [("*", "all classes together"), ("mean", "mean of the classes")] { (row(class, words)) } }
        } })
    };
    let plain = view.figures.conditions("gap");
    if plain.is_empty() {
        return html! { p { "No class could be ranked: none of its important features is spurious." } };
    }
    let bare = !view.figures.conditions("gap-without-object").is_empty();
    html! {
        @if bare {
            h3 { "Ranked by what is left when the object is gone" }
            p.muted { "The same features of the same pictures, with the object's box gray: an odd, hard or wrongly labelled object can't look like a missing cue. A finding needs both gaps." }
            (table("gap-without-object", "Accuracy of the k images that show the cue most without their object, minus that of the k that show it least"))
            h3 { "Ranked as photographed" }
        }
        (table("gap", "Accuracy of the k images that show the cue most minus that of the k that show it least"))
        p.muted {
            "k is cut to half of a class, so n may be smaller than 2 k. q: of the class's gaps at every k together, against \
             outcomes dealt anew among its ranks, corrected for the number of classes. At k = 10 a gap of 20 points is \
             ordinary by chance."
        }
    }
}

fn q(view: &ReportView, metric: &str, class: &str) -> Option<String> {
    let mut rows = view.figures.rows().iter();
    let figure = rows.find(|f| f.metric == metric && f.class.as_deref() == Some(class))?;
    let q = figure.q?;
    Some(if q < 0.001 { "< 0.001".to_owned() } else { number(q, 3) })
}

fn class_block(view: &ReportView, ranks: &RankView, class: &RankedClass, open: bool) -> Markup {
    let curve = curve(view, &class.class);
    let pictured: Vec<&RankedFeature> =
        class.features.iter().filter(|f| !f.high.is_empty()).collect();
    if pictured.is_empty() && curve.len() < 2 {
        return html! {};
    }
    html! {
        details.ranked open[open] {
            summary { strong { (name(&class.class)) } ": " (plural(class.features.len(), "feature")) ", "
                (class.features.iter().filter(|f| f.spurious == Some(true)).count()) " spurious" }
            @if curve.len() > 1 {
                figure.chart {
                    h3 { "Accuracy as the cue fades, " (name(&class.class)) }
                    (steps("Accuracy by step of the ranking", "step of the ranking, the strongest cue first", &curve, Tone::Around))
                }
            }
            @if !class.words.title.is_empty() { p { "What the strong end shows more of, in words: " strong { (name(&class.words.title)) } } }
            (evidence(&class.words, "the half of the class that shows the cue least"))
            @for feature in pictured { (feature_block(ranks, feature)) }
        }
    }
}

fn feature_block(ranks: &RankView, feature: &RankedFeature) -> Markup {
    let verdict = match feature.spurious {
        Some(true) => "spurious",
        Some(false) => "on the object",
        None if ranks.basis == "none" => "not judged",
        None => "neither on the object nor off it",
    };
    html! {
        h3 { "Feature " (feature.feature) ": " (verdict)
            @if let Some(word) = &feature.word { ", goes with " (name(word)) } }
        p.muted {
            @if feature.kept.value.is_some() {
                "Kept without the object, 1 being chance: " (inline(&feature.kept, Unit::Plain)) ". "
            }
            @if feature.evidence.value.is_some() {
                @if ranks.basis == "masks" { "Share of its activation on the object beyond chance: " } @else { "Correlation: " }
                (inline(&feature.evidence, Unit::Signed)) "."
            }
        }
        p.muted { "Shows it most" }
        (strip(&feature.high))
        p.muted { "Shows it least" }
        (strip(&feature.low))
    }
}

fn strip(photos: &[MappedPhoto]) -> Markup {
    html! {
        div.gallery.ends { @for mapped in photos {
            @let alt = format!("{} ({})", mapped.photo.class, mapped.photo.id);
            figure.cam {
                div.pair {
                    (image(mapped.photo.picture.as_ref(), &alt))
                    @if mapped.map.is_some() { (image(mapped.map.as_ref(), &format!("the feature over {alt}"))) }
                }
                figcaption {
                    @match (&mapped.photo.answer, mapped.right) {
                        (Some(answer), _) => span.answer { "called " (name(answer)) },
                        (None, true) => span.muted { "right" },
                        (None, false) => span.answer { "wrong" },
                    }
                    span.id { (name(&mapped.photo.id)) }
                }
            }
        } }
    }
}

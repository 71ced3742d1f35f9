//! Subgroups of the classes on which the model fails.

use maud::{Markup, html};

use super::{
    Section,
    parts::{UNDER, cell, image, ranged, wide},
    words::evidence,
};
use crate::{
    chart::{COLOURS, Mark, scatter},
    format::{Unit, name, number, percent, plural, subgroup},
    view::{GroupView, GroupedClass, GroupsView, Photo, ReportView},
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let groups = view.groups.as_ref()?;
    let found: usize = groups.classes.iter().flat_map(|c| &c.groups).filter(|g| g.found).count();
    let body = html! {
        p { "Each class was divided into groups of images that look alike to the model, on some images; other images, which had no part in that, show whether a group really fails." }
        p.muted { (summary(groups, found)) }
        @for (at, class) in groups.classes.iter().enumerate() { (class_block(class, at == 0)) }
        p.muted { "Gap: accuracy of the rest of the class minus that of the group. q: corrected for every group that was tested, in all classes; groups of fewer than 20 images, or that did not fail where they were found, are not tested. A group fails where q is at most .05 and its gap is clear even if 3 % of the class's images are wrongly labelled and all of these are in it. Members are assigned by their features alone, the most typical are shown." }
    };
    Some(Section::new("subgroups", "Subgroups that fail", body))
}

fn summary(groups: &GroupsView, found: usize) -> String {
    let (classes, tests) = groups.tried;
    if tests == 0 {
        return "No group could be tested: what it would take stands in the notes.".to_owned();
    }
    let held = match found {
        0 => "none fails".to_owned(),
        1 => "1 fails".to_owned(),
        n => format!("{n} fail"),
    };
    let power = groups.detectable.map_or_else(String::new, |gap| {
        format!(
            " A fifth of a class would have to be {} points worse than the rest to be seen in four of five cases (mean of the classes).",
            number(100.0 * gap, 0)
        )
    });
    let tested =
        groups.classes.iter().filter(|class| class.groups.iter().any(|g| g.gap.q.is_some()));
    let of = match tested.count() {
        n if n == classes => {
            if n == 1 {
                "1 class".to_owned()
            } else {
                format!("{n} classes")
            }
        }
        n => format!("{n} of {classes} classes"),
    };
    format!("{} of {of} tested, {held}.{power}", plural(tests, "group"))
}

fn class_block(class: &GroupedClass, open: bool) -> Markup {
    let found = class.groups.iter().filter(|g| g.found).count();
    let tested = class.groups.iter().any(|g| g.gap.q.is_some());
    // The colours of the map: findings first, then the worst.
    let mut coloured: Vec<usize> = (0..class.groups.len()).collect();
    coloured.sort_by_key(|&at| (!class.groups[at].found, at));
    coloured.truncate(COLOURS.min(found.max(2)));
    let colour = |group: Option<usize>| group.and_then(|g| coloured.iter().position(|&c| c == g));
    let names: Vec<String> = coloured.iter().map(|&at| called(&class.groups[at])).collect();
    let marks: Vec<Mark> = class
        .map
        .iter()
        .filter_map(|p| Some(Mark { x: p.x, y: p.y, colour: colour(p.group), right: p.right? }))
        .collect();
    html! {
        details.ranked open[open] {
            summary { strong { (name(&class.class)) } ": " (plural(class.groups.len(), "group")) ", "
                @match found { 0 if !tested => { "none tested" } 0 => { "none fails beyond doubt" } 1 => { "1 fails" } n => { (n) " fail" } } }
            (table(class))
            @if marks.len() > 1 {
                figure.chart {
                    h3 { "Images of " (name(&class.class)) ", as the model sees them" }
                    (scatter(&format!("Map of the images of {} (n\u{a0}=\u{a0}{})", class.class, marks.len()), &marks, &names))
                    figcaption { "Images that lie close together look alike to the model. A cross is a wrong answer." }
                }
            }
            @for group in class.groups.iter().filter(|g| !g.photos.is_empty()) { (gallery(group)) }
        }
    }
}

fn label(group: &GroupView) -> String {
    subgroup(&group.name)
}

/// Its name in words; else its label.
fn called(group: &GroupView) -> String {
    match group.words.title.as_str() {
        "" => label(group),
        title => title.to_owned(),
    }
}

fn table(class: &GroupedClass) -> Markup {
    wide(html! { table {
        caption { "Groups of " (name(&class.class)) ", the worst where they were found first; figures are those of the confirming images." (UNDER) }
        thead { tr {
            th { "Group" }
            th.number { "accuracy" } th.number { "gap" } th.number { "q" }
        } }
        tbody { @for group in &class.groups { tr {
            th scope="row" {
                @if group.words.title.is_empty() { (label(group)) } @else {
                    (name(&group.words.title)) " " span.muted { (label(group)) }
                }
                @if group.found { " " span.answer { "fails" } }
            }
            (cell(Some(&group.accuracy), Unit::Percent))
            (ranged(&group.gap, Unit::Points))
            td.number { @match group.gap.q {
                Some(q) if q < 0.001 => { "< 0.001" }
                Some(q) => { (number(q, 3)) }
                None => { span.muted { "not tested" } }
            } }
        } } }
    } })
}

fn gallery(group: &GroupView) -> Markup {
    let accuracy = group.accuracy.value.map_or_else(|| "no data".to_owned(), percent);
    html! {
        h3 {
            @if !group.words.title.is_empty() { (name(&group.words.title)) " · " }
            (label(group)) ", " (accuracy) " right" @if group.found { ": fails" }
        }
        (evidence(&group.words, "the rest of the class"))
        (photographs(&group.photos))
        @if !group.far.is_empty() {
            p.muted { "The images of the class that are least like these:" }
            (photographs(&group.far))
        }
    }
}

fn photographs(photos: &[(Photo, Option<bool>)]) -> Markup {
    html! {
        div.gallery { @for (photo, right) in photos {
            @let alt = format!("{} ({})", photo.class, photo.id);
            figure.photo {
                (image(photo.picture.as_ref(), &alt))
                figcaption {
                    @match (&photo.answer, right) {
                        (Some(answer), _) => span.answer { "called " (name(answer)) },
                        (None, Some(true)) => span.muted { "right" },
                        (None, Some(false)) => span.answer { "wrong" },
                        (None, None) => span.muted { "answer not known" },
                    }
                    span.id { (name(&photo.id)) }
                }
            }
        } }
    }
}

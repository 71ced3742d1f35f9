//! The masks of a dataset over its images: one page on which a person sees what counts as object.

mod pictures;
mod style;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use rightly_data::{Dataset, Sample, mask::Doubt, pixels::DecodeOptions};

use crate::{
    ReportError,
    format::{name, percent, plural},
    page::{policy, without_controls},
    sections::parts::image,
};
use pictures::{Shown, show};

/// Marks a page as one of these, which the next may replace.
const GENERATOR: &str = "rightly data --preview";

/// Most classes on a page.
const CLASSES: usize = 120;
/// About as many pictures in all.
const PICTURES: usize = 240;
/// Most pictures of a class.
const OF_CLASS: usize = 6;

/// Whether a page was made by [`mask_sheet`].
pub fn is_mask_sheet(page: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&page[..page.len().min(2000)]);
    head.contains(&format!("content=\"{GENERATOR}\""))
}

/// The page: the decision about mask values, what is in doubt in both readings, and some images of
/// each class with the object tinted, outlined and measured. One file, without scripts and paths.
///
/// `title` is what the data is called.
///
/// # Errors
/// Where a picture can't be encoded. An image or mask that can't be read is shown as such.
pub fn mask_sheet(
    title: &str,
    dataset: &Dataset,
    decode: &DecodeOptions,
) -> Result<String, ReportError> {
    let masked = dataset.samples.iter().filter(|s| s.mask.is_some()).count();
    let mut classes = Vec::new();
    let with_images: Vec<usize> = (0..dataset.classes.len())
        .filter(|&class| dataset.samples.iter().any(|s| s.class == class))
        .collect();
    let shown = with_images.len().min(CLASSES);
    let each = (PICTURES / shown.max(1)).clamp(1, OF_CLASS);
    for &class in &with_images[..shown] {
        classes.push(class_section(dataset, class, each, decode)?);
    }
    let survey = dataset.mask_survey.as_ref();
    let doubts = survey.map_or(&[][..], |survey| &survey.doubts);
    let doubts = doubts
        .iter()
        .map(|doubt| doubt_section(dataset, doubt, decode))
        .collect::<Result<Vec<_>, _>>()?;
    let decision = survey.map(|survey| survey.decision.as_str());
    let body = html! {
        header.hero.(if doubts.is_empty() { "good" } else { "mixed" }) {
            div.inner {
                p.brand { strong { "rightly" } span { "right for the right reasons?" } }
                p.subject {
                    (name(title)) " · " (masked) " of " (plural(dataset.samples.len(), "image"))
                    " with a mask · " (with_images.len()) " classes"
                }
                h1 { "What counts as object" }
                div.lead {
                    @match decision {
                        Some(decision) => p { (decision) },
                        None => p { "The masks are drawn from annotations, so they hold no values to decide about." },
                    }
                    p { "The object is orange with a white edge. Look whether it is what you mean by the class." }
                }
            }
        }
        main id="main" {
            @for doubt in &doubts { (doubt) }
            @for class in &classes { (class) }
            @if shown < with_images.len() {
                p.muted { "The first " (shown) " of " (with_images.len()) " classes are shown." }
            }
        }
        footer { "Made by rightly. This page is one file and works offline." }
    };
    Ok(page(title, &body))
}

fn page(title: &str, body: &Markup) -> String {
    let style = format!("{}{}", style::ALL, style::OWN);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(policy(&style, None));
                meta name="generator" content=(GENERATOR);
                title { "Masks of " (title) " · rightly" }
                style { (PreEscaped(&style)) }
            }
            body { (body) }
        }
    }
    .into_string();
    without_controls(page)
}

fn class_section(
    dataset: &Dataset,
    class: usize,
    each: usize,
    decode: &DecodeOptions,
) -> Result<Markup, ReportError> {
    let all: Vec<&Sample> = dataset.samples.iter().filter(|s| s.class == class).collect();
    let masked: Vec<&Sample> = all.iter().copied().filter(|s| s.mask.is_some()).collect();
    let count = masked.len().min(each);
    // Evenly spread: neighbours are often frames of one scene.
    let figures = (0..count)
        .map(|i| {
            let sample = masked[i * masked.len() / count];
            let shown = show(sample, decode, &dataset.mask_options)?;
            Ok(figure(sample, &shown, None))
        })
        .collect::<Result<Vec<_>, ReportError>>()?;
    Ok(html! {
        section {
            h2 { (name(&dataset.classes[class])) }
            p.muted { (plural(all.len(), "image")) ", " (masked.len()) " with a mask, " (count) " shown" }
            @if figures.is_empty() {
                p { "No image of this class has a mask." }
            } @else {
                div.gallery.masked { @for figure in &figures { (figure) } }
            }
        }
    })
}

/// What is in doubt, with the first such image in both readings.
fn doubt_section(
    dataset: &Dataset,
    doubt: &Doubt,
    decode: &DecodeOptions,
) -> Result<Markup, ReportError> {
    let first = dataset.samples.iter().find(|sample| doubt.is_about(sample));
    let mut figures = Vec::new();
    if let Some(sample) = first {
        figures.push(figure(
            sample,
            &show(sample, decode, &dataset.mask_options)?,
            Some("as it is read"),
        ));
        if let Some(other) = &doubt.other {
            figures.push(figure(sample, &show(sample, decode, other)?, Some("the other reading")));
        }
    }
    Ok(html! {
        section {
            h2 { "In doubt" }
            div.finding.data {
                p { (doubt.problem) "." }
                p.muted { (doubt.action) "." }
                div.gallery.masked { @for figure in &figures { (figure) } }
            }
        }
    })
}

fn figure(sample: &Sample, shown: &Shown, reading: Option<&str>) -> Markup {
    html! {
        figure {
            (image(shown.picture.as_ref(), &format!("the mask over {}", sample.id)))
            figcaption {
                @if let Some(reading) = reading { span.photo-class { (reading) } }
                @if let Some(share) = shown.share {
                    span { "object: " (percent(share)) @if let Some(note) = shown.note { " · " (note) } }
                }
                @if let Some(problem) = &shown.problem { span.answer { (name(problem)) } }
                span.id { (name(&sample.id)) }
            }
        }
    }
}

#[cfg(test)]
mod tests;

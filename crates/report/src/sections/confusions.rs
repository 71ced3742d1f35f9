//! What classes are taken for.

use maud::html;

use super::{Section, parts::photo};
use crate::{
    format::{name, percent, plural},
    view::ReportView,
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    if view.confusions.is_empty() {
        return None;
    }
    let body = html! {
        p { "The most frequent wrong answers on photographs as they are, with examples." }
        @for pair in &view.confusions {
            article.confusion {
                h3 { (name(&pair.class)) span.arrow role="img" aria-label="called" { " → " } (name(&pair.answer)) }
                p.muted { (pair.count) " of " (plural(pair.n, "image")) " of the class"
                    @if pair.n > 0 { " (" (percent(pair.count as f64 / pair.n as f64)) ")" }
                    @if pair.n < 20 { " " span.small-n { "few" } } }
                @if !pair.photos.is_empty() { div.gallery.small { @for p in &pair.photos { (photo(p)) } } }
            }
        }
    };
    Some(Section::new("confusions", "Most confused", body))
}

//! The wrong answers to look at first.

use maud::html;

use super::{Section, parts::photo};
use crate::view::ReportView;

pub(super) fn section(view: &ReportView) -> Option<Section> {
    if view.mistakes.is_empty() {
        return None;
    }
    let body = html! {
        p { "Wrong answers that leave the true class the least probability, at most two a class (n = " (view.mistakes.len()) " shown). Look here first for wrong labels, missing objects and shortcuts." }
        div.gallery { @for p in &view.mistakes { (photo(p)) } }
    };
    Some(Section::new("mistakes", "Confident mistakes", body))
}

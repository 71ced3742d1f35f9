//! Words with the evidence behind them.

use maud::{Markup, html};

use crate::{
    format::{name, number, percent},
    view::{NameView, PhraseView},
};

/// The phrases of a name, each with its shares here and elsewhere, or with how well it fits.
pub(super) fn evidence(words: &NameView, elsewhere: &str) -> Markup {
    let (said, scored): (Vec<_>, Vec<_>) = words.phrases.iter().partition(|p| p.shares.is_some());
    html! {
        @if !said.is_empty() {
            p.muted {
                "Said of these images, and of " (elsewhere) ": "
                @for (at, phrase) in said.iter().enumerate() {
                    @if at > 0 { "; " }
                    strong { (name(&phrase.phrase)) }
                    @if let Some([inside, outside]) = phrase.shares {
                        " " (percent(inside)) " and " (percent(outside))
                    }
                    (area(phrase))
                }
                ". Words were chosen on other images."
            }
        }
        @if !scored.is_empty() {
            p.muted {
                "To the image-text model these images look more like (or less like) the phrase than " (elsewhere) ": "
                @for (at, phrase) in scored.iter().enumerate() {
                    @if at > 0 { "; " }
                    @if !phrase.present { "less " }
                    strong { (name(&phrase.phrase)) }
                    (area(phrase))
                }
                ". Phrases were chosen on other images."
            }
        }
    }
}

fn area(phrase: &PhraseView) -> Markup {
    html! {
        @if let (Some(value), Some(low), Some(high)) = (phrase.auc.value, phrase.auc.low, phrase.auc.high) {
            " (AUC " (number(value, 2)) " [" (number(low, 2)) ", " (number(high, 2)) "])"
        }
    }
}

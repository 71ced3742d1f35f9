//! Words with the evidence behind them.

use maud::{Markup, html};

use crate::{
    format::{name, number, percent},
    view::NameView,
};

/// The phrases of a name, each with its shares here and elsewhere.
pub(super) fn evidence(words: &NameView, elsewhere: &str) -> Markup {
    html! {
        @if !words.phrases.is_empty() {
            p.muted {
                "Said of these images, and of " (elsewhere) ": "
                @for (at, phrase) in words.phrases.iter().enumerate() {
                    @if at > 0 { "; " }
                    strong { (name(&phrase.phrase)) } " " (percent(phrase.inside)) " and " (percent(phrase.outside))
                    @if let (Some(value), Some(low), Some(high)) = (phrase.auc.value, phrase.auc.low, phrase.auc.high) {
                        " (AUC " (number(value, 2)) " [" (number(low, 2)) ", " (number(high, 2)) "])"
                    }
                }
                ". Words were chosen on other images."
            }
        }
    }
}

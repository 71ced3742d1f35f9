//! How captions join a phrase to the name of a class.

use std::collections::BTreeMap;

use super::super::{
    caption_tokens::{Token, is_stop},
    phrase::Form,
};
use crate::prose::is_preposition;

/// Words that may stand between an adjective and the class.
pub(super) const BETWEEN: usize = 1;
/// Words before a phrase that are looked at.
const BEFORE: usize = 4;

/// The form in which runs of words use a phrase (dictionary forms) most often.
pub(super) fn form<'a>(
    runs: impl Iterator<Item = &'a Vec<Token>>,
    phrase: &[String],
    of_class: impl Fn(&str) -> bool,
) -> Form {
    // Counts; `None`: before the class.
    let mut seen = BTreeMap::<Option<String>, usize>::new();
    for run in runs {
        for at in 0..(run.len() + 1).saturating_sub(phrase.len()) {
            let end = at + phrase.len();
            if run[at..end].iter().map(|t| &t.lemma).ne(phrase) {
                continue;
            }
            let after: Vec<&Token> = run[end..].iter().take(BETWEEN + 1).collect();
            let named = after.iter().position(|t| of_class(&t.lemma));
            let meaning = |tokens: &[&Token]| tokens.iter().all(|t| !is_stop(&t.written));
            if named.is_some_and(|named| meaning(&after[..named])) {
                *seen.entry(None).or_default() += 1;
            } else if after.first().is_some_and(|t| !is_stop(&t.written)) {
                // Part of a longer phrase, which the words before belong to.
            } else if let Some(words) = before(&run[..at]) {
                *seen.entry(Some(words)).or_default() += 1;
            }
        }
    }
    let most = seen.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
    match most {
        None => Form::Beside,
        Some((None, _)) => Form::Before,
        Some((Some(words), _)) => Form::After(words),
    }
}

/// The words before a phrase that say where it is: from a preposition on, with nothing of meaning between.
fn before(run: &[Token]) -> Option<String> {
    let from = run.len().saturating_sub(BEFORE);
    let tail = &run[from..];
    let start = tail.iter().rposition(|t| !is_stop(&t.written)).map_or(0, |at| at + 1);
    let words: Vec<&str> = tail[start..].iter().map(|t| t.written.as_str()).collect();
    // What follows "of" belongs to the word before it: "by the side of a street".
    let first = words.iter().position(|word| is_preposition(word) && *word != "of")?;
    Some(words[first..].join(" "))
}

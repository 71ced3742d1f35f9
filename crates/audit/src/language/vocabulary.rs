//! Which words a title may use.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;
use crate::prose::{forms, is_function_word};

/// Captions that have to hold a word before a title may use it, so that no single file can put words into a title.
const CAPTIONS: usize = 2;

/// The words of a text in lower case; anything but letters and digits parts them (an apostrophe too).
fn tokens(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase();
    let words: Vec<String> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// The words of meaning in a text, in lower case, as it writes them.
fn content_words(text: &str) -> impl Iterator<Item = String> {
    // The `s` of "dog's" is none.
    tokens(text).filter(|w| !is_function_word(w) && w != "s")
}

/// The words of meaning in a text in every form; texts with a word in common share a form of it.
pub(super) fn content(text: &str) -> BTreeSet<String> {
    content_words(text).flat_map(|w| forms(&w)).collect()
}

/// What the title may say, in every form: the words of the class, of the phrases, and those that at least
/// two different typical captions share.
pub(super) fn allowed(shown: &Evidence) -> BTreeSet<String> {
    let mut words = content(&shown.class);
    words.extend(shown.phrases.iter().flat_map(|p| content(&p.phrase)));
    let mut captions = BTreeMap::<String, usize>::new();
    let different: BTreeSet<&String> = shown.typical.iter().collect();
    for word in different.into_iter().flat_map(|caption| content(caption)) {
        *captions.entry(word).or_default() += 1;
    }
    words.extend(captions.into_iter().filter(|(_, n)| *n >= CAPTIONS).map(|(word, _)| word));
    words
}

/// The words of meaning in `title` that the evidence lacks, in lower case.
pub(super) fn strangers(title: &str, allowed: &BTreeSet<String>) -> Vec<String> {
    content_words(title).filter(|w| forms(w).is_disjoint(allowed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Phrase;

    #[test]
    fn plurals_are_the_same_word() {
        for (many, one) in [
            ("berries", "berry"),
            ("boxes", "box"),
            ("benches", "bench"),
            ("dogs", "dog"),
            ("glasses", "glass"),
            ("horses", "horse"),
            ("potatoes", "potato"),
            ("skies", "sky"),
            ("keys", "key"),
            ("buses", "bus"),
            ("wolves", "wolf"),
            ("knives", "knife"),
            ("shoes", "shoe"),
        ] {
            assert!(!content(many).is_disjoint(&content(one)), "{many}");
        }
        for (a, b) in
            [("grass", "gras"), ("bus", "bu"), ("red", "tree"), ("is", "i"), ("dog's", "cat's")]
        {
            assert!(content(a).is_disjoint(&content(b)), "{a}");
        }
    }

    #[test]
    fn a_word_needs_the_class_a_phrase_or_two_captions() {
        let shown = Evidence {
            class: "timber wolf".into(),
            phrases: vec![Phrase {
                phrase: "deep snow".into(),
                score: 1.0,
                source: "caption".into(),
            }],
            typical: ["wolves in fog", "a wolf, FOG", "secret word", "secret word"]
                .map(str::to_owned)
                .into(),
            contrast: vec!["beach".into(), "beach".into()],
            files: vec!["night/1.png".into(), "night/2.png".into()],
        };
        let allowed = allowed(&shown);
        assert!(strangers("Timber wolf in the deep snow, with fogs", &allowed).is_empty());
        // The same caption twice is one caption; contrast and file names lend no words.
        assert_eq!(
            strangers("Secret beaches at night in snow", &allowed),
            ["secret", "beaches", "night"]
        );
    }
}

//! Words of a text: tokens with their dictionary forms, and which of them a phrase neither begins nor ends with.

use crate::prose::{is_function_word, lemma};

/// Longest text that is read, tokens; and the longest token, letters.
const TOKENS: usize = 400;
const LETTERS: usize = 40;

/// A word as it was written (in lower case) and in its dictionary form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) written: String,
    pub(super) lemma: String,
}

/// Words of a text, in runs that no punctuation breaks. Markup is left out; a text that is longer than it can be of use is
/// cut.
pub(super) fn runs(text: &str) -> Vec<Vec<Token>> {
    let mut out = vec![Vec::new()];
    let mut word = String::new();
    let mut count = 0;
    let mut close = |word: &mut String, out: &mut Vec<Vec<Token>>| {
        let own = word.trim_matches(['-', '\'', '’']).to_owned();
        word.clear();
        if own.is_empty() || count == TOKENS {
            return;
        }
        count += 1;
        let cut = own.chars().count() > LETTERS;
        let token = if cut { own.chars().take(LETTERS).collect() } else { own };
        if let Some(run) = out.last_mut() {
            run.push(Token { lemma: lemma(&token), written: token });
        }
    };
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let inside = c.is_alphanumeric() || (matches!(c, '-' | '\'' | '’') && !word.is_empty());
        if inside || unicode_normalization::char::is_combining_mark(c) {
            word.extend(c.to_lowercase());
            continue;
        }
        close(&mut word, &mut out);
        if c == '<' {
            skip_tag(&mut rest);
        } else if c == '&' {
            skip_entity(&mut rest);
        }
        if !c.is_whitespace() && out.last().is_some_and(|run| !run.is_empty()) {
            out.push(Vec::new());
        }
    }
    close(&mut word, &mut out);
    out.retain(|run| !run.is_empty());
    out
}

/// Leaves out `<b>`, `</b>` or `<img …>`; what only looks like one stays.
fn skip_tag(rest: &mut std::str::Chars<'_>) {
    let text = rest.as_str();
    let opens = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
    if opens && let Some(end) = text.find('>') {
        *rest = text[end + 1..].chars();
    }
}

/// Leaves out `&amp;`, `&#39;`.
fn skip_entity(rest: &mut std::str::Chars<'_>) {
    let text = rest.as_str();
    let name = |c: char| c.is_ascii_alphanumeric() || c == '#';
    if let Some(end) = text.find(|c| !name(c))
        && (1..9).contains(&end)
        && text[end..].starts_with(';')
    {
        *rest = text[end + 1..].chars();
    }
}

/// Whether a word says nothing about a picture: it means nothing by itself, or it names the picture.
pub(super) fn is_stop(word: &str) -> bool {
    is_function_word(word) || ["image", "photo", "photograph", "picture"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        runs(text).concat().into_iter().map(|t| t.lemma).collect()
    }

    #[test]
    fn punctuation_breaks_runs_and_markup_is_no_word() {
        let text = "A <b class='x'>red</b> T-shirt, 3 < 5 &amp; «été» — don't!";
        let runs: Vec<Vec<String>> =
            runs(text).into_iter().map(|r| r.into_iter().map(|t| t.written).collect()).collect();
        assert_eq!(
            runs,
            [
                vec!["a"],
                vec!["red"],
                vec!["t-shirt"],
                vec!["3"],
                vec!["5"],
                vec!["été"],
                vec!["don't"]
            ]
        );
        assert!(words("").is_empty() && words("<<<>>> &&& ---").is_empty());
        assert_eq!(words("\u{202e}雪の上の犬\u{0}").len(), 1);
        assert_eq!(words(&"snow ".repeat(10_000)).len(), TOKENS);
        assert_eq!(words(&"x".repeat(500))[0].len(), LETTERS);
    }
}

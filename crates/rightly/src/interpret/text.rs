//! Words of a text: tokens, their dictionary forms, words that carry no meaning of their own.

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

/// The dictionary form of an English word, as far as plurals go; other words stay as they are.
pub(super) fn lemma(word: &str) -> String {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    for (plural, singular) in IRREGULAR {
        if word == plural {
            return singular.to_owned();
        }
    }
    let cut = |ending: &str, with: &str, least: usize| {
        let stem = word.strip_suffix(ending)?;
        (stem.len() >= least).then(|| format!("{stem}{with}"))
    };
    if !word.is_ascii() {
        return word.to_owned();
    }
    let hissing = ["sses", "shes", "ches", "xes", "zes"];
    cut("ies", "y", 3)
        .or_else(|| hissing.iter().find_map(|e| cut(e, &e[..e.len() - 2], 2)))
        .or_else(|| {
            let kept = ["ss", "us", "is"].iter().any(|e| word.ends_with(e)) || SAME.contains(&word);
            if kept { None } else { cut("s", "", 3) }
        })
        .unwrap_or_else(|| word.to_owned())
}

/// The plural of an English noun; of several words, of the last one.
pub(super) fn plural(noun: &str) -> String {
    let (head, last) = noun.rsplit_once(' ').map_or(("", noun), |(head, last)| (head, last));
    let joined = |last: String| if head.is_empty() { last } else { format!("{head} {last}") };
    for (plural, singular) in IRREGULAR {
        if last == singular {
            return joined(plural.to_owned());
        }
    }
    let vowel = |c: Option<char>| c.is_some_and(|c| "aeiou".contains(c));
    let before_last = last.chars().rev().nth(1);
    let out = if ["s", "x", "z", "ch", "sh"].iter().any(|e| last.ends_with(e)) {
        let known = last.ends_with('s') && !last.ends_with("ss") && !last.ends_with("us");
        if known { last.to_owned() } else { format!("{last}es") }
    } else if last.ends_with('y') && !vowel(before_last) {
        format!("{}ies", &last[..last.len() - 1])
    } else {
        format!("{last}s")
    };
    joined(out)
}

/// Words that only look like plurals.
const SAME: [&str; 6] = ["atlas", "canvas", "gas", "lens", "series", "species"];

const IRREGULAR: [(&str, &str); 12] = [
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("people", "person"),
    ("mice", "mouse"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("geese", "goose"),
    ("leaves", "leaf"),
    ("sheep", "sheep"),
    ("deer", "deer"),
    ("fish", "fish"),
];

/// Whether a word means nothing by itself: a phrase neither begins nor ends with one.
pub(super) fn is_stop(word: &str) -> bool {
    STOP.binary_search(&word).is_ok() || is_preposition(word)
}

/// Whether a word says where something is.
pub(super) fn is_preposition(word: &str) -> bool {
    PREPOSITIONS.binary_search(&word).is_ok()
}

const PREPOSITIONS: [&str; 33] = [
    "above", "across", "against", "along", "amid", "among", "around", "at", "atop", "before",
    "behind", "below", "beneath", "beside", "between", "beyond", "by", "from", "in", "inside",
    "into", "near", "of", "on", "onto", "outside", "over", "through", "toward", "towards", "under",
    "upon", "with",
];

const STOP: [&str; 92] = [
    "a",
    "about",
    "after",
    "all",
    "also",
    "an",
    "and",
    "another",
    "any",
    "are",
    "as",
    "be",
    "been",
    "being",
    "both",
    "but",
    "can",
    "could",
    "did",
    "do",
    "does",
    "each",
    "either",
    "else",
    "every",
    "few",
    "for",
    "front",
    "had",
    "has",
    "have",
    "he",
    "her",
    "here",
    "him",
    "his",
    "how",
    "if",
    "image",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "like",
    "many",
    "may",
    "me",
    "might",
    "more",
    "most",
    "my",
    "neither",
    "next",
    "no",
    "nor",
    "not",
    "off",
    "one",
    "only",
    "or",
    "other",
    "our",
    "out",
    "photo",
    "photograph",
    "picture",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "up",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "which",
    "while",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        runs(text).concat().into_iter().map(|t| t.lemma).collect()
    }

    #[test]
    fn lists_are_sorted_for_the_search() {
        assert!(STOP.is_sorted() && PREPOSITIONS.is_sorted());
        assert!(is_stop("the") && is_stop("on") && !is_stop("snow"));
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

    #[test]
    fn plurals_go_both_ways() {
        for (one, many) in [
            ("otter", "otters"),
            ("berry", "berries"),
            ("box", "boxes"),
            ("bush", "bushes"),
            ("glass", "glasses"),
            ("toy", "toys"),
            ("man", "men"),
            ("fish", "fish"),
            ("umbrella", "umbrellas"),
            ("vase", "vases"),
        ] {
            assert_eq!((plural(one).as_str(), lemma(many).as_str()), (many, one));
        }
        assert_eq!(plural("baseball player"), "baseball players");
        for same in ["grass", "canvas", "cactus", "this", "gas", "été"] {
            assert_eq!(lemma(same), same);
        }
    }
}

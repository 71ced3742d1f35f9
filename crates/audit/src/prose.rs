//! English, as far as sentences need it: plurals, words without a meaning of their own, lists, numbers.

use std::collections::BTreeSet;

/// The dictionary form of an English word, as far as plurals go; other words stay as they are.
pub(crate) fn lemma(word: &str) -> String {
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
    // "buses", but neither "houses" nor "causes".
    let of_us = word.ends_with("uses") && !["ouses", "auses"].iter().any(|e| word.ends_with(e));
    cut("ies", "y", 3)
        .or_else(|| if of_us { cut("es", "", 3) } else { None })
        .or_else(|| hissing.iter().find_map(|e| cut(e, &e[..e.len() - 2], 2)))
        .or_else(|| {
            let kept = ["ss", "us", "is"].iter().any(|e| word.ends_with(e)) || SAME.contains(&word);
            if kept { None } else { cut("s", "", 3) }
        })
        .unwrap_or_else(|| word.to_owned())
}

/// The plural of an English noun; of several words, of the last one.
pub(crate) fn plural(noun: &str) -> String {
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

/// Words that hold no vowel sound where they begin with a vowel's letter, and those that begin with one though their letter is
/// none.
const NO_VOWEL: [&str; 9] = ["eu", "ewe", "once", "one", "ubiq", "uni", "use", "usu", "uti"];
const VOWEL: [&str; 4] = ["heir", "honest", "honour", "hour"];

/// "a" or "an", as the word after it sounds.
pub(crate) fn article(word: &str) -> &'static str {
    let word = word.trim_start().to_lowercase();
    let begins = |with: &[&str]| with.iter().any(|start| word.starts_with(start));
    let not_vowel = begins(&NO_VOWEL) && !word.starts_with("unin") && !word.starts_with("unim");
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']) && !not_vowel;
    if vowel || begins(&VOWEL) { "an" } else { "a" }
}

/// A name with the article that it needs in a sentence: "an otter"; a plural ("trees", "people") has none, nor has what begins
/// with an article or a preposition.
pub(crate) fn with_article(name: &str) -> String {
    let words = || name.split_whitespace();
    let Some((first, last)) = words().next().zip(words().last()) else { return name.to_owned() };
    let plural =
        lemma(last) != last || IRREGULAR.iter().any(|(many, one)| last == *many && many != one);
    if plural || is_function_word(first) {
        return name.to_owned();
    }
    format!("{} {name}", article(first))
}

/// A sentence around a name: `{}` in its place, with or without an article before it.
pub(crate) fn sentence(template: &str, name: &str) -> String {
    let bare = template.replace("an {}", "{}").replace("a {}", "{}").replace("A {}", "{}");
    bare.replace("{}", name)
}

/// The singular of a class's name, words apart, for a sentence about one picture: "aquatic_mammals" is "aquatic mammal",
/// "vehicles_1" is "vehicle". `None` where the name is no word: a number, an identifier.
pub(crate) fn singular(class: &str) -> Option<String> {
    let spaced = class.replace(['_', '-'], " ");
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    while words.len() > 1 && words.last().is_some_and(|w| w.chars().all(|c| c.is_ascii_digit())) {
        words.pop();
    }
    let last = words.pop()?;
    words.push(last);
    if words.iter().any(|word| word.chars().any(|c| c.is_ascii_digit())) {
        return None;
    }
    let head = words[..words.len() - 1].iter().map(|&word| word.to_owned());
    Some(head.chain([lemma(last)]).collect::<Vec<_>>().join(" "))
}

/// Words that only look like plurals.
const SAME: [&str; 6] = ["atlas", "canvas", "gas", "lens", "series", "species"];

const IRREGULAR: [(&str, &str); 15] = [
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("people", "person"),
    ("mice", "mouse"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("geese", "goose"),
    ("leaves", "leaf"),
    ("lenses", "lens"),
    ("gases", "gas"),
    ("canvases", "canvas"),
    ("sheep", "sheep"),
    ("deer", "deer"),
    ("fish", "fish"),
];

/// The word, and what it would be as a plural's singular: `wolves`, `wolve`, `wolv`, `wolf`, `wolfe`.
pub(crate) fn forms(word: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([word.to_owned()]);
    if word.chars().count() > 3 && !word.ends_with("ss") {
        for (ending, instead) in [("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe")]
        {
            let rest = word.strip_suffix(ending).filter(|rest| rest.chars().count() >= 2);
            forms.extend(rest.map(|rest| format!("{rest}{instead}")));
        }
    }
    forms
}

/// Whether a word means nothing by itself: articles, pronouns, auxiliaries, conjunctions, prepositions.
pub(crate) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.binary_search(&word).is_ok() || is_preposition(word)
}

/// Whether a word says where something is.
pub(crate) fn is_preposition(word: &str) -> bool {
    PREPOSITIONS.binary_search(&word).is_ok()
}

const PREPOSITIONS: [&str; 33] = [
    "above", "across", "against", "along", "amid", "among", "around", "at", "atop", "before",
    "behind", "below", "beneath", "beside", "between", "beyond", "by", "from", "in", "inside",
    "into", "near", "of", "on", "onto", "outside", "over", "through", "toward", "towards", "under",
    "upon", "with",
];

const FUNCTION_WORDS: [&str; 92] = [
    "a", "about", "after", "all", "also", "an", "and", "another", "any", "are", "as", "be", "been",
    "being", "both", "but", "can", "could", "did", "do", "does", "during", "each", "either",
    "else", "every", "few", "for", "front", "had", "has", "have", "he", "her", "here", "him",
    "his", "how", "if", "is", "it", "its", "itself", "just", "like", "many", "may", "me", "might",
    "more", "most", "mostly", "my", "neither", "next", "no", "nor", "not", "off", "one", "only",
    "or", "other", "our", "out", "she", "should", "so", "some", "such", "than", "that", "the",
    "their", "them", "there", "these", "they", "this", "those", "to", "up", "very", "was", "we",
    "were", "what", "when", "where", "which", "while", "without",
];

/// A number for people: a real minus, and none before nothing.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// `1 cluster`, `2 clusters`.
pub(crate) fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// How far values lie apart, in words: `no difference`, or the largest one.
pub(crate) fn difference(largest: f64) -> String {
    match largest {
        0.0 => "no difference".to_owned(),
        small if small < 1e-4 => "largest difference below 0.0001".to_owned(),
        other if other < 10.0 => {
            // Two digits that count.
            let digits = (1.0 - other.log10().floor()).max(0.0) as usize;
            format!("largest difference {other:.digits$}")
        }
        other => format!("largest difference {other:.0}"),
    }
}

/// At most ten names, and how many more there are.
pub(crate) fn shortened(names: &[String]) -> String {
    let shown = &names[..names.len().min(10)];
    let rest = names.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_search() {
        assert!(FUNCTION_WORDS.is_sorted() && PREPOSITIONS.is_sorted());
        assert!(is_function_word("the") && is_function_word("on") && !is_function_word("snow"));
    }

    #[test]
    fn articles_follow_the_sound() {
        for (name, expected) in [
            ("otter", "an otter"),
            ("red otter", "a red otter"),
            ("hour glass", "an hour glass"),
            ("unicycle", "a unicycle"),
            ("uninteresting picture", "an uninteresting picture"),
            ("umbrella", "an umbrella"),
            ("trees", "trees"),
            ("people", "people"),
            ("bus", "a bus"),
            ("on the snow", "on the snow"),
            ("", ""),
        ] {
            assert_eq!(with_article(name), expected);
        }
        assert_eq!(sentence("a photo of a {}.", "an otter"), "a photo of an otter.");
        assert_eq!(sentence("a photo of {}", "an otter"), "a photo of an otter");
        for (class, one) in [
            ("aquatic_mammals", Some("aquatic mammal")),
            ("vehicles_1", Some("vehicle")),
            ("people", Some("person")),
            ("n02123394", None),
            ("7", None),
            ("T-shirt", Some("T shirt")),
        ] {
            assert_eq!(singular(class).as_deref(), one, "{class}");
        }
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
            ("bus", "buses"),
            ("house", "houses"),
            ("lens", "lenses"),
            ("vase", "vases"),
        ] {
            assert_eq!((plural(one).as_str(), lemma(many).as_str()), (many, one));
        }
        assert_eq!(plural("baseball player"), "baseball players");
        for same in ["grass", "canvas", "cactus", "this", "gas", "été"] {
            assert_eq!(lemma(same), same);
        }
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(number(-12.34, 0), "\u{2212}12");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(0.96, 1), "1.0");
        assert_eq!([counted(1, "cluster"), counted(2, "cluster")], ["1 cluster", "2 clusters"]);
    }

    #[test]
    fn differences_have_no_exponents() {
        for (value, words) in [
            (0.0, "no difference"),
            (9.8e-6, "largest difference below 0.0001"),
            (0.000_123, "largest difference 0.00012"),
            (0.034, "largest difference 0.034"),
            (0.81, "largest difference 0.81"),
            (3.06, "largest difference 3.1"),
            (12.7, "largest difference 13"),
        ] {
            assert_eq!(difference(value), words);
        }
        assert!(difference(f64::NAN).contains("NaN"));
    }

    #[test]
    fn long_lists_say_how_much_is_left_out() {
        let names: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        assert_eq!(shortened(&names[..2]), "0, 1");
        assert_eq!(shortened(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}

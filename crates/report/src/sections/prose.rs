//! A text of several sentences in an order for readers: what was seen, the evidence for it, what to do.

/// A description taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prose<'a> {
    /// The first sentence.
    pub(crate) first: &'a str,
    /// The others.
    pub(crate) evidence: Vec<&'a str>,
    /// Those that ask for something.
    pub(crate) advice: Vec<&'a str>,
}

/// Words by which a sentence asks for something.
const ASKS: [&str; 8] = ["Add", "Check", "Collect", "Compare", "Give", "Look", "Remove", "Repair"];

impl<'a> Prose<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let mut sentences = sentences(text).into_iter();
        let first = sentences.next().unwrap_or("");
        let asks = |s: &&str| s.split_whitespace().next().is_some_and(|word| ASKS.contains(&word));
        let (advice, evidence) = sentences.partition(asks);
        Self { first, evidence, advice }
    }
}

/// The sentences of a text. A full stop ends one where a space and a capital, a figure or a quotation follow, outside of
/// quotation marks: names may hold anything.
fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut from, mut quoted, mut before) = (0, false, ' ');
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next();
        if c == '\'' {
            let opens = !quoted && !before.is_alphanumeric();
            // What closes stands before no letter: an apostrophe does.
            let closes = quoted && !next.is_some_and(char::is_alphanumeric);
            quoted = opens || (quoted && !closes);
        }
        let begins = |c: char| c.is_uppercase() || c.is_ascii_digit() || c == '\'';
        let follows =
            rest.strip_prefix(' ').and_then(|rest| rest.chars().next()).is_some_and(begins);
        if c == '.' && !quoted && follows {
            out.push(&text[from..=at]);
            from = at + 2;
        }
        before = c;
    }
    if from < text.len() {
        out.push(&text[from..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_an_order() {
        let text = "60 % of 40 images of 'a. B' are right. Of the others' 90 % are. Look at its images, and add some. \
                    Its q is .03 (n 1.5). Seen in another way too: 'x' fails.";
        let prose = Prose::of(text);
        assert_eq!(prose.first, "60 % of 40 images of 'a. B' are right.");
        assert_eq!(
            prose.evidence,
            [
                "Of the others' 90 % are.",
                "Its q is .03 (n 1.5).",
                "Seen in another way too: 'x' fails."
            ]
        );
        assert_eq!(prose.advice, ["Look at its images, and add some."]);
    }

    #[test]
    fn nothing_is_lost() {
        for text in ["", "One.", "no stop", "A. b. C", "'A. B", "Ä. É. 3.", "x. 'y' z. Add w"] {
            assert_eq!(sentences(text).join(" "), text);
        }
    }
}

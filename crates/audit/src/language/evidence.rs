//! What is known about a subgroup, cut to size and cleaned before anyone else sees it.

use serde::Serialize;

/// Longest class name, phrase or source, in characters.
const SHORT: usize = 80;
/// Longest caption or file name, in characters.
const LONG: usize = 160;
/// Most phrases.
const PHRASES: usize = 20;
/// Most captions of a kind, and most file names.
const CAPTIONS: usize = 12;

/// What is known about a subgroup. Any text is allowed in it: what is shown of it is bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// The class whose images the subgroup is part of.
    pub class: String,
    /// Phrases that fit the subgroup, best first.
    pub phrases: Vec<Phrase>,
    /// Captions of images that are typical of the subgroup, most typical first.
    pub typical: Vec<String>,
    /// Captions of images of the class that are least like it.
    pub contrast: Vec<String>,
    /// File names of the typical images.
    pub files: Vec<String>,
}

/// A phrase that fits a subgroup.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phrase {
    /// The words.
    pub phrase: String,
    /// How well they fit, larger is better; shown with three decimals.
    pub score: f64,
    /// Where the phrase comes from (`caption`, `attribute`, …).
    pub source: String,
}

impl Evidence {
    /// What a language model gets to see: at most 20 phrases and 12 of everything else, in bounded
    /// length, on one line each, without characters that could end the fence or mark a speaker.
    pub(super) fn shown(&self) -> Self {
        let lines = |texts: &[String]| {
            texts.iter().take(CAPTIONS).map(|text| clean(text, LONG)).collect::<Vec<_>>()
        };
        let phrase = |p: &Phrase| Phrase {
            phrase: clean(&p.phrase, SHORT),
            score: if p.score.is_finite() { (p.score * 1e3).round() / 1e3 } else { 0.0 },
            source: clean(&p.source, SHORT),
        };
        Self {
            class: clean(&self.class, SHORT),
            phrases: self.phrases.iter().take(PHRASES).map(phrase).collect(),
            typical: lines(&self.typical),
            contrast: lines(&self.contrast),
            files: lines(&self.files),
        }
    }
}

/// One line of at most `limit` characters (an ellipsis among them where some are left out): no control or
/// invisible characters, white space run together, and brackets and backticks as look-alikes, since
/// fences, tags and the speakers' marks of chat templates are made of them.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let plain: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if c.is_control() || is_invisible(c) => None,
            '<' => Some('‹'),
            '>' => Some('›'),
            '[' => Some('('),
            ']' => Some(')'),
            '`' => Some('\''),
            c => Some(c),
        })
        .collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let mut cut: String = line.chars().take(limit.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Characters that show nothing or turn the reading direction, under which text can hide.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_one_bounded_line_without_marks() {
        assert_eq!(clean(" a\tb\r\n\u{0}\u{1b}c\u{202e}\u{200b} ", 80), "a b c");
        assert_eq!(clean("```<|im_start|>[INST]", 80), "'''‹|im_start|›(INST)");
        assert_eq!(clean("äöüßx", 4), "äöü…");
        assert_eq!(clean("äöüß", 4), "äöüß");
        assert_eq!(clean("", 4), "");
    }

    #[test]
    fn what_is_shown_is_bounded_in_number_and_finite() {
        let phrase = Phrase { phrase: "red".into(), score: f64::NAN, source: "caption".into() };
        let evidence = Evidence {
            class: "c".repeat(200),
            phrases: vec![phrase; 50],
            typical: vec!["x".repeat(1000); 50],
            ..Evidence::default()
        };
        let shown = evidence.shown();
        assert_eq!(shown.class.chars().count(), 80);
        assert_eq!((shown.phrases.len(), shown.typical.len()), (20, 12));
        assert_eq!(shown.phrases[0].score, 0.0);
        assert!(shown.typical.iter().all(|c| c.chars().count() == 160));
        assert_eq!(shown.shown(), shown);
    }
}

//! Words from captions: phrases of one to three words that are said of images inside more often than of images outside.
//!
//! The unit is the image: however many captions it has and however often they repeat a phrase, it has it or not.

mod context;
mod index;

use rightly_stats::association::{LogOdds, log_odds};

use super::{
    phrase::{Candidate, Form, Had, Joint, Part, Shown, Source},
    unnamed::{Side, Subject},
};
pub(super) use index::Index;

/// Phrases that are tested.
const TESTED: usize = 8;
/// Least images of the fitting side that have a phrase.
const IMAGES: usize = 3;
/// Images that the prior counts for: it holds rare phrases back.
const PRIOR: f64 = 20.0;
/// Least z of the log odds.
const CLEAR: f64 = 2.0;
/// Share of their images that two phrases with a common word share when they say the same.
const SAME: f64 = 0.7;

/// The phrases that separate the fitting images most clearly, best first, without those that say the same again.
pub(super) fn candidates(index: &Index, subject: &Subject) -> Vec<Candidate> {
    let fit = &subject.fit;
    let sides = [true, false].map(|side| fit.inside.iter().filter(|&&i| i == side).count() as f64);
    let mut found: Vec<Found> = index
        .counts(fit)
        .into_iter()
        .enumerate()
        .filter_map(|(phrase, counts)| Found::of(phrase, counts, sides))
        .collect();
    found.sort_by(|a, b| {
        b.area
            .total_cmp(&a.area)
            .then(b.present.cmp(&a.present))
            .then(b.odds.z.abs().total_cmp(&a.odds.z.abs()))
            // Of phrases on the same images the longest says most, if its words belong together.
            .then_with(|| index.bound(b.phrase).cmp(&index.bound(a.phrase)))
            .then_with(|| index.words(a.phrase).cmp(index.words(b.phrase)))
    });
    let mut kept: Vec<Found> = Vec::new();
    for one in found {
        if kept.len() == TESTED {
            break;
        }
        if !kept.iter().any(|other| other.says_the_same(&one, index, fit)) {
            kept.push(one);
        }
    }
    let confirm = &subject.confirm;
    kept.into_iter()
        .map(|found| {
            let form = index.form(found.phrase, fit, found.present);
            (found, form)
        })
        .map(|(found, form)| Candidate {
            has: had(index, &found, &form, confirm),
            of_parts: Vec::new(),
            shown: Shown::Said,
            parts: vec![Part {
                text: index.written(found.phrase).to_owned(),
                form,
                present: found.present,
            }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: found.present,
            fitted: found.area,
            fit: index.scores(found.phrase, &fit.images),
            scores: index.scores(found.phrase, &confirm.images),
        })
        .collect()
}

/// Whether images have what was found, as it is worded.
fn had(index: &Index, found: &Found, form: &Form, side: &Side) -> Had {
    let had = index.had(found.phrase, form);
    Had::of(side, |image| had(image).map(|had| had == found.present))
}

/// A phrase on the fitting side.
struct Found {
    phrase: usize,
    odds: LogOdds,
    area: f64,
    present: bool,
}

impl Found {
    /// Of the images inside and outside that have it, among so many; `None` where it is rare, or not clear.
    fn of(phrase: usize, counts: [f64; 2], sides: [f64; 2]) -> Option<Self> {
        let (with, n) = (counts[0] + counts[1], sides[0] + sides[1]);
        if with < IMAGES as f64 {
            return None;
        }
        let own = |side: usize| (counts[side], sides[side]);
        let odds = log_odds(own(0), own(1), (PRIOR * with / n, PRIOR))?;
        // Of a score of two values: the mean of the two rates that it gets right.
        let area = 0.5 * (1.0 + counts[0] / sides[0] - counts[1] / sides[1]);
        let clear = odds.z.abs() >= CLEAR;
        clear.then_some(Self { phrase, odds, area: area.max(1.0 - area), present: area > 0.5 })
    }

    /// Whether another phrase has a word of this one and is said of nearly the same images.
    fn says_the_same(&self, other: &Self, index: &Index, fit: &Side) -> bool {
        let (own, its) = (index.words(self.phrase), index.words(other.phrase));
        if !own.iter().any(|word| its.contains(word)) {
            return false;
        }
        // One that holds the other in full adds nothing but its other words.
        let inside = |a: &[String], b: &[String]| a.iter().all(|word| b.contains(word));
        if inside(own, its) || inside(its, own) {
            return true;
        }
        let [a, b] = [self, other].map(|found| index.scores(found.phrase, &fit.images));
        let both: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        let either = a.iter().sum::<f64>() + b.iter().sum::<f64>() - both;
        both >= SAME * either
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty images inside, sixty outside.
    fn subject() -> Subject {
        let side = |first: usize| Side {
            images: (first..first + 80).collect(),
            inside: (0..80).map(|i| i < 20).collect(),
            ..Side::default()
        };
        Subject { class: 0, group: "slices/1".into(), fit: side(0), confirm: side(80) }
    }

    fn index(said: impl FnMut(usize) -> Vec<String>) -> Index {
        let captions: Vec<Vec<String>> = (0..160).map(said).collect();
        Index::new("otter", (0..160).map(|i| (i, captions[i].as_slice())))
    }

    #[test]
    fn what_is_said_inside_is_found_with_the_words_around_it() {
        let index = index(|i| {
            let place = if i % 80 < 16 { "on the fresh snow" } else { "in a pond" };
            vec![format!("an otter {place}"), "a photo of an otter".into()]
        });
        let found = candidates(&index, &subject());
        let best = &found[0].parts[0];
        assert_eq!((best.text.as_str(), &best.form), ("fresh snow", &Form::After("on the".into())));
        assert!(best.present && found[0].fitted > 0.89, "{found:?}");
        let pond = found.iter().find(|c| c.text() == "pond").unwrap();
        assert!(!pond.parts[0].present && !pond.rises, "{found:?}");
        // 'snow' and 'fresh' say nothing that 'fresh snow' does not.
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn an_image_whose_captions_say_nothing_of_the_matter_is_not_known() {
        // A colour each, which one in five captions leaves out; sizes are said beside colours.
        let index = index(|i| {
            let colour = if i % 80 < 16 { "violet" } else { ["red", "blue", "teal"][i % 3] };
            let size = if i.is_multiple_of(2) { "small " } else { "" };
            let said = if i.is_multiple_of(5) { String::new() } else { format!("{colour} ") };
            vec![format!("a {size}{said}otter")]
        });
        let found = candidates(&index, &subject());
        let violet = found.iter().find(|c| c.text() == "violet").unwrap();
        let known = |own: &Option<bool>| own.is_some();
        assert_eq!(violet.has.ends.iter().filter(|had| known(had)).count(), 64, "{violet:?}");
        let inside = violet.has.ends[..20].iter().flatten();
        assert_eq!((inside.clone().filter(|had| **had).count(), inside.count()), (12, 16));
        assert!(violet.has.ends[20..].iter().flatten().all(|had| !had));
    }

    /// Colours of other things than the class are none of its own.
    #[test]
    fn a_word_that_is_said_of_other_things_is_not_said_of_the_class() {
        let index = index(|i| {
            let colour = if i % 80 < 16 { "blue" } else { ["red", "green", "teal"][i % 3] };
            let place = if i.is_multiple_of(2) { "among green leaves" } else { "on a wall" };
            vec![format!("a {colour} otter {place}")]
        });
        let found = candidates(&index, &subject());
        let blue = found.iter().find(|c| c.text() == "blue").unwrap();
        assert!(blue.has.ends.iter().all(Option::is_some), "green is a rival: {blue:?}");
        assert_eq!(blue.has.ends.iter().flatten().filter(|had| **had).count(), 16);
    }

    #[test]
    fn adjectives_stand_before_the_class() {
        let index = index(|i| {
            let red = if i % 80 < 15 { "red " } else { "" };
            vec![format!("one {red}striped otter, seen from afar")]
        });
        let found = candidates(&index, &subject());
        let best = &found[0].parts[0];
        assert_eq!((best.text.as_str(), &best.form), ("red", &Form::Before));
    }

    #[test]
    fn nothing_is_said_where_captions_are_missing_or_all_the_same() {
        assert!(candidates(&index(|_| Vec::new()), &subject()).is_empty());
        assert!(candidates(&index(|_| vec![String::new()]), &subject()).is_empty());
        assert!(candidates(&index(|_| vec!["an otter on snow".into()]), &subject()).is_empty());
    }
}

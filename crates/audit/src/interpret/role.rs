//! What a phrase that holds may be in a title: the name of what fails, what most images of the group are, what the group is near
//! to; and which phrase it is.

use rightly_stats::Estimate;

use super::{
    phrase::{Joint, Shown, Source},
    phrase_test::Tested,
    unnamed::{CUE, Subject},
};

/// The part of a phrase in a title, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// True of most of the group, and the figures are its own: "violet cars fail: 12 % of 40 right, the rest 75 % of 160".
    Name,
    /// True of most of the group, whose figures are not those of all such images: "a group of cars, most of them violet, fails".
    Most,
    /// An image-text model puts it near the group; of single pictures that is not sure: "a group of cars near the
    /// phrase 'violet' fails".
    Near,
}

impl Role {
    /// As `names.parquet` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Most => "most",
            Self::Near => "near",
        }
    }
}

/// Fewest images inside of which it is known whether they have it.
const FEWEST: usize = 8;
/// How much better a phrase of a source that comes later has to tell the group from the rest, to be said first.
const BETTER: f64 = 0.05;

/// The part that a phrase which holds may have, `least` the share of a group of which a title has to be true.
pub(super) fn role(tested: &Tested, subject: &Subject, least: f64) -> Option<Role> {
    let candidate = &tested.candidate;
    let is_cue = subject.group == CUE;
    let present = candidate.parts.iter().any(|part| part.present);
    // That something is missing tells what images are not; and an absence is no cue.
    let all_present = candidate.parts.iter().all(|part| part.present);
    if candidate.shown == Shown::ContrastOnly || (is_cue && !all_present) {
        return None;
    }
    // Captions leave things out, and an image-text model is unsure of them: of neither is it known what an image lacks.
    if !all_present && candidate.source != Source::Attributes {
        return None;
    }
    let truer = tested.share.value.zip(tested.share_outside);
    let truer = truer.is_none_or(|(inside, outside)| inside > outside);
    let most = most(&tested.share, least) && truer;
    let parts = candidate.joint == Joint::Both
        || (tested.of_parts.len() == 2
            && tested.of_parts.iter().all(|part| part.is_some_and(|part| part.has_part())));
    if !parts {
        return None;
    }
    let held = tested.contrast.is_some_and(|contrast| contrast.holds());
    if held && most && tested.share.value.is_some_and(|share| share >= least) {
        return Some(Role::Name);
    }
    match (is_cue, present) {
        (false, true) if most && all_present => Some(Role::Most),
        // Near, and the images that are nearest fail as the group does: else the words have no part in the failure.
        (false, true) if candidate.shown == Shown::Near && candidate.parts.len() == 1 && held => {
            Some(Role::Near)
        }
        _ => None,
    }
}

/// Whether a share is one of most images: more than half for certain, and not surely below `least`.
fn most(share: &Estimate, least: f64) -> bool {
    share.n >= FEWEST
        && share.low.is_some_and(|low| low > 0.5)
        && share.high.is_some_and(|high| high >= least)
}

/// The phrase of a title, of those that hold: what may be said most plainly; then what tells the group best from the rest,
/// where a later source has to do so clearly; one phrase before either of two.
pub(super) fn choose(held: &[&Tested], subject: &Subject, least: f64) -> Option<(usize, Role)> {
    let mut best: Option<(usize, Role)> = None;
    for (at, own) in held.iter().enumerate() {
        let Some(role) = role(own, subject, least) else { continue };
        let better =
            best.is_none_or(|(other, of)| role < of || (role == of && says_more(own, held[other])));
        if better {
            best = Some((at, role));
        }
    }
    best
}

fn says_more(own: &Tested, other: &Tested) -> bool {
    let either = |t: &Tested| t.candidate.joint == Joint::Either;
    if own.candidate.source == other.candidate.source {
        return either(other) && !either(own);
    }
    let later = own.candidate.source > other.candidate.source;
    later && telling(own) > telling(other) + BETTER
}

/// How well having it or not tells the group from the rest, .5 to 1.
fn telling(tested: &Tested) -> f64 {
    let share = |v: Option<f64>| v.unwrap_or(0.5);
    0.5 * (1.0 + share(tested.share.value) - share(tested.share_outside))
}

/// Whether a source reads pictures.
pub(super) fn reads_pictures(source: Source) -> bool {
    matches!(source, Source::Pool | Source::Phrases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::{
        held::Contrast,
        phrase::{Candidate, Form, Had, Part},
        unnamed::Side,
    };

    /// A tested phrase that is true of `share` of 40 images, with a gap of `gap` where the group has .6.
    fn tested(text: &str, source: Source, share: f64, outside: f64, gap: f64) -> Tested {
        let candidate = Candidate {
            parts: vec![Part { text: text.into(), form: Form::Before, present: true }],
            joint: Joint::Both,
            source,
            rises: true,
            fitted: 0.9,
            fit: Vec::new(),
            scores: vec![0.0; 2],
            has: Had::default(),
            of_parts: Vec::new(),
            shown: Shown::Said,
        };
        let side = Side { images: vec![0, 1], inside: vec![true, false], ..Side::default() };
        let hits = (40.0 * share).round() as usize;
        let (low, high) = rightly_stats::proportion::wilson(hits, 40).unwrap();
        let estimate = |value: f64, low: f64, high: f64| Estimate {
            value: Some(value),
            low: Some(low),
            high: Some(high),
            n: 40,
            clusters: None,
        };
        Tested {
            share: estimate(share, low, high),
            share_outside: Some(outside),
            contrast: Some(Contrast {
                with: estimate(0.2, 0.1, 0.3),
                without: estimate(0.2 + gap, 0.1 + gap, 0.3 + gap),
                gap: estimate(gap, gap - 0.1, gap + 0.1),
                of_group: 0.6,
                beyond_half: gap - 0.3 - 0.1,
            }),
            ..Tested::yes_or_no(candidate, &side)
        }
    }

    fn subject(group: &str) -> Subject {
        Subject { class: 0, group: group.into(), fit: Side::default(), confirm: Side::default() }
    }

    fn chosen(held: &[&Tested], group: &str) -> Option<(String, Role)> {
        let found = choose(held, &subject(group), 0.8);
        found.map(|(at, role)| (held[at].candidate.text(), role))
    }

    #[test]
    fn figures_of_a_name_are_its_own_and_a_title_is_true_of_most() {
        let captions = Source::Captions;
        let one = |share, gap| tested("violet", captions, share, 0.1, gap);
        let role = |own: &Tested| role(own, &subject("slices/1"), 0.8);
        assert_eq!(role(&one(0.95, 0.6)), Some(Role::Name));
        // 68 % and 72 % where the group has 19 and 78.
        assert_eq!(role(&one(0.95, 0.04)), Some(Role::Most));
        assert_eq!(role(&one(0.75, 0.6)), Some(Role::Most), ".8 lies in the interval");
        assert_eq!(role(&one(0.49, 0.6)), None, "half of it is no title");
        assert_eq!(role(&tested("violet", captions, 0.9, 0.95, 0.6)), None, "truer of the rest");
        let mut missing = one(0.95, 0.04);
        missing.candidate.parts[0].present = false;
        missing.candidate.rises = false;
        assert_eq!(role(&missing), None);
        let mut far = one(0.95, 0.6);
        far.candidate.shown = Shown::ContrastOnly;
        assert_eq!(role(&far), None);
        let mut missing = one(0.95, 0.6);
        missing.candidate.parts[0].present = false;
        assert_eq!(role(&missing), None, "captions leave things out");
        missing.candidate.source = Source::Attributes;
        assert_eq!(role(&missing), Some(Role::Name));
        let mut near = one(0.6, 0.2);
        near.candidate.shown = Shown::Near;
        assert_eq!(role(&near), None, "images near it do not fail as the group does");
        near = one(0.6, 0.6);
        near.candidate.shown = Shown::Near;
        assert_eq!(role(&near), Some(Role::Near));
        near.candidate.shown = Shown::Said;
        assert_eq!(role(&near), None);
    }

    #[test]
    fn a_cue_is_there_and_has_a_name_or_none() {
        let street = tested("street", Source::Captions, 0.95, 0.1, 0.6);
        assert_eq!(chosen(&[&street], CUE).unwrap(), ("street".to_owned(), Role::Name));
        let goes_with = tested("kitchen", Source::Captions, 0.95, 0.1, 0.1);
        assert_eq!(chosen(&[&goes_with], CUE), None);
        let mut no_forest = tested("forest", Source::Captions, 0.95, 0.1, 0.6);
        no_forest.candidate.parts[0].present = false;
        assert_eq!(chosen(&[&no_forest], CUE), None);
    }

    #[test]
    fn one_phrase_goes_before_two_and_sources_compete_by_what_holds() {
        let violet = tested("violet", Source::Captions, 0.9, 0.05, 0.6);
        let mut either = tested("violet", Source::Captions, 0.98, 0.05, 0.6);
        either.candidate.joint = Joint::Either;
        let teal = Part { text: "teal".into(), form: Form::Before, present: true };
        either.candidate.parts.push(teal);
        assert_eq!(chosen(&[&either], "slices/1"), None, "each has to have a part in it");
        either.of_parts = vec![violet.contrast, violet.contrast];
        let text = |held: &[&Tested]| chosen(held, "slices/1").map(|c| c.0);
        assert_eq!(text(&[&either, &violet]).as_deref(), Some("violet"));
        let half = tested("violet", Source::Captions, 0.49, 0.0, 0.6);
        assert_eq!(text(&[&either, &half]).as_deref(), Some("violet or teal"));
        // A phrase of pictures that holds for half of the group does not take the place of two that hold for all of it.
        let mut seen = tested("small", Source::Phrases, 0.75, 0.3, 0.2);
        seen.candidate.shown = Shown::Near;
        assert_eq!(text(&[&either, &seen]).as_deref(), Some("violet or teal"));
        // The earlier source has the word where both say as much, the later one where it says clearly more.
        let weak = tested("pale", Source::Captions, 0.85, 0.3, 0.6);
        let mut own = tested("red", Source::Phrases, 0.88, 0.3, 0.6);
        assert_eq!(text(&[&weak, &own]).as_deref(), Some("pale"));
        own.share_outside = Some(0.02);
        assert_eq!(text(&[&weak, &own]).as_deref(), Some("red"));
    }
}

//! What a phrase that holds may be in a title: the name of what fails, what most images of the group are, what the group is near
//! to; and which phrase it is.

use rightly_stats::Estimate;

use super::{
    phrase::{Joint, Shown, Source},
    subjects::{CUE, Subject},
    tested::Tested,
};

/// The part of a phrase in a title, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// True of most of the group, and the figures are its own: "violet cars fail: 12 % of 40 right, the rest 75 % of 160".
    Name,
    /// True of most of the group, whose figures are not those of all such images: "a group of cars, most of them violet, fails".
    Most,
    /// An image-text model puts it near the group; of single pictures that is not sure: "a group of cars fails that goes with the
    /// phrase 'violet'".
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
    let truer = tested.share.value.zip(tested.share_outside);
    let truer = truer.is_none_or(|(inside, outside)| inside > outside);
    let most = most(&tested.share, least) && truer;
    let parts = candidate.joint == Joint::Both
        || (tested.of_parts.len() == 2
            && tested.of_parts.iter().all(|part| part.is_some_and(|part| part.has_part())));
    let held = tested.contrast.is_some_and(|contrast| contrast.holds());
    if held && parts && most && tested.share.value.is_some_and(|share| share >= least) {
        return Some(Role::Name);
    }
    match (is_cue, present) {
        (false, true) if most && all_present => Some(Role::Most),
        (false, true) if candidate.shown == Shown::Near && candidate.parts.len() == 1 => {
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
pub(super) fn choose(
    held: &[&Tested],
    subject: &Subject,
    least: f64,
) -> Option<(usize, Role)> {
    let mut best: Option<(usize, Role)> = None;
    for (at, own) in held.iter().enumerate() {
        let Some(role) = role(own, subject, least) else { continue };
        let better = best.is_none_or(|(other, of)| {
            role < of || (role == of && says_more(own, held[other]))
        });
        if better {
            best = Some((at, role));
        }
    }
    best
}

fn says_more(own: &Tested, other: &Tested) -> bool {
    let either = |t: &Tested| t.candidate.joint == Joint::Either;
    if either(own) != either(other) {
        return either(other);
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

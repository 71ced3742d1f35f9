//! Which of a class's features are spurious, from the best source at hand: votes, masks, attributes and captions, none.

mod attributes;
mod masks;
mod single_cue;
mod votes;

use rightly_stats::Estimate;
use serde::Serialize;

pub(super) use attributes::by_attributes;
pub(super) use masks::{Shown, by_masks};
pub(super) use votes::by_votes;

/// What a judgement rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// People said so.
    Votes,
    /// The feature's maps lie on the object or off it.
    Masks,
    /// The feature goes with an attribute or a word of the captions.
    Attributes,
    /// Nobody judged: every feature is a candidate for a person to look at.
    None,
}

impl Basis {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Masks => "masks",
            Self::Attributes => "attributes",
            Self::None => "none",
        }
    }
}

/// What is known of one feature of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Whether it counts as spurious: `None` where the evidence says neither.
    pub spurious: Option<bool>,
    /// The figure behind it, with its interval: share of the map on the object minus that of a map moved at random
    /// (masks), correlation with the attribute (attributes).
    pub evidence: Estimate,
    /// Activation kept with the object's box gray, over what a map moved at random would keep (masks).
    pub kept: Estimate,
    /// What it goes with, in words (attributes).
    pub word: Option<String>,
    /// Spurious, but lower where the cue of the class is stronger (attributes): it has no part in the spuriosity.
    pub aside: bool,
}

impl Judgement {
    pub(super) fn plain(spurious: Option<bool>) -> Self {
        Self {
            spurious,
            evidence: Estimate::default(),
            kept: Estimate::default(),
            word: None,
            aside: false,
        }
    }

    /// Whether it has a part in the spuriosity of its class.
    pub(super) fn counts(&self) -> bool {
        self.spurious == Some(true) && !self.aside
    }
}

//! Which images have what is worded, as far as it is known.

use super::{phrase::Joint, unnamed::Side};

/// Whether confirming images have what is worded, `None` where nothing is known of one: captions that leave the matter out,
/// an attribute without a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Had {
    /// Of each image inside and outside.
    pub(super) ends: Vec<Option<bool>>,
    /// Of each image between.
    pub(super) middle: Vec<Option<bool>>,
}

impl Had {
    /// Of an image each, by its sample.
    pub(super) fn of(side: &Side, known: impl Fn(usize) -> Option<bool>) -> Self {
        let all = |images: &[usize]| images.iter().map(|&at| known(at)).collect();
        Self { ends: all(&side.images), middle: all(&side.middle) }
    }

    pub(super) fn joined(&self, other: &Self, joint: Joint) -> Self {
        let both = |a: &[Option<bool>], b: &[Option<bool>]| {
            a.iter().zip(b).map(|(&a, &b)| joint.of_known(a, b)).collect()
        };
        Self { ends: both(&self.ends, &other.ends), middle: both(&self.middle, &other.middle) }
    }

    /// Every confirming image, those between last: whether it is known to have it.
    pub(super) fn all(&self) -> Vec<bool> {
        self.ends.iter().chain(&self.middle).map(|had| *had == Some(true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_one_phrase_may_still_decide() {
        let (yes, no) = (Some(true), Some(false));
        for (joint, a, b, expected) in [
            (Joint::Either, yes, None, yes),
            (Joint::Either, no, None, None),
            (Joint::Both, no, None, no),
            (Joint::Both, None, yes, None),
            (Joint::Both, yes, yes, yes),
            (Joint::Either, None, None, None),
        ] {
            assert_eq!(joint.of_known(a, b), expected, "{joint:?} {a:?} {b:?}");
        }
    }
}

//! Which pixels of a mask file are object.
use super::{
    MaskOptions,
    labels::Labels,
    profile::{Looks, Profile},
};

impl MaskOptions {
    /// Whether the user said which values are object or void.
    pub fn given(&self) -> bool {
        self.object.is_some() || !self.void.is_empty()
    }

    /// Whether a mask value is object, by what the user gave.
    pub fn is_object(&self, value: u32) -> bool {
        !self.void.iter().any(|range| range.contains(value))
            && self
                .object
                .as_ref()
                .map_or(value > 0, |object| object.iter().any(|range| range.contains(value)))
    }
}

/// `[H, W]`, true on the object.
pub(super) fn objects(labels: &Labels, options: &MaskOptions) -> Vec<bool> {
    let profile = Profile::of(labels);
    let largest = u64::from(profile.largest);
    let from_half = |value: u32| profile.looks == Looks::Lossy && u64::from(value) * 2 >= largest;
    if options.given() {
        // In a lossy file single values are gone: what is left are the two sides of one half.
        // A range means the values as they stand.
        let wide = options.object.iter().flatten().any(|range| range.is_wide());
        let levels = profile.looks == Looks::Lossy && !wide;
        let full = full_scale(profile.largest);
        let seen = |value: u32| match (levels, from_half(value)) {
            (false, _) => value,
            (true, true) => full,
            (true, false) => 0,
        };
        return labels.values.iter().map(|&value| options.is_object(seen(value))).collect();
    }
    let void = options.label_maps && profile.may_be_labels;
    match profile.looks {
        Looks::Lossy => labels.values.iter().map(|&value| from_half(value)).collect(),
        _ if void => {
            let object = |&value: &u32| value > 0 && value != profile.largest;
            labels.values.iter().map(object).collect()
        }
        _ => labels.values.iter().map(|&value| value > 0).collect(),
    }
}

/// What the largest value of a lossy file stands for: it may lie a little below white.
fn full_scale(largest: u32) -> u32 {
    match largest {
        128..=255 => 255,
        32768..=65535 => 65535,
        other => other,
    }
}

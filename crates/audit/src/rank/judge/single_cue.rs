//! One cue for each class: features that go with opposite things can't be averaged.
//!
//! Some features of a class may rise where a mark is and others where it is not. Their mean says nothing of the mark, and the
//! ranks by it are noise. The cue of the class is what its spurious features say together, each with its importance; those
//! that say the opposite are set aside.

/// What is known of one feature.
pub(super) struct Found {
    /// Correlation with each marker of the class.
    pub(super) correlations: Vec<f64>,
    /// The marker that it goes with most, where it is spurious.
    pub(super) marker: Option<usize>,
    /// Mean activation times weight.
    pub(super) importance: f64,
}

/// Which spurious features fall where the cue is stronger. The cue is the marker with the largest sum of importance x
/// correlation over the spurious features, of those that one of them goes with most.
pub(super) fn aside(features: &[Found]) -> Vec<bool> {
    let sum = |marker: usize| -> f64 {
        let own = features.iter().filter(|f| f.marker.is_some());
        own.map(|f| f.importance * f.correlations[marker]).sum()
    };
    let mut cue: Option<(usize, f64)> = None;
    for marker in features.iter().filter_map(|f| f.marker) {
        let sum = sum(marker);
        if cue.is_none_or(|(_, best)| sum > best) {
            cue = Some((marker, sum));
        }
    }
    let falls = |f: &Found| {
        f.marker.is_some() && cue.is_some_and(|(marker, _)| f.correlations[marker] <= 0.0)
    };
    features.iter().map(falls).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(importance: f64, correlations: &[f64], marker: Option<usize>) -> Found {
        Found { correlations: correlations.to_vec(), marker, importance }
    }

    #[test]
    fn the_weightier_direction_is_the_cue() {
        let yes = |importance| found(importance, &[0.5, -0.5], Some(0));
        let no = |importance| found(importance, &[-0.4, 0.4], Some(1));
        assert_eq!(aside(&[yes(1.0), no(0.5), yes(0.2)]), [false, true, false]);
        assert_eq!(aside(&[yes(0.1), no(0.5), yes(0.2)]), [true, false, true]);
    }

    #[test]
    fn words_for_the_same_images_stay_together() {
        // 'snow' and 'skis' are on the same pictures.
        let features = [found(1.0, &[0.6, 0.5], Some(0)), found(1.0, &[0.4, 0.5], Some(1))];
        assert_eq!(aside(&features), [false, false]);
    }

    #[test]
    fn what_is_not_spurious_has_no_say() {
        let features = [found(9.0, &[-0.2, 0.2], None), found(1.0, &[0.5, -0.5], Some(0))];
        assert_eq!(aside(&features), [false, false]);
        assert_eq!(aside(&features[..1]), [false]);
        assert!(aside(&[]).is_empty());
    }
}

//! How strongly each image carries the spurious features of its class (Spuriosity Rankings, Moayeri et al.,
//! arXiv 2212.02648): the mean over the features of (activation - class mean) / class deviation.

/// Spuriosity of the images of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Spuriosity {
    /// `[n]`: the mean of the standardised features, `None` where no feature could be used.
    pub values: Option<Vec<f64>>,
    /// `[features][n]`: each standardised feature; `None` where all images show the same value.
    pub standardised: Vec<Option<Vec<f64>>>,
}

/// Standardises each feature over the images of a class (population deviation, ddof 0) and takes the mean of those
/// marked in `spurious`. `columns[f]` holds the feature's value on each image.
///
/// A feature that has the same value on all images says nothing about them and is left out.
pub fn spuriosity(columns: &[Vec<f64>], spurious: &[bool]) -> Spuriosity {
    let standardised: Vec<Option<Vec<f64>>> = columns.iter().map(|c| standardise(c)).collect();
    let used: Vec<&Vec<f64>> = standardised
        .iter()
        .zip(spurious)
        .filter(|(_, s)| **s)
        .filter_map(|(z, _)| z.as_ref())
        .collect();
    let values = used.first().map(|first| {
        let sum = |at: usize| used.iter().map(|z| z[at]).sum::<f64>();
        (0..first.len()).map(|at| sum(at) / used.len() as f64).collect()
    });
    Spuriosity { values, standardised }
}

fn standardise(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    // Below rounding of the values themselves there is no spread.
    (deviation > 1e-9 * mean.abs().max(f64::MIN_POSITIVE))
        .then(|| values.iter().map(|v| (v - mean) / deviation).collect())
}

/// Positions from the highest value to the lowest; equal values in the order given.
pub fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn constant_features_are_left_out() {
        let columns = [vec![1.0, 2.0, 3.0], vec![0.1; 3], vec![5.0, 5.0, 2.0]];
        let found = spuriosity(&columns, &[true, true, false]);
        let z = 1.0 / (2.0_f64 / 3.0).sqrt();
        let values = found.values.unwrap();
        assert!(
            (values[0] + z).abs() < 1e-12
                && values[1].abs() < 1e-12
                && (values[2] - z).abs() < 1e-12
        );
        assert!(found.standardised[1].is_none() && found.standardised[2].is_some());
        assert_eq!(spuriosity(&columns, &[false, true, false]).values, None);
        assert_eq!(spuriosity(&[], &[]).values, None);
    }

    #[test]
    fn the_highest_comes_first_and_ties_keep_their_order() {
        assert_eq!(descending(&[1.0, 3.0, 3.0, -1.0]), [1, 2, 0, 3]);
    }

    proptest! {
        #[test]
        fn scale_and_offset_do_not_matter(
            values in proptest::collection::vec(-10.0..10.0_f64, 3..40), scale in 0.1..9.0_f64, offset in -9.0..9.0_f64,
        ) {
            let moved: Vec<f64> = values.iter().map(|v| v * scale + offset).collect();
            let (a, b) = (spuriosity(&[values], &[true]), spuriosity(&[moved], &[true]));
            if let (Some(a), Some(b)) = (a.values, b.values) {
                for (a, b) in a.iter().zip(b) {
                    prop_assert!((a - b).abs() < 1e-6);
                }
            }
        }
    }
}

//! The C of a machine by cross-validation.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::{LinearSvm, SvmError, SvmOptions, checked, descent};
use crate::threads::on_threads;

/// A chosen C.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The candidate with the highest accuracy, the smallest of equal ones.
    pub c: f64,
    /// Balanced accuracy of each candidate on the rows held out, in their order: the mean over both classes of the share of
    /// rows on their side.
    pub accuracy: Vec<f64>,
}

/// Chooses C among `candidates`: `folds[i]` names the fold of row `i` (rows that belong together should share one), and
/// each fold in turn is held out. A fold without which one class alone is left is not held out. `threads` (0: those of the
/// rayon pool around) have no part in the result; `c` of the options has none either.
///
/// # Errors
/// As [`LinearSvm::fit`], and where nothing can be compared.
///
/// # Panics
/// Where there is not one class, one weight and one fold for each row.
pub fn choose_c(
    rows: ArrayView2<'_, f32>,
    positive: &[bool],
    weights: Option<&[f64]>,
    folds: &[usize],
    candidates: &[f64],
    options: &SvmOptions,
    threads: usize,
) -> Result<Choice, SvmError> {
    checked(rows, positive, weights)?;
    assert_eq!(folds.len(), positive.len(), "one fold for each row");
    let rows = rows.as_standard_layout();
    let mut names = folds.to_vec();
    names.sort_unstable();
    names.dedup();
    let pairs: Vec<(usize, usize)> =
        (0..candidates.len()).flat_map(|c| (0..names.len()).map(move |f| (c, f))).collect();
    let one = |&(candidate, fold): &(usize, usize)| {
        let (held, kept): (Vec<usize>, Vec<usize>) =
            (0..folds.len()).partition(|&i| folds[i] == names[fold]);
        let options = SvmOptions { c: candidates[candidate], ..*options };
        match descent::train(rows.view(), positive, weights, &kept, &options) {
            Ok(svm) => Ok((candidate, tally(&svm, rows.view(), positive, weights, &held))),
            Err(SvmError::OneClass { .. }) => Ok((candidate, [[0.0; 2]; 2])),
            Err(error) => Err(error),
        }
    };
    let tallies: Vec<(usize, [[f64; 2]; 2])> =
        on_threads(threads, || pairs.par_iter().map(one).collect::<Result<_, _>>())?;
    let accuracy: Vec<f64> = (0..candidates.len())
        .map(|candidate| {
            let mut whole = [[0.0; 2]; 2];
            for (_, tally) in tallies.iter().filter(|(of, _)| *of == candidate) {
                for (whole, part) in whole.iter_mut().zip(tally) {
                    whole[0] += part[0];
                    whole[1] += part[1];
                }
            }
            whole.iter().map(|[right, all]| right / all).sum::<f64>() / 2.0
        })
        .collect();
    let best = accuracy
        .iter()
        .zip(candidates)
        .filter(|(accuracy, _)| !accuracy.is_nan())
        .max_by(|a, b| a.0.total_cmp(b.0).then(b.1.total_cmp(a.1)));
    let c = best.map(|(_, &c)| c).ok_or(SvmError::NoFold)?;
    Ok(Choice { c, accuracy })
}

/// Weight of the rows on their side and of all, for each class.
fn tally(
    svm: &LinearSvm,
    rows: ArrayView2<'_, f32>,
    positive: &[bool],
    weights: Option<&[f64]>,
    held: &[usize],
) -> [[f64; 2]; 2] {
    let mut tally = [[0.0; 2]; 2];
    for &i in held {
        let value = svm.decision(rows.row(i).to_slice().expect("rows in standard layout"));
        let w = weights.map_or(1.0, |w| w[i]);
        let class = &mut tally[usize::from(positive[i])];
        class[0] += if (value > 0.0) == positive[i] { w } else { 0.0 };
        class[1] += w;
    }
    tally
}

//! The C of a machine by cross-validation.

use ndarray::ArrayView2;

use super::{LinearSvm, Rows, SvmError, SvmOptions};

/// A chosen C.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The candidate with the highest accuracy, the smallest of equal ones.
    pub c: f64,
    /// Its accuracy on the rows held out, and that of each candidate in their order: the mean over the folds of the balanced
    /// accuracy, which is the mean over both classes of the share of rows on their side.
    pub accuracy: Vec<f64>,
    /// The machine of this C on all rows.
    pub svm: LinearSvm,
}

/// Chooses C among `candidates` and trains with it: `folds[i]` names the fold of row `i` (rows that belong together should
/// share one), and each fold in turn is held out, as scikit-learn's `cross_val_score(scoring="balanced_accuracy")`. A fold
/// without which, or in which, one class alone is left is not held out. `c` of the options has no part in it.
///
/// # Errors
/// As [`LinearSvm::fit`], and where nothing can be compared.
///
/// # Panics
/// Where there is not one class and one fold for each row.
pub fn choose_c(
    rows: ArrayView2<'_, f32>,
    positive: &[bool],
    folds: &[usize],
    candidates: &[f64],
    options: &SvmOptions,
) -> Result<Choice, SvmError> {
    assert_eq!(folds.len(), positive.len(), "one fold for each row");
    let all = Rows::new(rows, positive)?;
    let mut names = folds.to_vec();
    names.sort_unstable();
    names.dedup();
    let both = |of: &[usize]| of.iter().any(|&i| positive[i]) && of.iter().any(|&i| !positive[i]);
    let split = |name: &usize| -> (Vec<usize>, Vec<usize>) {
        (0..folds.len()).partition(|&i| folds[i] == *name)
    };
    let splits: Vec<(Vec<usize>, Vec<usize>)> =
        names.iter().map(split).filter(|(held, kept)| both(held) && both(kept)).collect();
    if splits.is_empty() {
        return Err(SvmError::NoFold);
    }
    let mut accuracy = Vec::with_capacity(candidates.len());
    for &c in candidates {
        let mut sum = 0.0;
        for (held, kept) in &splits {
            let svm = all.train(kept, &SvmOptions { c, ..*options })?;
            sum += balanced(&svm, rows, positive, held);
        }
        accuracy.push(sum / splits.len() as f64);
    }
    let best = accuracy
        .iter()
        .zip(candidates)
        .max_by(|a, b| a.0.total_cmp(b.0).then(b.1.total_cmp(a.1)))
        .ok_or(SvmError::NoFold)?;
    let c = *best.1;
    let every: Vec<usize> = (0..positive.len()).collect();
    let svm = all.train(&every, &SvmOptions { c, ..*options })?;
    Ok(Choice { c, accuracy, svm })
}

/// Mean over both classes of the share of the rows `of` on their side.
fn balanced(svm: &LinearSvm, rows: ArrayView2<'_, f32>, positive: &[bool], of: &[usize]) -> f64 {
    let mut tally = [[0.0; 2]; 2];
    for &i in of {
        let value = svm.decision(&rows.row(i).to_vec());
        let class = &mut tally[usize::from(positive[i])];
        class[0] += if (value > 0.0) == positive[i] { 1.0 } else { 0.0 };
        class[1] += 1.0;
    }
    tally.iter().map(|[right, all]| right / all).sum::<f64>() / 2.0
}

//! How many of the rows at the top of a ranking are the right ones.

/// Share of the right ones among the `k` rows with the highest scores, in 0..=1.
///
/// Where equal scores straddle the `k`-th place, the mean over all orders of the equal ones. A `k` above the number of rows
/// is cut to it; NaN scores rank last. `None` where `k` is 0 or there are no rows.
///
/// # Panics
/// Where the slices differ in length.
pub fn precision_at(scores: &[f64], truth: &[bool], k: usize) -> Option<f64> {
    assert_eq!(scores.len(), truth.len(), "one truth for each score");
    let k = k.min(scores.len());
    if k == 0 {
        return None;
    }
    let order = ranked(scores);
    let last = scores[order[k - 1]];
    let tied = |i: usize| same(scores[i], last);
    let start = order.partition_point(|&i| above(scores[i], last));
    let end = start + order[start..].partition_point(|&i| tied(i));
    let right = |part: &[usize]| part.iter().filter(|&&i| truth[i]).count() as f64;
    let share = (k - start) as f64 / (end - start) as f64;
    Some((right(&order[..start]) + share * right(&order[start..end])) / k as f64)
}

/// The `k` rows with the highest scores, highest first, equal ones by their index, NaN last; all where `k` is more.
pub fn top(scores: &[f64], k: usize) -> Vec<usize> {
    let mut order = ranked(scores);
    order.truncate(k);
    order
}

fn ranked(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let key = |i: usize| if scores[i].is_nan() { f64::NEG_INFINITY } else { scores[i] };
    // Minus zero equals zero, and what is not a number comes behind minus infinity.
    order.sort_by(|&a, &b| {
        let known = scores[a].is_nan().cmp(&scores[b].is_nan());
        known.then((key(b) + 0.0).total_cmp(&(key(a) + 0.0)))
    });
    order
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

fn above(a: f64, b: f64) -> bool {
    a > b || (b.is_nan() && !a.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_scores_count() {
        let scores = [0.1, 0.9, 0.5, f64::NAN, 0.7];
        let truth = [true, true, false, true, false];
        let at = |k| precision_at(&scores, &truth, k);
        assert_eq!((at(1), at(2), at(4), at(5)), (Some(1.0), Some(0.5), Some(0.5), Some(0.6)));
        assert_eq!((at(0), at(9), precision_at(&[], &[], 3)), (None, Some(0.6), None));
        assert_eq!(top(&scores, 9), [1, 4, 2, 0, 3]);
        assert_eq!(top(&[0.0, -0.0, 1.0], 3), [2, 0, 1]);
    }

    #[test]
    fn ties_count_in_part() {
        let truth = [true, false, false, true];
        assert_eq!(precision_at(&[1.0; 4], &truth, 1), Some(0.5));
        assert_eq!(precision_at(&[2.0, 1.0, 1.0, 1.0], &truth, 2), Some((1.0 + 1.0 / 3.0) / 2.0));
        assert_eq!(precision_at(&[f64::NAN; 4], &truth, 3), Some(0.5));
    }
}

//! Two engines' answers to the same images.

use std::time::{Duration, Instant};

use rightly_model::{Forward, ModelError};
use serde::{Deserialize, Serialize};

/// Margins between two answers that are rounding, as a share of the largest value.
const TIE: f32 = 1e-3;

/// What a second engine says of the images that the first one ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// The second engine, with its version, or the way in which the first one was run again.
    pub engine: String,
    /// Largest difference between two logits (two probabilities, where the output holds these).
    pub largest_difference: f64,
    /// Images whose answer is another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_answers: Vec<String>,
}

/// What two engines gave, in pairs.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) largest: f64,
    pub(super) other_answers: Vec<String>,
    times: Vec<[Duration; 2]>,
}

type Run<'a> = dyn Fn(&[f32]) -> Result<Forward, ModelError> + 'a;

impl Compared {
    /// Runs the inputs (each with its image's name) through both engines, in turn.
    pub(super) fn of(
        inputs: &[(String, Vec<f32>)],
        first: &Run<'_>,
        second: &Run<'_>,
    ) -> Result<(Self, Vec<Forward>), ModelError> {
        let mut found = Self::default();
        let mut forwards = Vec::new();
        for (image, input) in inputs {
            let timed = |run: &Run<'_>| -> Result<(Forward, Duration), ModelError> {
                let start = Instant::now();
                Ok((run(input)?, start.elapsed()))
            };
            let ((a, own), (b, others)) = (timed(first)?, timed(second)?);
            found.times.push([own, others]);
            let (largest, same) = compare(given(&a), given(&b));
            found.largest = found.largest.max(largest);
            if !same {
                found.other_answers.push(image.clone());
            }
            forwards.push(a);
        }
        Ok((found, forwards))
    }

    /// Images a second on one core, of both; the first image, which warms up, left out where there are others.
    pub(super) fn rates(&self) -> [f64; 2] {
        let rate = |at: usize| {
            let mut times: Vec<f64> = self.times.iter().map(|t| t[at].as_secs_f64()).collect();
            if times.len() > 1 {
                times.remove(0);
            }
            times.sort_by(f64::total_cmp);
            let middle = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
            1.0 / middle.max(1e-9)
        };
        [rate(0), rate(1)]
    }
}

/// The values that decide the answer.
fn given(forward: &Forward) -> &[f32] {
    forward.probabilities.as_deref().unwrap_or(&forward.logits)
}

/// Largest difference, and whether both give the same answer or are undecided between the two.
fn compare(a: &[f32], b: &[f32]) -> (f64, bool) {
    if a.len() != b.len() {
        return (f64::INFINITY, false);
    }
    let finite = |values: &[f32]| values.iter().all(|v| v.is_finite());
    if !finite(a) || !finite(b) {
        // Neither is an answer; where one of the two is, they differ.
        let same = !finite(a) && !finite(b);
        return (if same { 0.0 } else { f64::INFINITY }, same);
    }
    let differences = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    let largest = differences.fold(0.0, f64::max);
    let (of_a, of_b) = (first_largest(a), first_largest(b));
    let scale = a.iter().chain(b).fold(0_f32, |most, v| most.max(v.abs()));
    let margins = (a[of_a] - a[of_b]) + (b[of_b] - b[of_a]);
    (largest, of_a == of_b || margins <= TIE * scale)
}

/// The first of equal maxima.
fn first_largest(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_another_one_only_beyond_rounding() {
        assert_eq!(compare(&[1.0, 2.0], &[1.0, 2.5]), (0.5, true));
        assert_eq!(compare(&[1.0, 2.0], &[2.0, 1.0]), (1.0, false));
        assert!(compare(&[1.0, 1.0001], &[1.0001, 1.0]).1, "undecided in both");
        assert!(!compare(&[0.4, 0.6], &[0.6, 0.4]).1, "probabilities");
        assert!(compare(&[3.0, 3.0], &[3.0, 3.0]).1);
    }

    #[test]
    fn what_is_no_answer_is_none_in_both_or_differs() {
        assert_eq!(compare(&[f32::NAN, 1.0], &[f32::NAN, 1.0]), (0.0, true));
        assert_eq!(compare(&[f32::NAN, 1.0], &[0.0, 1.0]), (f64::INFINITY, false));
        assert_eq!(compare(&[0.0], &[0.0, 1.0]), (f64::INFINITY, false));
    }

    #[test]
    fn the_first_image_warms_up() {
        let ms = Duration::from_millis;
        let times = vec![[ms(900), ms(900)], [ms(10), ms(20)], [ms(10), ms(20)]];
        let compared = Compared { times, ..Compared::default() };
        let [a, b] = compared.rates();
        assert!((a - 100.0).abs() < 1e-6 && (b - 50.0).abs() < 1e-6, "{a} {b}");
    }
}

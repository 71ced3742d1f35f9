//! What the model answers when a picture shows no object.

use rightly_stats::{Design, Estimate, Scope};

use super::metric_rows::MetricRows;
use crate::{
    Inputs, Metric,
    evaluate::{STAGE, columns::Columns},
    metrics::POOLED,
};

/// For each class, the share of the *other* classes' pictures that get one of its outputs once
/// their object's box is filled with gray: `default-answer` under `gray-box`. Over all images, the accuracy that answers
/// reach which are given as often to every class, and the accuracy under `gray-box` beyond it: `beyond-default`.
pub(super) fn compute(board: &mut MetricRows<'_>, inputs: &Inputs, columns: &Columns) {
    if board.classes().len() < 2 || columns.boxed_output.iter().all(Option::is_none) {
        return;
    }
    for (class, name) in board.classes().iter().enumerate() {
        let outputs = &inputs.label_map.outputs[class];
        let (images, said): (Vec<usize>, Vec<bool>) = (0..columns.boxed_output.len())
            .filter(|&i| board.class_of()[i] != class)
            .filter_map(|i| Some((i, outputs.contains(&(columns.boxed_output[i]? as usize)))))
            .unzip();
        let e = board.design(&images).proportion(&said);
        board.push(Metric::new(STAGE, "default-answer", Some("gray-box"), name, e));
    }
    let answered: Vec<(usize, usize)> = (columns.boxed_output.iter().enumerate())
        .filter_map(|(image, output)| Some((image, output.as_ref().copied()? as usize)))
        .collect();
    let images: Vec<usize> = answered.iter().map(|(image, _)| *image).collect();
    let answers: Vec<Answer> = answered
        .into_iter()
        .map(|(image, output)| Answer {
            class: board.class_of()[image],
            named: (0..board.classes().len())
                .filter(|&class| inputs.label_map.outputs[class].contains(&output))
                .collect(),
        })
        .collect();
    let [default, beyond] = over_all(&answers, board.classes().len(), &board.design(&images));
    for (metric, estimate) in [("default-answer", default), ("beyond-default", beyond)] {
        board.push(Metric::new(STAGE, metric, Some("gray-box"), POOLED, estimate));
    }
}

/// What was answered to a picture without its object.
struct Answer {
    /// Class of the picture.
    class: usize,
    /// Classes for which the answer is right.
    named: Vec<usize>,
}

/// With `d` of a class the share of the other classes' pictures that get its answer: the mean of `d` over all pictures, which is
/// what the answers reach if they have nothing to do with the class; and how far the accuracy lies above that.
fn over_all(answers: &[Answer], classes: usize, design: &Design) -> [Estimate; 2] {
    let figure = |weights: &[f64], out: &mut [f64]| {
        let (mut own, mut said) = (vec![0.0; classes], vec![0.0; classes]);
        let (mut all, mut right) = (0.0, 0.0);
        for (answer, w) in answers.iter().zip(weights) {
            all += w;
            own[answer.class] += w;
            for &named in &answer.named {
                if named == answer.class { right += w } else { said[named] += w }
            }
        }
        let present = (0..classes).filter(|&class| own[class] > 0.0);
        // NaN where a resample holds one class only: nothing is elsewhere.
        let default: f64 =
            present.map(|class| own[class] / all * said[class] / (all - own[class])).sum();
        (out[0], out[1]) = (default, right / all - default);
    };
    let units = design.effective_units(Scope::Pooled);
    let found = design.functional(2, figure);
    let right: Vec<bool> = answers.iter().map(|a| a.named.contains(&a.class)).collect();
    let beyond = at_least_as_wide(found[1], &design.proportion(&right));
    [found[0].within(0.0, 1.0, units), beyond.within(-1.0, 1.0, units)]
}

/// The estimate with an interval that reaches as far to both sides as that of the accuracy in it: resampling knows no spread
/// where all answers are wrong, or all are right.
fn at_least_as_wide(beyond: Estimate, accuracy: &Estimate) -> Estimate {
    let bounds = || {
        let [value, low, high] = [beyond.value?, beyond.low?, beyond.high?];
        let [of, of_low, of_high] = [accuracy.value?, accuracy.low?, accuracy.high?];
        Some((low.min(value - (of - of_low)), high.max(value + (of_high - of))))
    };
    let (low, high) = bounds().unzip();
    Estimate { low, high, ..beyond }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `counts[class][answer]` pictures; the last answer is right for no class.
    fn judged(counts: &[&[usize]]) -> [Estimate; 2] {
        let mut answers = Vec::new();
        for (class, counts) in counts.iter().enumerate() {
            for (answer, &n) in counts.iter().enumerate() {
                let named = if answer < counts.len() - 1 { vec![answer] } else { Vec::new() };
                answers.extend((0..n).map(|_| Answer { class, named: named.clone() }));
            }
        }
        let strata = answers.iter().map(|a| a.class as u32).collect();
        over_all(&answers, counts.len(), &Design::new(strata, None, 0, 500))
    }

    #[test]
    fn one_answer_to_everything_reaches_nothing_beyond_itself() {
        let [default, beyond] = judged(&[&[80, 0, 0], &[20, 0, 0]]);
        assert!((default.value.unwrap() - 0.8).abs() < 1e-12, "{default:?}");
        assert!(beyond.value.unwrap().abs() < 1e-12);
        assert!(beyond.high.unwrap() > 0.05, "all alike is no certainty: {beyond:?}");
        // Dealt at one rate in both classes.
        let [_, beyond] = judged(&[&[40, 10, 0], &[40, 10, 0]]);
        assert!(beyond.value.unwrap().abs() < 1e-12);
        assert!(beyond.low.unwrap() < 0.0 && beyond.high.unwrap() > 0.0);
    }

    #[test]
    fn what_the_surroundings_tell_is_beyond_the_default_answer() {
        let [default, beyond] = judged(&[&[50, 0, 0], &[0, 50, 0]]);
        assert_eq!((default.value, beyond.value), (Some(0.0), Some(1.0)));
        assert!(beyond.low.unwrap() > 0.9);
        // 45 and 35 of 50 are right; of the other class's 15 and 5 are called so.
        let [default, beyond] = judged(&[&[45, 5, 0], &[15, 35, 0]]);
        assert!((default.value.unwrap() - 0.2).abs() < 1e-12);
        assert!((beyond.value.unwrap() - 0.6).abs() < 1e-12);
        let (low, high) = (beyond.low.unwrap(), beyond.high.unwrap());
        assert!((0.40..0.52).contains(&low) && (0.68..0.80).contains(&high), "{low} {high}");
    }

    #[test]
    fn answers_that_are_no_class_are_wrong_only() {
        let [default, beyond] = judged(&[&[0, 0, 30], &[0, 0, 30]]);
        assert_eq!((default.value, beyond.value), (Some(0.0), Some(0.0)));
        assert!(beyond.high.unwrap() > 0.02 && beyond.low.unwrap() <= 0.0);
    }
}

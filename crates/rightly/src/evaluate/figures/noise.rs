//! Relative foreground sensitivity (RIVAL10, equation 1), the plain gap beside it, and the same
//! with the mask moved off the object.

use rightly_stats::{Estimate, design};

use super::board::{Board, Over, Scope};
use crate::{
    Metric,
    evaluate::{
        STAGE,
        columns::{Columns, Seen, controls},
        options::EvaluateOptions,
    },
    measures::rfs::rfs,
};

pub(super) fn compute(board: &mut Board<'_>, columns: &Columns, options: &EvaluateOptions) {
    let names: Vec<String> = options.noise_levels.iter().map(ToString::to_string).collect();
    let undefined = if options.paper_compat { 0.0 } else { f64::NAN };
    sensitivity(board, columns, &names, "noise", ["rfs", "noise-gap"], undefined);
    let names: Vec<String> = controls(options).iter().map(ToString::to_string).collect();
    let metrics = ["rfs-control", "noise-gap-control"];
    sensitivity(board, columns, &names, "noise-control", metrics, undefined);
}

/// Both figures at all levels of one mask, over the images that have all of them; `undefined` stands for RFS where it is none.
fn sensitivity(
    board: &mut Board<'_>,
    columns: &Columns,
    levels: &[String],
    prefix: &str,
    metrics: [&str; 2],
    undefined: f64,
) {
    let column = |side: &str, level: &String| columns.seen.get(&format!("{prefix}-{side}/{level}"));
    let sides: Vec<[&Vec<Option<Seen>>; 2]> = levels
        .iter()
        .filter_map(|level| Some([column("foreground", level)?, column("background", level)?]))
        .collect();
    if sides.is_empty() || sides.len() != levels.len() {
        return;
    }
    let images = board.class_of().len();
    let usable: Vec<usize> = (0..images)
        .filter(|&i| sides.iter().all(|pair| pair.iter().all(|side| side[i].is_some())))
        .collect();
    // All levels of a scope come from one set of resamples: `[2 * level + (0 = rfs, 1 = gap)]`.
    let scopes = board.scopes(&usable);
    let figures: Vec<Vec<Estimate>> =
        scopes.iter().map(|scope| figures(scope, board.class_of(), &sides, undefined)).collect();
    for (m, metric) in metrics.iter().enumerate() {
        for (l, level) in levels.iter().enumerate() {
            for (scope, figures) in scopes.iter().zip(&figures) {
                // A scope without images has no figures, which is said as n = 0.
                let none = figures.is_empty();
                let e = if none { Estimate::default() } else { figures[2 * l + m] };
                board.push(Metric::new(STAGE, metric, Some(level), &scope.name, e));
            }
        }
    }
}

/// RFS and gap at each level; empty where the scope has no images.
fn figures(
    scope: &Scope,
    class_of: &[usize],
    sides: &[[&Vec<Option<Seen>>; 2]],
    undefined: f64,
) -> Vec<Estimate> {
    let images = &scope.images;
    if images.is_empty() {
        return Vec::new();
    }
    let right = |column: &Vec<Option<Seen>>| -> Vec<f64> {
        images
            .iter()
            .map(|&i| f64::from(column[i].expect("only usable images: by construction").correct))
            .collect()
    };
    let values: Vec<[Vec<f64>; 2]> = sides.iter().map(|[fg, bg]| [right(fg), right(bg)]).collect();
    let strata: Vec<usize> = images.iter().map(|&i| class_of[i]).collect();
    let by_class = scope.over == Over::Mean;
    let figure = |weights: &[f64], out: &mut [f64]| {
        let average = Average::new(weights, &strata, by_class);
        for ([fg, bg], out) in values.iter().zip(out.chunks_exact_mut(2)) {
            let (fg, bg) = (average.of(fg), average.of(bg));
            out[0] = rfs(fg, bg).unwrap_or(undefined);
            out[1] = bg - fg;
        }
    };
    let k = 2 * sides.len();
    let (estimates, kind) = if by_class {
        (scope.design.functional_of_strata(k, figure), design::Scope::MeanOfStrata)
    } else {
        (scope.design.functional(k, figure), design::Scope::Pooled)
    };
    let units = scope.design.effective_units(kind);
    estimates.into_iter().map(|e| e.within(-1.0, 1.0, units)).collect()
}

/// Weighted mean over images, or the mean of the classes' weighted means.
struct Average<'a> {
    weights: &'a [f64],
    /// What each image's weight is divided by, times the number of classes.
    totals: Vec<f64>,
}

impl<'a> Average<'a> {
    fn new(weights: &'a [f64], strata: &[usize], by_class: bool) -> Self {
        if !by_class {
            let total: f64 = weights.iter().sum();
            return Self { weights, totals: vec![total; weights.len()] };
        }
        let classes = strata.iter().max().map_or(0, |m| m + 1);
        let mut sums = vec![0.0; classes];
        strata.iter().zip(weights).for_each(|(&s, w)| sums[s] += w);
        let seen = sums.iter().filter(|&&s| s > 0.0).count() as f64;
        Self { weights, totals: strata.iter().map(|&s| sums[s] * seen).collect() }
    }

    fn of(&self, values: &[f64]) -> f64 {
        let terms = self.weights.iter().zip(&self.totals).zip(values);
        terms.filter(|((w, _), _)| **w > 0.0).map(|((w, t), v)| w * v / t).sum()
    }
}

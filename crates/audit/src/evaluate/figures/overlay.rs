//! Which outputs a suspected cue raises most, against the same opacity without the pattern.

use rightly_stats::{Design, Estimate};

use super::metric_rows::MetricRows;
use crate::{
    Error, Inputs, Metric,
    evaluate::{
        STAGE,
        options::EvaluateOptions,
        pipeline::Plan,
        rows::{Risen, Row},
    },
};

/// Outputs listed for each overlay.
const LISTED: usize = 10;

pub(super) fn compute(
    board: &mut MetricRows<'_>,
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
) -> Result<(), Error> {
    for (overlay, (name, _)) in options.overlays.iter().enumerate() {
        for (metric, pick, mean) in [
            (
                "logit-rise",
                (|r| &r.logits) as fn(&Risen) -> &Vec<f32>,
                Design::mean as fn(&Design, &[f64]) -> Estimate,
            ),
            // A difference of two shares.
            ("confidence-rise", |r| &r.probabilities, |d, values| d.mean_within(values, -1.0, 1.0)),
        ] {
            // Two passes over the shards, so that memory holds ten columns and not all outputs.
            let listed = largest(inputs, plan, overlay, pick)?;
            for (side, condition) in
                [(0, format!("overlay/{name}")), (1, format!("overlay/{name}/control"))]
            {
                let columns = columns(inputs, plan, overlay, side, &listed, pick)?;
                for (&output, column) in listed.iter().zip(&columns) {
                    let images: Vec<usize> =
                        (0..column.len()).filter(|&i| column[i].is_some()).collect();
                    let values: Vec<f64> = images.iter().filter_map(|&i| column[i]).collect();
                    let e = mean(&board.design(&images), &values);
                    let label = label(inputs, output);
                    board.push(Metric::new(STAGE, metric, Some(&condition), &label, e));
                }
            }
        }
    }
    Ok(())
}

/// The output's label, with its index where the label alone does not tell.
fn label(inputs: &Inputs, output: usize) -> String {
    let labels = inputs.classifier.labels();
    let label = &labels[output];
    if labels.iter().filter(|l| *l == label).count() > 1 {
        format!("{label} [{output}]")
    } else {
        label.clone()
    }
}

/// Calls `f(image, pattern and control)` for every image.
fn each(
    plan: &Plan<'_>,
    overlay: usize,
    mut f: impl FnMut(usize, &[Option<Risen>; 2]),
) -> Result<(), Error> {
    let Some(measure) = plan.position("overlay") else { return Ok(()) };
    for shard in 0..plan.shards() {
        for (offset, entry) in plan.read(measure, shard)?.into_iter().enumerate() {
            if let Some(Row::Overlay(row)) = &entry.row
                && let Some(pair) = row.overlays.get(overlay)
            {
                f(plan.start(shard) + offset, pair);
            }
        }
    }
    Ok(())
}

/// The outputs with the largest mean rise, largest first; ties by index.
fn largest(
    inputs: &Inputs,
    plan: &Plan<'_>,
    overlay: usize,
    pick: fn(&Risen) -> &Vec<f32>,
) -> Result<Vec<usize>, Error> {
    let mut sums = vec![0.0_f64; inputs.classifier.outputs()];
    each(plan, overlay, |_, [pattern, _]| {
        if let Some(risen) = pattern {
            sums.iter_mut().zip(pick(risen)).for_each(|(s, &v)| *s += f64::from(v));
        }
    })?;
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]).then(a.cmp(&b)));
    order.truncate(LISTED);
    Ok(order)
}

/// Rise of each listed output in each image.
fn columns(
    inputs: &Inputs,
    plan: &Plan<'_>,
    overlay: usize,
    side: usize,
    listed: &[usize],
    pick: fn(&Risen) -> &Vec<f32>,
) -> Result<Vec<Vec<Option<f64>>>, Error> {
    let mut out = vec![vec![None; inputs.selected.len()]; listed.len()];
    each(plan, overlay, |image, pair| {
        if let Some(risen) = &pair[side] {
            for (column, &output) in out.iter_mut().zip(listed) {
                column[image] = pick(risen).get(output).map(|&v| f64::from(v));
            }
        }
    })?;
    Ok(out)
}

//! Shards to the columns that later stages read.

use arrow_array::RecordBatch;
use rightly_data::table::Columns;

use super::{
    Held,
    compute::{Entry, FeatureRow, Part, problem},
};
use crate::{Error, Inputs, RunDir};

/// Name of the table of the vectors in a run: id, vector.
pub fn vectors_of(name: &str) -> String {
    format!("features/{name}.parquet")
}

/// `id, area, excess, outside, boxed`.
pub(super) fn on_object_of(name: &str) -> String {
    format!("features/{name}-on-object.parquet")
}

/// Name of the table of what the audited model makes of the images.
pub fn outcomes_of(name: &str) -> String {
    format!("features/{name}-outcomes.parquet")
}

/// Writes every table of the parts, rows in the order of the dataset within each split.
pub(super) fn write(
    inputs: &Inputs,
    parts: &[Part],
    run: &RunDir,
    name: &str,
    held: Held,
) -> Result<Held, Error> {
    let mut out = Held { dim: 0, on_object: false, problems: Vec::new(), ..held };
    let mut vectors = run.table(&vectors_of(name));
    let mut shares = run.table(&on_object_of(name));
    let mut outcomes = run.table(&outcomes_of(name));
    for part in parts {
        for (shard, samples) in part.shards() {
            let entries: Vec<Entry> = part.read(shard)?;
            let mut rows: Vec<(usize, &FeatureRow)> = Vec::new();
            for (&sample, entry) in samples.iter().zip(&entries) {
                match entry {
                    Ok(row) => rows.push((sample, row)),
                    Err(why) => {
                        out.problems.push(problem(&inputs.dataset.samples[sample].id, why));
                    }
                }
            }
            if let Some((_, row)) = rows.first() {
                out.dim = row.vector.len();
            }
            let id = |at: usize| inputs.dataset.samples[at].id.as_str();
            vectors.add(
                &Columns::new()
                    .utf8("id", rows.iter().map(|(s, _)| id(*s)))
                    .list_f32("vector", rows.iter().map(|(_, r)| &r.vector))
                    .batch()?,
            )?;
            let masked: Vec<_> =
                rows.iter().filter_map(|(s, r)| Some((*s, r.on_object.as_ref()?))).collect();
            if !masked.is_empty() {
                out.on_object = true;
                shares.add(
                    &Columns::new()
                        .utf8("id", masked.iter().map(|(s, _)| id(*s)))
                        .f64("area", masked.iter().map(|(_, o)| o.area))
                        .list_f32("excess", masked.iter().map(|(_, o)| &o.excess))
                        .f64_opt(
                            "outside",
                            masked.iter().map(|(_, o)| o.boxed.as_ref().map(|b| b.outside)),
                        )
                        .list_f32_opt(
                            "boxed",
                            masked.iter().map(|(_, o)| o.boxed.as_ref().map(|b| &b.vector)),
                        )
                        .batch()?,
                )?;
            }
            outcomes.add(&outcome_rows(inputs, &rows)?)?;
        }
    }
    if out.dim == 0 {
        let first = out
            .problems
            .first()
            .map_or(String::new(), |p| format!("; '{}': {}", p.image, p.problem));
        return Err(Error::Usage(format!("no image has features{first}")));
    }
    vectors.finish()?;
    shares.finish()?;
    outcomes.finish()?;
    Ok(out)
}

fn outcome_rows(
    inputs: &Inputs,
    rows: &[(usize, &FeatureRow)],
) -> Result<RecordBatch, rightly_data::DataError> {
    let sample = |at: usize| &inputs.dataset.samples[at];
    let class = |at: usize| inputs.dataset.classes[sample(at).class].as_str();
    Columns::new()
        .utf8("id", rows.iter().map(|(s, _)| sample(*s).id.as_str()))
        .utf8("class", rows.iter().map(|(s, _)| class(*s)))
        .utf8_opt("split", rows.iter().map(|(s, _)| sample(*s).split.as_deref()))
        .i64("output", rows.iter().map(|(_, r)| i64::from(r.outcome.output)))
        .bool("correct", rows.iter().map(|(_, r)| r.outcome.correct))
        .f32("confidence", rows.iter().map(|(_, r)| r.outcome.confidence))
        .f32("loss", rows.iter().map(|(_, r)| r.outcome.loss))
        .list_i64("wrong_outputs", rows.iter().map(|(_, r)| r.wrong.iter().map(|(o, _)| o as i64)))
        .list_f32(
            "wrong_probabilities",
            rows.iter().map(|(_, r)| r.wrong.iter().map(|(_, p)| p).collect::<Vec<f32>>()),
        )
        .batch()
}

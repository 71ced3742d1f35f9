//! Tables of the stage.

use rightly_data::table::Columns;

use super::{
    images::Population,
    ranking::{ClassRanking, Ranking},
};
use crate::{Error, Inputs, RunDir};

/// The features of each class, as [`features`] writes them.
pub(crate) const FEATURES: &str = "rank/features.parquet";
/// What is left of each class's evidence without its object, as [`evidence`] writes it.
pub(crate) const EVIDENCE: &str = "rank/evidence.parquet";
/// The ranked images, as [`spuriosity`] writes them.
pub(crate) const SPURIOSITY: &str = "rank/spuriosity.parquet";

/// `rank/spuriosity.parquet`: id, class, spuriosity, rank (1 is the strongest cue), and the standardised value of each
/// of the class's features, the most important first (`feature_1`, …; which they are stands in `rank/features.parquet`).
pub(super) fn spuriosity(
    inputs: &Inputs,
    population: &Population<'_>,
    ranking: &Ranking,
    run: &RunDir,
) -> Result<(), Error> {
    let width = ranking.classes.iter().map(|c| c.features.len()).max().unwrap_or(0);
    // (row, class, position in the class)
    let mut rows: Vec<(usize, usize, usize)> = Vec::new();
    let mut ranks: Vec<Vec<i64>> = Vec::with_capacity(ranking.classes.len());
    for (at, class) in ranking.classes.iter().enumerate() {
        rows.extend(class.rows.iter().enumerate().map(|(position, &row)| (row, at, position)));
        let mut rank = vec![0; class.rows.len()];
        class.order.iter().enumerate().for_each(|(r, &position)| rank[position] = r as i64 + 1);
        ranks.push(rank);
    }
    rows.sort_unstable();
    let id = |row: usize| inputs.dataset.samples[population.rows[row].sample].id.as_str();
    let value = |class: usize, position: usize| {
        ranking.classes[class].spuriosity.as_ref().map(|values| values[position])
    };
    let rank = |class: usize, position: usize| match ranks[class][position] {
        0 => None,
        rank => Some(rank),
    };
    let mut columns = Columns::new()
        .utf8("id", rows.iter().map(|r| id(r.0)))
        .utf8("class", rows.iter().map(|r| &inputs.dataset.classes[r.1]))
        .f64_opt("spuriosity", rows.iter().map(|r| value(r.1, r.2)))
        .i64_opt("rank", rows.iter().map(|r| rank(r.1, r.2)));
    for feature in 0..width {
        let z = |class: usize, position: usize| {
            ranking.classes[class].standardised.get(feature).and_then(|z| z.get(position)).copied()
        };
        columns =
            columns.f64_opt(&format!("feature_{}", feature + 1), rows.iter().map(|r| z(r.1, r.2)));
    }
    run.write_table(SPURIOSITY, &columns.batch()?)
}

/// `rank/features.parquet`: the features of each class: position, index, importance, whether it is spurious (null where
/// the evidence says neither), by what, whose right answers chose it (`model`, `encoder`; `all`: right or wrong; null: people),
/// the figures behind it with their
/// intervals (`kept`: activation kept with the object's box gray over what chance would keep; `evidence`: share of its map on
/// the object beyond chance, or correlation with the word), their images and the clusters of these (null: images are
/// independent), the word it goes with, and whether it has a part in the
/// spuriosity of its class.
pub(super) fn features(inputs: &Inputs, ranking: &Ranking, run: &RunDir) -> Result<(), Error> {
    let rows: Vec<_> = inputs
        .dataset
        .classes
        .iter()
        .zip(&ranking.classes)
        .flat_map(|(name, class)| {
            class.features.iter().enumerate().map(move |(at, f)| (name, at, f))
        })
        .collect();
    let batch = Columns::new()
        .utf8("class", rows.iter().map(|r| r.0))
        .i64("position", rows.iter().map(|r| r.1 as i64 + 1))
        .i64("feature", rows.iter().map(|r| r.2.important.feature as i64))
        .f64_opt("importance", rows.iter().map(|r| r.2.important.importance))
        .bool_opt("spurious", rows.iter().map(|r| r.2.judgement.spurious))
        .utf8("basis", rows.iter().map(|_| ranking.basis.name()))
        .utf8_opt("chosen_by", rows.iter().map(|_| ranking.by))
        .f64_opt("evidence", rows.iter().map(|r| r.2.judgement.evidence.value))
        .f64_opt("low", rows.iter().map(|r| r.2.judgement.evidence.low))
        .f64_opt("high", rows.iter().map(|r| r.2.judgement.evidence.high))
        .f64_opt("kept", rows.iter().map(|r| r.2.judgement.kept.value))
        .f64_opt("kept_low", rows.iter().map(|r| r.2.judgement.kept.low))
        .f64_opt("kept_high", rows.iter().map(|r| r.2.judgement.kept.high))
        .i64("n", rows.iter().map(|r| r.2.judgement.evidence.n as i64))
        .i64_opt(
            "clusters",
            rows.iter().map(|r| r.2.judgement.evidence.clusters.map(|clusters| clusters as i64)),
        )
        .utf8_opt("word", rows.iter().map(|r| r.2.judgement.word.as_deref()))
        .bool("cue", rows.iter().map(|r| r.2.judgement.counts() && !r.2.constant))
        .bool("constant", rows.iter().map(|r| r.2.constant))
        .batch()?;
    run.write_table(FEATURES, &batch)
}

/// `rank/evidence.parquet`: of each class the share of its evidence that is left without its object with its interval and
/// images, the share of that which its spurious features carry, what its images are ranked by (`features`, `evidence`: all
/// features together, or null), and for `evidence` the direction in the features' space whose product with an image's features
/// its spuriosity is, before it is standardised.
pub(super) fn evidence(inputs: &Inputs, ranking: &Ranking, run: &RunDir) -> Result<(), Error> {
    let rows: Vec<_> = inputs.dataset.classes.iter().zip(&ranking.classes).collect();
    let by = |class: &ClassRanking| match (class.as_a_whole(), &class.spuriosity) {
        (Some(_), _) => Some("evidence"),
        (None, Some(_)) => Some("features"),
        (None, None) => None,
    };
    let direction = |class: &ClassRanking| -> Option<Vec<f32>> {
        Some(class.as_a_whole()?.direction.as_ref()?.iter().map(|&v| v as f32).collect())
    };
    let directions: Vec<Option<Vec<f32>>> = rows.iter().map(|r| direction(r.1)).collect();
    let left = |class: &ClassRanking| class.left.as_ref().map(|left| left.share);
    let batch = Columns::new()
        .utf8("class", rows.iter().map(|r| r.0))
        .f64_opt("left", rows.iter().map(|r| left(r.1)?.value))
        .f64_opt("low", rows.iter().map(|r| left(r.1)?.low))
        .f64_opt("high", rows.iter().map(|r| left(r.1)?.high))
        .i64("n", rows.iter().map(|r| left(r.1).map_or(0, |e| e.n as i64)))
        .f64_opt(
            "carried",
            rows.iter().map(|r| Some(r.1.left.as_ref()?.carried).filter(|c| c.is_finite())),
        )
        .utf8_opt("ranked_by", rows.iter().map(|r| by(r.1)))
        .list_f32_opt("direction", directions.iter().map(Option::as_ref))
        .batch()?;
    run.write_table(EVIDENCE, &batch)
}

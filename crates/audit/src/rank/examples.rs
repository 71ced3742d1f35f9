//! The images at both ends of each feature, with the feature's map: what a person looks at to see the cue.

use std::collections::BTreeMap;

use rightly_data::{Planes, table::Columns};
use rightly_model::Encoder;

use super::{figures::Figures, images::Population, judge::Basis, ranking::Ranking};
use crate::{Context, Error, Inputs, features::FeatureSet, spuriosity::descending, workers};

/// Images of each end.
const EACH: usize = 6;
/// Classes with pictures: those with the largest gaps.
const CLASSES: usize = 40;

/// One picture of the gallery.
struct Example {
    row: usize,
    class: usize,
    feature: usize,
    end: &'static str,
    place: usize,
    value: f64,
    map: Option<([usize; 2], Vec<f32>)>,
}

/// Writes `rank/examples.parquet`: id, class, feature, end (`high` or `low`), place (1 is the outermost), the
/// standardised value, and the feature's map at the layer's own resolution (its positive part; null without maps).
pub(super) fn write_examples(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    ranking: &Ranking,
    figures: &Figures,
    &Context { run, threads, stop, .. }: &Context<'_>,
) -> Result<(), Error> {
    let mut examples = choose(population, ranking, figures);
    if let Some(encoder) = set.encoder.as_ref().filter(|encoder| encoder.has_map()) {
        let mut by_row: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, example) in examples.iter().enumerate() {
            by_row.entry(example.row).or_default().push(at);
        }
        let by_row: Vec<(usize, Vec<usize>)> = by_row.into_iter().collect();
        let features: Vec<usize> = examples.iter().map(|e| e.feature).collect();
        let maps = workers::ordered(by_row.len(), threads, stop, |at| {
            let (row, wanted) = &by_row[at];
            maps_of(inputs, encoder, population.rows[*row].sample, wanted, &features)
        })?;
        for (at, map) in maps.into_iter().flatten() {
            examples[at].map = Some(map);
        }
    }
    let id = |e: &Example| inputs.dataset.samples[population.rows[e.row].sample].id.as_str();
    let side = |e: &Example, side: usize| e.map.as_ref().map(|(size, _)| size[side] as i64);
    let batch = Columns::new()
        .utf8("id", examples.iter().map(id))
        .utf8("class", examples.iter().map(|e| &inputs.dataset.classes[e.class]))
        .i64("feature", examples.iter().map(|e| e.feature as i64))
        .utf8("end", examples.iter().map(|e| e.end))
        .i64("place", examples.iter().map(|e| e.place as i64))
        .bool("correct", examples.iter().map(|e| population.rows[e.row].correct))
        .f64("value", examples.iter().map(|e| e.value))
        .i64_opt("height", examples.iter().map(|e| side(e, 0)))
        .i64_opt("width", examples.iter().map(|e| side(e, 1)))
        .list_f32_opt("map", examples.iter().map(|e| e.map.as_ref().map(|(_, map)| map)))
        .batch()?;
    run.write_table("rank/examples.parquet", &batch)
}

type Found = Vec<(usize, ([usize; 2], Vec<f32>))>;

fn maps_of(
    inputs: &Inputs,
    encoder: &Encoder,
    sample: usize,
    wanted: &[usize],
    features: &[usize],
) -> Result<Found, Error> {
    let loader = inputs.loader.with_preprocess(encoder.preprocess().clone());
    let picture = loader.load(&inputs.dataset.samples[sample])?;
    let input = encoder.preprocess().normalise(&Planes::from(&picture.crop));
    let Some(map) = encoder.encode(&input, true)?.map else { return Ok(Vec::new()) };
    let size = [map.height, map.width];
    let of = |at: &usize| {
        let row = map.values.row(features[*at]);
        (*at, (size, row.iter().map(|v| v.max(0.0)).collect()))
    };
    Ok(wanted.iter().map(of).collect())
}

/// Spurious features of the classes with the largest gaps; where nobody judged, or nothing is spurious, all features.
fn choose(population: &Population<'_>, ranking: &Ranking, figures: &Figures) -> Vec<Example> {
    let size = |class: usize| {
        let gap = figures.classes[class].as_ref().and_then(|g| g.gap.value);
        gap.map_or(-1.0, f64::abs)
    };
    let mut classes: Vec<usize> = (0..ranking.classes.len()).collect();
    classes.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    classes.truncate(CLASSES);
    classes.sort_unstable();
    let mut out = Vec::new();
    for class in classes {
        let own = &ranking.classes[class];
        let spurious: Vec<usize> = own.spurious().map(|(at, _)| at).collect();
        let all = ranking.basis == Basis::None || spurious.is_empty();
        let shown: Vec<usize> = if all { (0..own.features.len()).collect() } else { spurious };
        for at in shown {
            let z = &own.standardised[at];
            if z.is_empty() {
                continue;
            }
            let order = descending(z);
            let each = EACH.min(order.len() / 2);
            let ends = order[..each].iter().map(|&p| ("high", p));
            let low = order[order.len() - each..].iter().rev().map(|&p| ("low", p));
            for (number, (end, position)) in ends.chain(low).enumerate() {
                out.push(Example {
                    row: own.rows[position],
                    class,
                    feature: own.features[at].important.feature,
                    end,
                    place: number % each.max(1) + 1,
                    value: z[position],
                    map: None,
                });
            }
        }
    }
    debug_assert!(out.iter().all(|e| e.row < population.rows.len()), "rows of the population");
    out
}

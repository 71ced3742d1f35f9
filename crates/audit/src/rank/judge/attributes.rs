//! Judged by attributes and captions: does a feature go with something that the table says of the images?

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::AtomicBool,
};

use rand::seq::SliceRandom;
use rightly_data::dataset::{Attribute, typed_attributes};
use rightly_stats::{
    Estimate,
    multiple::benjamini_hochberg,
    permutation::sequential_p,
    quantile::{TAIL, normal_quantile},
    rng::keyed,
};

use super::{
    Judgement,
    single_cue::{Found, aside},
};
use crate::{
    Error, Inputs,
    rank::{choose::Important, images::Population},
    workers,
};

/// Fewest images of a class that a word or an attribute's value has to be on, and to be missing from.
const FEWEST: usize = 5;
/// Permutations of a feature at most, and exceedances after which there are enough.
const DRAWS: (usize, usize) = (1999, 30);
/// Corrected p-value up to which a feature goes with a value.
const Q: f64 = 0.05;
/// Words of captions that say nothing about a picture.
const EMPTY: [&str; 24] = [
    "the", "and", "with", "from", "into", "onto", "that", "this", "these", "those", "there",
    "here", "its", "their", "has", "have", "are", "was", "were", "for", "photo", "picture",
    "image", "showing",
];

/// A yes or no for each image (or cluster) of a class.
struct Marker {
    name: String,
    on: Vec<bool>,
}

/// Judges every feature of every class: spurious where its values are higher on the images that carry some attribute
/// value or caption word than permuted values are on any of them (maximum statistic over the class's markers,
/// Benjamini-Hochberg over all features of all classes). What goes with none is not judged. Of the spurious features of a
/// class those that fall where its cue is stronger are set aside ([`aside`]).
///
/// With clusters the unit is the cluster: its mean of the feature, and whether most of its images carry the value.
///
/// `rows[class]` are rows of the population, `values[row][f]` the features of its class, as `important[class][f]` names them.
/// `None` where no image has an attribute or a caption that could mark anything.
pub(in crate::rank) fn by_attributes(
    inputs: &Inputs,
    population: &Population<'_>,
    important: &[Vec<Important>],
    rows: &[Vec<usize>],
    values: &[Vec<f32>],
    threads: usize,
) -> Result<Option<Vec<Vec<Judgement>>>, Error> {
    let attributes = typed_attributes(&inputs.dataset, inputs.options.cluster.as_deref());
    let samples: Vec<usize> = population.rows.iter().map(|row| row.sample).collect();
    let clusters = inputs.clusters_of(&samples)?;
    let never = AtomicBool::new(false);
    let judged = workers::ordered(rows.len(), threads, &never, |class| {
        let rows = &rows[class];
        let units = units(rows, clusters.as_deref());
        let markers = markers(inputs, &attributes, population, class, rows, &units);
        let features = rows.first().map_or(0, |&row| values[row].len());
        let judge = |feature: usize| {
            let column: Vec<f64> =
                rows.iter().map(|&row| f64::from(values[row][feature])).collect();
            let column: Vec<f64> = units.iter().map(|unit| mean(unit, |at| column[at])).collect();
            let key = format!("{}/{feature}", inputs.dataset.classes[class]);
            let mut found = best(&markers, &column, inputs.options.seed, &key);
            if clusters.is_some() {
                let evidence = &mut found.judgement.evidence;
                (evidence.n, evidence.clusters) = (rows.len(), Some(units.len()));
            }
            found
        };
        Ok((!markers.is_empty(), (0..features).map(judge).collect()))
    })?;
    if !judged.iter().any(|(any, _)| *any) {
        return Ok(None);
    }
    let mut found: Vec<Vec<Association>> = judged.into_iter().map(|(_, found)| found).collect();
    let p: Vec<f64> = found.iter().flatten().map(|a| a.p).collect();
    let mut q = benjamini_hochberg(&p).into_iter();
    for (class, important) in found.iter_mut().zip(important) {
        for association in class.iter_mut() {
            if !q.next().is_some_and(|q| q <= Q) {
                association.judgement.spurious = None;
                association.judgement.word = None;
            }
        }
        let of = |(a, important): (&Association, &Important)| Found {
            correlations: a.correlations.clone(),
            marker: a.judgement.spurious.and(a.marker),
            importance: important.importance.unwrap_or(0.0),
        };
        let aside = aside(&class.iter().zip(important).map(of).collect::<Vec<_>>());
        class.iter_mut().zip(aside).for_each(|(a, aside)| a.judgement.aside = aside);
    }
    let judgements = |class: Vec<Association>| class.into_iter().map(|a| a.judgement).collect();
    Ok(Some(found.into_iter().map(judgements).collect()))
}

/// How a feature goes with the markers of its class.
struct Association {
    /// Of the strongest, over all markers.
    p: f64,
    judgement: Judgement,
    correlations: Vec<f64>,
    /// The strongest.
    marker: Option<usize>,
}

impl Association {
    fn none() -> Self {
        Self {
            p: f64::NAN,
            judgement: Judgement::plain(None),
            correlations: Vec::new(),
            marker: None,
        }
    }
}

/// Positions in `rows` that count as one: those of a cluster, else each alone.
fn units(rows: &[usize], clusters: Option<&[u32]>) -> Vec<Vec<usize>> {
    let Some(clusters) = clusters else { return (0..rows.len()).map(|at| vec![at]).collect() };
    let mut out: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, &row) in rows.iter().enumerate() {
        out.entry(clusters[row]).or_default().push(at);
    }
    out.into_values().collect()
}

fn mean(unit: &[usize], value: impl Fn(usize) -> f64) -> f64 {
    unit.iter().map(|&at| value(at)).sum::<f64>() / unit.len() as f64
}

/// The marker that a feature goes with most, and the p-value of that.
fn best(markers: &[Marker], column: &[f64], seed: u64, key: &str) -> Association {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let spread = column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>().sqrt();
    if markers.is_empty() || spread <= 0.0 {
        return Association::none();
    }
    // Members as indices, with what turns their sum of deviations into a correlation.
    let scaled: Vec<(Vec<usize>, f64)> = markers
        .iter()
        .map(|marker| {
            let members: Vec<usize> = (0..column.len()).filter(|&i| marker.on[i]).collect();
            let m = members.len() as f64;
            let scale = spread * (m * (n - m) / n).sqrt();
            (members, scale)
        })
        .collect();
    let correlations = |column: &[f64]| -> Vec<f64> {
        let of = |(members, scale): &(Vec<usize>, f64)| {
            members.iter().map(|&i| column[i] - mean).sum::<f64>() / scale
        };
        scaled.iter().map(of).collect()
    };
    let highest = |r: &[f64]| r.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let observed = correlations(column);
    let top = highest(&observed);
    let Some(at) = observed.iter().position(|&r| r == top) else {
        return Association::none();
    };
    let mut dealt = column.to_vec();
    let mut rng = keyed(seed, "association", key, 0);
    let p = sequential_p(top, DRAWS.0, DRAWS.1, || {
        dealt.shuffle(&mut rng);
        highest(&correlations(&dealt))
    });
    let half = normal_quantile(1.0 - TAIL) / (n - 3.0).max(1.0).sqrt();
    let z = top.clamp(-0.999_999, 0.999_999).atanh();
    let evidence = Estimate {
        value: Some(top),
        low: Some((z - half).tanh()),
        high: Some((z + half).tanh()),
        n: column.len(),
        clusters: None,
    };
    let judgement = Judgement {
        evidence,
        word: Some(markers[at].name.clone()),
        ..Judgement::plain(Some(true))
    };
    Association { p, judgement, correlations: observed, marker: Some(at) }
}

/// Values of attributes and words of captions that some images of a class have and some lack.
fn markers(
    inputs: &Inputs,
    attributes: &[Attribute],
    population: &Population<'_>,
    class: usize,
    rows: &[usize],
    units: &[Vec<usize>],
) -> Vec<Marker> {
    let dataset = &inputs.dataset;
    let sample = |row: usize| population.rows[row].sample;
    let mut out = Vec::new();
    let mut add = |name: String, images: Vec<bool>| {
        let most = |unit: &Vec<usize>| mean(unit, |at| f64::from(u8::from(images[at]))) >= 0.5;
        let on: Vec<bool> = units.iter().map(most).collect();
        let count = on.iter().filter(|&&on| on).count();
        if count >= FEWEST && on.len() - count >= FEWEST {
            out.push(Marker { name, on });
        }
    };
    for attribute in attributes {
        for (category, name) in attribute.categories.iter().enumerate() {
            let on =
                rows.iter().map(|&row| attribute.values[sample(row)] == Some(category)).collect();
            add(format!("{}: {name}", attribute.name), on);
        }
    }
    let own: BTreeSet<String> = words(&dataset.classes[class]).collect();
    let mut of_word: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for (at, &row) in rows.iter().enumerate() {
        for word in dataset.samples[sample(row)].captions.iter().flat_map(|caption| words(caption))
        {
            if !own.contains(&word) {
                of_word.entry(word).or_insert_with(|| vec![false; rows.len()])[at] = true;
            }
        }
    }
    of_word.into_iter().for_each(|(word, on)| add(word, on));
    out
}

/// Words of a text that can say something about a picture, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 3 && !EMPTY.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(name: &str, on: impl Fn(usize) -> bool) -> Marker {
        Marker { name: name.to_owned(), on: (0..60).map(on).collect() }
    }

    #[test]
    fn a_feature_goes_with_what_it_follows() {
        let markers = [marker("snow", |i| i % 3 == 0), marker("sand", |i| i % 2 == 0)];
        let noise = |i: usize| (i as f64 * 12.9898).sin();
        let follows: Vec<f64> =
            (0..60).map(|i| noise(i) + if i % 3 == 0 { 3.0 } else { 0.0 }).collect();
        let Association { p, judgement, .. } = best(&markers, &follows, 0, "a");
        assert!(p <= 1e-3, "{p}");
        assert_eq!(judgement.word.as_deref(), Some("snow"));
        assert!(judgement.evidence.low.unwrap() > 0.5);
        let other: Vec<f64> = (0..60).map(|i| noise(i * 7 + 1)).collect();
        assert!(best(&markers, &other, 0, "a").p > 0.05);
    }

    #[test]
    fn clusters_count_once() {
        let rows = [10, 11, 12, 13];
        let mut of_row = [0; 14];
        of_row[10..].copy_from_slice(&[7, 3, 7, 3]);
        assert_eq!(units(&rows, Some(&of_row)), [vec![1, 3], vec![0, 2]]);
        assert_eq!(units(&rows, None).len(), 4);
        assert_eq!(mean(&[1, 3], |at| at as f64), 2.0);
    }

    #[test]
    fn nothing_varies_nothing_is_said() {
        assert!(best(&[], &[1.0, 2.0], 0, "").p.is_nan());
        assert!(best(&[marker("snow", |i| i < 30)], &[1.0; 60], 0, "").p.is_nan());
    }

    #[test]
    fn words_leave_out_what_says_nothing() {
        let found: Vec<String> = words("A photo of the Red boat, with SNOW.").collect();
        assert_eq!(found, ["red", "boat", "snow"]);
    }
}

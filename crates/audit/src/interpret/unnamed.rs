//! What is to be named: subgroups that were discovered, and the cue that images of a class carry more or less of.

use std::collections::BTreeMap;

use rightly_data::{dataset::deal, table::Table};

use crate::{Error, Inputs, RunDir, discover, methods::Method, rank};

/// Images of one class, each inside what is to be named or outside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Side {
    /// Samples of the dataset, ascending.
    pub(super) images: Vec<usize>,
    pub(super) inside: Vec<bool>,
    /// Cluster of each image, where images are not independent.
    pub(super) clusters: Option<Vec<u32>>,
    /// Images of the class that are neither inside nor outside: those between the two ends of a ranking. No word is
    /// chosen or tested on them; accuracy with and without what is named counts them.
    pub(super) middle: Vec<usize>,
    /// Cluster of each of these.
    pub(super) middle_clusters: Option<Vec<u32>>,
}

impl Side {
    /// What counts as one observation: an image, or the images of a cluster that are inside (those that are outside)
    /// together. Positions of each, the inside of all of them, in the order of their first image.
    pub(super) fn units(&self) -> Vec<Vec<usize>> {
        let Some(clusters) = &self.clusters else {
            return (0..self.images.len()).map(|at| vec![at]).collect();
        };
        let mut place = BTreeMap::<(u32, bool), usize>::new();
        let mut out: Vec<Vec<usize>> = Vec::new();
        for (at, (&cluster, &inside)) in clusters.iter().zip(&self.inside).enumerate() {
            let unit = *place.entry((cluster, inside)).or_insert(out.len());
            if unit == out.len() {
                out.push(Vec::new());
            }
            out[unit].push(at);
        }
        out
    }
}

/// Something without a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) class: usize,
    /// `METHOD/K` of a subgroup, or [`CUE`].
    pub(super) group: String,
    /// Words are chosen here.
    pub(super) fit: Side,
    /// And tested here.
    pub(super) confirm: Side,
}

/// The group of the images that show the cue of their class most strongly: one end of its ranking against the other.
pub(super) const CUE: &str = "cue";

/// Fewest observations of either kind on either side.
const FEWEST: usize = 8;
/// Fewest images of an end of a ranking, where there are as many.
const END: usize = 12;

impl Subject {
    /// The same among the samples that can be used.
    pub(super) fn only(&self, usable: impl Fn(usize) -> bool) -> Self {
        let side = |side: &Side| {
            let among = |images: &[usize]| -> Vec<usize> {
                (0..images.len()).filter(|&at| usable(images[at])).collect()
            };
            let (kept, middle) = (among(&side.images), among(&side.middle));
            let of = |clusters: &Option<Vec<u32>>, kept: &[usize]| {
                clusters.as_ref().map(|own| kept.iter().map(|&at| own[at]).collect())
            };
            Side {
                images: kept.iter().map(|&at| side.images[at]).collect(),
                inside: kept.iter().map(|&at| side.inside[at]).collect(),
                clusters: of(&side.clusters, &kept),
                middle: middle.iter().map(|&at| side.middle[at]).collect(),
                middle_clusters: of(&side.middle_clusters, &middle),
            }
        };
        Self { fit: side(&self.fit), confirm: side(&self.confirm), ..self.clone() }
    }

    /// Whether both sides have observations enough of both kinds.
    pub(super) fn usable(&self) -> bool {
        [&self.fit, &self.confirm].iter().all(|side| {
            let units = side.units();
            let inside = units.iter().filter(|unit| side.inside[unit[0]]).count();
            inside >= FEWEST && units.len() - inside >= FEWEST
        })
    }
}

/// Everything in the run that has no name, by class; with what was left out for its size.
///
/// # Errors
/// A table can't be read.
pub(super) fn of_run(inputs: &Inputs, run: &RunDir) -> Result<(Vec<Subject>, usize), Error> {
    let samples: BTreeMap<&str, usize> =
        inputs.dataset.samples.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
    let mut all = subgroups(inputs, run, &samples)?;
    all.extend(cues(inputs, run, &samples)?);
    for subject in &mut all {
        for side in [&mut subject.fit, &mut subject.confirm] {
            side.clusters = inputs.clusters_of(&side.images)?;
            side.middle_clusters = inputs.clusters_of(&side.middle)?;
        }
    }
    let before = all.len();
    all.retain(Subject::usable);
    all.sort_by(|a, b| a.class.cmp(&b.class).then_with(|| a.group.cmp(&b.group)));
    let left_out = before - all.len();
    Ok((all, left_out))
}

/// `discover/groups.parquet`: a group against the rest of its class. Conjunctions of attributes are words already.
fn subgroups(
    inputs: &Inputs,
    run: &RunDir,
    samples: &BTreeMap<&str, usize>,
) -> Result<Vec<Subject>, Error> {
    let Some(path) = run.file_of(discover::STAGE, discover::GROUPS)? else {
        return Ok(Vec::new());
    };
    let table = Table::load(&path)?;
    let (ids, methods) = (table.texts("id")?, table.texts("method")?);
    let (groups, parts) = (table.integers("group")?, table.texts("part")?);
    // By class and method: sample, group, whether it confirms.
    let mut by_method = BTreeMap::<(usize, String), Vec<(usize, Option<i64>, bool)>>::new();
    for (at, id) in ids.iter().enumerate() {
        let Some(&sample) = id.as_deref().and_then(|id| samples.get(id)) else { continue };
        let class = inputs.dataset.samples[sample].class;
        let Some(method) = &methods[at] else {
            return Err(Error::run(&path, format!("row {}: no method", at + 1)));
        };
        if method == Method::Attributes.name() {
            continue;
        }
        let key = (class, method.clone());
        let confirms = parts[at].as_deref() == Some("confirm");
        by_method.entry(key).or_default().push((sample, groups[at], confirms));
    }
    let mut out = Vec::new();
    for ((class, method), mut rows) in by_method {
        rows.sort_unstable();
        let count = rows.iter().filter_map(|r| r.1).max().unwrap_or(0);
        for group in 1..=count {
            let mut subject = Subject {
                class,
                group: format!("{method}/{group}"),
                fit: Side::default(),
                confirm: Side::default(),
            };
            for &(sample, own, confirms) in &rows {
                let side = if confirms { &mut subject.confirm } else { &mut subject.fit };
                side.images.push(sample);
                side.inside.push(own == Some(group));
            }
            out.push(subject);
        }
    }
    Ok(out)
}

/// `rank/spuriosity.parquet`: the images of a class that show its cue most against those that show it least. Words are
/// chosen on one half of the ranked images and tested on the other, dealt by a hash of their id (of their cluster).
fn cues(
    inputs: &Inputs,
    run: &RunDir,
    samples: &BTreeMap<&str, usize>,
) -> Result<Vec<Subject>, Error> {
    let Some(path) = run.file_of(rank::STAGE, rank::SPURIOSITY)? else {
        return Ok(Vec::new());
    };
    let table = Table::load(&path)?;
    let (ids, ranks) = (table.texts("id")?, table.integers("rank")?);
    let mut by_class = BTreeMap::<usize, Vec<(usize, i64)>>::new();
    for (id, rank) in ids.iter().zip(ranks) {
        let Some(&sample) = id.as_deref().and_then(|id| samples.get(id)) else { continue };
        if let Some(rank) = rank {
            by_class.entry(inputs.dataset.samples[sample].class).or_default().push((sample, rank));
        }
    }
    let mut out = Vec::new();
    for (class, mut rows) in by_class {
        rows.sort_unstable();
        let images: Vec<usize> = rows.iter().map(|r| r.0).collect();
        let keys: Vec<String> = match inputs.clusters_of(&images)? {
            Some(clusters) => clusters.iter().map(u32::to_string).collect(),
            None => images.iter().map(|&at| inputs.dataset.samples[at].id.clone()).collect(),
        };
        let dealt = deal(&keys, inputs.options.seed, &[1.0, 1.0]);
        let side = |part: usize| {
            let own = rows.iter().zip(&dealt).filter(|(_, p)| **p == part).map(|(r, _)| *r);
            ends(own.collect())
        };
        out.push(Subject { class, group: CUE.to_owned(), fit: side(0), confirm: side(1) });
    }
    Ok(out)
}

/// The two ends of some ranked images: a quarter of them each, and more where that is too few to test on.
fn ends(mut ranked: Vec<(usize, i64)>) -> Side {
    // Rank 1 is the strongest cue.
    ranked.sort_unstable_by_key(|&(sample, rank)| (rank, sample));
    let n = ranked.len();
    let k = (n / 4).max(END).min(n / 2);
    let samples = |of: &[(usize, i64)]| of.iter().map(|r| r.0).collect::<Vec<usize>>();
    let mut own: Vec<(usize, bool)> =
        samples(&ranked[..k]).into_iter().map(|s| (s, true)).collect();
    own.extend(samples(&ranked[n - k..]).into_iter().map(|s| (s, false)));
    own.sort_unstable();
    let mut middle = samples(&ranked[k..n - k]);
    middle.sort_unstable();
    Side {
        images: own.iter().map(|o| o.0).collect(),
        inside: own.iter().map(|o| o.1).collect(),
        middle,
        ..Side::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_ranking_are_compared() {
        // Sample 100 - r has rank r.
        let ranked = |n: i64| (1..=n).map(|r| ((100 - r) as usize, r)).collect();
        let side = ends(ranked(80));
        assert_eq!((side.images.len(), side.middle.len()), (40, 40));
        let strongest = side.images.iter().zip(&side.inside).filter(|(_, inside)| **inside);
        assert!(strongest.map(|(at, _)| *at).eq(80..100), "{side:?}");
        // Few images: ends that a test can be made of, and at most halves.
        assert_eq!(ends(ranked(30)).images.len(), 24);
        assert_eq!((ends(ranked(9)).images.len(), ends(ranked(9)).middle.len()), (8, 1));
        assert_eq!(ends(Vec::new()), Side::default());
    }
}

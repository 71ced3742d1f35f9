//! The default method: clusters of several sizes in the joint space, of which those that fail most are kept.
//!
//! How many subgroups a class has is not known, and one number of clusters cuts some of them apart and joins others. So
//! clusterings of several numbers compete, and slices are taken one after another: the cluster whose images are most clearly
//! less accurate than the rest, then the next among the images that are left. All of that happens on the fitting part.

use ndarray::ArrayView2;
use rightly_stats::cluster::{KMeans, KMeansOptions, kmeans};

use super::{
    Fit, Image, Membership, Pole, Slice, Slicer,
    joint_space::Joint,
    space::{self, direction},
};
use crate::discover::gap_test::FEWEST as TESTABLE;

/// Numbers of clusters that compete where there are images enough.
const CLUSTERS: (usize, usize) = (5, 8);
/// A cluster has more images than the fewest of a slice by so many at least, on average: fewer clusters compete in a small
/// class.
const MORE: usize = 2;
/// Starts of each k-means.
const STARTS: usize = 5;
/// Most slices of a class.
const MOST: usize = 4;
/// Fewest images of a slice as a share of the class, and the largest share that it may be.
const SHARE: (f64, f64) = (0.06, 0.5);
/// Fewest images of a slice, however few are fitted on.
const FEWEST: usize = 6;
/// Share of a cluster's images that earlier slices must have left.
const LEFT: f64 = 0.6;
/// Least statistic of a slice, in deviations of chance; the first one is a group below that, but no claim.
const LEAST: f64 = 1.0;

/// Fits the method.
///
/// # Errors
/// In words: nothing varies, or too few images.
pub(super) fn fit(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let (joint, rows) = Joint::fit(&fit)?;
    let n = rows.nrows();
    let fewest = fewest(n, fit.confirms);
    let right: Vec<bool> = fit.part.right();
    let mut clusterings = Vec::new();
    let mut all = Vec::new();
    for clusters in competing(n, fewest) {
        let options = KMeansOptions {
            starts: STARTS,
            seed: fit.seed,
            threads: 1,
            ..KMeansOptions::new(clusters)
        };
        let found = kmeans(rows.view(), None, &options).map_err(|error| error.to_string())?;
        for cluster in 0..found.centroids.nrows() {
            let members: Vec<bool> = found.assignment.iter().map(|&c| c == cluster).collect();
            let size = members.iter().filter(|&&m| m).count();
            let look = mean_look(rows.view(), joint.look(), &members);
            let clustering = clusterings.len();
            all.push(Candidate { clustering, cluster, members, size, look });
        }
        clusterings.push(found);
    }
    let allowed = |c: &&Candidate| c.size >= fewest && c.size as f64 <= SHARE.1 * n as f64;
    let candidates: Vec<&Candidate> = all.iter().filter(allowed).collect();
    let picked = pick(&candidates, &right, fewest);
    let picked = if picked.is_empty() { fallback(&all, fewest) } else { picked };
    if picked.is_empty() {
        return Err("no cluster can be told from the rest of the class".to_owned());
    }
    let vectors = fit.part.vectors.view();
    let mut rest = vec![true; n];
    let mut slices: Vec<Slice> = Vec::new();
    let mut spreads = Vec::new();
    for (at, (candidate, clear)) in picked.iter().enumerate() {
        let own: Vec<usize> = (0..n).filter(|&i| candidate.members[i]).collect();
        own.iter().for_each(|&i| rest[i] = false);
        let kmeans = &clusterings[candidate.clustering];
        spreads.push(kmeans.inertia / n as f64);
        slices.push(Slice {
            component: at + 1,
            pole: Pole::Plus,
            direction: direction(vectors, &own),
            tested: *clear,
            words: None,
        });
    }
    let own: Vec<usize> = (0..n).filter(|&i| rest[i]).collect();
    slices.push(Slice {
        component: picked.len() + 1,
        pole: Pole::Plus,
        direction: direction(vectors, &own),
        tested: false,
        words: None,
    });
    let picked: Vec<(usize, usize)> =
        picked.iter().map(|(c, _)| (c.clustering, c.cluster)).collect();
    Ok(Box::new(Slices { joint, clusterings, picked, spreads, slices }))
}

/// Fewest images of a slice of a class with `n` images to fit on and `confirms` to confirm on: as many as make a group that
/// can be tested there.
fn fewest(n: usize, confirms: usize) -> usize {
    let testable = TESTABLE as f64 * (n as f64 / confirms.max(1) as f64).min(1.0);
    FEWEST.max(testable.ceil() as usize).max((SHARE.0 * n as f64).ceil() as usize)
}

/// Numbers of clusters of a class of `n` images.
fn competing(n: usize, fewest: usize) -> std::ops::RangeInclusive<usize> {
    let most = (n / (fewest + MORE)).clamp(2, CLUSTERS.1);
    CLUSTERS.0.min(most - 1).max(2)..=most
}

/// A cluster that may become a slice.
struct Candidate {
    clustering: usize,
    cluster: usize,
    members: Vec<bool>,
    size: usize,
    /// Mean look of its images, at unit length.
    look: Vec<f64>,
}

/// The slices, the clearest failure first, each judged among the images that those before it left, and the less the more it
/// looks like one of them; with whether the failure is clear enough to be tested.
fn pick<'c>(
    candidates: &[&'c Candidate],
    right: &[bool],
    fewest: usize,
) -> Vec<(&'c Candidate, bool)> {
    let mut taken = vec![false; right.len()];
    let mut out: Vec<(&Candidate, bool)> = Vec::new();
    while out.len() < MOST {
        let mut best: Option<(f64, &Candidate)> = None;
        for &candidate in candidates {
            let left: Vec<bool> =
                candidate.members.iter().zip(&taken).map(|(&m, &t)| m && !t).collect();
            let size = left.iter().filter(|&&l| l).count();
            if (size as f64) < (LEFT * fewest as f64).max(LEFT * candidate.size as f64) {
                continue;
            }
            let mut z = statistic(right, &left, &taken);
            if z > 0.0 {
                let alike = out.iter().map(|(other, _)| dot(&candidate.look, &other.look));
                z *= 1.0 - alike.fold(0.0, f64::max);
            }
            if best.is_none_or(|(known, _)| z > known) {
                best = Some((z, candidate));
            }
        }
        match best {
            Some((z, candidate)) if z >= LEAST || out.is_empty() => {
                candidate.members.iter().zip(&mut taken).for_each(|(&m, t)| *t |= m);
                out.push((candidate, z >= LEAST));
            }
            _ => return out,
        }
    }
    out
}

/// The group of a class in which no cluster has the size of a slice: the largest one that is too small, without a claim.
fn fallback(all: &[Candidate], fewest: usize) -> Vec<(&Candidate, bool)> {
    let small = all.iter().filter(|c| c.size < fewest);
    small
        .max_by_key(|c| (c.size, std::cmp::Reverse(c.clustering)))
        .map(|c| (c, false))
        .into_iter()
        .collect()
}

/// Mean of the first `width` coordinates of the members, at unit length.
fn mean_look(rows: ArrayView2<'_, f32>, width: usize, members: &[bool]) -> Vec<f64> {
    let mut sum = vec![0.0; width];
    for (row, _) in rows.outer_iter().zip(members).filter(|(_, m)| **m) {
        sum.iter_mut().zip(row).for_each(|(s, &v)| *s += f64::from(v));
    }
    let length = dot(&sum, &sum).sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|v| *v /= length);
    }
    sum
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Accuracy of the other images that are left minus that of the members, in deviations of chance.
fn statistic(right: &[bool], members: &[bool], taken: &[bool]) -> f64 {
    // [others, members]: images, right ones
    let mut counts = [[0.0_f64; 2]; 2];
    for ((&right, &member), _) in right.iter().zip(members).zip(taken).filter(|(_, t)| !**t) {
        let side = &mut counts[usize::from(member)];
        side[0] += 1.0;
        side[1] += f64::from(u8::from(right));
    }
    let [[others, others_right], [own, own_right]] = counts;
    if others == 0.0 || own == 0.0 {
        return f64::NEG_INFINITY;
    }
    let rate = (others_right + own_right) / (others + own);
    let error = ((rate * (1.0 - rate)).max(1e-3) * (1.0 / others + 1.0 / own)).sqrt();
    (others_right / others - own_right / own) / error
}

struct Slices {
    joint: Joint,
    clusterings: Vec<KMeans>,
    /// Clustering and cluster of each slice.
    picked: Vec<(usize, usize)>,
    /// Mean squared distance to the centroids of each slice's clustering.
    spreads: Vec<f64>,
    /// The slices, and the rest of the class.
    slices: Vec<Slice>,
}

impl Slicer for Slices {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// An image belongs to the first slice whose centroid is the nearest of its clustering. Strength is the margin: how much
    /// farther away the next centroid is.
    fn membership(&self, image: Image<'_>) -> Membership {
        let at = self.joint.of(image.vector);
        let (mut soft, mut strength) = (Vec::new(), Vec::new());
        for (&(clustering, cluster), &spread) in self.picked.iter().zip(&self.spreads) {
            let distances = space::distances(&self.clusterings[clustering].centroids, &at);
            soft.push(space::soft(&distances, spread)[cluster]);
            strength.push(space::margin(&distances, cluster));
        }
        let first = strength.iter().position(|&margin| margin > 0.0);
        let claimed: f64 = soft.iter().sum();
        soft.push((1.0 - claimed).max(0.0));
        strength.push(-strength.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let group = Some(first.unwrap_or(self.picked.len()));
        Membership { soft: space::shares(soft), strength, group }
    }

    fn plane(&self, vector: &[f32]) -> Option<[f64; 2]> {
        let at = self.joint.of(vector);
        Some([f64::from(*at.first()?), f64::from(*at.get(1)?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_classes_have_fewer_clusters() {
        assert_eq!((competing(5000, 20), competing(190, 20)), (5..=8, 5..=8));
        assert_eq!(
            (competing(100, 20), competing(60, 20), competing(20, 20)),
            (3..=4, 2..=2, 2..=2)
        );
        assert_eq!(competing(60, 7), 5..=6);
    }

    #[test]
    fn slices_are_as_large_as_can_be_tested() {
        assert_eq!((fewest(100, 100), fewest(100, 40), fewest(1000, 1000)), (20, 20, 60));
        // Few images to fit on stand for more of those that confirm.
        assert_eq!((fewest(60, 180), fewest(30, 3000), fewest(60, 0)), (7, 6, 20));
    }
}

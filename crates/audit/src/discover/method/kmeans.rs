//! Clusters of the features, their number by silhouette: the first half of George (Sohoni et al., "No Subclass Left
//! Behind", NeurIPS 2020).

use rightly_stats::cluster::{KMeans, KMeansOptions, kmeans, silhouette};

use super::{Fit, Image, Membership, Pole, Slice, Slicer, space};
use crate::discover::Components;

/// Numbers of clusters that are tried.
const TRIED: std::ops::RangeInclusive<usize> = 2..=10;
/// Images of the silhouette at most.
const SILHOUETTE: usize = 2000;

/// Fits the method.
///
/// # Errors
/// In words: nothing to cluster.
pub(super) fn fit(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let vectors = fit.part.vectors.view();
    let mut best: Option<(f64, KMeans)> = None;
    let tried = match fit.options.components {
        Components::Fixed(clusters) => clusters..=clusters,
        Components::Auto => TRIED,
    };
    for clusters in tried.filter(|&k| k > 1 && 2 * k <= vectors.nrows()) {
        let options = KMeansOptions { seed: fit.seed, threads: 1, ..KMeansOptions::new(clusters) };
        let found = kmeans(vectors, None, &options).map_err(|error| error.to_string())?;
        let Some(width) = silhouette(vectors, &found.assignment, SILHOUETTE, fit.seed, 1) else {
            continue;
        };
        if best.as_ref().is_none_or(|(known, _)| width > *known) {
            best = Some((width, found));
        }
    }
    let Some((width, kmeans)) = best else {
        return Err("the images do not form clusters".to_owned());
    };
    let count = kmeans.centroids.nrows();
    let slice = |cluster: usize| {
        let inside = |&i: &usize| kmeans.assignment[i] == cluster;
        let own: Vec<usize> = (0..vectors.nrows()).filter(inside).collect();
        Slice {
            component: cluster + 1,
            pole: Pole::Plus,
            direction: space::direction(vectors, &own),
            tested: true,
            words: None,
        }
    };
    Ok(Box::new(Clusters {
        slices: (0..count).map(slice).collect(),
        spread: kmeans.inertia / vectors.nrows() as f64,
        notes: vec![format!("{count} clusters, mean silhouette {width:.2}.")],
        kmeans,
    }))
}

/// An image belongs to the nearest centroid.
struct Clusters {
    kmeans: KMeans,
    /// Mean squared distance of an image to its centroid: the scale of soft shares.
    spread: f64,
    slices: Vec<Slice>,
    notes: Vec<String>,
}

impl Slicer for Clusters {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// Strength is the margin: how much farther away the next centroid is.
    fn membership(&self, image: Image<'_>) -> Membership {
        let distances = space::distances(&self.kmeans.centroids, image.vector);
        let margins: Vec<f64> =
            (0..distances.len()).map(|cluster| space::margin(&distances, cluster)).collect();
        let group = margins.iter().position(|&margin| margin >= 0.0);
        Membership { soft: space::soft(&distances, self.spread), strength: margins, group }
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

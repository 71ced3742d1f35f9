//! Clusters of the features, their number by silhouette: the first half of George (Sohoni et al., "No Subclass Left
//! Behind", NeurIPS 2020).

use rightly_stats::cluster::{KMeansOptions, kmeans, silhouette};

use crate::discover::Components;

use super::{
    Fit, Slicer,
    clusters::{Clusters, Plain},
};

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
    let mut best: Option<(f64, rightly_stats::cluster::KMeans)> = None;
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
    let notes = vec![format!("{} clusters, mean silhouette {width:.2}.", kmeans.centroids.nrows())];
    Ok(Box::new(Clusters::new(Plain, kmeans, vectors, |_| true, notes)))
}

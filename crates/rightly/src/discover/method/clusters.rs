//! Slices that are clusters: an image belongs to the nearest centroid in a space that its features alone decide.

use ndarray::{Array2, ArrayView2, Axis};
use rightly_stats::cluster::KMeans;

use super::{Image, Membership, Pole, Slice, Slicer, space};

/// From features to the space in which clusters lie.
pub(super) trait Map: Send + Sync {
    /// Coordinates of an image.
    fn map(&self, vector: &[f32]) -> Vec<f32>;

    /// Its place on a plane that shows the clusters.
    fn plane(&self, coordinates: &[f32]) -> Option<[f64; 2]>;
}

/// The features themselves.
pub(super) struct Plain;

impl Map for Plain {
    fn map(&self, vector: &[f32]) -> Vec<f32> {
        vector.to_vec()
    }

    fn plane(&self, _coordinates: &[f32]) -> Option<[f64; 2]> {
        None
    }
}

/// Clusters of one class.
pub(super) struct Clusters<M> {
    map: M,
    kmeans: KMeans,
    /// Mean squared distance of an image to its centroid: the scale of soft shares.
    spread: f64,
    slices: Vec<Slice>,
    notes: Vec<String>,
}

impl<M: Map> Clusters<M> {
    /// Of fitted clusters; `vectors` `[n, d]` are the features of the images that they were fitted on. Slices that are not
    /// `tested` are groups without a claim.
    pub(super) fn new(
        map: M,
        kmeans: KMeans,
        vectors: ArrayView2<'_, f32>,
        tested: impl Fn(usize) -> bool,
        notes: Vec<String>,
    ) -> Self {
        let slices = (0..kmeans.centroids.nrows())
            .map(|k| {
                let own: Vec<usize> =
                    (0..vectors.nrows()).filter(|&i| kmeans.assignment[i] == k).collect();
                Slice {
                    component: k + 1,
                    pole: Pole::Plus,
                    direction: direction(vectors, &own),
                    tested: tested(k),
                    words: None,
                }
            })
            .collect();
        let spread = kmeans.inertia / vectors.nrows().max(1) as f64;
        Self { map, kmeans, spread, slices, notes }
    }
}

/// From the mean of all rows towards the mean of some, unit length; empty where they are the same.
pub(super) fn direction(vectors: ArrayView2<'_, f32>, own: &[usize]) -> Vec<f32> {
    let mean = |rows: &dyn Fn(usize) -> bool, n: f64| -> Vec<f64> {
        let mut sum = vec![0.0; vectors.ncols()];
        for (at, row) in vectors.axis_iter(Axis(0)).enumerate().filter(|(at, _)| rows(*at)) {
            debug_assert!(at < vectors.nrows());
            sum.iter_mut().zip(row).for_each(|(s, &v)| *s += f64::from(v) / n);
        }
        sum
    };
    if own.is_empty() {
        return Vec::new();
    }
    let all = mean(&|_| true, vectors.nrows() as f64);
    let inside = mean(&|at| own.binary_search(&at).is_ok(), own.len() as f64);
    space::unit(&inside.iter().zip(&all).map(|(a, b)| a - b).collect::<Vec<f64>>())
}

impl<M: Map> Slicer for Clusters<M> {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// Strength is the margin: how much farther away the next centroid is.
    fn membership(&self, image: Image<'_>) -> Membership {
        let coordinates = self.map.map(image.vector);
        let distances = distances(&self.kmeans.centroids, &coordinates);
        let nearest = |not: Option<usize>| {
            let mut best = f64::INFINITY;
            for (k, &d) in distances.iter().enumerate() {
                if Some(k) != not && d < best {
                    best = d;
                }
            }
            best
        };
        let strength: Vec<f64> =
            distances.iter().enumerate().map(|(k, d)| nearest(Some(k)) - d).collect();
        let scale = 2.0 * self.spread.max(f64::MIN_POSITIVE);
        let soft = space::softmax(&distances.iter().map(|d| -d / scale).collect::<Vec<f64>>());
        let smallest = nearest(None);
        let group = distances.iter().position(|&d| d == smallest);
        Membership { soft, strength, group }
    }

    fn plane(&self, vector: &[f32]) -> Option<[f64; 2]> {
        self.map.plane(&self.map.map(vector))
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

/// Squared distances of a point to centroids.
pub(super) fn distances(centroids: &Array2<f64>, at: &[f32]) -> Vec<f64> {
    centroids
        .outer_iter()
        .map(|c| c.iter().zip(at).map(|(c, &v)| (f64::from(v) - c).powi(2)).sum())
        .collect()
}

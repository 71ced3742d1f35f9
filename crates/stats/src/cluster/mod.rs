//! Clusters of rows: k-means, and how well clusters are apart.

mod kmeans;
mod lloyd;
mod silhouette;
mod start;

pub use kmeans::{KMeans, KMeansOptions, kmeans, kmeans_from};
pub use silhouette::silhouette;

/// Why there are no clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// No clusters asked for, or no columns.
    #[error("{clusters} clusters in {columns} columns: expected at least one of each")]
    Empty {
        /// Clusters asked for.
        clusters: usize,
        /// Columns of the rows.
        columns: usize,
    },
    /// No rows, rows without weight, or a value or weight that is not a finite number, or a negative weight.
    #[error("no rows of positive weight, or a value or weight that is not a finite number")]
    Unsound,
}

#[cfg(test)]
mod tests;

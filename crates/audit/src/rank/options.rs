//! What `rank` does and how.

use std::path::PathBuf;

use crate::features::Source;

/// Options of the stage.
#[derive(Debug, Clone)]
pub struct RankOptions {
    /// Where features come from.
    pub features: Source,
    /// People's votes on which features are spurious (`--votes`).
    pub votes: Option<PathBuf>,
    /// Ranked lists to read instead of ranking (`--ranks`).
    pub ranks: Option<PathBuf>,
    /// Split on which features are chosen and judged; default: `val`, else `train`, else the evaluated images.
    pub fit_split: Option<String>,
    /// Features a class.
    pub top: usize,
    /// The `k` of the gap.
    pub ks: Vec<usize>,
    /// Permutations of a class's p-value at most.
    pub draws: usize,
    /// Bootstrap resamples.
    pub resamples: usize,
    /// Smallest effect that counts as a finding.
    pub min_effect: f64,
    /// Features are chosen by the images that are evaluated and right, as the papers do it (the gap is then biased).
    pub paper_compat: bool,
}

impl Default for RankOptions {
    fn default() -> Self {
        Self {
            features: Source::Model,
            votes: None,
            ranks: None,
            fit_split: None,
            top: 5,
            ks: vec![10, 25, 50, 100],
            draws: 9999,
            resamples: 2000,
            min_effect: 0.05,
            paper_compat: false,
        }
    }
}

impl RankOptions {
    /// The options as `run.toml` records them.
    pub fn to_table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        table.insert("features".into(), self.features.name().into());
        for (name, path) in [("votes", &self.votes), ("ranks", &self.ranks)] {
            if let Some(path) = path {
                table.insert(name.into(), path.to_string_lossy().into_owned().into());
            }
        }
        if let Some(split) = &self.fit_split {
            table.insert("fit_split".into(), split.clone().into());
        }
        table.insert("top".into(), (self.top as i64).into());
        let ks = self.ks.iter().map(|&k| toml::Value::Integer(k as i64)).collect();
        table.insert("k".into(), toml::Value::Array(ks));
        table.insert("draws".into(), (self.draws as i64).into());
        table.insert("resamples".into(), (self.resamples as i64).into());
        table.insert("min_effect".into(), self.min_effect.into());
        table.insert("paper_compat".into(), self.paper_compat.into());
        table
    }
}

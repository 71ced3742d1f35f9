//! What `discover` does and how.

use std::{fmt, str::FromStr};

use crate::{Error, features::Source, methods::Method};

/// Components of partial least squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Components {
    /// As many as explain more of the losses than of shuffled ones.
    #[default]
    Auto,
    /// So many.
    Fixed(usize),
}

impl fmt::Display for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(count) => write!(f, "{count}"),
        }
    }
}

impl FromStr for Components {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(count)) if count > 0 => Ok(Self::Fixed(count)),
            _ => Err(Error::Usage(format!("'{text}': expected a number from 1 on, or 'auto'"))),
        }
    }
}

/// Options of the stage.
#[derive(Debug, Clone)]
pub struct DiscoverOptions {
    /// Where features come from.
    pub features: Source,
    /// Where the features are the model's own: those of another network, in which a subgroup has to show as well.
    pub second: Option<Source>,
    /// Split in which subgroups are looked for; default: `val`, else `train`, else a dealt half.
    pub fit_split: Option<String>,
    /// Split on which they are confirmed; default: `test`, else the run's split.
    pub confirm_split: Option<String>,
    /// The methods; every one counts as a test.
    pub methods: Vec<Method>,
    /// Components of `dim` and `pca`, clusters of `kmeans`, components of `domino`'s mixture; `auto` is five in `pca` and in
    /// `dim` as published.
    pub components: Components,
    /// Smallest effect that counts as a finding.
    pub min_effect: f64,
    /// Permutations of a class at most.
    pub draws: usize,
    /// Bootstrap resamples of clustered intervals.
    pub resamples: usize,
    /// `dim` as published: poles merged, the features among the supervision, nothing pruned.
    pub paper_compat: bool,
}

impl Default for DiscoverOptions {
    fn default() -> Self {
        Self {
            features: Source::Model,
            second: None,
            fit_split: None,
            confirm_split: None,
            methods: vec![Method::Slices],
            components: Components::Auto,
            min_effect: 0.05,
            draws: 9999,
            resamples: 2000,
            paper_compat: false,
        }
    }
}

impl DiscoverOptions {
    /// The options as `run.toml` records them.
    pub fn to_table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        table.insert("features".into(), self.features.name().into());
        if let Some(second) = &self.second {
            table.insert("second".into(), second.name().into());
        }
        for (name, split) in
            [("fit_split", &self.fit_split), ("confirm_split", &self.confirm_split)]
        {
            if let Some(split) = split {
                table.insert(name.into(), split.clone().into());
            }
        }
        let methods = self.methods.iter().map(|m| m.name().into()).collect();
        table.insert("method".into(), toml::Value::Array(methods));
        table.insert("components".into(), self.components.to_string().into());
        table.insert("min_effect".into(), self.min_effect.into());
        table.insert("draws".into(), (self.draws as i64).into());
        table.insert("resamples".into(), (self.resamples as i64).into());
        table.insert("paper_compat".into(), self.paper_compat.into());
        table
    }
}

//! The methods of discovery by their names: every stage that reads groups knows them.

use std::{fmt, str::FromStr};

use crate::Error;

/// How subgroups are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The default: clusters that fail, in a space of what images look like and of what their features say of losses.
    Slices,
    /// DIM (Zhang et al., CVPR 2024): axes of partial least squares.
    Dim,
    /// Domino (Eyuboglu et al., ICLR 2022): an error-aware mixture.
    Domino,
    /// k-means with the number of clusters by silhouette, as George (Sohoni et al., NeurIPS 2020).
    Kmeans,
    /// A linear support vector machine between right and wrong (Jain et al., ICLR 2023).
    FailureDirection,
    /// Both ends of each principal component.
    Pca,
    /// Conjunctions of attribute values, as SliceLine (Sagadeeva and Boehm, SIGMOD 2021).
    Attributes,
}

impl Method {
    /// Every method, the default first.
    pub const ALL: [Self; 7] = [
        Self::Slices,
        Self::Dim,
        Self::Domino,
        Self::Kmeans,
        Self::FailureDirection,
        Self::Pca,
        Self::Attributes,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slices => "slices",
            Self::Dim => "dim",
            Self::Domino => "domino",
            Self::Kmeans => "kmeans",
            Self::FailureDirection => "failure-direction",
            Self::Pca => "pca",
            Self::Attributes => "attributes",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|m| m.name()).collect();
            Error::Usage(format!("'{name}' is no method; there are {}", names.join(", ")))
        })
    }
}

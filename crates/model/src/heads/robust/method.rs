//! The methods and their published settings.
#[cfg(doc)]
use super::{DfrChoice, GapHistory, Groups, Objects, TrainingData};
#[cfg(doc)]
use crate::heads::HeadOptions;
use serde::{Deserialize, Serialize};

/// How a head is trained against failing groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Method {
    /// The mean loss (empirical risk minimisation).
    Erm,
    /// The mean loss with weights `n / (classes x rows of the class)`.
    ClassBalanced,
    /// The loss of the worst groups (Sagawa et al. 2020, algorithm 1): weights `q` of the groups, times
    /// `exp(eta x loss)` in each step; rows are drawn with replacement so that every group comes equally often. With
    /// soft groups a row is drawn by its shares, and a group's loss is the mean weighted by them.
    GroupDro {
        /// Step of the groups' weights, 0 or more.
        eta: f64,
        /// Added to a group's loss over the root of its size (generalisation adjustment), 0 or more.
        adjustment: f64,
    },
    /// A new head by GroupDRO with soft groups (DIM's `dro_soft`): rows come in shuffled order, not drawn.
    Dim {
        /// Step of the groups' weights, 0 or more.
        eta: f64,
    },
    /// The mean loss of rows drawn with replacement by [`Groups::balancing`] (DIM's `rwg_soft`; hard groups do as well).
    RwgSoft,
    /// A linear head for each group, the loss on logits mixed by the soft label, and the mean of the heads in the end (DIM's
    /// `di_soft`, after Wang et al. 2020's domain-independent training). Groups that lie within classes are
    /// [`Groups::joined`] over them first: a head whose images are all of one class learns nothing but its name.
    DiSoft {
        /// Heads start as copies of [`TrainingData::start`], which is linear then; as published they start anew.
        copies: bool,
    },
    /// Just train twice (Liu et al. 2021): the mean loss for some epochs, then a new head with the rows that came out wrong
    /// repeated.
    Jtt {
        /// Epochs of the first head.
        epochs: usize,
        /// Copies of each wrong row beside the row itself.
        copies: usize,
    },
    /// Deep feature reweighting (Kirichenko et al. 2023, sec. 4 and appendix B): L1 logistic regression on held-out
    /// rows of equal groups; see [`DfrChoice`]. [`HeadOptions`] counts for its seed alone.
    Dfr {
        /// What losses count against the size of the weights, to choose from.
        strengths: Vec<f64>,
        /// Fits on fresh samples whose mean is the head.
        refits: usize,
    },
    /// Tunes the given head on the images with the weakest cue of each class until the gap is small; see [`GapHistory`].
    LowestSpuriosity {
        /// Images of each class in the first round; twice as many in each later one.
        images: usize,
        /// Gap between high and low spuriosity at which tuning ends, -1 to 1.
        bound: f64,
        /// Rounds of [`HeadOptions::epochs`] epochs at most.
        rounds: usize,
    },
    /// The mean loss plus the share of the class activation map that lies off the object; see [`Objects`].
    Saliency {
        /// Weight of the share, 0 or more.
        strength: f64,
    },
}

impl Method {
    /// Every method with its published settings, plain ones first.
    #[must_use]
    pub fn published() -> [Self; 10] {
        [
            Self::Erm,
            Self::ClassBalanced,
            Self::GroupDro { eta: 0.01, adjustment: 0.0 },
            Self::Dim { eta: 0.01 },
            Self::RwgSoft,
            Self::DiSoft { copies: false },
            Self::Jtt { epochs: 20, copies: 4 },
            Self::Dfr { strengths: vec![1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01], refits: 20 },
            Self::LowestSpuriosity { images: 100, bound: 0.05, rounds: 3 },
            Self::Saliency { strength: 1.0 },
        ]
    }

    /// `erm`, `group-dro` and so on.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Erm => "erm",
            Self::ClassBalanced => "class-balanced",
            Self::GroupDro { .. } => "group-dro",
            Self::Dim { .. } => "dim",
            Self::RwgSoft => "rwg-soft",
            Self::DiSoft { .. } => "di-soft",
            Self::Jtt { .. } => "jtt",
            Self::Dfr { .. } => "dfr",
            Self::LowestSpuriosity { .. } => "lowest-spuriosity",
            Self::Saliency { .. } => "saliency",
        }
    }

    /// Whether [`TrainingData::groups`] is needed.
    #[must_use]
    pub fn needs_groups(&self) -> bool {
        use Method::{Dfr, DiSoft, Dim, GroupDro, RwgSoft};
        matches!(self, GroupDro { .. } | Dim { .. } | RwgSoft | DiSoft { .. } | Dfr { .. })
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    /// A method of this name with its published settings.
    fn from_str(name: &str) -> Result<Self, String> {
        let all = Self::published();
        let names: Vec<&str> = all.iter().map(Self::name).collect();
        let message = format!("no method is called '{name}'; there are {}", names.join(", "));
        all.into_iter().find(|method| method.name() == name).ok_or(message)
    }
}

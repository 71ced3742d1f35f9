//! What `mitigate` does and how.

use std::{fmt, str::FromStr};

use rightly_model::heads::robust;

use crate::{Error, features::Source, methods::Method};

/// How a head is repaired, on the features that the model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repair {
    /// DIM's `dro_soft` (Zhang et al., CVPR 2024): GroupDRO with soft groups. The default.
    Dim,
    /// GroupDRO (Sagawa et al., ICLR 2020) with hard groups.
    GroupDro,
    /// DIM's `rwg_soft`: rows drawn so that every soft group weighs the same.
    RwgSoft,
    /// DIM's `di_soft`: a head for each group, their logits mixed by the soft label.
    DiSoft,
    /// Deep feature reweighting (Kirichenko et al., ICLR 2023): L1 logistic regression on equal groups of held-out images.
    Dfr,
    /// Just train twice (Liu et al., ICML 2021).
    Jtt,
    /// The mean loss with equal classes.
    ClassBalanced,
    /// The mean loss.
    Erm,
    /// Images of a pool for the groups that need them are added to the training (DIM's data-centric mitigation).
    Intervention,
    /// As many images of the pool with the largest loss.
    Hardest,
    /// The mean loss, with as many pictures that have noise off their objects (Hard ImageNet).
    CoreNoise,
    /// The mean loss on pictures whose objects are filled with gray (Hard ImageNet): how far backgrounds alone go.
    BackgroundOnly,
    /// The mean loss on the 100 images of each class with the strongest and the 100 with the weakest cue (Hard ImageNet).
    BalancedSubset,
    /// The mean loss and the share of the class activation map off the object (Hard ImageNet, with a gradient).
    Saliency,
    /// The model's head, tuned on the images with the weakest cue (Spuriosity Rankings, Moayeri et al. 2023).
    LowestSpuriosity,
}

/// Classes of the images of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolLabels {
    /// Those that the pool has.
    #[default]
    Given,
    /// Those that the audited model gives them.
    Predicted,
}

/// What the heads of `di-soft` start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DomainHeads {
    /// New linear heads, as published.
    #[default]
    Fresh,
    /// The audited model's own head, which is linear then.
    Copies,
}

impl Repair {
    /// Every method, the default first.
    pub const ALL: [Self; 15] = [
        Self::Dim,
        Self::GroupDro,
        Self::RwgSoft,
        Self::DiSoft,
        Self::Dfr,
        Self::Jtt,
        Self::ClassBalanced,
        Self::Erm,
        Self::Intervention,
        Self::Hardest,
        Self::CoreNoise,
        Self::BackgroundOnly,
        Self::BalancedSubset,
        Self::Saliency,
        Self::LowestSpuriosity,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intervention => "intervention",
            Self::Hardest => "hardest",
            Self::CoreNoise => "core-noise",
            Self::BackgroundOnly => "background-only",
            Self::BalancedSubset => "balanced-subset",
            other => other.published().name(),
        }
    }

    /// Whether it adds images of a pool instead of weighing those that are there.
    pub fn adds_images(self) -> bool {
        matches!(self, Self::Intervention | Self::Hardest)
    }

    /// Whether the groups have a part in training, not in the choice alone.
    pub fn weighs_groups(self) -> bool {
        matches!(self, Self::Dim | Self::GroupDro | Self::RwgSoft | Self::DiSoft | Self::Dfr)
    }

    /// Whether the objects of training images have to be known.
    pub fn needs_masks(self) -> bool {
        matches!(self, Self::CoreNoise | Self::BackgroundOnly | Self::Saliency)
    }

    /// Whether the strength of the cue in training images has to be known.
    pub fn needs_ranks(self) -> bool {
        matches!(self, Self::BalancedSubset | Self::LowestSpuriosity)
    }

    /// The trainer with its published settings.
    pub(super) fn published(self) -> robust::Method {
        let [erm, balanced, group_dro, dim, rwg, di, jtt, dfr, lowest, saliency] =
            robust::Method::published();
        match self {
            Self::Dim => dim,
            Self::GroupDro => group_dro,
            Self::RwgSoft => rwg,
            Self::DiSoft => di,
            Self::Dfr => dfr,
            Self::Jtt => jtt,
            Self::ClassBalanced => balanced,
            Self::Saliency => saliency,
            Self::LowestSpuriosity => lowest,
            Self::Erm
            | Self::Intervention
            | Self::Hardest
            | Self::CoreNoise
            | Self::BackgroundOnly
            | Self::BalancedSubset => erm,
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Repair {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|repair| repair.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|m| m.name()).collect();
            Error::Usage(format!("'{name}' is no way to repair; there are {}", names.join(", ")))
        })
    }
}

/// Options of the stage.
#[derive(Debug, Clone)]
pub struct MitigateOptions {
    /// The ways to repair; every one counts as a test. None: `dim`, and `intervention` where there is a pool.
    pub repairs: Vec<Repair>,
    /// What the heads of `di-soft` start from.
    pub domain_heads: DomainHeads,
    /// Images that may be added: other data, or without classes a folder or a table; default: the split `intervention`.
    pub pool: Option<String>,
    /// Where their classes come from.
    pub pool_labels: PoolLabels,
    /// How many of them are added.
    pub budget: usize,
    /// Groups: a method of `discover`, an attribute column (or `group`), or a file; default: `discover`'s first method.
    pub groups: Option<String>,
    /// Features by which images that `discover` has not seen are given their groups.
    pub features: Source,
    /// Split to train on, beside the images in which subgroups were looked for; default: `train` where there is one.
    pub train_split: Option<String>,
    /// Where groups are known: the split that trains and chooses, in folds; default as `discover`'s.
    pub fit_split: Option<String>,
    /// Where groups are known: the split that is reported on; default as `discover`'s.
    pub confirm_split: Option<String>,
    /// Overall accuracy that a repair may cost.
    pub max_cost: f64,
    /// Draws of random groups of the same sizes.
    pub controls: usize,
    /// Run the measures of `evaluate` again on each repaired model, where the run has them.
    pub measure_again: bool,
    /// Bootstrap resamples.
    pub resamples: usize,
}

impl Default for MitigateOptions {
    fn default() -> Self {
        Self {
            repairs: Vec::new(),
            domain_heads: DomainHeads::Fresh,
            pool: None,
            pool_labels: PoolLabels::Given,
            budget: 500,
            groups: None,
            features: Source::Model,
            train_split: None,
            fit_split: None,
            confirm_split: None,
            max_cost: 0.01,
            controls: 5,
            measure_again: true,
            resamples: 2000,
        }
    }
}

impl MitigateOptions {
    /// Whether the groups are those of `discover`.
    pub fn wants_subgroups(&self) -> bool {
        self.groups.as_deref().is_none_or(|name| name.parse::<Method>().is_ok())
    }

    /// The options as `run.toml` records them, with the repairs that are made.
    pub fn to_table(&self, repairs: &[Repair]) -> toml::Table {
        let mut table = toml::Table::new();
        let repairs = repairs.iter().map(|r| r.name().into()).collect();
        table.insert("repair".into(), toml::Value::Array(repairs));
        for (name, value) in [
            ("groups", &self.groups),
            ("pool", &self.pool),
            ("train_split", &self.train_split),
            ("fit_split", &self.fit_split),
            ("confirm_split", &self.confirm_split),
        ] {
            if let Some(value) = value {
                table.insert(name.into(), value.clone().into());
            }
        }
        table.insert("budget".into(), (self.budget as i64).into());
        let labels = if self.pool_labels == PoolLabels::Given { "given" } else { "predicted" };
        table.insert("pool_labels".into(), labels.into());
        if self.domain_heads == DomainHeads::Copies {
            table.insert("domain_heads".into(), "copies".into());
        }
        table.insert("features".into(), self.features.name().into());
        table.insert("max_cost".into(), self.max_cost.into());
        table.insert("controls".into(), (self.controls as i64).into());
        table.insert("measure_again".into(), self.measure_again.into());
        table.insert("resamples".into(), (self.resamples as i64).into());
        table
    }
}

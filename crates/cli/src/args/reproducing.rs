//! Flags of `rightly reproduce`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::at_least_one;

#[derive(Debug, Args)]
pub(crate) struct ReproduceArgs {
    /// The experiment
    #[arg(value_enum)]
    pub(crate) experiment: Experiment,
    /// CIFAR-100 in its binary format
    #[arg(long, value_name = "cifar-100-coarse:PATH", help_heading = "Data")]
    pub(crate) data: String,
    /// Network that gives features, with its card beside it
    #[arg(
        long,
        value_name = "FILE.onnx",
        required_unless_present = "features",
        conflicts_with = "features",
        help_heading = "Features"
    )]
    pub(crate) encoder: Option<PathBuf>,
    /// Features of every image: .npy [60000, d] in the data's order, or parquet with id and a list column
    #[arg(long, value_name = "FILE", help_heading = "Features")]
    pub(crate) features: Option<PathBuf>,
    /// The audited classifier: a linear head on the features, or a network from scratch
    #[arg(long, value_enum, default_value = "head", help_heading = "Classifier")]
    pub(crate) classifier: ClassifierArg,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value = "30", help_heading = "Classifier")]
    pub(crate) epochs: usize,
    /// Seeds of classifiers and of halves
    #[arg(
        long,
        value_name = "N",
        default_value = "3",
        help_heading = "Discovery",
        allow_negative_numbers = true
    )]
    pub(crate) seeds: u64,
    /// Methods, the default first
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "slices,dim,domino,kmeans,failure-direction,pca",
        help_heading = "Discovery"
    )]
    pub(crate) method: Vec<String>,
    /// Folder of everything
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// TOML file in which any flag can stand
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    pub(crate) config: Option<PathBuf>,
    /// Threads (default: all cores); results do not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one(), help_heading = "Run")]
    pub(crate) threads: Option<usize>,
    /// No progress
    #[arg(long, help_heading = "Run")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassifierArg {
    Head,
    Resnet20,
    Resnet18,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Experiment {
    /// DIM: how well methods find the rare fine classes of CIFAR-100's superclasses
    DimCifar100,
}

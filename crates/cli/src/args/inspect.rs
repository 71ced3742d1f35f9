//! The commands that print or write what is there already.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct ClassesArgs {
    /// Votes: class_index, wnid, feature_index, main_object, separate_object, background
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) votes: PathBuf,
    /// Fewest spurious features of a class
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) at_least: usize,
    /// How to print them
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Run directory
    pub(crate) run: PathBuf,
    /// Only figures of this stage
    #[arg(long)]
    pub(crate) stage: Option<String>,
    /// Only this metric
    #[arg(long)]
    pub(crate) metric: Option<String>,
    /// Only this condition
    #[arg(long)]
    pub(crate) condition: Option<String>,
    /// Only this class (* = all images together, mean = mean of the classes)
    #[arg(long)]
    pub(crate) class: Option<String>,
    /// How to print them
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Run directory
    pub(crate) run: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Csv,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    Table,
    Json,
}

//! Flags of `compare`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, at_least_one};

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// First run directory; differences are B minus A
    #[arg(value_name = "RUN_A")]
    pub(crate) a: PathBuf,
    /// Second run directory
    #[arg(value_name = "RUN_B")]
    pub(crate) b: PathBuf,
    /// Run directory for the comparison and its report
    #[arg(long, value_name = "RUN", help_heading = "Run")]
    pub(crate) out: Option<PathBuf>,
    /// TOML file in which any flag can stand
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    pub(crate) config: Option<PathBuf>,
    /// Replace a run in --out that was made from other inputs
    #[arg(long, help_heading = "Run", requires = "out")]
    pub(crate) force: bool,
    /// Seed of resampling and permutations
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        help_heading = "Run",
        allow_negative_numbers = true
    )]
    pub(crate) seed: u64,
    /// Threads (default: all cores); results do not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one(), help_heading = "Run")]
    pub(crate) threads: Option<usize>,
    /// Nothing but the figures
    #[arg(long, help_heading = "Run")]
    pub(crate) quiet: bool,
    /// Print the differences of this class instead, or of every class
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", help_heading = "Print")]
    pub(crate) class: Option<String>,
    /// Print only this metric (the table leaves accuracies under noise out otherwise)
    #[arg(long, value_name = "NAME", help_heading = "Print")]
    pub(crate) metric: Option<String>,
    /// How to print them
    #[arg(long, value_enum, default_value = "table", help_heading = "Print")]
    pub(crate) format: Format,
}

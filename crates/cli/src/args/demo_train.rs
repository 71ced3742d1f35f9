//! Flags of the commands that make things: `train` and `demo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DecodeFlags, at_least_one, data::SplitsArg};

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Folder of class folders, a table (csv, tsv, jsonl, parquet), or KIND:PATH
    #[arg(long, value_name = "DATA", help_heading = "Data")]
    pub(crate) data: String,
    /// A paper's division into splits: dim (cifar-100:, cifar-100-coarse:)
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub(crate) protocol: Option<String>,
    /// Whether folders called train, val, test … are splits (on) or classes (off), where both may be meant
    #[arg(long, value_name = "on|off", help_heading = "Data")]
    pub(crate) splits: Option<SplitsArg>,
    /// Side of the network's square input, pixels; images are resized to it
    #[arg(long, value_name = "N", default_value = "32", help_heading = "Data")]
    pub(crate) size: usize,
    #[command(flatten)]
    pub(crate) decode: DecodeFlags,
    #[command(flatten)]
    pub(crate) training: TrainingFlags,
    /// Folder for the model; an interrupted training goes on there
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(crate) out: PathBuf,
    /// TOML file in which any flag can stand
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    pub(crate) config: Option<PathBuf>,
    /// Replace what was trained there from other data or with other options
    #[arg(long, help_heading = "Run")]
    pub(crate) force: bool,
    /// Seed of every random choice
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
    /// No progress
    #[arg(long, help_heading = "Run")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct TrainingFlags {
    /// Network: resnet8, resnet20 (CIFAR's), resnet18 (torchvision's layout)
    #[arg(long, value_name = "NAME", default_value = "resnet20")]
    pub(crate) arch: String,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value = "30")]
    pub(crate) epochs: usize,
    /// Images of a step
    #[arg(long, value_name = "N", default_value = "128")]
    pub(crate) batch: usize,
    /// Rule that changes the weights
    #[arg(long, value_enum, default_value = "sgd")]
    pub(crate) optimizer: OptimizerArg,
    /// Learning rate before the schedule (default: 0.1 for sgd, 0.001 for adamw)
    #[arg(long, value_name = "RATE")]
    pub(crate) lr: Option<f32>,
    /// Momentum of sgd
    #[arg(long, value_name = "M", default_value = "0.9")]
    pub(crate) momentum: f32,
    /// Weight decay (default: 0.0005 for sgd, 0.01 for adamw)
    #[arg(long, value_name = "D")]
    pub(crate) weight_decay: Option<f32>,
    /// How the learning rate goes: cosine, constant, or step=EPOCH,EPOCH (times 0.1 at each)
    #[arg(long, value_name = "RULE", default_value = "cosine")]
    pub(crate) schedule: String,
    /// Epochs over which the rate rises to its full value
    #[arg(long, value_name = "N", default_value = "0.5")]
    pub(crate) warmup: f32,
    /// Longest gradient; longer ones are cut to it
    #[arg(long, value_name = "NORM")]
    pub(crate) clip_norm: Option<f32>,
    /// No random crops and flips
    #[arg(long)]
    pub(crate) no_augment: bool,
    /// Gaussian noise on every second image, of a deviation drawn from 0 to SIGMA (pixels in 0..1)
    #[arg(long, value_name = "SIGMA", default_value = "0", conflicts_with = "no_augment")]
    pub(crate) augment_noise: f32,
    /// Weigh the classes by the inverse of their number of images
    #[arg(long)]
    pub(crate) class_weights: bool,
    /// Start from the weights of another training in place of fresh ones: its folder
    #[arg(long, value_name = "DIR")]
    pub(crate) init: Option<PathBuf>,
    /// Train for groups instead of the mean: the table of groups that mitigate writes, RUN/mitigate/groups.parquet
    #[arg(long, value_name = "FILE.parquet", conflicts_with = "class_weights")]
    pub(crate) groups: Option<PathBuf>,
    /// What the groups are for: dim (the loss of the worst groups, soft or hard), group-dro (the same, drawn evenly),
    /// rwg-soft (drawn evenly), di-soft (a last layer for each group; with --init)
    #[arg(long, value_name = "NAME", default_value = "dim", requires = "groups")]
    pub(crate) group_method: String,
    /// Step of the groups' weights of dim and group-dro; 0: every group weighs the same
    #[arg(long, value_name = "ETA", default_value = "0.01", requires = "groups")]
    pub(crate) group_step: f64,
    /// Just train twice: what the training in this folder got wrong comes more often
    #[arg(long, value_name = "DIR")]
    pub(crate) jtt: Option<PathBuf>,
    /// Epoch of that training, from 0 (default: its last)
    #[arg(long, value_name = "T", requires = "jtt")]
    pub(crate) jtt_epoch: Option<i64>,
    /// Copies of each wrong image beside itself
    #[arg(long, value_name = "N", default_value = "4", requires = "jtt")]
    pub(crate) jtt_copies: usize,
    /// Stop after N epochs without a better accuracy on val, and keep the best epoch
    #[arg(long, value_name = "N")]
    pub(crate) patience: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Planted world: cues, subgroups, mixed, null, null-hard, null-alike, or a TOML file (docs/worlds.md)
    #[arg(long, value_name = "NAME|FILE.toml", default_value = "mixed")]
    pub(crate) world: String,
    /// Folder for everything; an interrupted demo goes on there
    #[arg(long, value_name = "DIR", default_value = "rightly-demo")]
    pub(crate) out: PathBuf,
    /// Seed of the world, the training and the audit
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Give the audit the attributes of the images as well
    #[arg(long)]
    pub(crate) with_attributes: bool,
    /// The same scenes with every class's cue taken away, to compare a class with itself
    #[arg(long)]
    pub(crate) without_cues: bool,
    /// Open the report when it is written
    #[arg(long)]
    pub(crate) open: bool,
    /// Replace a demo of another world or seed
    #[arg(long)]
    pub(crate) force: bool,
    /// Threads (default: all cores); results do not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) threads: Option<usize>,
    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerArg {
    Sgd,
    Adamw,
}

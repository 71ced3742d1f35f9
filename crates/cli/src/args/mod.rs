//! The command line, first level: words as the user gives them. `options` turns them into the
//! library's options.

mod comparing;
mod data;
mod demo_train;
mod inspect;
mod model;
mod reproducing;
mod stages;

use clap::{Parser, Subcommand};

pub(crate) use comparing::CompareArgs;
pub(crate) use data::{DataArgs, DataFlags, DecodeFlags, MaskFlags, OutputsArg, SamplingArg};
pub(crate) use demo_train::{DemoArgs, OptimizerArg, TrainArgs, TrainingFlags};
pub(crate) use inspect::{ClassesArgs, DataFormat, Format, MetricsArgs, ReportArgs};
pub(crate) use model::{CardFlags, Engine, ModelArgs, ModelFlags};
pub(crate) use reproducing::{ClassifierArg, Experiment, ReproduceArgs};
pub(crate) use stages::{
    CamArg, DomainHeadsArg, DynamicsFlags, FeatureFlags, MeasureFlags, PoolArg, PoolLabelsArg,
    StageArgs, TargetArg,
};

/// A count of which 0 means nothing.
fn at_least_one() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..)
}

/// Is an image classifier right for the right reasons?
///
/// rightly measures how far a classifier (ONNX) relies on the object in a photograph and how far on
/// what surrounds it, with an interval on every figure.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, subcommand_required = true)]
#[command(after_help = "Exit codes: 0 good, 1 a gate failed, 2 bad usage or input, \
    130 interrupted (what is computed stays).")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plant a small world, train in it, audit the model, and hold the findings against the truth
    #[command(
        after_help = "Example:\n  rightly demo --open\n\nNothing is downloaded. The images, the \
        trained model and the run stay in --out as ordinary files."
    )]
    Demo(DemoArgs),
    /// Run every stage that the inputs allow, ending in RUN/report.html
    #[command(after_help = EXAMPLE)]
    Audit(Box<StageArgs>),
    /// Measure how far the model relies on the object: ablation, noise, saliency, objects, overlays
    #[command(after_help = EXAMPLE)]
    Evaluate(Box<StageArgs>),
    /// Rank images by how strongly they carry spurious features, and see what accuracy does as those fade
    #[command(
        after_help = "Example:\n  rightly rank --model resnet50.onnx --preset imagenet \\\n      --data \
        photos/table.csv --label-map map.csv --out RUN\n\nWhat is spurious is decided by --votes, else by masks, else by \
        attributes and captions of the table (docs/spuriosity.md)."
    )]
    Rank(Box<StageArgs>),
    /// Find the subgroups of each class on which the model fails
    #[command(
        after_help = "Examples:\n  rightly discover --model m.onnx --data photos/table.csv --dynamics losses.parquet \\\n      \
        --out RUN\n  rightly discover --model m.onnx --data photos/table.csv --encoder clip.onnx --method slices,dim \\\n      \
        --out RUN\n\nSubgroups are looked for on one split and confirmed on another (docs/subgroups.md)."
    )]
    Discover(Box<StageArgs>),
    /// Say in words what subgroups and cues are
    #[command(
        after_help = "Examples:\n  rightly interpret --model m.onnx --data photos/table.csv --out RUN\n  rightly interpret \
        --model m.onnx --data photos/ --image-text clip/ --out RUN\n\nNames what discover and rank left in RUN (discover \
        runs first where neither has), by attributes and captions of the table, or by models (docs/words.md)."
    )]
    Interpret(Box<StageArgs>),
    /// Train a better head for the groups on which the model fails, and prove that it helped
    #[command(
        after_help = "Examples:\n  rightly mitigate --model m.onnx --data photos/table.csv --out RUN\n  rightly mitigate \
        --model m.onnx --data photos/table.csv --repair dim,group-dro,dfr \\\n      --groups weather --out RUN\n\nWrites \
        RUN/mitigate/METHOD/repaired.onnx with its card. Groups are those of discover (which runs first where it has not), or \
        known ones (docs/repair.md)."
    )]
    Mitigate(Box<StageArgs>),
    /// List the classes whose important features are spurious, from people's votes
    #[command(
        after_help = "Example:\n  rightly classes --votes salient-imagenet-votes.csv --at-least 5"
    )]
    Classes(ClassesArgs),
    /// Train a small network from scratch, with its training dynamics
    #[command(after_help = "Example:\n  rightly train --data cifar-100-coarse:cifar-100-binary \
        --protocol dim \\\n      --arch resnet20 --epochs 10 --out model\n\nWrites model.onnx, its card \
        model.toml, labels.txt and dynamics.parquet. An interrupted training goes on where it was.")]
    Train(Box<TrainArgs>),
    /// Repeat a paper's experiment, whole
    #[command(
        after_help = "Example:\n  rightly reproduce dim-cifar100 --data cifar-100-coarse:cifar-100-binary \\\n      \
        --encoder efficientnet-lite0.onnx --out dim\n\nWrites table.md and results.json. What was computed in --out is not \
        computed again (docs/reproduce-dim.md)."
    )]
    Reproduce(ReproduceArgs),
    /// Compare two runs: two models, two datasets, or before and after
    #[command(
        after_help = "Examples:\n  rightly compare RUN_A RUN_B\n  rightly compare RUN_A RUN_B \
        --class goat\n  rightly compare RUN_A RUN_B --out AB\n\nRuns over the same images are paired: \
        every difference is taken within the image. Differences are B minus A; q is the p-value \
        corrected for all that was tested. With --out, AB holds metrics.json and report.html like \
        any run."
    )]
    Compare(CompareArgs),
    /// Print the figures of a run
    #[command(after_help = "Example:\n  rightly metrics RUN --metric drop --class '*'")]
    Metrics(MetricsArgs),
    /// (Re)write RUN/report.html
    Report(ReportArgs),
    /// Show what was understood of a dataset, and what is wrong with it
    Data(DataArgs),
    /// Show a model's inputs, outputs, layers that can be tapped and assumed preprocessing
    Model(Box<ModelArgs>),
}

const EXAMPLE: &str = "Example:\n  rightly evaluate --model resnet50.onnx --preset imagenet \\\n      \
    --data photos/table.csv --label-map map.csv --out RUN\n\nAny flag can also stand in a TOML file \
    given by --config FILE.toml (model = \"m.onnx\", quick = true).";

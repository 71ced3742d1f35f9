//! The command line, first level: words as the user gives them. `options` turns them into the
//! library's options.

mod comparing;
mod making;
mod reproducing;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use comparing::CompareArgs;
pub(crate) use making::{DemoArgs, OptimizerArg, TrainArgs, TrainingFlags};
pub(crate) use reproducing::{ClassifierArg, Experiment, ReproduceArgs};

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
        photos/table.csv --label-map map.csv --out RUN\n\nWhat is spurious is told by --votes, else by masks, else by \
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
    Model(ModelArgs),
}

const EXAMPLE: &str = "Example:\n  rightly evaluate --model resnet50.onnx --preset imagenet \\\n      \
    --data photos/table.csv --label-map map.csv --out RUN\n\nAny flag can also stand in a TOML file \
    given by --config FILE.toml (model = \"m.onnx\", quick = true).";

#[derive(Debug, Args)]
pub(crate) struct StageArgs {
    #[command(flatten)]
    pub(crate) model: ModelFlags,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) measures: MeasureFlags,
    #[command(flatten)]
    pub(crate) features: FeatureFlags,
    #[command(flatten)]
    pub(crate) rank: RankFlags,
    #[command(flatten)]
    pub(crate) discover: DiscoverFlags,
    #[command(flatten)]
    pub(crate) dynamics: DynamicsFlags,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelFlags {
    /// ONNX classifier; its card FILE.toml beside it is read where there is one
    #[arg(long, value_name = "FILE.onnx")]
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) card: CardFlags,
}

/// Each key of a model's card; the flag wins over the card.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct CardFlags {
    /// Card of the model, where it is not FILE.toml beside it
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) card: Option<PathBuf>,
    /// Inference engine
    #[arg(long, value_enum, default_value = "rten")]
    pub(crate) engine: Engine,
    /// Labels of the outputs, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Name of the input
    #[arg(long, value_name = "NAME")]
    pub(crate) input: Option<String>,
    /// Axes of the input: nchw or nhwc
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) layout: Option<String>,
    /// Name of the output with the logits
    #[arg(long, value_name = "NAME")]
    pub(crate) logits: Option<String>,
    /// Whether that output holds probabilities
    #[arg(long, value_name = "BOOL")]
    pub(crate) softmax: Option<bool>,
    /// Tensor for class activation maps
    #[arg(long, value_name = "TENSOR")]
    pub(crate) cam_layer: Option<String>,
    /// Tensor for features
    #[arg(long, value_name = "TENSOR")]
    pub(crate) feature_layer: Option<String>,
    /// Preprocessing by name: imagenet, imagenet-squash-256, clip, caffe-bgr, cifar
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Resize: short-side=256 or exact=HxW
    #[arg(long, value_name = "RULE")]
    pub(crate) resize: Option<String>,
    /// Centre crop: 224 or HxW
    #[arg(long, value_name = "SIZE")]
    pub(crate) crop: Option<String>,
    /// Filter of the resize, as Pillow: nearest, box, bilinear, bicubic, lanczos
    #[arg(long, value_name = "FILTER")]
    pub(crate) interpolation: Option<String>,
    /// Channel order of the model: rgb or bgr
    #[arg(long, value_name = "ORDER")]
    pub(crate) channels: Option<String>,
    /// Pixels / 255 x scale, before the mean is taken off
    #[arg(long, value_name = "NUMBER")]
    pub(crate) scale: Option<f32>,
    /// Mean of each channel, in the model's order
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        num_args = 3,
        allow_hyphen_values = true
    )]
    pub(crate) mean: Option<Vec<f32>>,
    /// Standard deviation of each channel, in the model's order
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', num_args = 3)]
    pub(crate) std: Option<Vec<f32>>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataFlags {
    /// Folder of class folders, a table (csv, tsv, jsonl, parquet), or KIND:PATH
    #[arg(long, value_name = "DATA")]
    pub(crate) data: String,
    /// A paper's division into splits: dim (cifar-100:, cifar-100-coarse:)
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    #[command(flatten)]
    pub(crate) masks: MaskFlags,
    /// Table `class,output`: the outputs that count as right for a class
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) label_map: Option<PathBuf>,
    /// Outputs in the argmax: all, or those of the label map
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) outputs: OutputsArg,
    /// Split to use (default: test, else val, else all images)
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// Column of images that belong together (frames of one video): the unit of every interval
    #[arg(long, value_name = "COLUMN")]
    pub(crate) cluster: Option<String>,
    /// First N images of each class, for a quick look
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) decode: DecodeFlags,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct MaskFlags {
    /// Folder of masks that mirrors the images
    #[arg(long, value_name = "DIR")]
    pub(crate) masks: Option<PathBuf>,
    /// Mask values that are object (default: every value above 0)
    #[arg(long, value_name = "VALUES", value_delimiter = ',')]
    pub(crate) mask_object: Option<Vec<u32>>,
    /// Mask values to ignore
    #[arg(long, value_name = "VALUES", value_delimiter = ',')]
    pub(crate) mask_void: Vec<u32>,
    /// Resize masks of another size than their image, instead of refusing them
    #[arg(long, value_name = "HOW", value_parser = ["nearest"])]
    pub(crate) mask_resize: Option<String>,
    /// How masks pass through the model's geometry: nearest, or the paper's bilinear > 0
    #[arg(long, value_enum, default_value = "nearest")]
    pub(crate) mask_sampling: SamplingArg,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DecodeFlags {
    /// Ignore the EXIF orientation, as the papers' code does (default: as a viewer shows it)
    #[arg(long)]
    pub(crate) as_stored: bool,
    /// Most pixels an image may have
    #[arg(long, value_name = "N")]
    pub(crate) max_pixels: Option<u64>,
    /// Most bytes an image file may have
    #[arg(long, value_name = "N")]
    pub(crate) max_bytes: Option<u64>,
    /// Colour under transparent pixels
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', num_args = 3)]
    pub(crate) background: Option<Vec<u8>>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Measures")]
pub(crate) struct MeasureFlags {
    /// Measures to run: ablation, noise, saliency, objects, overlay (default: all)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) measures: Option<Vec<String>>,
    /// Noise levels, such as linf/0.25,l2/60 (default: the papers' twelve)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) noise_levels: Option<Vec<String>>,
    /// Noise draws an image (default: 3)
    #[arg(long, value_name = "N")]
    pub(crate) trials: Option<u32>,
    /// A suspected cue to lay over every picture (repeatable)
    #[arg(long, value_name = "NAME=FILE.png")]
    pub(crate) overlay: Vec<String>,
    /// Class activation maps: GradCAM or EigenCAM
    #[arg(long, value_enum, default_value = "grad")]
    pub(crate) cam: CamArg,
    /// Output that the maps explain: the true class or the prediction
    #[arg(long, value_enum, default_value = "true")]
    pub(crate) target: TargetArg,
    /// A second layer for the maps, to see how far the verdict depends on the layer
    #[arg(long, value_name = "TENSOR")]
    pub(crate) compare_layer: Option<String>,
    /// One noise level and one trial, for a first look (stated in the report)
    #[arg(long)]
    pub(crate) quick: bool,
    /// Smallest effect that counts as a finding
    #[arg(long, value_name = "SHARE", default_value = "0.05")]
    pub(crate) min_effect: f64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Features")]
pub(crate) struct FeatureFlags {
    /// Another network whose features are used, with its card beside it (default: the model's own feature layer)
    #[arg(long, value_name = "FILE.onnx", conflicts_with = "features")]
    pub(crate) encoder: Option<PathBuf>,
    /// Tensor of the encoder's features
    #[arg(long, value_name = "TENSOR", requires = "encoder")]
    pub(crate) encoder_layer: Option<String>,
    /// Vectors from outside: .npy [n, d] in the order of the table, or parquet with id (or image) and a list column
    #[arg(long, value_name = "FILE")]
    pub(crate) features: Option<PathBuf>,
    /// How a layer of tokens becomes one vector: its class token, or the mean of its patches
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) feature_pool: Option<PoolArg>,
    /// Split on which features are chosen and subgroups looked for (default: val, else train, else the evaluated images;
    /// discover deals those into two halves)
    #[arg(long, value_name = "NAME")]
    pub(crate) fit_split: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Ranking")]
pub(crate) struct RankFlags {
    /// Votes on which features are spurious: class (or class_index, wnid), feature_index, then votes or 'spurious'
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) votes: Option<PathBuf>,
    /// Ranked lists to read instead of ranking: a table, or class to paths as json or pickle, the strongest cue first
    #[arg(long, value_name = "FILE", conflicts_with = "votes")]
    pub(crate) ranks: Option<PathBuf>,
    /// Important features of a class
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) top: usize,
    /// Images of each end of the ranking; cut to half of a class
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "10,25,50,100")]
    pub(crate) k: Vec<usize>,
    /// Do as the papers' code does, where it differs (documented at each stage)
    #[arg(long)]
    pub(crate) paper_compat: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Subgroups")]
pub(crate) struct DiscoverFlags {
    /// Methods: slices, dim, domino, kmeans, failure-direction, pca, attributes; every one counts as a test
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "slices")]
    pub(crate) method: Vec<String>,
    /// Components of dim, pca and domino, clusters of kmeans; or auto (dim: those that explain more than of shuffled losses)
    #[arg(long, value_name = "N", default_value = "auto")]
    pub(crate) components: String,
    /// Split on which subgroups are confirmed (default: test, else the run's split)
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm_split: Option<String>,
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolArg {
    Class,
    Mean,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Training dynamics")]
pub(crate) struct DynamicsFlags {
    /// Table of losses that the training wrote: id (or image), epoch, loss (docs/dynamics.md)
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoints")]
    pub(crate) dynamics: Option<PathBuf>,
    /// ONNX checkpoints of the training, such as 'ckpt/*.onnx'; the losses are measured
    #[arg(long, value_name = "GLOB")]
    pub(crate) checkpoints: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunFlags {
    /// Run directory: everything goes there, and an interrupted run goes on there
    #[arg(long, value_name = "RUN")]
    pub(crate) out: PathBuf,
    /// TOML file in which any flag can stand
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,
    /// Replace a run that was made from another model or other data
    #[arg(long)]
    pub(crate) force: bool,
    /// Seed of every random choice
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
    /// Worker threads (default: all cores); results do not depend on it
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
    /// How the headline figures are printed at the end
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

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Folder of class folders, a table (csv, tsv, jsonl, parquet), or KIND:PATH
    pub(crate) data: String,
    /// A paper's division into splits: dim (cifar-100:, cifar-100-coarse:)
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    #[command(flatten)]
    pub(crate) masks: MaskFlags,
    #[command(flatten)]
    pub(crate) decode: DecodeFlags,
    /// Read every image and mask as well, and list what can't be used
    #[arg(long)]
    pub(crate) read: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// ONNX file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) card: CardFlags,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: DataFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Engine {
    #[default]
    Rten,
    #[value(alias = "ort")]
    Onnxruntime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputsArg {
    All,
    Mapped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum SamplingArg {
    #[default]
    Nearest,
    Paper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CamArg {
    Grad,
    Eigen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetArg {
    True,
    Predicted,
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

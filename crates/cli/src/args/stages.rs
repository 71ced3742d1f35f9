//! What the stages of a run share and what each of them takes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{DataFlags, Format, ModelFlags, at_least_one};

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
    pub(crate) words: WordFlags,
    #[command(flatten)]
    pub(crate) repair: RepairFlags,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}

impl StageArgs {
    /// Files and folders that flags name, `--data` and overlays excepted.
    pub(crate) fn files(&self) -> Vec<(&'static str, &Path)> {
        let card = &self.model.card;
        let optional = [
            ("--card", &card.card),
            ("--labels", &card.labels),
            ("--masks", &self.data.masks.masks),
            ("--label-map", &self.data.label_map),
            ("--encoder", &self.features.encoder),
            ("--second-encoder", &self.discover.second_encoder),
            ("--features", &self.features.features),
            ("--votes", &self.rank.votes),
            ("--ranks", &self.rank.ranks),
            ("--dynamics", &self.dynamics.dynamics),
            ("--image-text", &self.words.image_text),
            ("--phrases", &self.words.phrases),
            ("--captioner", &self.words.captioner),
            ("--pool", &self.words.pool),
        ];
        let given = optional.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?)));
        [("--model", self.model.model.as_path())].into_iter().chain(given).collect()
    }
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
    /// Class activation maps: GradCAM, HiResCAM, LayerCAM, EigenCAM or Score-CAM (one pass a channel)
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
    /// Another network in whose features a subgroup has to show as well, with its card beside it (default: the image tower of
    /// --image-text, where that is vision_model.onnx with a card)
    #[arg(long, value_name = "FILE.onnx", conflicts_with_all = ["encoder", "features"])]
    pub(crate) second_encoder: Option<PathBuf>,
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
#[command(next_help_heading = "Words")]
pub(crate) struct WordFlags {
    /// Image-text model (CLIP and its like): a folder with vision_model.onnx, text_model.onnx and tokenizer.json, or hf:ORG/NAME
    #[arg(long, value_name = "DIR")]
    pub(crate) image_text: Option<PathBuf>,
    /// Phrases that it chooses from, one a line ('red {}', '{} on the snow'; default: a list of places, colours, materials, poses, …)
    #[arg(long, value_name = "FILE", requires = "image_text")]
    pub(crate) phrases: Option<PathBuf>,
    /// Captioner for images without a caption: a folder with encoder_model.onnx, decoder_model.onnx and tokenizer.json, or hf:ORG/NAME
    #[arg(long, value_name = "DIR")]
    pub(crate) captioner: Option<PathBuf>,
    /// Pictures in which --image-text looks for more of each group (a folder, a table, or embeddings as clip-retrieval writes
    /// them), and from which mitigate adds images to the training (DATA with classes, or any with --pool-labels predicted)
    #[arg(long, value_name = "PATH")]
    pub(crate) pool: Option<PathBuf>,
    /// Share of a group's images of which a title has to be true
    #[arg(long, value_name = "SHARE", default_value_t = rightly::interpret::LEAST_SHARE)]
    pub(crate) name_share: f64,
    /// OpenAI-compatible endpoint of a language model that words titles and sentences, such as http://localhost:8000/v1 (key: RIGHTLY_LLM_KEY)
    #[arg(long, value_name = "URL", requires = "llm_model")]
    pub(crate) llm: Option<String>,
    /// Name of the language model there
    #[arg(long, value_name = "NAME", requires = "llm")]
    pub(crate) llm_model: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Repair")]
pub(crate) struct RepairFlags {
    /// Ways to repair: dim, group-dro, rwg-soft, di-soft, dfr, jtt, class-balanced, erm; with images of a pool: intervention,
    /// hardest; around objects and cues: core-noise, background-only, saliency, balanced-subset, lowest-spuriosity; every one counts as a test (default: dim, and intervention where there is a pool)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) repair: Vec<String>,
    /// What the heads of di-soft start from: new ones, or copies of the model's own
    #[arg(long, value_enum, default_value = "fresh")]
    pub(crate) domain_heads: DomainHeadsArg,
    /// Images of --pool (or of the split 'intervention') that are added for the groups on which the model fails
    #[arg(long, value_name = "N", default_value = "500")]
    pub(crate) budget: usize,
    /// Classes of the images of --pool: the pool's own, or those that the model gives them
    #[arg(long, value_enum, default_value = "given")]
    pub(crate) pool_labels: PoolLabelsArg,
    /// Groups to repair for: a method of discover, a column of the table ('group' or an attribute), or a file with id and group
    /// (default: discover's first method)
    #[arg(long, value_name = "NAME")]
    pub(crate) groups: Option<String>,
    /// Split whose images may train a new head beside the fit split (default: train, where there is one)
    #[arg(long, value_name = "NAME")]
    pub(crate) train_split: Option<String>,
    /// Overall accuracy that a repair may cost
    #[arg(long, value_name = "SHARE", default_value = "0.01")]
    pub(crate) max_cost: f64,
    /// Draws of random groups of the same sizes, the control
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) controls: usize,
    /// Do not run the measures of evaluate again on the repaired model
    #[arg(long)]
    pub(crate) no_remeasure: bool,
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
    /// Make a run anew that rests on something else (another model, other data, another split, seed …)
    #[arg(long)]
    pub(crate) force: bool,
    /// Know pictures and masks by their contents, not by size, times and identity of their files (reads every file)
    #[arg(long)]
    pub(crate) verify: bool,
    /// Seed of every random choice
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Worker threads (default: all cores); results do not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) threads: Option<usize>,
    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
    /// How the headline figures are printed at the end
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CamArg {
    Grad,
    Hires,
    Layer,
    Eigen,
    Score,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetArg {
    True,
    Predicted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolArg {
    Class,
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DomainHeadsArg {
    Fresh,
    Copies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolLabelsArg {
    Given,
    Predicted,
}

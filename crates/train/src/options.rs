//! How a network is trained.
use crate::arch::Arch;
use crate::error::TrainError;
use crate::weights::Weights;
use rightly_data::Preprocess;
pub use rightly_model::heads::Optimizer;
use rightly_model::heads::robust::Groups;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the learning rate goes over the steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "name")]
pub enum Schedule {
    /// The same all along.
    Constant,
    /// Half a cosine, from the full rate to 0 after the last step.
    Cosine,
    /// Times `factor` at the start of each of these epochs.
    Step {
        /// Epochs, from 0.
        epochs: Vec<usize>,
        /// What the rate is multiplied with.
        factor: f32,
    },
}

/// Random changes to training images, keyed by (seed, epoch, id).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Black pixels that are put around an image before a random crop of its own size; 0: no crop.
    pub padding: usize,
    /// Mirrored left to right with probability 1/2.
    pub flip: bool,
    /// Every second image gets Gaussian noise on its pixels in 0..1, of a deviation drawn from 0 to this; 0: none. A
    /// network that never saw noise answers to it rather than to what it hides.
    pub noise: f32,
}

/// Where the network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// This machine's cores, burn's `flex` with the fused layers of this crate.
    #[default]
    Cpu,
    /// The first CUDA device (feature `cuda`).
    Cuda,
    /// libtorch on the CPU (feature `tch`).
    LibTorch,
}

/// What groups are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupMethod {
    /// GroupDRO's loss over shuffled images (DIM's `dro_soft`).
    #[default]
    Dim,
    /// GroupDRO as Sagawa et al. (ICLR 2020) train it: images are drawn so that every group comes equally often.
    GroupDro,
    /// The mean loss over images that are drawn so that every group comes equally often (DIM's `rwg_soft`).
    RwgSoft,
    /// A linear layer for each group on one trunk, their logits mixed by the shares of an image; what is written has
    /// their mean (DIM's `di_soft`). Meant to start from a trained network ([`TrainOptions::initial`]), and for groups
    /// that lie across classes: a layer whose images are all of one class learns nothing but its name.
    DiSoft,
}

impl GroupMethod {
    /// Every method, the default first.
    pub const ALL: [Self; 4] = [Self::Dim, Self::GroupDro, Self::RwgSoft, Self::DiSoft];

    /// The name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dim => "dim",
            Self::GroupDro => "group-dro",
            Self::RwgSoft => "rwg-soft",
            Self::DiSoft => "di-soft",
        }
    }

    /// Whether images are drawn with replacement in place of being shuffled.
    #[must_use]
    pub fn draws(self) -> bool {
        matches!(self, Self::GroupDro | Self::RwgSoft)
    }

    /// Whether the loss is that of the worst groups.
    #[must_use]
    pub fn is_dro(self) -> bool {
        matches!(self, Self::Dim | Self::GroupDro)
    }
}

impl std::str::FromStr for GroupMethod {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names: Vec<&str> = Self::ALL.iter().map(|method| method.name()).collect();
        let message = format!("'{name}' is no method for groups; there are {}", names.join(", "));
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or(message)
    }
}

/// Training for groups, hard or soft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupTraining {
    /// How.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: GroupMethod,
    /// Step of the groups' weights in GroupDRO; the other methods have none.
    pub eta: f64,
    /// Number of groups.
    pub count: usize,
    /// Groups of each training image with its shares, by its id.
    pub of: BTreeMap<String, Vec<(usize, f32)>>,
}

impl GroupTraining {
    /// Groups of the images of a set, in its order.
    pub(crate) fn of_set(&self, ids: &[String]) -> Result<Groups, TrainError> {
        let own = |id: &String| match self.of.get(id) {
            Some(own) => Ok(own.as_slice()),
            None => Err(TrainError::Data(format!("image '{id}' has no group"))),
        };
        let of = ids.iter().map(own).collect::<Result<Vec<_>, _>>()?;
        Groups::sparse(of, self.count).map_err(|error| TrainError::Data(error.to_string()))
    }
}

fn is_default(method: &GroupMethod) -> bool {
    *method == GroupMethod::default()
}

/// Everything that decides how a network is trained, apart from the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// The network.
    pub arch: Arch,
    /// Names of the classes, one an output; written as the labels file.
    pub classes: Vec<String>,
    /// How the images that were given came from photographs, and how their pixels become the network's input. Stands
    /// in the card.
    pub preprocess: Preprocess,
    /// Passes over the training images, at least 1.
    pub epochs: usize,
    /// Images of a step, at least 2. A last batch of a single image is left out, as batch norm can't use it.
    pub batch: usize,
    /// Learning rate before the schedule.
    pub rate: f32,
    /// The rule.
    pub optimizer: Optimizer,
    /// How the rate goes.
    pub schedule: Schedule,
    /// Epochs (parts count) over which the rate rises linearly to its full value, by step; 0: none.
    pub warmup: f32,
    /// Gradients longer than this (Euclidean norm over all tensors) are cut to it, as `clip_grad_norm_`.
    pub clip: Option<f32>,
    /// Losses weighted by n / (classes x images of the class).
    pub class_weights: bool,
    /// Epochs without a better validation accuracy after which training ends; the best epoch's weights are kept.
    /// Needs validation images.
    pub patience: Option<usize>,
    /// Key of every random draw.
    pub seed: u64,
    /// Random changes to training images.
    pub augmentation: Option<Augmentation>,
    /// Parts that each batch is cut into. Each has batch-norm moments of its own, gradients are those of the whole
    /// batch. 1 is PyTorch's meaning; the speed does not depend on it.
    pub replicas: usize,
    /// Batch norm folded into the convolutions of the written model.
    pub fold: bool,
    /// Train for groups instead of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupTraining>,
    /// How often more than once an image comes in each epoch, by its id: the upweighted mistakes of JTT (Liu et al.,
    /// ICML 2021). Each time it is changed at random anew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<String, usize>,
    /// Weights to start from, in place of fresh ones.
    #[serde(skip)]
    pub initial: Option<Weights>,
    /// Threads; 0: one a core. Has no part in the result.
    #[serde(skip)]
    pub threads: usize,
    /// Where.
    pub device: Device,
}

impl TrainOptions {
    /// SGD with momentum .9, decay 5e-4, rate .1 with half an epoch of warm-up on a cosine, batch 128, crops (padding
    /// an eighth of the short side, 4 at 32 x 32) and flips: what a CIFAR ResNet is usually trained with.
    #[must_use]
    pub fn new(arch: Arch, classes: Vec<String>, preprocess: Preprocess, epochs: usize) -> Self {
        let side = preprocess.output_size().map_or(32, |[height, width]| height.min(width));
        Self {
            arch,
            classes,
            preprocess,
            epochs,
            batch: 128,
            rate: 0.1,
            optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 5e-4 },
            schedule: Schedule::Cosine,
            warmup: 0.5,
            clip: None,
            class_weights: false,
            patience: None,
            seed: 0,
            augmentation: Some(Augmentation { padding: side / 8, flip: true, noise: 0.0 }),
            replicas: 1,
            fold: true,
            groups: None,
            copies: BTreeMap::new(),
            initial: None,
            threads: 0,
            device: Device::Cpu,
        }
    }

    pub(crate) fn check(&self, validation: bool) -> Result<(), TrainError> {
        if self.classes.len() < 2 {
            return Err(TrainError::option("classes", self.classes.len(), "at least 2"));
        }
        if let Some(name) = self.classes.iter().find(|name| name.contains(['\n', '\r'])) {
            return Err(TrainError::option(
                "classes",
                format!("{name:?}"),
                "names of one line each",
            ));
        }
        if self.epochs == 0 {
            return Err(TrainError::option("epochs", 0, "at least 1"));
        }
        if self.batch < 2 {
            return Err(TrainError::option("batch", self.batch, "at least 2"));
        }
        if self.replicas == 0 || self.replicas * 2 > self.batch {
            return Err(TrainError::option("replicas", self.replicas, "1 to half the batch"));
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(TrainError::option("rate", self.rate, "a number above 0"));
        }
        if !(self.warmup.is_finite() && self.warmup >= 0.0) {
            return Err(TrainError::option("warmup", self.warmup, "0 or more epochs"));
        }
        if let Some(norm) = self.clip.filter(|norm| !(norm.is_finite() && *norm > 0.0)) {
            return Err(TrainError::option("clip", norm, "a number above 0"));
        }
        if let Some(Augmentation { noise, .. }) = self.augmentation
            && !(0.0..=1.0).contains(&noise)
        {
            return Err(TrainError::option("augmentation noise", noise, "0 to 1"));
        }
        if self.class_weights && self.groups.is_some() {
            return Err(TrainError::option(
                "class weights",
                "set together with groups",
                "one of both: groups have weights of their own",
            ));
        }
        if !self.copies.is_empty() && self.groups.as_ref().is_some_and(|own| own.method.draws()) {
            return Err(TrainError::option(
                "copies",
                "set together with groups that images are drawn by",
                "one of both: drawing decides how often an image comes",
            ));
        }
        if self.patience.is_some() && !validation {
            return Err(TrainError::option(
                "patience",
                "set without validation images",
                "validation images",
            ));
        }
        if self.preprocess.std.iter().any(|std| !(std.is_finite() && *std != 0.0)) {
            return Err(TrainError::option(
                "std",
                format!("{:?}", self.preprocess.std),
                "numbers other than 0",
            ));
        }
        let (momentum, decay) = match self.optimizer {
            Optimizer::Sgd { momentum, weight_decay } => (momentum, weight_decay),
            Optimizer::AdamW { weight_decay } | Optimizer::Adam { weight_decay } => {
                (0.0, weight_decay)
            }
        };
        if !(0.0..1.0).contains(&momentum) {
            return Err(TrainError::option("momentum", momentum, "0 to below 1"));
        }
        if !(decay.is_finite() && decay >= 0.0) {
            return Err(TrainError::option("weight decay", decay, "0 or more"));
        }
        Ok(())
    }
}

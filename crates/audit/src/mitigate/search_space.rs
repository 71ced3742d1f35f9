//! The settings that are tried for a repair.

use rightly_model::heads::{
    Head, HeadOptions, Optimizer,
    robust::{self, HeadTraining},
};
use serde::{Deserialize, Serialize};

use super::Repair;

/// Rows up to which all of them make a step.
const WHOLE: usize = 4096;
/// Rows of a step where there are more.
const BATCH: usize = 256;
/// Epochs where all rows make a step, and where they do not.
const EPOCHS: [usize; 2] = [200, 20];

/// Images that heads are trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum On {
    /// Those that the model was trained on.
    Train,
    /// Those and held-out ones.
    TrainAndHeldOut,
    /// Held-out ones alone.
    HeldOut,
    /// Those that the model was trained on, and images of a pool.
    TrainAndPool,
}

impl On {
    /// Whether held-out images train: each head then goes without a fold of them.
    pub(super) fn holds_out(self) -> bool {
        matches!(self, Self::HeldOut | Self::TrainAndHeldOut)
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Train => "the model's training images",
            Self::TrainAndHeldOut => "the model's training images and held-out ones",
            Self::HeldOut => "held-out images alone",
            Self::TrainAndPool => "the model's training images and those of the pool",
        }
    }
}

/// A setting under which heads are trained.
pub(super) struct Candidate {
    pub(super) on: On,
    pub(super) recipe: HeadTraining,
}

/// Every setting, of so many images that the model was trained on and held-out ones, for a head like the model's own;
/// `copies`: whether the heads of `di-soft` start as copies of it.
pub(super) fn candidates(
    repair: Repair,
    train: usize,
    held: usize,
    own: &Head,
    copies: bool,
    seed: u64,
) -> Vec<Candidate> {
    let mut sets = match repair {
        _ if repair.adds_images() => vec![(On::TrainAndPool, train)],
        // Balanced held-out images are the method; training images are no part of it.
        Repair::Dfr => vec![(On::HeldOut, held)],
        // Its gap is seen on held-out images.
        Repair::LowestSpuriosity => match train {
            0 => vec![(On::HeldOut, held)],
            _ => vec![(On::Train, train)],
        },
        _ => vec![(On::Train, train), (On::TrainAndHeldOut, train + held), (On::HeldOut, held)],
    };
    // Without training images both ways to use them are none.
    sets.retain(|(on, _)| train > 0 || !matches!(on, On::Train | On::TrainAndHeldOut));
    let hidden = own.layers().next().filter(|_| own.layers().count() > 1);
    let hidden = hidden.map(|(weight, _)| weight.nrows());
    sets.into_iter()
        .flat_map(|(on, n)| {
            let recipes = recipes(repair, n, hidden, copies, seed).into_iter();
            recipes.map(move |recipe| Candidate { on, recipe })
        })
        .collect()
}

/// The settings that are tried: a few rates, and what else the method leaves open.
fn recipes(
    repair: Repair,
    n: usize,
    hidden: Option<usize>,
    copies: bool,
    seed: u64,
) -> Vec<HeadTraining> {
    use robust::Method::{DiSoft, Dim, GroupDro, Jtt, Saliency};
    let whole = n <= WHOLE;
    let epochs = if whole { EPOCHS[0] } else { EPOCHS[1] };
    let methods = match repair.published() {
        GroupDro { adjustment, .. } => [0.01, 0.1].map(|eta| GroupDro { eta, adjustment }).to_vec(),
        Dim { .. } => [0.01, 0.1].map(|eta| Dim { eta }).to_vec(),
        DiSoft { .. } => vec![DiSoft { copies }],
        Jtt { .. } => [4, 20].map(|copies| Jtt { epochs: epochs / 4, copies }).to_vec(),
        Saliency { .. } => [0.1, 1.0, 10.0].map(|strength| Saliency { strength }).to_vec(),
        other => vec![other],
    };
    let rates: &[f32] = match (repair, hidden) {
        // Nothing but its seed counts for DFR; maps are slow.
        (Repair::Dfr | Repair::Saliency, _) => &[1e-2],
        (_, None) => &[1e-2, 3e-2],
        (_, Some(_)) => &[1e-3, 3e-3],
    };
    let recipe = |method: &robust::Method, rate: f32| HeadTraining {
        method: method.clone(),
        options: HeadOptions {
            hidden,
            epochs,
            batch: (!whole).then_some(BATCH),
            rate,
            optimizer: Optimizer::Adam { weight_decay: 1e-4 },
            seed,
        },
    };
    methods.iter().flat_map(|m| rates.iter().map(move |&rate| recipe(m, rate))).collect()
}

/// Epochs after which a head is looked at: about twenty, the last among them.
pub(super) fn is_kept(epoch: usize, epochs: usize) -> bool {
    let step = epochs.div_ceil(20).max(1);
    (epoch + 1).is_multiple_of(step) || epoch + 1 == epochs
}

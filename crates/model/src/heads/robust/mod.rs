//! Heads that serve every group: training on stored features against the cues that fail some of them.
//!
//! A [`HeadTraining`] says how, [`TrainingData`] what with; [`HeadTraining::train`] gives a new [`crate::heads::Head`], and [`sweep`] trains many on
//! the same matrix. Everything is computed on matrices in memory and is the same for any number of threads. Which epoch and
//! which recipe to keep is decided by [`Measure`] on rows that no head was trained on.
//!
//! | method | source | needs |
//! |---|---|---|
//! | [`Method::Erm`] [`Method::ClassBalanced`] | | |
//! | [`Method::GroupDro`] | Sagawa et al. 2020 | groups |
//! | [`Method::Dim`] | DIM's `dro_soft` (Zhang et al. 2024) | soft groups |
//! | [`Method::RwgSoft`] [`Method::DiSoft`] | DIM's `rwg_soft`, `di_soft` | soft groups |
//! | [`Method::Jtt`] | Liu et al. 2021 | |
//! | [`Method::Dfr`] | Kirichenko et al. 2023 | groups, held-out rows |
//! | [`Method::LowestSpuriosity`] | Moayeri et al. 2023 | cues, a head to start from |
//! | [`Method::Saliency`] | Moayeri et al. 2022 (Hard ImageNet), corrected | objects |
mod dfr;
mod domains;
mod dro;
mod groups;
mod logistic;
mod measure;
mod method;
mod saliency;
mod sampling;
mod spuriosity;
mod sweep;
mod train;
mod upweight;

pub use dfr::DfrChoice;
pub use dro::GroupRisk;
pub use groups::Groups;
pub use logistic::{L1Options, l1_logistic};
pub use measure::{GroupAccuracy, Measure};
pub use method::Method;
pub use saliency::{Objects, object_parts};
pub use sampling::draw_by_weight;
pub use spuriosity::{Cues, GapHistory};
pub use sweep::{Swept, sweep};
pub use train::{Detail, HeadTraining, Trained, TrainingData};

#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_file;
#[cfg(test)]
mod tests;
